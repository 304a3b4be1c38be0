//! A past run again: decided anew from what the journal kept, and compared with what it said then.

use std::fmt;

use anyhow::Context as _;
use serde_json::Value;
use uuid::Uuid;

use super::inputs::Inputs;
use super::record::render;
use super::tell::tell;
use crate::journal::{Journal, Rendered, Stored};

/// The first place where a run says something else than it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `json`, `text` or `html`.
    pub form: &'static str,
    /// Counted from 1.
    pub line: usize,
    /// `None` past the end.
    pub then: Option<String>,
    pub now: Option<String>,
}

/// Decides a run again from its stored inputs, by the same functions that decided it, and compares JSON, text and
/// page to the byte. The duration is not compared. Returns the first difference. Blocks.
///
/// # Errors
/// A journal that cannot be read, or inputs that cannot be decided at all.
pub fn recompute(journal: &Journal, id: Uuid) -> anyhow::Result<Option<Difference>> {
    let Stored { rendered, inputs } = journal.stored(id)?;
    let inputs = Inputs::restored(inputs)?;
    let mut outcome = tell(inputs).context("failed to decide again")?;
    outcome.report.run.duration_ms = duration(&rendered.json)?;
    let now = render(&mut outcome)?;
    Ok(first_difference(&rendered, &now))
}

/// Reads the duration out of a run's JSON: the one number that deciding again cannot know.
fn duration(json: &str) -> anyhow::Result<u64> {
    let document: Value = serde_json::from_str(json).context("the stored JSON cannot be read")?;
    document["run"]["duration_ms"].as_u64().context("the stored JSON has no duration")
}

fn first_difference(then: &Rendered, now: &Rendered) -> Option<Difference> {
    let forms =
        [("json", &then.json, &now.json), ("text", &then.text, &now.text), ("html", &then.html, &now.html)];
    forms.into_iter().find_map(|(form, then, now)| differs(form, then, now))
}

fn differs(form: &'static str, then: &str, now: &str) -> Option<Difference> {
    if then == now {
        return None;
    }
    // With their ends, so that a line break alone is a difference too.
    let (mut before, mut after) = (then.split_inclusive('\n'), now.split_inclusive('\n'));
    let mut line = 1;
    loop {
        let (then, now) = (before.next(), after.next());
        if then != now {
            let cut = |text: Option<&str>| text.map(|text| text.trim_end_matches('\n').to_owned());
            return Some(Difference { form, line, then: cut(then), now: cut(now) });
        }
        then?;
        line += 1;
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |text: &Option<String>| text.as_deref().unwrap_or("(nothing)").trim().to_owned();
        write!(
            f,
            "line {} of its {}\n  then: {}\n  now:  {}",
            self.line,
            self.form,
            told(&self.then),
            told(&self.now)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(then: &str, now: &str, expected: Option<(usize, Option<&str>, Option<&str>)>) {
        let found = differs("text", then, now);
        let found = found.as_ref().map(|own| (own.line, own.then.as_deref(), own.now.as_deref()));
        assert_eq!(found, expected, "{then:?} {now:?}");
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        check("", "", None);
        check("a\nb\n", "a\nb\n", None);
        check("a\nb\n", "a\nc\n", Some((2, Some("b"), Some("c"))));
        check("a\n", "a\nb\n", Some((2, None, Some("b"))));
        check("a\nb", "a\n", Some((2, Some("b"), None)));
        check("a\n", "a", Some((1, Some("a"), Some("a"))));
    }
}
