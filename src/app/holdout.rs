//! Sessions that are kept out of a backtest: hidden, or shown once more and written down as shown.

use std::sync::atomic::AtomicBool;

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};

use super::ground::Ground;
use super::{App, BacktestOutcome, Refusal, Span};
use crate::domain::{Problem, ProblemKind, hex};
use crate::journal::{Journal, JournalError, Reveal};
use crate::performance::Year;
use crate::report::{Choice, Looks, Shown};
use crate::scripts::Scripts;

/// The holdout of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldoutRequest {
    /// Its first date, a session or not.
    pub from: NaiveDate,
    pub showing: Showing,
}

/// Whether a holdout is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    Hidden,
    Revealed,
}

impl HoldoutRequest {
    /// Returns the part of a span that lies before it.
    ///
    /// # Errors
    /// A usage [`Refusal`] where the span has nothing before it, or nothing of it.
    pub(super) fn before(&self, span: Span) -> Result<Span, Refusal> {
        let Self { from, .. } = self;
        if let Some(first) = span.from().filter(|first| first >= from) {
            return Err(Refusal::Usage(format!(
                "--holdout {from} leaves nothing of a span from {first} on; hold out a later part"
            )));
        }
        if let Some(last) = span.to().filter(|last| last < from) {
            return Err(Refusal::Usage(format!(
                "--holdout {from} lies after --to {last}; hold out a part of the span"
            )));
        }
        Ok(span.until(from.pred_opt().unwrap_or(*from)))
    }
}

/// What came of trading a holdout.
pub(super) enum Traded {
    Whole(Box<Shown>),
    /// The span has no session of it.
    Nothing,
    /// It was stopped: a part of it is not shown.
    Stopped,
}

/// Trades the holdout with an account of its own. Each class is decided from its last session before it, so that its
/// first orders fill in it.
pub(super) fn trade(
    ground: &Ground,
    scripts: &Scripts,
    (from, span): (NaiveDate, Span),
    (constants, choice): (Vec<(String, f64)>, Option<Choice>),
    stop: &AtomicBool,
) -> Traded {
    let result = ground.walk_from_eve(scripts, (Some(from), span.to()), stop);
    if result.is_stopped() {
        return Traded::Stopped;
    }
    let mut traded = result.days.iter().map(|day| day.date).filter(|date| *date >= from);
    let Some(first) = traded.next() else { return Traded::Nothing };
    let sessions = (first, traded.next_back().unwrap_or(first));
    let (figures, benchmark) = (ground.figures(&result), ground.benchmark(&result));
    let year = Year::of(&ground.traded(&result), &result.days);
    Traded::Whole(Box::new(Shown { sessions, constants, choice, benchmark, year, figures, result }))
}

/// Writes down that a holdout is about to be shown, or counts how often it was, and says so in the report.
///
/// Call it before anything of the report is shown. Looks at bars that are all simulated are not counted. Where nothing
/// is shown, a journal that cannot be read costs the count alone.
///
/// # Errors
/// A journal that cannot be written, to show the holdout.
pub fn note_looks(app: &App, outcome: &mut BacktestOutcome) -> Result<(), JournalError> {
    let classes = outcome.asset_classes.clone();
    let Some(holdout) = &mut outcome.report.holdout else { return Ok(()) };
    if outcome.is_all_simulated {
        return Ok(());
    }
    let path = &app.loaded.settings.journal.path;
    let before = match &holdout.shown {
        Some(shown) => {
            let now = app.clock.now();
            let (journal, problems) = Journal::open(path, now)?;
            outcome.report.problems.extend(problems);
            journal.put_reveal(&Reveal {
                revealed_at: now,
                from: shown.sessions.0,
                to: shown.sessions.1,
                asset_classes: classes,
                scripts_hash: outcome.scripts_hash.clone(),
                constants: shown.constants.iter().cloned().collect(),
                trials: outcome.trials,
            })?
        }
        None => match Journal::open_to_read(path).and_then(|journal| journal.reveals()) {
            Ok(looks) => looks.iter().filter(|own| own.shows(&classes, holdout.from, outcome.until)).count(),
            Err(JournalError::Missing { .. }) => 0,
            Err(error) => {
                let message =
                    format!("failed to {error}; so it is not known how often the holdout was revealed");
                outcome.report.problems.push(Problem::new("", ProblemKind::Journal, message));
                holdout.looks = Looks::Unknown;
                return Ok(());
            }
        },
    };
    holdout.looks = Looks::Before(before);
    Ok(())
}

/// Returns one hash of all scripts of a snapshot, constants included.
pub(super) fn scripts_hash(scripts: &Scripts) -> String {
    let mut hash = Sha256::new();
    for (name, own) in scripts.hashes() {
        hash.update(format!("{name} {own}\n"));
    }
    hex(hash.finalize())
}
