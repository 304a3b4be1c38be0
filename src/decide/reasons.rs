//! What a trace says in one line: the conditions that led to an answer, and how near the nearest
//! of those that did not hold came to it.

use crate::scripts::trace::{Outcome, Seen, State, Step, StepKind, Trace};

/// A trigger that was not reached, for want of one comparison.
pub(super) struct Nearest<'a> {
    /// What the entry would have returned.
    pub(super) trigger: &'a str,
    /// The comparison that failed.
    pub(super) step: &'a Step,
    /// Its distance to passing, as a fraction of its left side.
    pub(super) fraction: f64,
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
/// Counts only what one failing comparison of numbers stands in the way of: a condition that was
/// skipped may be far from holding, and nobody asked.
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
        let would = rest.iter().find_map(|step| match (&step.kind, step.state, &step.value) {
            (StepKind::Return | StepKind::Value { .. }, State::NotReached, Some(Seen::Text(text))) => {
                Some(text.as_str())
            }
            _ => None,
        });
        if let (Some(trigger), Some((step, fraction))) = (would, lack(condition)) {
            found.push(Nearest { trigger, step, fraction });
        }
    });
    // The first of equals, as the script would answer.
    found.into_iter().min_by(|a, b| a.fraction.total_cmp(&b.fraction))
}

/// The one comparison that keeps a condition from holding, and how far it is from it.
fn lack(step: &Step) -> Option<(&Step, f64)> {
    if step.state != State::Failed {
        return None;
    }
    match &step.kind {
        StepKind::Comparison(comparison) => Some((step, comparison.distance?.fraction?)),
        // The first that fails is the last that is reached.
        StepKind::All => step.steps.last().and_then(lack),
        StepKind::Any => step.steps.iter().filter_map(lack).min_by(|a, b| a.1.total_cmp(&b.1)),
        StepKind::Call { .. } => match &step.steps[..] {
            [only] => lack(only),
            _ => None,
        },
        _ => None,
    }
}
