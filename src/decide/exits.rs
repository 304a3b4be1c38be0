//! Puts what the rules made of the positions into what a reader sees: each position, and each sale with its reason.

use chrono::NaiveDate;

use super::check::{Checked, check};
use super::exit_rule::{rows_since, view};
use super::lot::{Check, rank};
use super::reasoning;
use super::reasons;
use super::splits;
use super::track::Track;
use super::{Direction, HeldPosition, PositionStatus, Prepared, Recommendation, recommendation_id};
use crate::domain::Book;
use crate::domain::Position;
use crate::domain::Problem;
use crate::domain::Words;
use crate::domain::format;
use crate::scripts::{Rows, Rule, Scripts};

/// What the exit rules say of the book.
#[derive(Clone, Debug, PartialEq)]
pub struct Exits {
    /// Every position of the class, by symbol, with its stop advanced to the session.
    pub held: Vec<HeldPosition>,
    /// One for each that is sold.
    pub sells: Vec<Recommendation>,
    pub problems: Vec<Problem>,
}

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
    let mut tracks = tracks(prepared, scripts, book);
    let Checked { checks, problems } =
        check(prepared, (scripts, rows), book, &mut tracks, prepared.columns.panel().on(session));
    let (held, sells) = told(prepared, (scripts, rows), book, &checks, session, words);
    Exits { held, sells, problems }
}

/// Finds every position of a book among the bars.
pub(super) fn tracks(prepared: &Prepared, scripts: &Scripts, book: &Book) -> Vec<Track> {
    book.positions.iter().map(|own| Track::of(own, prepared, scripts)).collect()
}

/// Returns the positions of the class by symbol, and a sale for each that is sold.
pub(super) fn told(
    prepared: &Prepared,
    (scripts, rows): (&Scripts, &Rows),
    book: &Book,
    checks: &[Check],
    session: NaiveDate,
    words: Words,
) -> (Vec<HeldPosition>, Vec<Recommendation>) {
    let mut sells = Vec::new();
    let tell = |check: &Check| {
        let position = &book.positions[check.place];
        let held = held(position, check, words);
        if let Some(reason) = &check.sell {
            let mut sell = sell(scripts, book, position, &held, reason, session);
            sell.reasoning = words.say(|| {
                let since = since(prepared, scripts, rows, position, &held, session);
                let told = reasoning::of_exit(position, &held, reason, &since, sell.current_price);
                let doubts = check.notes.iter().flat_map(|notes| &notes.doubts).cloned();
                let doubts = doubts.chain(splits::told(position));
                doubts.fold(told, |told, doubt| format!("{told} {}.", format::sentence(&doubt)))
            });
            sells.push(sell);
        }
        held
    };
    let mut ranked: Vec<&Check> = checks.iter().collect();
    ranked.sort_by(|one, other| rank(&book.positions[one.place], &book.positions[other.place]));
    let held = ranked.into_iter().map(tell).collect();
    (held, sells)
}

fn held(position: &Position, check: &Check, words: Words) -> HeldPosition {
    // A profit between two scales would be none.
    let is_misfit = check.notes.as_ref().is_some_and(|notes| notes.is_misfit);
    let close = check.close.filter(|_| !is_misfit);
    let pnl = close.map(|close| (close - position.entry_price) * position.quantity);
    let pnl_pct = close.map(|close| close / position.entry_price - 1.0);
    let did_not_run = check.notes.as_ref().and_then(|notes| notes.did_not_run.as_ref());
    let (status, mut note) = match (&check.sell, did_not_run, check.close) {
        (Some(reason), _, _) => (PositionStatus::Sell, reason.to_string()),
        (None, Some(why), _) => (PositionStatus::Unchecked, why.clone()),
        (None, None, Some(close)) => {
            (PositionStatus::Hold, words.say(|| reasoning::stop_below(close, check.stop_price)))
        }
        (None, None, None) => {
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
        stop_price: check.stop_price,
        stop_session: check.stop_session,
        close: check.close,
        pnl,
        pnl_pct,
        bars_held: check.close.map(|_| check.bars_held),
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
    use crate::domain::{AssetClass, ProblemKind};
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
