//! A trace as indented lines, for a terminal.

use super::seen::Seen;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use super::wanted::Wanted;
use crate::domain::format::price;

/// Draws steps as lines: a mark, a word, what was compared, and where it stands in the file.
pub fn tree(steps: &[Step]) -> Vec<String> {
    let mut lines = Vec::new();
    steps.iter().for_each(|step| draw(step, 0, &mut lines));
    lines
}

fn draw(step: &Step, depth: usize, lines: &mut Vec<String>) {
    // An `if` is its condition, with what hangs on it below.
    if let StepKind::If { condition, .. } = step.kind {
        let (condition, rest) = step.steps.split_at(condition.min(step.steps.len()));
        condition.iter().for_each(|step| draw(step, depth, lines));
        rest.iter().for_each(|step| draw(step, depth + 1, lines));
        return;
    }
    let indent = "  ".repeat(depth);
    lines.push(format!("{} {indent}{}  [{}:{}]", mark(step), line(step), step.line, step.column));
    step.steps.iter().for_each(|inner| draw(inner, depth + 1, lines));
}

/// A tick or cross tells whether a condition came out as it is wanted, the word how it came out.
fn mark(step: &Step) -> &'static str {
    match (step.state, step.wanted) {
        (State::Passed, Wanted::ToHold) => "✓ pass   ",
        (State::Failed, Wanted::ToHold) => "✗ fail   ",
        (State::Passed, Wanted::ToFail) => "✗ true   ",
        (State::Failed, Wanted::ToFail) => "✓ untrue ",
        (State::Passed, Wanted::Either) => "→ true   ",
        (State::Failed, Wanted::Either) => "→ untrue ",
        (State::NotReached, _) => "· skipped",
        (State::Done, _) => "→        ",
        (State::Erred, _) => "! error  ",
    }
}

fn line(step: &Step) -> String {
    match (&step.kind, &step.value, step.distance()) {
        (_, _, Some(distance)) if distance.fraction.is_some() => {
            format!("{} ({})", step.words(), price(distance.absolute))
        }
        (StepKind::Call { .. }, Some(value), _) if !matches!(value, Seen::Truth(_)) => {
            format!("{} = {}", step.words(), value.words())
        }
        _ => step.words(),
    }
}
