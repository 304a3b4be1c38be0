//! A trace as indented lines, for a terminal.

use super::step::Seen;
use super::step::State;
use super::step::Step;
use super::step::StepKind;
use crate::domain::format::price;

/// Draws steps as lines: a mark, a word, what was compared, and where it stands in the file.
pub fn tree(steps: &[Step]) -> Vec<String> {
    let mut lines = Vec::new();
    steps.iter().for_each(|step| draw(step, 0, &mut lines));
    lines
}

fn draw(step: &Step, depth: usize, lines: &mut Vec<String>) {
    // An `if` is its condition, with what hangs on it below.
    if let (StepKind::If, Some((condition, rest))) = (&step.kind, step.steps.split_first()) {
        draw(condition, depth, lines);
        rest.iter().for_each(|step| draw(step, depth + 1, lines));
        return;
    }
    let indent = "  ".repeat(depth);
    lines.push(format!("{} {indent}{}  [{}:{}]", mark(step.state), line(step), step.line, step.column));
    step.steps.iter().for_each(|inner| draw(inner, depth + 1, lines));
}

fn mark(state: State) -> &'static str {
    match state {
        State::Passed => "✓ pass   ",
        State::Failed => "✗ fail   ",
        State::NotReached => "· skipped",
        State::Done => "→        ",
        State::Erred => "! error  ",
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
