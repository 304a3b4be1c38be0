//! A held position on a session: where it stands among its bars, and what came of it.

use std::cmp::Ordering;
use std::ops::Range;

use chrono::NaiveDate;

use super::splits::{Misfit, misfit_at};
use super::together::Answer;
use super::track::Track;
use crate::bars::OnDay;
use crate::domain::{Name, Position};

/// The reason of an exit by the core's own check.
pub(super) const HARD_STOP: &str = "hard_stop";

/// What one position's rule and stop gave on a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The position's place in the book.
    pub place: usize,
    /// Never lower than before.
    pub stop_price: f64,
    /// The last session up to which every one has been shown to the strategy's `stop`.
    pub stop_session: NaiveDate,
    /// Why it is sold; `None` holds it.
    pub sell: Option<Name>,
    /// The session's close; `None` without a bar, and before it is held.
    pub(super) close: Option<f64>,
    pub(super) bars_held: usize,
    /// Boxed: nearly none has any.
    pub(super) notes: Option<Box<Notes>>,
}

/// What a reader should know of a position beside its numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Notes {
    /// Why the strategy's own rule could not run on this session.
    pub(super) did_not_run: Option<String>,
    /// What should be looked at before the reader acts, each as a sentence.
    pub(super) doubts: Vec<String>,
    /// Whether its numbers are not at the scale of its bars.
    pub(super) is_misfit: bool,
}

/// Orders positions by symbol, then strategy, then entry.
pub(super) fn rank(one: &Position, other: &Position) -> Ordering {
    let by_strategy = || one.strategy.cmp(&other.strategy);
    one.symbol.cmp(&other.symbol).then_with(by_strategy).then_with(|| one.entry_date.cmp(&other.entry_date))
}

/// A position, with where it stands on the session.
pub(super) struct Lot<'a> {
    /// Its place in the book.
    pub(super) place: usize,
    pub(super) position: &'a Position,
    /// Its symbol's place in the panel.
    pub(super) owner: Option<usize>,
    /// Its strategy's place among the scripts'.
    pub(super) strategy: Option<usize>,
    /// Its rows up to the session's, the entry's own first; `None` where the session has no bar of it.
    pub(super) held: Option<Range<usize>>,
    /// The session's close, and the highest since the entry; 0 without a bar.
    pub(super) close: f64,
    pub(super) highest_close: f64,
    is_plain: bool,
    /// Boxed: nearly none has one.
    pub(super) misfit: Option<Box<Misfit>>,
}

impl<'a> Lot<'a> {
    pub(super) fn of(place: usize, position: &'a Position, track: &mut Track, today: OnDay<'_>) -> Self {
        let panel = today.panel();
        let held = track.held(today);
        let close = held.as_ref().and_then(|_| track.close(today)).unwrap_or_default();
        let misfit = track.owner.filter(|_| !track.is_plain);
        let misfit = misfit.and_then(|owner| misfit_at(position, panel, owner));
        Self {
            place,
            position,
            owner: track.owner,
            strategy: track.strategy,
            close,
            highest_close: held.as_ref().map_or(0.0, |held| track.highest_close(panel, held, close)),
            held,
            is_plain: track.is_plain,
            misfit: misfit.map(Box::new),
        }
    }

    /// A position of which nothing is known on the session.
    pub(super) fn unasked(&self) -> Check {
        Check {
            place: self.place,
            stop_price: self.position.stop_price,
            stop_session: self.position.stop_session,
            sell: None,
            close: None,
            bars_held: 0,
            notes: None,
        }
    }

    /// What came of a position that was answered in a block, where nothing is to be said of it; takes the answer then.
    pub(super) fn plain(&self, answer: &mut Option<Answer>, session: NaiveDate) -> Option<Check> {
        let held = self.held.as_ref().filter(|_| self.is_plain)?;
        let Answer { stop_price, reason } = answer.take()?;
        Some(Check {
            stop_price,
            stop_session: self.position.stop_session.max(session),
            sell: reason.or_else(|| (self.close <= stop_price).then(|| HARD_STOP.into())),
            close: Some(self.close),
            bars_held: held.len() - 1,
            ..self.unasked()
        })
    }
}
