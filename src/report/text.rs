//! The text rendering: what the terminal shows and what the mail's plain part says.
//!
//! It stands alone, at most 100 columns wide, without colour; the terminal may add its own.

use super::run::Report;
use super::templates::{RenderError, Templates};
use super::view::View;
use crate::domain::Problem;

/// Renders the report as plain text that ends in one newline. The problems are those of
/// edited templates that failed; the text names them too.
///
/// # Errors
/// [`RenderError`] where even the built-in template fails.
pub fn text(report: &Report, templates: &Templates) -> Result<(String, Vec<Problem>), RenderError> {
    templates.render("daily_signals.txt", |problems| View::of(&report.with_problems(problems)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::ProblemKind;
    use crate::report::example;

    fn rendered(report: &Report) -> String {
        let (templates, _) = Templates::load(&BTreeMap::new()).expect("the built-in templates parse");
        text(report, &templates).expect("renders").0
    }

    #[test]
    fn a_full_day_reads_well() {
        insta::assert_snapshot!("full", rendered(&example::full()));
    }

    #[test]
    fn a_day_with_edited_scripts_reads_well() {
        insta::assert_snapshot!("reloaded", rendered(&example::reloaded()));
    }

    #[test]
    fn an_empty_day_reads_well() {
        insta::assert_snapshot!("empty", rendered(&example::empty()));
    }

    #[test]
    fn an_undecided_day_reads_well() {
        insta::assert_snapshot!("undecided", rendered(&example::undecided()));
    }

    #[test]
    fn two_classes_read_well() {
        insta::assert_snapshot!("two_classes", rendered(&example::two_classes()));
    }

    #[test]
    fn no_line_passes_100_columns_or_steers_a_terminal() {
        let long = format!("\u{1b}[31m{}", "a long story ".repeat(30));
        let mut report = example::crowded();
        report.run.dry_run = true;
        report.problems.push(Problem::new("X".repeat(24), ProblemKind::ScriptRun, long.clone()));
        for r in &mut report.recommendations {
            r.reasoning = long.clone();
        }
        for (name, hash) in (0..12).map(|i| (format!("strategy_{i}"), "0123456789abcdef".to_owned())) {
            report.run.scripts.insert(name, hash);
        }
        for held in &mut report.decisions[0].held {
            held.note = long.clone();
        }
        for line in rendered(&report).lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", line.chars().count());
            assert!(!line.contains('\u{1b}') && line.trim_end() == line, "{line:?}");
        }
    }
}
