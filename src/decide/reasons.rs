//! What a trace says in one line: the conditions that led to an answer, and how near the nearest
//! of those that did not hold came to it.

use crate::scripts::trace::{Outcome, Seen, State, Step, StepKind, Trace};

/// A trigger that was not reached, for want of one comparison.
pub(super) struct Nearest<'a> {
    /// What the entry would have returned.
    pub(super) trigger: &'a str,
    /// The comparison that failed.
    pub(super) step: &'a Step,
    /// How near it is to holding, from 0 to 1.
    pub(super) nearness: f64,
}

/// Returns the conditions that held on the way to what a function gave, in words; empty where it
/// gave nothing.
pub(super) fn held(trace: &Trace) -> Vec<String> {
    let mut words = Vec::new();
    if matches!(&trace.outcome, Outcome::Gave(seen) if *seen != Seen::Nothing(())) {
        trace.steps.iter().for_each(|step| on_the_way(step, &mut words));
    }
    let mut seen = Vec::new();
    words.retain(|word: &String| {
        !seen.contains(word) && {
            seen.push(word.clone());
            true
        }
    });
    words
}

fn on_the_way(step: &Step, words: &mut Vec<String>) {
    match (&step.kind, step.state) {
        (StepKind::If, State::Passed | State::Failed) => {
            let (condition, rest) = step.steps.split_at(step.steps.len().min(1));
            if step.state == State::Passed {
                condition.iter().for_each(|step| true_parts(step, words));
            }
            rest.iter().for_each(|step| on_the_way(step, words));
        }
        (_, State::Passed) => true_parts(step, words),
        (StepKind::Return, State::Done) => step.steps.iter().for_each(|step| true_parts(step, words)),
        _ => {}
    }
}

/// The comparisons that made a condition hold.
fn true_parts(step: &Step, words: &mut Vec<String>) {
    match (&step.kind, step.state) {
        (StepKind::Comparison(_) | StepKind::Truth { .. }, State::Passed) => words.push(step.words()),
        (StepKind::Not, State::Passed) => {
            let inner: Vec<String> = step.steps.iter().map(plain).collect();
            words.push(format!("not ({})", inner.join(", ")));
        }
        (StepKind::Call { .. }, State::Passed) => step.steps.iter().for_each(|step| on_the_way(step, words)),
        (StepKind::All | StepKind::Any, State::Passed) => {
            step.steps.iter().for_each(|step| true_parts(step, words));
        }
        _ => {}
    }
}

/// A condition without its distance: inside a negation, what fails is what was wanted.
fn plain(step: &Step) -> String {
    match &step.kind {
        StepKind::Comparison(comparison) => comparison.words(),
        _ => step.source.clone(),
    }
}

/// Returns the trigger that an entry which gave none came nearest to.
///
/// Counts only what one failing comparison of numbers stands in the way of, and nothing that lies
/// between it and the trigger: a condition that was never asked may be far from holding.
pub(super) fn nearest(trace: &Trace) -> Option<Nearest<'_>> {
    if trace.outcome != Outcome::Gave(Seen::Nothing(())) {
        return None;
    }
    let mut found: Vec<Nearest<'_>> = Vec::new();
    trace.visit(|step| {
        if !matches!((&step.kind, step.state), (StepKind::If, State::Failed)) {
            return;
        }
        let Some((condition, rest)) = step.steps.split_first() else { return };
        if let (Some(trigger), Some((step, nearness))) = (straight_to(rest), lack(condition)) {
            found.push(Nearest { trigger, step, nearness });
        }
    });
    // The first of equals, as the script would answer.
    found.into_iter().min_by(|a, b| a.nearness.total_cmp(&b.nearness))
}

/// The text that code which was not reached returns at once, whatever holds.
fn straight_to(skipped: &[Step]) -> Option<&str> {
    match skipped.first()? {
        Step { kind: StepKind::Return | StepKind::Value { .. }, state: State::NotReached, value, .. } => {
            match value {
                Some(Seen::Text(text)) => Some(text),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The one comparison that keeps a condition from holding, and how near it is to it.
fn lack(step: &Step) -> Option<(&Step, f64)> {
    if step.state != State::Failed {
        return None;
    }
    match &step.kind {
        StepKind::Comparison(comparison) => Some((step, comparison.distance.as_ref()?.nearness()?)),
        // Only one fails before the others are skipped.
        StepKind::All if step.rest_holds() => step.steps.iter().find_map(lack),
        StepKind::Any => step.steps.iter().filter_map(lack).min_by(|a, b| a.1.total_cmp(&b.1)),
        StepKind::Call { .. } => match &step.steps[..] {
            [only] => lack(only),
            _ => None,
        },
        _ => None,
    }
}
