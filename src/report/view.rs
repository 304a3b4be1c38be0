//! The view model: the report as the words and numbers that people read, in their order.
//!
//! Every field is finished text, so that templates choose places and never compute. Text from
//! outside (scripts, sources) is freed of control characters here, and escaped by the
//! rendering that needs it.

use serde::Serialize;

use super::cards;
use super::cards::Card;
use super::marks::{Mark, MarkView};
use super::past;
use super::past::{PastRow, RecordRow};
use super::reload::{ChangesView, Reload};
use super::run::Report;
use super::sections;
use super::sections::{MarketView, NoteGroup, PositionRow, Row};
use crate::decide::Decision;
use crate::decide::PositionStatus;
use crate::domain::ProblemKind;
use crate::domain::format;
use crate::domain::has_failed_script;

/// The whole report, ready for a template.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    pub subject: String,
    /// The newest session decided: `Fri 20 Nov 2026`.
    pub date: String,
    /// What there is to do, in a few words: `2 to buy, 1 to sell`.
    pub headline: String,
    /// The line that mail programs show beside the subject.
    pub preview: String,
    /// What sets this mail apart from the session's usual one; empty but in a mail.
    pub marks: Vec<MarkView>,
    pub is_demo: bool,
    pub is_dry_run: bool,
    /// Classes without a decision, each with its reason.
    pub undecided: Vec<Undecided>,
    /// Says plainly that there is nothing to do; empty where there is.
    pub quiet: String,
    /// The markets of the classes that were decided; of the others, `undecided` says enough.
    pub markets: Vec<MarketView>,
    pub buys: Vec<Card>,
    pub sells: Vec<Card>,
    pub positions: Vec<PositionRow>,
    /// What is ordered elsewhere, as a sentence; empty where nothing is.
    pub ordered: String,
    pub near_misses: Vec<Row>,
    pub near_misses_more: String,
    pub filtered: Vec<Row>,
    /// `23 signals`, of which `filtered` shows the first.
    pub filtered_count: String,
    pub filtered_more: String,
    pub past: Vec<PastRow>,
    pub past_more: String,
    /// How all recommendations of each strategy did.
    pub record: Vec<RecordRow>,
    /// What edits of the scripts change on the session, one a class; empty without an edit.
    pub edits: Vec<ChangesView>,
    pub notes: Vec<NoteGroup>,
    pub foot: Foot,
}

/// A class that was not decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Undecided {
    pub market: String,
    pub session: String,
    pub reason: String,
}

/// What finds this run again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Foot {
    pub run: String,
    /// `20 Nov 2026 21:35 UTC`.
    pub generated: String,
    pub took: String,
    /// Name and short hash of each script.
    pub scripts: Vec<Stamp>,
    pub settings: String,
    /// The version of the scripts in force; empty in a command that runs once.
    pub reload: String,
    /// Source and short data hash of each class.
    pub sources: Vec<Stamp>,
}

/// A name with the short hash of what it stood for in this run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stamp {
    pub name: String,
    pub hash: String,
}

impl View {
    /// Marks the view, in its subject and above all else that it says.
    pub fn mark(&mut self, marks: &[Mark]) {
        for mark in marks {
            self.subject = mark.in_subject(&self.subject);
            self.headline = mark.in_line(&self.headline);
            self.preview = mark.in_line(&self.preview);
            if let Mark::Late(open) = mark {
                self.buys.iter_mut().for_each(|card| card.miss_open(*open, "buy"));
                self.sells.iter_mut().for_each(|card| card.miss_open(*open, "sell"));
            }
        }
        self.marks = marks.iter().map(Mark::view).collect();
    }

    /// Builds the view of a report. Charts are the HTML rendering's own and come later.
    pub fn of(report: &Report) -> Self {
        let (near_misses, near_misses_more) = sections::near_misses(&report.near_misses);
        let (filtered, filtered_more) = sections::filtered(&report.filtered);
        let (past, past_more) = past::rows(&report.past.recommendations);
        Self {
            subject: report.subject(),
            date: format::day(report.newest_session()),
            headline: headline(report),
            preview: preview(report),
            marks: Vec::new(),
            is_demo: report.run.demo,
            is_dry_run: report.run.dry_run,
            undecided: report.decisions.iter().filter_map(undecided).collect(),
            quiet: quiet(report),
            markets: report
                .decisions
                .iter()
                .filter(|d| d.no_decision.is_none())
                .map(|d| sections::market(&d.market))
                .collect(),
            buys: cards::buys(report),
            sells: cards::sells(report),
            positions: sections::positions(report),
            ordered: sections::ordered(&report.pending),
            near_misses,
            near_misses_more,
            filtered,
            filtered_count: format::count(report.filtered.len(), "signal"),
            filtered_more,
            past,
            past_more,
            record: past::record(&report.past.record),
            edits: sections::edits(report),
            notes: sections::notes(&report.problems),
            foot: foot(report),
        }
    }
}

fn is_undecided(report: &Report) -> bool {
    report.decisions.is_empty() || report.decisions.iter().any(|d| d.no_decision.is_some())
}

fn headline(report: &Report) -> String {
    let outcome = match (report.recommendations.len(), report.exits.len()) {
        (0, 0) if is_undecided(report) => return "No decision: bars missing".to_owned(),
        (0, 0) => "Nothing to buy or sell".to_owned(),
        (buys, 0) => format!("{buys} to buy"),
        (0, sells) => format!("{sells} to sell"),
        (buys, sells) => format!("{buys} to buy, {sells} to sell"),
    };
    let to_check = format::count(unchecked(report), "position");
    match (unchecked(report), has_failed_script(&report.problems)) {
        (0, false) if report.is_quiet() && left_out(report).next().is_some() => {
            format!("{outcome} in what was decided")
        }
        (0, false) => outcome,
        (0, true) => format!("{outcome}, but a script failed"),
        (_, false) => format!("{outcome}, {to_check} to check"),
        (_, true) => format!("{outcome}, {to_check} to check, and a script failed"),
    }
}

fn preview(report: &Report) -> String {
    let names = |list: &[crate::decide::Recommendation]| {
        list.iter().map(|r| r.symbol.to_string()).collect::<Vec<_>>().join(", ")
    };
    let mut sentences = Vec::new();
    if !report.recommendations.is_empty() {
        sentences.push(format!("Buy {}.", names(&report.recommendations)));
    }
    if !report.exits.is_empty() {
        sentences.push(format!("Sell {}.", names(&report.exits)));
    }
    if sentences.is_empty() {
        sentences.push(format!("{}.", headline(report)));
    }
    sentences.join(" ")
}

fn undecided(decision: &Decision) -> Option<Undecided> {
    let reason = decision.no_decision.as_deref()?;
    Some(Undecided {
        market: sections::market_name(decision.asset_class).to_owned(),
        session: format::day(decision.session),
        reason: format!("{}.", format::clean(reason).trim_end_matches('.')),
    })
}

fn quiet(report: &Report) -> String {
    if !report.is_quiet() || is_undecided(report) {
        return String::new();
    }
    if has_failed_script(&report.problems) {
        return "A script failed, so this is not a day without signals: see the data notes.".to_owned();
    }
    let left_out: Vec<&str> = left_out(report).collect();
    let is_all_decided = left_out.is_empty() && unchecked(report) == 0;
    let mut text = if is_all_decided { "Nothing to do. " } else { "" }.to_owned();
    text.push_str("No signal passed every filter");
    let is_any_held = report.decisions.iter().any(|d| !d.held.is_empty());
    match unchecked(report) {
        0 if is_any_held => text.push_str(", and no position met its exit rule."),
        0 => text.push('.'),
        number => text.push_str(&format!(
            ". But {} could not be checked against the exit rule: look at the data notes first.",
            format::count(number, "position")
        )),
    }
    if !left_out.is_empty() {
        text.push_str(&format!(" Not decided: {}; the data notes say why.", left_out.join(", ")));
    }
    let found = match (report.filtered.len(), report.near_misses.len()) {
        (0, 0) => String::new(),
        (cut, 0) => format!(" Filtered out: {cut}."),
        (0, near) => format!(" Near misses: {near}."),
        (cut, near) => format!(" Filtered out: {cut}. Near misses: {near}."),
    };
    text + found.as_str()
}

/// The asset classes that were asked for and left out.
fn left_out(report: &Report) -> impl Iterator<Item = &str> {
    let skipped = report.problems.iter().filter(|problem| problem.kind == ProblemKind::Skipped);
    skipped.map(|problem| problem.symbol.as_str())
}

/// Counts the positions that no exit rule was asked about, those of classes left out among them.
fn unchecked(report: &Report) -> usize {
    let held = || report.decisions.iter().flat_map(|d| &d.held);
    let named = report.problems.iter().filter(|p| p.kind == ProblemKind::Position);
    let left_out = named.filter(|p| held().all(|own| own.symbol.as_str() != p.symbol));
    held().filter(|own| own.status == PositionStatus::Unchecked).count() + left_out.count()
}

fn foot(report: &Report) -> Foot {
    let run = &report.run;
    let stamp = |name: &str, hash: &str| Stamp { name: format::clean(name), hash: format::short_hash(hash) };
    Foot {
        run: run.id.to_string(),
        generated: run.generated_at.format("%-d %b %Y %H:%M UTC").to_string(),
        took: format!("{} s", format::fixed(run.duration_ms as f64 / 1000.0, 1)),
        scripts: run.scripts.iter().map(|(name, hash)| stamp(name, hash)).collect(),
        settings: format::short_hash(&run.settings_hash),
        reload: report.reload.as_ref().map_or_else(String::new, Reload::stamp),
        sources: run
            .parts
            .iter()
            .map(|part| stamp(&format!("{} from {}", part.asset_class, part.source), &part.data_hash))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Problem;
    use crate::report::example;

    #[test]
    fn a_day_with_nothing_says_so() {
        let view = View::of(&example::empty());
        assert_eq!(view.headline, "Nothing to buy or sell");
        assert_eq!(view.quiet, "Nothing to do. No signal passed every filter.");
    }

    #[test]
    fn a_day_on_which_a_script_failed_is_never_called_quiet() {
        let mut report = example::empty();
        report.problems.push(Problem::new("mine", ProblemKind::ScriptRun, "mine.rhai:3:1: odd"));
        let view = View::of(&report);
        assert!(view.quiet.contains("A script failed"));
        assert_eq!(view.headline, "Nothing to buy or sell, but a script failed");
    }

    #[test]
    fn a_class_that_was_left_out_is_no_quiet_day() {
        let mut report = example::empty();
        report.problems.push(Problem::new("equity", ProblemKind::Skipped, "skipped: no key"));
        let view = View::of(&report);
        assert_eq!(view.headline, "Nothing to buy or sell in what was decided");
        let told = "No signal passed every filter. Not decided: equity; the data notes say why.";
        assert_eq!(view.quiet, told);
    }

    #[test]
    fn what_is_to_be_bought_hides_nothing_that_is_to_be_checked() {
        let mut report = example::full();
        report.problems.clear();
        report.decisions.iter_mut().for_each(|decision| decision.held.clear());
        assert_eq!(View::of(&report).headline, "2 to buy, 1 to sell");
        report.problems.push(Problem::new("BTC", ProblemKind::Position, "crypto is not decided"));
        assert_eq!(View::of(&report).headline, "2 to buy, 1 to sell, 1 position to check");
        report.problems.push(Problem::new("mine", ProblemKind::ScriptRun, "mine.rhai:3:1: odd"));
        let told = "2 to buy, 1 to sell, 1 position to check, and a script failed";
        assert_eq!(View::of(&report).headline, told);
    }

    #[test]
    fn an_unchecked_position_is_never_called_quiet() {
        let mut report = example::full();
        report.recommendations.clear();
        report.exits.clear();
        report.problems.retain(|own| own.kind != ProblemKind::Position);
        let held = &mut report.decisions[0].held;
        held.retain(|own| own.status != PositionStatus::Sell);
        let told = "No signal passed every filter. But 1 position could not be checked against the exit rule";
        assert!(View::of(&report).quiet.starts_with(told), "{}", View::of(&report).quiet);
        // A class that was left out has no decision: its positions are named as problems alone.
        report.decisions[0].held.clear();
        report.problems.push(Problem::new("BTC", ProblemKind::Position, "crypto is not decided"));
        assert!(View::of(&report).quiet.starts_with(told), "{}", View::of(&report).quiet);
        report.problems.clear();
        assert!(
            View::of(&report).quiet.starts_with("Nothing to do. No signal passed every filter. Filtered out")
        );
    }

    #[test]
    fn an_undecided_day_is_never_called_quiet() {
        let view = View::of(&example::undecided());
        assert_eq!((view.headline.as_str(), view.quiet.as_str()), ("No decision: bars missing", ""));
        assert_eq!(view.undecided.len(), 1);
    }

    #[test]
    fn the_preview_names_what_to_do() {
        assert_eq!(View::of(&example::full()).preview, "Buy NVDA, AAPL. Sell MSFT.");
    }
}
