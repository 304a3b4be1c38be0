//! Holds every position against its own exit rule, and its stop against the close.
//!
//! A held position is never skipped. The strategy's `stop` may raise the stop, session by
//! session in order; then `exit` speaks; and whatever the script lacks, the core itself sells
//! at a close at or under the stop and names every position whose rule could not run. Where the
//! position's own numbers do not fit its bars, a sale must hold at the scale of either.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{Days, NaiveDate};

use super::doubt::doubt;
use super::exit_rule::{Budgets, exit, raise_stop, rows_since, view};
use super::reasoning;
use super::reasons;
use super::splits;
use super::splits::Misfit;
use super::together;
use super::together::Answer;
use super::{Direction, HeldPosition, PositionStatus, Prepared, Recommendation, recommendation_id};
use crate::bars::Panel;
use crate::domain::Book;
use crate::domain::Position;
use crate::domain::Words;
use crate::domain::format;
use crate::domain::{Problem, ProblemKind};
use crate::scripts::{RowError, Rows, Rule, Scripts, Strategy};
use crate::signals::script_failures;

/// The reason of an exit by the core's own check.
const HARD_STOP: &str = "hard_stop";

/// An entry within so many days after a session is of the next one: no market rests longer.
const UNTIL_NEXT: Days = Days::new(7);

/// What the exit rules say of the book.
#[derive(Clone, Debug, PartialEq)]
pub struct Exits {
    /// Every position of the class, by symbol, with its stop advanced to the session.
    pub held: Vec<HeldPosition>,
    /// One for each that is sold.
    pub sells: Vec<Recommendation>,
    pub problems: Vec<Problem>,
}

/// What a failing exit rule means to the reader.
const NOT_CHECKED: &str = "its positions were not checked by their own rule";

/// Holds every position of the prepared asset class against its exit rule, as [`super::decide()`] does, and
/// decides nothing else. `rows` are the scripts' own of what is prepared.
pub fn exits(
    prepared: &Prepared,
    scripts: &Scripts,
    rows: &Rows,
    book: &Book,
    session: NaiveDate,
    words: Words,
) -> Exits {
    let panel = prepared.columns.panel();
    let class = panel.asset_class();
    let own = book.positions.iter().filter(|own| own.asset_class == class);
    let mut lots: Vec<Lot<'_>> = own.map(|own| Lot::of(own, panel, session)).collect();
    lots.sort_by(Lot::rank);
    let mut exits = Exits { held: Vec::with_capacity(lots.len()), sells: Vec::new(), problems: Vec::new() };
    let answers = together::ask(panel, scripts, rows, &lots, session);
    let mut bench =
        Bench { prepared, scripts, rows, session, budgets: Budgets::of(lots.iter().map(|lot| lot.position)) };
    let mut failed: BTreeMap<&str, Vec<RowError>> = BTreeMap::new();
    for (lot, answer) in lots.iter().zip(answers) {
        let (position, misfit) = (lot.position, lot.misfit.as_deref());
        let verdict = bench.judge(lot, answer, &mut exits.problems);
        let held = held(position, &verdict, misfit, words);
        if let Some(reason) = &verdict.sell {
            let mut sell = sell(scripts, book, position, &held, reason, session);
            sell.reasoning = words.say(|| {
                let since = since(prepared, scripts, rows, position, &held, session);
                let told = reasoning::of_exit(position, &held, reason, &since, sell.current_price);
                let doubts = verdict.doubts.iter().cloned().chain(splits::told(position));
                doubts.fold(told, |told, doubt| format!("{told} {}.", format::sentence(&doubt)))
            });
            exits.sells.push(sell);
        }
        if !verdict.failed.is_empty() {
            failed.entry(&position.strategy).or_default().extend(verdict.failed);
        }
        exits.held.push(held);
    }
    for (name, errors) in failed {
        let Some(strategy) = scripts.strategy(name) else { continue };
        let told = script_failures(&prepared.columns, scripts, strategy, &errors, NOT_CHECKED);
        exits.problems.extend(told);
    }
    exits
}

/// What one position's rule and stop gave.
struct Verdict {
    stop_price: f64,
    /// The last session up to which every one has been shown to the strategy's `stop`.
    stop_session: NaiveDate,
    close: Option<f64>,
    bars_held: Option<usize>,
    sell: Option<String>,
    /// What should be looked at before the reader acts, each as a sentence.
    doubts: Vec<String>,
    /// Whether the strategy's own rule ran on this session or had no call to yet, or why it could not.
    ran: Result<(), String>,
    /// Where the strategy erred on this session.
    failed: Vec<RowError>,
}

/// A position, with its place among the bars of the session.
pub(super) struct Lot<'a> {
    pub(super) position: &'a Position,
    /// Its symbol's place in the panel.
    pub(super) owner: Option<usize>,
    /// Its rows up to the session's, the entry's own first; `None` where the session has no bar of it.
    pub(super) held: Option<Range<usize>>,
    /// Boxed: nearly none has one.
    pub(super) misfit: Option<Box<Misfit>>,
}

impl<'a> Lot<'a> {
    pub(super) fn of(position: &'a Position, panel: &Panel, session: NaiveDate) -> Self {
        let owner = panel.position(&position.symbol);
        let row = owner.and_then(|owner| Some((owner, panel.row(owner, session)?)));
        let held = row.map(|(owner, row)| rows_since(panel, owner, position.entry_date, row));
        let misfit = owner.and_then(|owner| splits::misfit_at(position, panel, owner));
        Self { position, owner, held, misfit: misfit.map(Box::new) }
    }

    /// By symbol, then strategy, then entry.
    fn rank(&self, other: &Self) -> Ordering {
        let by_symbol = match (self.owner, other.owner) {
            // The symbols of a panel are sorted.
            (Some(own), Some(other)) => own.cmp(&other),
            _ => self.position.symbol.cmp(&other.position.symbol),
        };
        let rest = |own: &Self| (&own.position.strategy, own.position.entry_date);
        by_symbol.then_with(|| rest(self).cmp(&rest(other)))
    }
}

/// What the positions are judged with.
struct Bench<'b, 'a> {
    prepared: &'b Prepared,
    scripts: &'b Scripts,
    rows: &'b Rows,
    session: NaiveDate,
    budgets: Budgets<'a>,
}

impl<'a> Bench<'_, 'a> {
    fn judge(&mut self, lot: &'a Lot<'a>, answer: Option<Answer>, problems: &mut Vec<Problem>) -> Verdict {
        let session = self.session;
        let panel = self.prepared.columns.panel();
        let Lot { position, owner, ref held, ref misfit } = *lot;
        let misfit = misfit.as_deref();
        let mut verdict = Verdict {
            stop_price: position.stop_price,
            stop_session: position.stop_session,
            close: None,
            bars_held: None,
            sell: None,
            doubts: Vec::new(),
            ran: Ok(()),
            failed: Vec::new(),
        };
        let mut name = |why: &str| {
            let message = format!("held since {}: {why}", position.entry_date);
            problems.push(Problem::new(&position.symbol, ProblemKind::Position, message));
        };
        if position.entry_date > session && position.entry_date <= session + UNTIL_NEXT {
            return verdict;
        }
        if position.entry_date > session {
            let why = format!("not held yet on {session}: neither its stop nor its exit rule was checked");
            name(&why);
            verdict.ran = Err(why);
            return verdict;
        }
        let (Some(owner), Some(held)) = (owner, held) else {
            let why = without_bar(panel, owner, session);
            name(&why);
            verdict.ran = Err(why);
            return verdict;
        };
        let row = held.end - 1;
        verdict.close = Some(panel.close()[row]);
        verdict.bars_held = Some(held.len() - 1);
        if let Some(doubt) = doubt(self.prepared, self.scripts, &position.strategy, row, Direction::Sell) {
            let doubt = format!("suspect bars: {doubt}");
            name(&doubt);
            verdict.doubts.push(doubt);
        }
        if let Some(gap) = self.prepared.health.gap(row) {
            name(&format!("unhealthy bars: {gap}"));
        }
        let first_bar = panel.dates()[panel.rows(owner).start];
        if position.entry_date < first_bar {
            name(&format!(
                "the bars that are loaded begin after its entry, on {first_bar}: bars_held and \
                 highest_close count from there"
            ));
        }
        let ruled = match (self.scripts.strategy(&position.strategy), misfit) {
            (Some(_), None) if let Some(answer) = answer => {
                verdict.stop_price = answer.stop_price;
                verdict.stop_session = position.stop_session.max(session);
                verdict.sell = answer.reason;
                Ok(())
            }
            (strategy, Some(misfit)) => {
                verdict.doubts.push(misfit.why.clone());
                verdict.sell = strategy.and_then(|own| {
                    // Right whichever scale is: the one of the positions file, or that of the bars.
                    let reason = self.exit(own, position, held, position.stop_price, &mut verdict.failed);
                    let stop_price = misfit.at_scale.stop_price;
                    let at_scale = self.exit(own, &misfit.at_scale, held, stop_price, &mut verdict.failed);
                    reason.ok().flatten().and(at_scale.ok().flatten())
                });
                Err(misfit.why.clone())
            }
            (None, None) => {
                Err(format!("strategy {} is not loaded, so its exit rule is gone", position.strategy))
            }
            // A stop that could not be raised still leaves the exit rule to be asked.
            (Some(strategy), None) => {
                let raised = raise_stop(panel, strategy, self.rows, position, held, &mut self.budgets);
                verdict.stop_price = raised.stop_price;
                verdict.stop_session = raised.session;
                let (raised_now, not_replayed) = raised.failures(session);
                if let Some(why) = not_replayed {
                    name(&why);
                }
                let raised_now = raised_now.map_err(|why| why.told(&mut verdict.failed));
                let exited = self.exit(strategy, position, held, verdict.stop_price, &mut verdict.failed);
                exited.and_then(|reason| {
                    verdict.sell = reason;
                    raised_now
                })
            }
        };
        if let Err(why) = &ruled {
            name(why);
        }
        verdict.ran = ruled;
        let is_under_stop = panel.close()[row] <= verdict.stop_price;
        if verdict.sell.is_none() && misfit.is_none() && is_under_stop {
            verdict.sell = Some(HARD_STOP.to_owned());
        }
        verdict
    }

    fn exit(
        &mut self,
        strategy: &Strategy,
        position: &'a Position,
        held: &Range<usize>,
        stop_price: f64,
        failed: &mut Vec<RowError>,
    ) -> Result<Option<String>, String> {
        let panel = self.prepared.columns.panel();
        let exited = exit(panel, strategy, self.rows, position, held, stop_price, &mut self.budgets);
        exited.map_err(|why| why.told(failed))
    }
}

/// Says that the session has no bar of the position's symbol, and which is the newest before it.
fn without_bar(panel: &Panel, owner: Option<usize>, session: NaiveDate) -> String {
    let before = |owner: usize| {
        let dates = &panel.dates()[panel.rows(owner)];
        dates[..dates.partition_point(|date| *date <= session)].last()
    };
    let newest = owner.and_then(before);
    let newest = newest.map_or("nor before it".to_owned(), |date| format!("its newest is of {date}"));
    format!("no bar on {session}, {newest}: neither its stop nor its exit rule was checked")
}

fn held(position: &Position, verdict: &Verdict, misfit: Option<&Misfit>, words: Words) -> HeldPosition {
    // A profit between two scales would be none.
    let close = verdict.close.filter(|_| misfit.is_none());
    let pnl = close.map(|close| (close - position.entry_price) * position.quantity);
    let pnl_pct = close.map(|close| close / position.entry_price - 1.0);
    let (status, mut note) = match (&verdict.sell, &verdict.ran, verdict.close) {
        (Some(reason), _, _) => (PositionStatus::Sell, reason.clone()),
        (None, Err(why), _) => (PositionStatus::Unchecked, why.clone()),
        (None, Ok(()), Some(close)) => {
            (PositionStatus::Hold, words.say(|| reasoning::stop_below(close, verdict.stop_price)))
        }
        (None, Ok(()), None) => {
            let note = format!("bought on {}: checked from that session on", position.entry_date);
            (PositionStatus::New, note)
        }
    };
    if let Some(rescaled) = splits::told(position) {
        note.push_str(&format!("; {rescaled}"));
    }
    HeldPosition {
        symbol: position.symbol.clone(),
        asset_class: position.asset_class,
        strategy: position.strategy.clone(),
        entry_date: position.entry_date,
        entry_price: position.entry_price,
        quantity: position.quantity,
        stop_price: verdict.stop_price,
        stop_session: verdict.stop_session,
        close: verdict.close,
        pnl,
        pnl_pct,
        bars_held: verdict.bars_held,
        status,
        note,
    }
}

/// The conditions for which the strategy's own `exit` sells; empty where the core sold.
fn since(
    prepared: &Prepared,
    scripts: &Scripts,
    rows: &Rows,
    position: &Position,
    held: &HeldPosition,
    session: NaiveDate,
) -> Vec<String> {
    let panel = prepared.columns.panel();
    let told = || {
        let owner = panel.position(&position.symbol)?;
        let row = panel.row(owner, session)?;
        let first = rows_since(panel, owner, position.entry_date, row).start;
        let view = view(panel, position, first, row, held.stop_price);
        scripts.strategy(&position.strategy)?.trace_held(Rule::Exit, rows, row as u32, view)?.ok()
    };
    told().map(|trace| reasons::held(&trace)).unwrap_or_default()
}

fn sell(
    scripts: &Scripts,
    book: &Book,
    position: &Position,
    held: &HeldPosition,
    reason: &str,
    session: NaiveDate,
) -> Recommendation {
    // A sale is only ever decided on a close.
    let close = held.close.unwrap_or(position.last_close);
    let size = position.quantity * close / book.equity;
    Recommendation {
        id: recommendation_id(
            session,
            &position.strategy,
            position.asset_class,
            &position.symbol,
            Direction::Sell,
        ),
        symbol: position.symbol.clone(),
        asset_class: position.asset_class,
        direction: Direction::Sell,
        conviction: None,
        current_price: close,
        entry_price: position.entry_price,
        target_price: None,
        stop_price: held.stop_price,
        position_size_pct: size,
        risk_pct: size * ((close - held.stop_price) / close).max(0.0),
        size_cap: None,
        quantity: position.quantity,
        adv20: None,
        technical_score: None,
        news_score: None,
        sentiment_score: None,
        combined_score: None,
        components: Vec::new(),
        signal_type: reason.to_owned(),
        reasoning: String::new(),
        news_headlines: Vec::new(),
        generated_at: None,
        strategy_name: position.strategy.to_string(),
        script_hash: scripts
            .strategy(&position.strategy)
            .map(|own| own.hash().to_owned())
            .unwrap_or_default(),
        session,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::bars::Bars;
    use crate::decide::Decision;
    use crate::decide::fill;
    use crate::decide::fixtures::{Case, bought, opens, position, told};
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, day, options, scripts, scripts_with, series, symbol};

    /// Thirty closes of 100 with these at the end.
    fn ending(name: &str, last: &[f64]) -> Bars {
        let mut closes = vec![100.0; 30 - last.len()];
        closes.extend(last);
        series(name, 0, &closes)
    }

    fn case(rules: &str, bars: Bars, stop: f64) -> Case {
        Case::new(scripts(&[("rule", rules)]), vec![bars]).holding(vec![position("X", "rule", stop)])
    }

    fn sold(decision: &Decision) -> Vec<(&str, &str)> {
        decision.exits.iter().map(|exit| (exit.symbol.as_str(), exit.signal_type.as_str())).collect()
    }

    #[test]
    fn the_rule_sells_with_its_reason_and_the_numbers_of_the_position() {
        let (decision, problems) = case(ALWAYS, ending("X", &[131.0]), 80.0).decide(29);
        assert_eq!(problems, []);
        let [exit] = &decision.exits[..] else { panic!("{decision:?}") };
        assert_eq!((exit.direction, exit.signal_type.as_str()), (Direction::Sell, "too_high"));
        assert_eq!((exit.entry_price, exit.current_price, exit.quantity), (100.0, 131.0, 10.0));
        assert_eq!((exit.stop_price, exit.target_price), (80.0, None));
        assert!((exit.position_size_pct - 0.0131).abs() < 1e-12);
        assert!((exit.risk_pct - 0.0051).abs() < 1e-12);
        let id = recommendation_id(day(29), "rule", AssetClass::Equity, &symbol("X"), Direction::Sell);
        assert_eq!(exit.id, id);
        let held = &decision.held[0];
        assert_eq!((held.status, held.note.as_str()), (PositionStatus::Sell, "too_high"));
        assert_eq!((held.pnl, held.bars_held), (Some(310.0), Some(24)));
    }

    #[test]
    fn a_position_above_its_stop_is_held_and_says_by_how_much() {
        let (decision, problems) = case(ALWAYS, ending("X", &[120.0]), 80.0).decide(29);
        assert_eq!((problems, sold(&decision)), (vec![], vec![]));
        let held = &decision.held[0];
        assert_eq!((held.status, held.note.as_str()), (PositionStatus::Hold, "stop 33.3% below the close"));
    }

    /// The new stop is half the old one and 0.4 of the close: the order of sessions shows in it.
    const RAISING: &str = "fn stop(row, position) { position.stop_price * 0.5 + row.close * 0.4 }\n";

    fn raised(mut position: Position, shown: usize) -> f64 {
        position.stop_session = day(29 - shown);
        let bars = ending("X", &[100.0, 110.0, 90.0, 120.0]);
        let case = case(&(ALWAYS.to_owned() + RAISING), bars, 80.0).holding(vec![position]);
        case.decide(29).0.held[0].stop_price
    }

    #[test]
    fn missed_sessions_raise_the_stop_in_their_order_and_never_lower_it() {
        // 80, 84, (42 + 36 = 78: stays 84), 42 + 48 = 90.
        assert!((raised(position("X", "rule", 80.0), 4) - 90.0).abs() < 1e-9);
        // Only the last: 40 + 48.
        assert!((raised(position("X", "rule", 80.0), 1) - 88.0).abs() < 1e-9);
        assert!((raised(position("X", "rule", 80.0), 0) - 80.0).abs() < 1e-9);
        assert!((raised(position("X", "rule", 119.0), 4) - 119.0).abs() < 1e-9);
    }

    #[test]
    fn a_session_is_shown_to_the_stop_once() {
        let bars = ending("X", &[100.0, 110.0, 90.0, 120.0]);
        let mut case = case(&(ALWAYS.to_owned() + RAISING), bars, 80.0);
        let at_once = case.decide(29).0.held[0].stop_price;
        for session in 5..30 {
            let (decision, _) = case.decide(session);
            case.book = fill(case.book.clone(), &decision, &opens(session + 1, &[])).0;
            assert_eq!(case.book.positions[0].stop_session, day(session));
        }
        assert_eq!(case.book.positions[0].stop_price, at_once);
        assert_eq!(case.decide(29).0.held[0].stop_price, at_once);
    }

    #[test]
    fn exit_is_asked_on_the_raised_stop() {
        let rules = ALWAYS.replace("row.close > 130.0", "row.close <= position.stop_price")
            + "fn stop(row, position) { 99.0 }\n";
        let (decision, _) = case(&rules, ending("X", &[98.0]), 80.0).decide(29);
        assert_eq!(sold(&decision), [("X", "too_high")]);
        assert_eq!(decision.exits[0].stop_price, 99.0);
    }

    /// What the core makes of a position under its stop, whatever is wrong with the rule.
    #[track_caller]
    fn check_hard_stop(case: &Case, named: &str) {
        let (decision, problems) = case.decide(29);
        assert_eq!(sold(&decision), [("X", "hard_stop")], "{named}");
        let told = told(&problems, ProblemKind::Position);
        assert!(told.len() == 1 && told[0].contains(named), "{named}: {told:?}");
        assert!(told[0].starts_with("X: held since 2024-01-06: "), "{told:?}");
    }

    #[test]
    fn the_core_sells_under_the_stop_when_the_rule_cannot() {
        let falling = || ending("X", &[79.0]);
        let gone = case(ALWAYS, falling(), 80.0).holding(vec![position("X", "deleted", 80.0)]);
        check_hard_stop(&gone, "strategy deleted is not loaded, so its exit rule is gone");
        let erring = ALWAYS.replace("row.close > 130.0", "row.close / 0 > 1");
        let erring = erring.replace("return \"too_high\";", "throw \"odd\";").replace("/ 0 > 1", "< 500.0");
        check_hard_stop(&case(&erring, falling(), 80.0), "in `exit`: odd");
        let not_ready = ALWAYS.replace("row.close > 130.0", "row.close > row.ma200");
        check_hard_stop(&case(&not_ready, falling(), 80.0), "ma200 needs 200 bars, has 30");
        let bad_stop = ALWAYS.to_owned() + "fn stop(row, position) { \"low\" }\n";
        check_hard_stop(&case(&bad_stop, falling(), 80.0), "in `stop`: gave \"low\"");
    }

    #[test]
    fn at_the_stop_is_under_it() {
        for (close, expected) in [(80.0, 1), (80.01, 0)] {
            let (decision, _) = case(ALWAYS, ending("X", &[close]), 80.0).decide(29);
            assert_eq!(decision.exits.len(), expected, "{close}");
        }
    }

    #[test]
    fn a_rule_that_could_not_run_is_never_a_silent_hold() {
        let gone = case(ALWAYS, ending("X", &[100.0]), 80.0).holding(vec![position("X", "deleted", 80.0)]);
        let (decision, problems) = gone.decide(29);
        assert_eq!(decision.held[0].status, PositionStatus::Unchecked);
        assert_eq!(told(&problems, ProblemKind::Position).len(), 1);
        assert_eq!(sold(&decision), []);
    }

    #[test]
    fn a_session_on_which_the_stop_failed_is_shown_again() {
        let failing = ALWAYS.to_owned()
            + "fn stop(row, position) { if row.close > 110.0 { throw \"odd\"; } row.close * 0.9 }\n";
        let closes = [100.0, 104.0, 111.0, 100.0];
        let case = case(&failing, ending("X", &closes), 50.0);
        let (decision, problems) = case.decide(28);
        assert_eq!(decision.held[0].status, PositionStatus::Unchecked, "the failure is of that session");
        assert!(told(&problems, ProblemKind::Position)[0].contains("in `stop`: odd"), "{problems:?}");

        let (decision, problems) = case.decide(29);
        let held = &decision.held[0];
        // The rule ran on the session itself: the earlier failure is told, the position is held.
        assert_eq!((held.stop_session, held.status), (day(27), PositionStatus::Hold));
        let told = told(&problems, ProblemKind::Position);
        let start = "X: held since 2024-01-06: its stop could not be replayed on 2024-01-29: ";
        assert!(told.len() == 1 && told[0].starts_with(start) && told[0].ends_with("odd"), "{told:?}");
        let (book, _) = fill(case.book.clone(), &decision, &BTreeMap::new());
        assert_eq!(book.positions[0].stop_session, day(27));

        let mended = scripts(&[("rule", &failing.replace("110.0", "120.0"))]);
        let case = Case { book, ..Case::new(mended, vec![ending("X", &closes)]) };
        let (decision, _) = case.decide(29);
        let held = &decision.held[0];
        assert_eq!((held.stop_session, held.stop_price), (day(29), 111.0 * 0.9));
    }

    #[test]
    fn sessions_that_could_not_be_replayed_are_counted_after_the_first() {
        let failing = ALWAYS.to_owned()
            + "fn stop(row, position) { if row.close > 110.0 { throw \"odd\"; } row.close * 0.9 }\n";
        let (_, problems) = case(&failing, ending("X", &[111.0, 112.0, 113.0, 100.0]), 50.0).decide(29);
        let told = told(&problems, ProblemKind::Position);
        let part = "could not be replayed on 2024-01-27 and 2 later sessions: ";
        assert!(told.len() == 1 && told[0].contains(part), "{told:?}");
    }

    #[test]
    fn the_positions_of_a_strategy_share_one_budget_of_a_session() {
        // A loop that takes more than half of what a call may use, and so of the budget of two.
        let rules = ALWAYS
            .replace("if row.close > 130.0", "let n = 0; while n < 2400 { n += 1; } if row.close > 130.0");
        let held = |names: &[&str]| {
            let bars = names.iter().map(|name| ending(name, &[100.0])).collect();
            let positions = names.iter().map(|name| position(name, "rule", 80.0)).collect();
            let (decision, problems) =
                Case::new(scripts(&[("rule", &rules)]), bars).holding(positions).decide(29);
            let statuses: Vec<PositionStatus> = decision.held.iter().map(|own| own.status).collect();
            (statuses, told(&problems, ProblemKind::Position))
        };
        let (hold, unchecked) = (PositionStatus::Hold, PositionStatus::Unchecked);
        assert_eq!(held(&["A"]), (vec![hold], vec![]), "a lone position has what a call may use");
        let (statuses, told) = held(&["A", "B", "C"]);
        assert_eq!(statuses, [hold, unchecked, unchecked]);
        assert!(told.len() == 2 && told[0].contains("its 20000 operations of the session"), "{told:?}");
    }

    #[test]
    fn a_stop_that_errs_leaves_the_exit_rule_to_be_asked() {
        let rules = ALWAYS.to_owned() + "fn stop(row, position) { throw \"odd\"; }\n";
        let (decision, problems) = case(&rules, ending("X", &[131.0]), 80.0).decide(29);
        assert_eq!(sold(&decision), [("X", "too_high")]);
        assert!(told(&problems, ProblemKind::Position)[0].contains("in `stop`: odd"), "{problems:?}");
    }

    #[test]
    fn a_disabled_strategy_sells_and_does_not_buy() {
        let mut options = options();
        options.disabled = BTreeSet::from(["rule".to_owned()]);
        let scripts = scripts_with(&[("rule", ALWAYS)], &options);
        let bars = vec![ending("X", &[131.0]), ending("Y", &[100.0]), ending("Z", &[79.0])];
        let positions = vec![position("X", "rule", 80.0), position("Z", "rule", 80.0)];
        let (decision, problems) = Case::new(scripts, bars).holding(positions).decide(29);
        assert_eq!(sold(&decision), [("X", "too_high"), ("Z", "hard_stop")]);
        assert_eq!((bought(&decision), problems), (vec![], vec![]));
    }

    #[test]
    fn a_position_without_a_bar_is_named_and_not_judged() {
        let bars = vec![series("X", 0, &[70.0; 28]), ending("Y", &[100.0])];
        let case = Case::new(scripts(&[("rule", ALWAYS)]), bars)
            .holding(vec![position("X", "rule", 80.0), position("NONE", "rule", 80.0)]);
        let (decision, problems) = case.decide(29);
        assert_eq!(sold(&decision), []);
        let held: Vec<_> =
            decision.held.iter().map(|own| (own.symbol.as_str(), own.status, own.close)).collect();
        let unchecked = PositionStatus::Unchecked;
        assert_eq!(held, [("NONE", unchecked, None), ("X", unchecked, None)]);
        assert_eq!(
            told(&problems, ProblemKind::Position),
            [
                "NONE: held since 2024-01-06: no bar on 2024-01-30, nor before it: \
                 neither its stop nor its exit rule was checked",
                "X: held since 2024-01-06: no bar on 2024-01-30, its newest is of 2024-01-28: \
                 neither its stop nor its exit rule was checked",
            ]
        );
    }

    #[test]
    fn a_later_bar_is_not_told_of_as_the_newest() {
        let mut late = series("X", 0, &[70.0; 9]).iter().collect::<Vec<_>>();
        late.extend(series("X", 20, &[70.0; 10]).iter());
        let late = crate::bars::check(symbol("X"), late, day(29)).0;
        let (_, problems) = case(ALWAYS, late, 80.0).decide(12);
        assert!(
            told(&problems, ProblemKind::Position)[0].contains("its newest is of 2024-01-09:"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_session_before_the_entry_judges_nothing() {
        let on = |session: usize, entry: NaiveDate| {
            let mut case = case(ALWAYS, ending("X", &[100.0]), 120.0);
            case.book.positions[0].entry_date = entry;
            let (decision, problems) = case.decide(session);
            assert_eq!((sold(&decision), decision.held[0].stop_price), (vec![], 120.0));
            let told = told(&problems, ProblemKind::Position);
            (decision.held[0].status, decision.held[0].note.clone(), told)
        };
        // Bought at the open after it.
        let note = "bought on 2024-01-06: checked from that session on".to_owned();
        assert_eq!(on(4, day(5)), (PositionStatus::New, note, vec![]));
        // A slip of the date, or an old session that is decided again.
        let why = "not held yet on 2024-01-05: neither its stop nor its exit rule was checked".to_owned();
        let named = format!("X: held since 2024-01-13: {why}");
        assert_eq!(on(4, day(12)), (PositionStatus::Unchecked, why, vec![named]));
    }

    #[test]
    fn a_position_with_doubtful_bars_is_named_beside_its_exit() {
        let (decision, problems) = case(ALWAYS, ending("X", &[50.0]), 80.0).decide(29);
        assert_eq!(sold(&decision), [("X", "hard_stop")]);
        let expected = "X: held since 2024-01-06: suspect bars: the close of 2024-01-30 is 0.50 times the one \
                        before: check for a split first";
        assert_eq!(told(&problems, ProblemKind::Position), [expected]);
    }

    #[test]
    fn the_highest_close_is_one_and_not_the_entry_price() {
        let rules = ALWAYS.replace("row.close > 130.0", "position.highest_close == 98.0");
        let mut closes = vec![95.0; 30];
        closes[10] = 98.0;
        let (decision, _) = case(&rules, series("X", 0, &closes), 80.0).decide(29);
        assert_eq!(sold(&decision), [("X", "too_high")]);
    }

    #[test]
    fn the_rule_sees_the_holding_from_its_entry_on() {
        // The highest close is 125 of day 27; 24 sessions after day 5 is day 29.
        let rules = ALWAYS.replace(
            "row.close > 130.0",
            "position.highest_close == 125.0 && position.bars_held == 24 && position.entry_price == 100.0",
        );
        let mut closes = vec![100.0; 30];
        (closes[3], closes[27]) = (129.0, 125.0);
        let (decision, _) = case(&rules, series("X", 0, &closes), 80.0).decide(29);
        assert_eq!(sold(&decision), [("X", "too_high")]);
    }

    #[test]
    fn a_failing_rule_is_told_as_a_failed_script_once() {
        let rules = ALWAYS.replace("if row.close > 130.0 {", "if row.close > 1.0 { throw \"odd\"; } else {");
        let bars = vec![ending("X", &[100.0]), ending("Y", &[100.0])];
        let positions = vec![position("X", "rule", 80.0), position("Y", "rule", 80.0)];
        let (decision, problems) =
            Case::new(scripts(&[("rule", &rules)]), bars).holding(positions).decide(29);
        assert!(decision.held.iter().all(|own| own.status == PositionStatus::Unchecked));
        let told = told(&problems, ProblemKind::ScriptRun);
        let part = "in `exit`: odd on X, 2024-01-30 (close 100.00) and 1 more symbol; its positions were not";
        assert!(told.len() == 1 && told[0].contains(part), "{problems:?}");
    }

    #[test]
    fn a_failing_stop_is_a_failed_script_though_the_exit_rule_ran() {
        let rules = ALWAYS.to_owned() + "fn stop(row, position) { throw \"odd\"; }\n";
        let (_, problems) = case(&rules, ending("X", &[131.0]), 80.0).decide(29);
        assert!(told(&problems, ProblemKind::ScriptRun)[0].contains("in `stop`: odd on X"), "{problems:?}");
    }

    #[test]
    fn an_entry_before_the_bars_is_named() {
        let (_, problems) = case(ALWAYS, series("X", 10, &[100.0; 20]), 80.0).decide(29);
        let expected = "X: held since 2024-01-06: the bars that are loaded begin after its entry, on \
                        2024-01-11: bars_held and highest_close count from there";
        assert_eq!(told(&problems, ProblemKind::Position), [expected]);
    }
}
