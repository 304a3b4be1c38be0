//! Asks a strategy about all its positions of a session at once.
//!
//! Each is answered as it would be alone, and much sooner. Only what cannot differ is asked together: functions that
//! no budget counts, on positions with nothing left to replay. A block with an error, and a row that lacks a
//! feature, are left to be asked one by one.

use std::ops::Range;

use chrono::NaiveDate;

use super::exit_rule::view_at;
use super::lot::Lot;
use crate::bars::Panel;
use crate::domain::Name;
use crate::scripts::{Budget, PositionView, Rows, Rule, Scripts, Strategy};

/// What a strategy said of a position on a session.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    /// Never lower than before.
    pub(super) stop_price: f64,
    /// Why it is sold; `None` holds it.
    pub(super) reason: Option<Name>,
}

/// Returns the answer for each position, where it could be had in a block.
pub(super) fn ask(
    panel: &Panel,
    scripts: &Scripts,
    rows: &Rows,
    lots: &[Lot<'_>],
    session: NaiveDate,
) -> Vec<Option<Answer>> {
    let mut answers: Vec<Option<Answer>> = lots.iter().map(|_| None).collect();
    if lots.len() < 2 {
        return answers;
    }
    for (number, strategy) in scripts.strategies().iter().enumerate() {
        if !is_uncounted(strategy) {
            continue;
        }
        let has_stop = strategy.function(Rule::Stop).is_some();
        let is_own = |lot: &Lot<'_>| lot.strategy == Some(number) && is_asked(panel, has_stop, lot, session);
        let mut places = Vec::with_capacity(lots.len());
        places.extend((0..lots.len()).filter(|place| is_own(&lots[*place])));
        if places.is_empty() {
            continue;
        }
        answer(strategy, rows, (lots, &places), session, &mut answers);
    }
    answers
}

/// Tells whether no function that is asked about a position charges a budget.
fn is_uncounted(strategy: &Strategy) -> bool {
    let mut functions = [Rule::Stop, Rule::Exit].into_iter().filter_map(|rule| strategy.function(rule));
    functions.all(|function| strategy.why_not_columns(function).is_none())
}

/// Tells whether a position stands at the scale of its bars, and has been shown to the rule of its stop, where its
/// strategy has one, on every session before this one.
fn is_asked(panel: &Panel, has_stop: bool, lot: &Lot<'_>, session: NaiveDate) -> bool {
    let position = lot.position;
    let is_shown = |held: &Range<usize>| {
        let before = held.end.checked_sub(2).filter(|row| held.contains(row));
        before.is_none_or(|row| panel.dates()[row] <= position.stop_session)
    };
    position.entry_date <= session
        && lot.misfit.is_none()
        && lot.held.as_ref().is_some_and(|held| !has_stop || is_shown(held))
}

/// Asks a strategy about the lots at these places, and puts down its answers; none where a row errs.
fn answer(
    strategy: &Strategy,
    rows: &Rows,
    (lots, places): (&[Lot<'_>], &[usize]),
    session: NaiveDate,
    answers: &mut [Option<Answer>],
) {
    let (mut index, mut views) = (Vec::with_capacity(places.len()), Vec::with_capacity(places.len()));
    for lot in places.iter().map(|place| &lots[*place]) {
        let Some(held) = &lot.held else { return };
        index.push((held.end - 1) as u32);
        views.push(view_at(lot.position, held.len() - 1, lot.highest_close, lot.position.stop_price));
    }
    let mut budget = Budget::for_positions(places.len());
    let mut is_ready = Vec::new();
    if strategy.function(Rule::Stop).is_some() {
        is_ready.resize(places.len(), true);
        let is_new = |at: &usize| lots[places[*at]].position.stop_session < session;
        let new: Vec<usize> = (0..places.len()).filter(is_new).collect();
        let new_index: Vec<u32> = new.iter().map(|at| index[*at]).collect();
        let new_views: Vec<PositionView> = new.iter().map(|at| views[*at]).collect();
        let Ok(raised) = strategy.stop(rows, &new_index, &new_views, &mut budget).complete() else { return };
        for (at, raised) in new.into_iter().zip(raised) {
            is_ready[at] = raised.is_some();
            let stop_price = &mut views[at].stop_price;
            *stop_price = raised.flatten().map_or(*stop_price, |raised| stop_price.max(raised));
        }
    }
    let Ok(exits) = strategy.exit(rows, &index, &views, &mut budget).complete() else { return };
    for (at, (exit, view)) in exits.into_iter().zip(views).enumerate() {
        let is_ready = is_ready.get(at).copied().unwrap_or(true);
        answers[places[at]] = exit.filter(|_| is_ready).map(|reason| {
            let reason = reason.map(|reason| reason.as_str().into());
            Answer { stop_price: view.stop_price, reason }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::exits;
    use crate::decide::fixtures::{Case, position};
    use crate::decide::track::Track;
    use crate::domain::{Book, Position, Words};
    use crate::signals::fixtures::{ALWAYS, day, scripts, series};

    /// The closes of the symbol of a number: between 60 and 70.
    fn closes(number: usize) -> Vec<f64> {
        (0..30).map(|session| 60.0 + ((session * (number + 3)) % 11) as f64).collect()
    }

    /// Asks on day 29 about ten positions together and about each alone, which must say the same; returns how many
    /// were answered in a block, and how many are sold.
    fn check(rules: &str) -> (usize, usize) {
        let text =
            ALWAYS.replace("fn exit(row, position) { if row.close > 130.0 { return \"too_high\"; } }", rules);
        assert_ne!(text, ALWAYS, "the rules take the place of the fixture's");
        let names: Vec<String> = (0..10).map(|number| format!("S{number}")).collect();
        let bars = names.iter().enumerate().map(|(number, name)| series(name, 0, &closes(number))).collect();
        let Case { prepared, scripts, .. } = Case::new(scripts(&[("always", &text)]), bars);
        let rows = scripts.bind(&prepared.columns);
        let held = |(number, name): (usize, &String)| Position {
            entry_date: day(10 + number),
            entry_price: closes(number)[10 + number],
            // Some have been asked on this session, and one has a session left to replay.
            stop_session: day([28, 29, 27][number % 3 * usize::from(number < 5)]),
            ..position(name, "always", 50.0)
        };
        let positions: Vec<Position> = names.iter().enumerate().map(held).collect();
        let asked = |positions: &[Position]| {
            let book = Book::of_positions(1e5, positions.to_vec());
            exits(&prepared, &scripts, &rows, &book, day(29), Words::Told)
        };
        let together = asked(&positions);
        for (number, own) in positions.iter().enumerate() {
            assert_eq!(asked(std::slice::from_ref(own)).held[0], together.held[number], "{}", own.symbol);
        }
        let panel = prepared.columns.panel();
        let lot = |(place, own)| {
            let track = &mut Track::of(own, &prepared, &scripts);
            Lot::of(place, own, track, panel.on(day(29)))
        };
        let lots: Vec<Lot<'_>> = positions.iter().enumerate().map(lot).collect();
        let answers = ask(panel, &scripts, &rows, &lots, day(29));
        (answers.iter().flatten().count(), together.sells.len())
    }

    #[test]
    fn positions_are_answered_together_as_they_are_alone() {
        let sold = (0..10).filter(|number| closes(*number)[29] > 65.0).count();
        assert!(sold > 0 && sold < 10);
        assert_eq!(check("fn exit(row, position) { if row.close > 65.0 { \"high\" } }"), (10, sold));
        let by_position = "fn exit(row, position) { if position.bars_held > 14 { return \"old\"; } }";
        assert_eq!(check(by_position), (10, 5));
    }

    #[test]
    fn what_has_a_stop_left_to_replay_is_asked_alone() {
        let rules = "fn stop(row, position) { row.close - 2.0 }\nfn exit(row, position) {}";
        assert_eq!(check(rules).0, 9);
        let seen = "fn stop(row, position) { row.close + 1.0 }\n\
                    fn exit(row, position) { if position.stop_price > row.close { return \"raised\"; } }";
        let (answered, sold) = check(seen);
        assert!(answered == 9 && sold >= 7, "the exit sees the raised stop: {sold}");
    }

    #[test]
    fn one_that_errs_leaves_all_to_be_asked_alone_and_one_that_is_not_ready_itself() {
        let errs = "fn exit(row, position) { if row.close == 60.0 { throw \"odd\"; } }";
        let (answered, _) = check(errs);
        assert!(closes(8)[29] == 60.0 || (0..10).any(|number| closes(number)[29] == 60.0));
        assert_eq!(answered, 0);
        assert_eq!(check("fn exit(row, position) { if row.ma50 > 1.0 { \"never\" } }"), (0, 0));
        let counted = "fn exit(row, position) { let n = 0; while n < 3 { n += 1; } if n > 5 { \"never\" } }";
        assert_eq!(check(counted), (0, 0), "a loop charges the budget of all");
    }
}
