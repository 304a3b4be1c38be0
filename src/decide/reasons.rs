//! What a trace says in one line: the conditions that led to an answer, and how near the nearest
//! of those that did not hold came to it.

use crate::scripts::trace::{Outcome, Seen, State, Step, StepKind, Trace, Wanted};

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
        (StepKind::If { condition, .. }, State::Passed | State::Failed) => {
            let (condition, rest) = step.steps.split_at((*condition).min(step.steps.len()));
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
        (StepKind::Comparison(comparison), State::Passed) => words.push(comparison.words()),
        (StepKind::Truth { .. }, State::Passed) => words.push(step.words()),
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

/// Returns the trigger that an entry which gave none came nearest to, at this close.
///
/// Counts only what one comparison of numbers stands in the way of, and nothing that lies between it
/// and the trigger: a condition that was never asked may be far from holding.
pub(super) fn nearest(trace: &Trace, close: f64) -> Option<Nearest<'_>> {
    if trace.outcome != Outcome::Gave(Seen::Nothing(())) {
        return None;
    }
    let mut found: Vec<Nearest<'_>> = Vec::new();
    missed(&trace.steps, Standing::Last, close, &mut found);
    // The first of equals, as the script would answer.
    found.into_iter().min_by(|a, b| a.nearness.total_cmp(&b.nearness))
}

/// Whether what a block gives is what the function gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Last,
    Before,
}

/// Adds the triggers that the entry's own `if`s were kept from. A helper's or a variable's `return` is
/// no trigger.
fn missed<'a>(steps: &'a [Step], standing: Standing, close: f64, found: &mut Vec<Nearest<'a>>) {
    for (place, step) in steps.iter().enumerate() {
        let StepKind::If { condition, branch } = step.kind else { continue };
        let is_last = standing == Standing::Last && place + 1 == steps.len();
        let standing = if is_last { Standing::Last } else { Standing::Before };
        let (condition, rest) = step.steps.split_at(condition.min(step.steps.len()));
        let (own, other) = rest.split_at(branch.min(rest.len()));
        match (step.state, condition) {
            (State::Passed, _) => missed(own, standing, close, found),
            (State::Failed, [condition]) => {
                let lack = lack(condition, Wanted::ToHold, close);
                if let (Some(trigger), Some((step, nearness))) = (straight_to(own, standing), lack) {
                    found.push(Nearest { trigger, step, nearness });
                }
                missed(other, standing, close, found);
            }
            (State::Failed, _) => missed(other, standing, close, found),
            _ => {}
        }
    }
}

/// The text that a branch which was not taken gives whatever holds; `None` where anything in it may
/// lead elsewhere.
fn straight_to(branch: &[Step], standing: Standing) -> Option<&str> {
    for step in branch {
        let gives = match step.kind {
            StepKind::Return => true,
            StepKind::Value { .. } => standing == Standing::Last,
            _ => false,
        };
        if gives {
            return match &step.value {
                Some(Seen::Text(text)) => Some(text),
                _ => None,
            };
        }
        let mut is_straight = true;
        step.visit(&mut |inner| {
            is_straight &= !matches!(
                inner.kind,
                StepKind::If { .. } | StepKind::Call { .. } | StepKind::Opaque | StepKind::Return
            );
        });
        if !is_straight {
            return None;
        }
    }
    None
}

/// The one comparison that keeps a condition from what is wanted of it, and how near it is to that.
fn lack(step: &Step, wanted: Wanted, close: f64) -> Option<(&Step, f64)> {
    let (missed, negated) = match wanted {
        Wanted::ToHold => (State::Failed, Wanted::ToFail),
        Wanted::ToFail => (State::Passed, Wanted::ToHold),
        Wanted::Either => return None,
    };
    if step.state != missed {
        return None;
    }
    let nearest_part = || {
        let parts = step.steps.iter().filter_map(|part| lack(part, wanted, close));
        parts.min_by(|a, b| a.1.total_cmp(&b.1))
    };
    match (&step.kind, wanted) {
        (StepKind::Comparison(comparison), _) => Some((step, comparison.distance.as_ref()?.nearness(close)?)),
        (StepKind::Not, _) => step.steps.first().and_then(|inner| lack(inner, negated, close)),
        // All parts must come out as wanted, and the script stopped asking at the first that did not.
        (StepKind::All, Wanted::ToHold) | (StepKind::Any, Wanted::ToFail) if step.is_settled_by_one => {
            let settled = step.steps.iter().find(|part| part.state == missed)?;
            lack(settled, wanted, close)
        }
        (StepKind::Any, Wanted::ToHold) | (StepKind::All, Wanted::ToFail) => nearest_part(),
        (StepKind::Call { .. }, _) => match &step.steps[..] {
            [only] => lack(only, wanted, close),
            _ => None,
        },
        _ => None,
    }
}
