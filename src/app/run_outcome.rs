//! A finished run of the main job: what it says, and what it owes the reader.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::decide::PositionStatus;
use crate::domain::{ProblemKind, has_failed_script, said_once};
use crate::journal::{Outcome, RunState};
use crate::report::{ChartData, Report, Templates};
use crate::scripts::Scripts;

/// A finished run, ready to be rendered.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    pub report: Report,
    pub charts: BTreeMap<Uuid, ChartData>,
    pub templates: Templates,
    /// Those that decided.
    pub scripts: Scripts,
    /// What became of the past recommendations that are followed, to be kept with the run.
    pub outcomes: Vec<Outcome>,
}

impl RunOutcome {
    /// Tells whether a script did not load or failed, or no asset class could be decided.
    pub fn has_failed(&self) -> bool {
        let mut decisions = self.report.decisions.iter();
        has_failed_script(&self.report.problems) || decisions.all(|decision| decision.no_decision.is_some())
    }

    /// Returns why a class could not be decided for lack of bars.
    pub fn missing_bars(&self) -> Option<&str> {
        self.report.decisions.iter().find_map(|decision| decision.no_decision.as_deref())
    }

    /// Returns the positions without a bar of the session, as symbols: whether their stops hold is not known.
    pub fn held_without_bar(&self) -> Vec<&str> {
        let held = self.report.decisions.iter().flat_map(|decision| &decision.held);
        let unseen = held.filter(|own| own.close.is_none() && own.status == PositionStatus::Unchecked);
        unseen.map(|own| own.symbol.as_str()).collect()
    }

    /// Returns what most symbols without bars were told by their sources; `None` where no source said anything.
    pub fn why_bars_are_missing(&self) -> Option<String> {
        let of_sources = self.report.problems.iter().filter(|own| own.kind == ProblemKind::NoBars);
        let said = said_once(of_sources);
        let (text, symbols) = said.into_iter().max_by_key(|(_, symbols)| symbols.len())?;
        Some(match &symbols[..] {
            [symbol] => format!("{symbol}: {text}"),
            [first, others @ ..] => format!("{first} and {} more: {text}", others.len()),
            [] => text.to_owned(),
        })
    }

    /// Tells whether the run says less than it was asked: a script did not load or failed, a position could not be
    /// held against its stop or rule, or no asset class could be decided.
    pub fn state(&self) -> RunState {
        let mut decisions = self.report.decisions.iter();
        let held = self.report.decisions.iter().flat_map(|decision| &decision.held);
        let is_any_unchecked = held.into_iter().any(|own| own.status == PositionStatus::Unchecked);
        if has_failed_script(&self.report.problems) || is_any_unchecked {
            RunState::Incomplete
        } else if decisions.all(|decision| decision.no_decision.is_some()) {
            RunState::Undecided
        } else {
            RunState::Decided
        }
    }
}
