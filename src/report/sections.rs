//! The report's other sections: market, positions, near misses, what was filtered and data
//! notes.

use serde::Serialize;

use super::cards::tone;
use super::reload::ChangesView;
use super::run::Report;
use crate::decide::HeldPosition;
use crate::decide::MarketOverview;
use crate::decide::NearMiss;
use crate::decide::PositionStatus;
use crate::decide::Regime;
use crate::domain::AssetClass;
use crate::domain::Order;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::format;
use crate::domain::said_once;
use crate::filters::Filtered;

/// Rows shown of a long list; the JSON has every one.
pub(super) const ROWS_SHOWN: usize = 12;
/// The letters that all notes take, so that a source that is down cannot bury the signals; the JSON
/// has every note. What may cost money today is never cut.
const NOTES_BUDGET: usize = 12_000;
/// What a note takes beside its own letters.
const NOTE_OVERHEAD: usize = 60;
/// Symbols named before a note that many share, once the budget is used up.
const SUBJECTS_SHOWN: usize = 8;
/// The least notes shown of a kind, however little of the budget is left.
const LEAST_NOTES: usize = 3;

/// The state of one market.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarketView {
    pub name: String,
    pub session: String,
    pub regime: &'static str,
    pub regime_note: &'static str,
    /// `up`, `down` or empty.
    pub tone: &'static str,
    pub benchmark: String,
    pub benchmark_close: String,
    pub benchmark_return: String,
    pub benchmark_tone: &'static str,
    pub breadth: String,
    pub volatility: String,
    pub coverage: String,
}

/// A held position.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PositionRow {
    pub symbol: String,
    pub strategy: String,
    pub quantity: String,
    pub entry: String,
    pub close: String,
    pub pnl: String,
    pub pnl_pct: String,
    pub tone: &'static str,
    /// Since when, and for how many sessions where that is known.
    pub held: String,
    pub stop: String,
    pub status: &'static str,
    /// `hold`, `sell` or `check`, for a style sheet.
    pub status_class: &'static str,
    pub note: String,
}

/// A line about one symbol: a near miss or a filtered signal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub symbol: String,
    pub strategy: String,
    pub text: String,
    /// The distance of a near miss, else empty.
    pub distance: String,
}

/// The data notes of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoteGroup {
    pub name: &'static str,
    /// The notes are about what may cost money today.
    pub is_urgent: bool,
    pub notes: Vec<Note>,
    pub more: String,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// Empty for the run as a whole.
    pub subject: String,
    pub text: String,
}

/// Describes one market.
pub fn market(overview: &MarketOverview) -> MarketView {
    let missing = || format::MISSING.to_owned();
    let (regime, regime_note, regime_tone) = match overview.regime {
        Some(Regime::Uptrend) => ("Uptrend", "ma50 and close over ma200", "up"),
        Some(Regime::Downtrend) => ("Downtrend", "ma50 and close under ma200", "down"),
        Some(Regime::Mixed) => ("Mixed", "close and ma50 disagree about ma200", ""),
        None if overview.benchmark_close.is_some() => {
            ("Unknown", "the benchmark has too few bars for ma200", "")
        }
        None => ("Unknown", "no benchmark to tell it from", ""),
    };
    MarketView {
        name: market_name(overview.asset_class).to_owned(),
        session: format::day(overview.session),
        regime,
        regime_note,
        tone: regime_tone,
        benchmark: overview.benchmark.as_ref().map_or_else(|| "Benchmark".to_owned(), ToString::to_string),
        benchmark_close: overview.benchmark_close.map_or_else(missing, format::price),
        benchmark_return: overview.benchmark_return.map_or_else(missing, |r| format::signed_percent(r, 2)),
        benchmark_tone: overview.benchmark_return.map_or("", tone),
        breadth: overview.breadth.map_or_else(missing, |b| format::percent(b, 0)),
        volatility: overview.volatility.map_or_else(missing, |v| format::percent(v, 1)),
        coverage: format!("{} of {}", overview.symbols_with_bar, overview.symbols),
    }
}

/// Lists every held position; those that the reader must look at come first.
pub fn positions(report: &Report) -> Vec<PositionRow> {
    let mut held: Vec<_> = report.decisions.iter().flat_map(|d| &d.held).collect();
    held.sort_by_key(|position| match position.status {
        PositionStatus::Unchecked => 0,
        PositionStatus::Sell => 1,
        PositionStatus::New => 2,
        PositionStatus::Hold => 3,
    });
    held.into_iter().map(position).collect()
}

/// Says what is ordered elsewhere; empty where nothing is.
pub fn ordered(pending: &[Order]) -> String {
    if pending.is_empty() {
        return String::new();
    }
    let order = |own: &Order| {
        let (quantity, day) = (format::quantity(own.quantity), format::day(own.session));
        format!("{} {} ({}, recommended for {day})", own.symbol, quantity, own.asset_class)
    };
    let orders: Vec<String> = pending.iter().map(order).collect();
    format!("Counted as ordered until their open, in slots, cash and exposure: {}.", orders.join(", "))
}

fn position(held: &HeldPosition) -> PositionRow {
    let missing = || format::MISSING.to_owned();
    let (status, status_class) = match held.status {
        PositionStatus::Hold => ("Hold", "hold"),
        PositionStatus::New => ("New", "hold"),
        PositionStatus::Sell => ("Sell", "sell"),
        PositionStatus::Unchecked => ("Check", "check"),
    };
    PositionRow {
        symbol: held.symbol.to_string(),
        strategy: format::clean(&held.strategy),
        quantity: format::quantity(held.quantity),
        entry: format::price(held.entry_price),
        close: held.close.map_or_else(missing, format::price),
        pnl: held.pnl.map_or_else(missing, format::signed_money),
        pnl_pct: held.pnl_pct.map_or_else(missing, |p| format::signed_percent(p, 2)),
        tone: held.pnl.map_or("", tone),
        held: held_for(held),
        stop: format::price(held.stop_price),
        status,
        status_class,
        note: format::clean(&held.note),
    }
}

fn held_for(held: &HeldPosition) -> String {
    let since = format!("since {}", format::short_day(held.entry_date));
    match held.bars_held {
        Some(number) => format!("{since} ({})", format::count(number, "session")),
        None => since,
    }
}

/// Lists near misses, and says how many more there are.
pub fn near_misses(misses: &[NearMiss]) -> (Vec<Row>, String) {
    let row = |miss: &NearMiss| Row {
        symbol: miss.symbol.to_string(),
        strategy: format::clean(&miss.strategy),
        text: format::clean(&miss.message),
        distance: format!("{} away", miss.distance),
    };
    (misses.iter().take(ROWS_SHOWN).map(row).collect(), more(misses.len(), ROWS_SHOWN))
}

/// Lists filtered signals, and says how many more there are.
pub fn filtered(signals: &[Filtered]) -> (Vec<Row>, String) {
    let row = |signal: &Filtered| Row {
        symbol: signal.symbol.to_string(),
        strategy: format::clean(&signal.strategy),
        text: format::clean(&signal.reason),
        distance: String::new(),
    };
    (signals.iter().take(ROWS_SHOWN).map(row).collect(), more(signals.len(), ROWS_SHOWN))
}

/// Describes what edits of the scripts change, one class after the other.
pub fn edits(report: &Report) -> Vec<ChangesView> {
    let changes = report.reload.iter().flat_map(|reload| &reload.changes);
    changes.map(|own| own.view(market_name(own.asset_class), ROWS_SHOWN)).collect()
}

/// Groups problems by kind, the gravest kinds first.
pub fn notes(problems: &[Problem]) -> Vec<NoteGroup> {
    let mut kinds: Vec<_> = problems.iter().map(|p| p.kind).collect();
    kinds.sort_by_key(|kind| (heading(*kind).0, *kind));
    kinds.dedup();
    let mut budget = NOTES_BUDGET;
    let group = |kind: ProblemKind| {
        let (rank, name) = heading(kind);
        let is_urgent = rank <= 1;
        let said = said_once(problems.iter().filter(|p| p.kind == kind));
        let all = said.len();
        let mut notes = Vec::new();
        for (text, subjects) in said {
            let whole = note(text, &subjects, subjects.len());
            let note = if is_urgent || whole.size() <= budget {
                whole
            } else if notes.len() < LEAST_NOTES {
                note(text, &subjects, SUBJECTS_SHOWN)
            } else {
                break;
            };
            budget = budget.saturating_sub(note.size());
            notes.push(note);
        }
        let more = more(all, notes.len());
        NoteGroup { name, is_urgent, notes, more }
    };
    kinds.into_iter().map(group).collect()
}

impl Note {
    fn size(&self) -> usize {
        self.subject.len() + self.text.len() + NOTE_OVERHEAD
    }
}

/// Says what symbols share once, with at most so many of them before it.
fn note(text: &str, subjects: &[&str], most: usize) -> Note {
    let named = subjects.len().min(most);
    let mut subject = subjects[..named].join(", ");
    if subjects.len() > named {
        subject = format!("{subject} {}", more(subjects.len(), named));
    }
    Note { subject: format::clean(&subject), text: format::clean(text) }
}

/// Ranks a kind of problem, 0 the gravest, and names it for people.
fn heading(kind: ProblemKind) -> (u8, &'static str) {
    match kind {
        ProblemKind::Journal => (0, "The journal"),
        ProblemKind::Position => (0, "Positions to look at"),
        ProblemKind::ScriptLoad => (1, "Scripts that did not load"),
        ProblemKind::ScriptRun => (1, "Scripts that failed"),
        ProblemKind::Score => (2, "Signals without a score"),
        ProblemKind::Stop => (2, "Signals without a stop"),
        ProblemKind::NotFilled => (2, "Orders that did not fill"),
        ProblemKind::Benchmark => (2, "Benchmark"),
        ProblemKind::Outcome => (4, "Past recommendations"),
        ProblemKind::Skipped => (3, "Left out"),
        ProblemKind::Settings => (3, "Settings"),
        ProblemKind::Stale => (4, "No bar for the session"),
        ProblemKind::NoBars => (4, "No bars"),
        ProblemKind::Suspect => (5, "Suspect bars"),
        ProblemKind::Gap => (5, "Missing sessions"),
        ProblemKind::BadBar => (5, "Dropped bars"),
        ProblemKind::Cache => (6, "The cache"),
        ProblemKind::Source => (6, "Notes on the sources"),
        ProblemKind::NotReady => (6, "Not ready"),
    }
}

pub(super) fn more(all: usize, shown: usize) -> String {
    let rest = all.saturating_sub(shown);
    if rest == 0 { String::new() } else { format!("and {} more", format::fixed(rest as f64, 0)) }
}

/// Names a class for people.
pub(super) fn market_name(class: AssetClass) -> &'static str {
    match class {
        AssetClass::Equity => "US equities",
        AssetClass::Crypto => "Crypto",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Symbol;
    use crate::report::example;

    #[test]
    fn what_many_symbols_share_is_said_once() {
        let problem = |symbol: usize| Problem::new(format!("S{symbol}"), ProblemKind::NotReady, "same");
        let mut problems: Vec<Problem> = (0..40).map(problem).collect();
        problems.push(Problem::new("T", ProblemKind::NotReady, "other"));
        let notes = &notes(&problems)[0].notes;
        let subjects: Vec<&str> = notes.iter().map(|note| note.subject.as_str()).collect();
        let all: Vec<String> = (0..40).map(|symbol| format!("S{symbol}")).collect();
        assert_eq!(subjects, [all.join(", ").as_str(), "T"]);
    }

    #[test]
    fn what_may_cost_money_is_never_cut_and_the_rest_stays_in_its_budget() {
        let held = |symbol: usize| {
            Problem::new(format!("H{symbol}"), ProblemKind::Position, format!("odd {symbol}"))
        };
        let other =
            |symbol: usize| Problem::new(format!("S{symbol}"), ProblemKind::Stale, format!("old {symbol}"));
        let shared = |symbol: usize| Problem::new(format!("S{symbol}"), ProblemKind::NotReady, "same");
        let mut problems: Vec<Problem> = (0..500).map(held).collect();
        problems.extend((0..3).map(|n| Problem::new("", ProblemKind::ScriptRun, "long ".repeat(1_000 + n))));
        problems.extend((0..500).map(other));
        problems.extend((0..5_000).map(shared));
        let groups = notes(&problems);
        let told: Vec<_> = groups.iter().map(|own| (own.notes.len(), own.more.as_str())).collect();
        assert_eq!(told, [(500, ""), (3, ""), (3, "and 497 more"), (1, "")]);
        assert_eq!(groups[3].notes[0].subject, "S0, S1, S2, S3, S4, S5, S6, S7 and 4,992 more");
        let calm = notes(&problems[503..]);
        let size: usize = calm.iter().flat_map(|own| &own.notes).map(Note::size).sum();
        assert!(calm[0].notes.len() > 100 && size < NOTES_BUDGET + 1_000, "{size}");
    }

    #[test]
    fn a_long_list_says_what_it_leaves_out() {
        let signal = Filtered {
            filter: "slots",
            symbol: Symbol::new("AAPL").expect("a ticker"),
            strategy: "equity_momentum".into(),
            reason: "conviction LOW is under MEDIUM".to_owned(),
        };
        let (rows, rest) = filtered(&vec![signal.clone(); ROWS_SHOWN]);
        assert_eq!((rows.len(), rest.as_str()), (ROWS_SHOWN, ""));
        let (rows, rest) = filtered(&vec![signal; ROWS_SHOWN + 3]);
        assert_eq!((rows.len(), rest.as_str()), (ROWS_SHOWN, "and 3 more"));
    }

    #[test]
    fn positions_to_look_at_come_first() {
        let rows = positions(&example::full());
        let order: Vec<_> = rows.iter().map(|r| r.status).collect();
        assert_eq!(order, ["Check", "Sell", "Hold", "Hold"]);
        assert_eq!(rows[0].pnl, format::MISSING);
    }

    #[test]
    fn grave_notes_come_before_routine_ones() {
        let groups = notes(&example::full().problems);
        assert_eq!(groups.first().map(|g| (g.name, g.is_urgent)), Some(("Positions to look at", true)));
        assert_eq!(groups.last().map(|g| (g.name, g.is_urgent)), Some(("Not ready", false)));
        let told: usize = groups.iter().map(|g| g.notes.len()).sum();
        assert_eq!(told, example::full().problems.len());
    }

    #[test]
    fn a_market_without_a_benchmark_has_no_numbers_for_it() {
        let mut overview = example::full().decisions[0].market.clone();
        overview.benchmark_close = None;
        overview.benchmark_return = None;
        overview.regime = None;
        let view = market(&overview);
        assert_eq!(
            (view.regime, view.benchmark_close.as_str(), view.benchmark_return.as_str()),
            ("Unknown", "–", "–")
        );
        assert_eq!(view.regime_note, "no benchmark to tell it from");
        overview.benchmark_close = Some(673.42);
        assert_eq!(market(&overview).regime_note, "the benchmark has too few bars for ma200");
    }
}
