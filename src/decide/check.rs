//! Holds the positions of a class against their rules and stops, and says of each what came of it in numbers.
//!
//! A held position is never skipped. The strategy's `stop` may raise the stop, session by
//! session in order; then `exit` speaks; and whatever the script lacks, the core itself sells
//! at a close at or under the stop and names every position whose rule could not run. Where the
//! position's own numbers do not fit its bars, a sale must hold at the scale of either.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{Days, NaiveDate};

use super::doubt::doubt;
use super::exit_rule::{Budgets, exit, raise_stop};
use super::lot::{Check, HARD_STOP, Lot, Notes, rank};
use super::together;
use super::together::Answer;
use super::track::Track;
use super::{Direction, Prepared};
use crate::bars::{OnDay, Panel};
use crate::domain::{Book, Name, Position};
use crate::domain::{Problem, ProblemKind};
use crate::scripts::{RowError, Rows, Scripts, Strategy};
use crate::signals::script_failures;

/// An entry within so many days after a session is of the next one: no market rests longer.
const UNTIL_NEXT: Days = Days::new(7);

/// So many positions are asked about at once: few enough to stay in the processor's cache.
const AT_ONCE: usize = 512;

/// What a failing exit rule means to the reader.
const NOT_CHECKED: &str = "its positions were not checked by their own rule";

/// What came of the positions of a class on a session.
#[derive(Debug)]
pub(super) struct Checked {
    /// In the order of the book.
    pub(super) checks: Vec<Check>,
    pub(super) problems: Vec<Problem>,
}

impl Checked {
    /// Returns the places in the book of what is sold, in its order.
    pub(super) fn sold(&self) -> impl Iterator<Item = usize> {
        self.checks.iter().filter(|check| check.sell.is_some()).map(|check| check.place)
    }
}

/// Holds every position of the prepared class against its rules, in the order of the book. `tracks` are of all
/// positions of the book, at their places.
pub(super) fn check(
    prepared: &Prepared,
    (scripts, rows): (&Scripts, &Rows),
    book: &Book,
    tracks: &mut [Track],
    today: OnDay<'_>,
) -> Checked {
    let (panel, session) = (today.panel(), today.session());
    let mut checks = Vec::with_capacity(book.positions.len());
    let mut left = Vec::new();
    let (mut lots, mut first) = (Vec::with_capacity(book.positions.len().min(AT_ONCE)), 0);
    for tracks in tracks.chunks_mut(AT_ONCE) {
        let positions = book.positions[first..].iter().zip(tracks).zip(first..);
        let own = positions.filter(|((own, _), _)| own.asset_class == panel.asset_class());
        lots.extend(own.map(|((own, track), place)| Lot::of(place, own, track, today)));
        first += AT_ONCE;
        let mut answers = together::ask(panel, scripts, rows, &lots, session);
        for (lot, answer) in lots.drain(..).zip(&mut answers) {
            let check = lot.plain(answer, session);
            checks.push(check.unwrap_or_else(|| {
                let unasked = lot.unasked();
                left.push((checks.len(), lot, answer.take()));
                unasked
            }));
        }
    }
    let mut problems = Vec::new();
    if !left.is_empty() {
        // In an order that is not the book's: it says who is asked before a budget ends.
        left.sort_by(|(_, one, _), (_, other, _)| rank(one.position, other.position));
        let of_class = book.positions.iter().filter(|own| own.asset_class == panel.asset_class());
        let mut bench = Bench { prepared, scripts, rows, session, budgets: Budgets::of(of_class) };
        let mut failed: BTreeMap<&str, Vec<RowError>> = BTreeMap::new();
        for (at, lot, answer) in &left {
            let (check, errors) = bench.judge(lot, answer.clone(), &mut problems);
            checks[*at] = check;
            if !errors.is_empty() {
                failed.entry(&lot.position.strategy).or_default().extend(errors);
            }
        }
        for (name, errors) in failed {
            let Some(strategy) = scripts.strategy(name) else { continue };
            problems.extend(script_failures(&prepared.columns, scripts, strategy, &errors, NOT_CHECKED));
        }
    }
    Checked { checks, problems }
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
    /// Judges one position by itself; returns what came of it, and where its rules erred.
    fn judge(
        &mut self,
        lot: &'a Lot<'a>,
        answer: Option<Answer>,
        problems: &mut Vec<Problem>,
    ) -> (Check, Vec<RowError>) {
        let session = self.session;
        let panel = self.prepared.columns.panel();
        let Lot { position, owner, ref held, ref misfit, .. } = *lot;
        let misfit = misfit.as_deref();
        let (mut check, mut notes, mut failed) = (lot.unasked(), Notes::default(), Vec::new());
        let mut name = |why: &str| {
            let message = format!("held since {}: {why}", position.entry_date);
            problems.push(Problem::new(&position.symbol, ProblemKind::Position, message));
        };
        if position.entry_date > session && position.entry_date <= session + UNTIL_NEXT {
            return (check, failed);
        }
        if position.entry_date > session {
            let why = format!("not held yet on {session}: neither its stop nor its exit rule was checked");
            name(&why);
            notes.did_not_run = Some(why);
            check.notes = Some(Box::new(notes));
            return (check, failed);
        }
        let (Some(owner), Some(held)) = (owner, held) else {
            let why = without_bar(panel, owner, session);
            name(&why);
            notes.did_not_run = Some(why);
            check.notes = Some(Box::new(notes));
            return (check, failed);
        };
        let row = held.end - 1;
        check.close = Some(lot.close);
        check.bars_held = held.len() - 1;
        if let Some(doubt) = doubt(self.prepared, self.scripts, &position.strategy, row, Direction::Sell) {
            let doubt = format!("suspect bars: {doubt}");
            name(&doubt);
            notes.doubts.push(doubt);
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
                check.stop_price = answer.stop_price;
                check.stop_session = position.stop_session.max(session);
                check.sell = answer.reason;
                Ok(())
            }
            (strategy, Some(misfit)) => {
                notes.doubts.push(misfit.why.clone());
                notes.is_misfit = true;
                check.sell = strategy.and_then(|own| {
                    // Right whichever scale is: the one of the positions file, or that of the bars.
                    let reason = self.exit(own, position, held, position.stop_price, &mut failed);
                    let stop_price = misfit.at_scale.stop_price;
                    let at_scale = self.exit(own, &misfit.at_scale, held, stop_price, &mut failed);
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
                check.stop_price = raised.stop_price;
                check.stop_session = raised.session;
                let (raised_now, not_replayed) = raised.failures(session);
                if let Some(why) = not_replayed {
                    name(&why);
                }
                let raised_now = raised_now.map_err(|why| why.told(&mut failed));
                let exited = self.exit(strategy, position, held, check.stop_price, &mut failed);
                exited.and_then(|reason| {
                    check.sell = reason;
                    raised_now
                })
            }
        };
        if let Err(why) = ruled {
            name(&why);
            notes.did_not_run = Some(why);
        }
        let is_under_stop = lot.close <= check.stop_price;
        if check.sell.is_none() && misfit.is_none() && is_under_stop {
            check.sell = Some(HARD_STOP.into());
        }
        check.notes = (notes != Notes::default()).then(|| Box::new(notes));
        (check, failed)
    }

    fn exit(
        &mut self,
        strategy: &Strategy,
        position: &'a Position,
        held: &Range<usize>,
        stop_price: f64,
        failed: &mut Vec<RowError>,
    ) -> Result<Option<Name>, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::fixtures::{Case, position};
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, day, flat, scripts};

    #[test]
    fn as_many_as_a_book_holds_are_checked_each_in_its_place() {
        let names: Vec<String> = (0..7).map(|number| format!("S{number}")).collect();
        let bars = names.iter().map(|name| flat(name, 100.0)).collect();
        // Every third stands under its stop, every fifth is of another class, and some have no bar.
        let is_under = |place: usize| place.is_multiple_of(3);
        let is_other = |place: usize| place.is_multiple_of(5);
        let is_unknown = |place: usize| place % 7 == 4;
        for count in [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 9] {
            let held = (0..count).map(|place| Position {
                asset_class: if is_other(place) { AssetClass::Crypto } else { AssetClass::Equity },
                ..position(
                    if is_unknown(place) { "GONE" } else { &names[place % 7] },
                    "always",
                    if is_under(place) { 110.0 } else { 80.0 },
                )
            });
            let Case { prepared, scripts, book, .. } =
                Case::new(scripts(&[("always", ALWAYS)]), Vec::clone(&bars)).holding(held.collect());
            let rows = scripts.bind(&prepared.columns);
            let track = |own| Track::of(own, &prepared, &scripts);
            let mut tracks: Vec<Track> = book.positions.iter().map(track).collect();
            let checked =
                check(&prepared, (&scripts, &rows), &book, &mut tracks, prepared.columns.panel().on(day(29)));
            let places: Vec<usize> = checked.checks.iter().map(|own| own.place).collect();
            let own: Vec<usize> = (0..count).filter(|place| !is_other(*place)).collect();
            assert_eq!(places, own, "{count}");
            let sold: Vec<usize> = checked.sold().collect();
            let under = own.iter().copied().filter(|place| is_under(*place) && !is_unknown(*place));
            assert_eq!(sold, under.collect::<Vec<_>>(), "{count}");
            let unknown = own.iter().filter(|place| is_unknown(**place)).count();
            assert_eq!(checked.problems.len(), unknown, "{count}: {:?}", checked.problems.first());
        }
    }
}
