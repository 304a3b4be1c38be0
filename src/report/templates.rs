//! The templates: the built-in set, and a user's edited ones laid over it.
//!
//! A template that a user broke never costs them the mail: the built-in one is used in its
//! place, and a problem says so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::LazyLock;

use include_dir::Dir;
use include_dir::include_dir;
use serde::Serialize;
use tera::Context;
use tera::Kwargs;
use tera::State;
use tera::Tera;
use tera::TeraResult;

use super::run::Report;
use super::view::View;
use crate::domain::Problem;
use crate::domain::ProblemKind;

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Parsed once: a command that keeps running loads templates with every edit.
static PARSED: LazyLock<Result<Arc<Tera>, RenderError>> = LazyLock::new(parsed);

/// The templates that stand for a whole report.
const RENDERED: [&str; 2] = ["daily_signals.html", "daily_signals.txt"];

/// The columns that text may take.
const COLUMNS: usize = 100;

/// A template that could not be rendered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("render template `{template}`: {cause}; run `ts init` in an empty folder and compare its templates")]
pub struct RenderError {
    pub template: String,
    pub cause: String,
}

/// The templates of a run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Templates {
    built_in: Arc<Tera>,
    /// The built-in set with the user's templates over it, or `None` without any.
    edited: Option<Arc<Tera>>,
    /// Renderings that fail with the user's templates, whatever the report.
    failing: BTreeSet<&'static str>,
}

/// Lists the built-in templates as file name and text, for writing them out.
pub fn built_in_templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.files().filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
}

impl Templates {
    /// Loads the built-in templates, and those of `overrides` (file name → text) in place of
    /// their namesakes or beside them. One that does not parse is left out, with a problem; a
    /// rendering that fails even on a day without anything to tell is the built-in one's, too.
    ///
    /// # Errors
    /// [`RenderError`] where a built-in template does not parse.
    pub fn load(overrides: &BTreeMap<String, String>) -> Result<(Self, Vec<Problem>), RenderError> {
        let built_in = PARSED.clone()?;
        if overrides.is_empty() {
            return Ok((Self { built_in, edited: None, failing: BTreeSet::new() }, Vec::new()));
        }
        let mut edited = Tera::clone(&built_in);
        let mut problems = Vec::new();
        // New files first, so that an edited template may include them.
        let (known, new): (Vec<_>, Vec<_>) =
            overrides.iter().partition(|(name, _)| built_in.contains_template(name));
        for (name, text) in new.into_iter().chain(known) {
            let mut tried = edited.clone();
            match tried.add_raw_template(name, text) {
                Ok(()) => edited = tried,
                Err(error) => problems.push(broken(name, &cause(&error))),
            }
        }
        let mut failing = BTreeSet::new();
        let nothing = Context::from_serialize(&View::of(&Report::nothing()));
        for name in RENDERED {
            let tried = nothing.as_ref().map(|values| edited.render(name, values));
            if let Ok(Err(error)) = tried {
                problems.push(broken(name, &cause(&error)));
                failing.insert(name);
            }
        }
        Ok((Self { built_in, edited: Some(Arc::new(edited)), failing }, problems))
    }

    /// Renders `name` with what `context` gives; where the user's templates fail, renders the
    /// built-in ones with the problem of it added to the context.
    ///
    /// # Errors
    /// [`RenderError`] where the built-in template fails too.
    pub fn render<C: Serialize>(
        &self,
        name: &str,
        context: impl Fn(&[Problem]) -> C,
    ) -> Result<(String, Vec<Problem>), RenderError> {
        let failed = |error: tera::Error| RenderError { template: name.to_owned(), cause: cause(&error) };
        let attempt = |tera: &Tera, problems: &[Problem]| {
            Context::from_serialize(&context(problems)).and_then(|values| tera.render(name, &values))
        };
        let mut problems = Vec::new();
        if let Some(edited) = self.edited.as_ref().filter(|_| !self.failing.contains(name)) {
            match attempt(edited, &problems) {
                Ok(body) if body.trim().is_empty() => problems.push(broken(name, "it is empty")),
                Ok(body) => return Ok((body, problems)),
                Err(error) => problems.push(broken(name, &cause(&error))),
            }
        }
        let body = attempt(&self.built_in, &problems).map_err(failed)?;
        Ok((body, problems))
    }
}

fn parsed() -> Result<Arc<Tera>, RenderError> {
    let mut built_in = Tera::new();
    built_in.register_filter("left", |text: &str, args: Kwargs, _: &State| pad(text, &args, Side::Left));
    built_in.register_filter("right", |text: &str, args: Kwargs, _: &State| pad(text, &args, Side::Right));
    built_in.register_filter("wrap", |text: &str, args: Kwargs, _: &State| -> TeraResult<String> {
        Ok(wrap(text, args.must_get("indent")?))
    });
    built_in
        .add_raw_templates(built_in_templates())
        .map_err(|error| RenderError { template: "built-in".to_owned(), cause: cause(&error) })?;
    Ok(Arc::new(built_in))
}

fn broken(name: &str, cause: &str) -> Problem {
    // Not which one is used instead: the built-in one, or while a program runs the last good one.
    let message = format!("the edited template fails and is not used: {cause}; mend or delete it");
    Problem::new(name, ProblemKind::Settings, message)
}

/// Returns an error and all that lies under it, on one line.
fn cause(error: &tera::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the text stands within its width.
enum Side {
    Left,
    Right,
}

/// Fills a text up to its column's width. One that fills the column itself keeps a space between it
/// and its neighbour.
fn pad(text: &str, args: &Kwargs, side: Side) -> TeraResult<String> {
    Ok(padded(text, args.must_get("width")?, side))
}

fn padded(text: &str, width: usize, side: Side) -> String {
    let is_full = text.chars().count() >= width;
    match side {
        Side::Left if is_full => format!("{text} "),
        Side::Left => format!("{text:<width$}"),
        Side::Right if is_full => format!(" {text}"),
        Side::Right => format!("{text:>width$}"),
    }
}

/// Breaks text that begins in column `indent` so that no line passes [`COLUMNS`]; lines after
/// the first begin in the same column. A word longer than a line is cut.
fn wrap(text: &str, indent: usize) -> String {
    let room = COLUMNS.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (index, piece) in letters.chunks(room).enumerate() {
            let is_same_line = used == 0 || (index == 0 && used + 1 + piece.len() <= room);
            if !is_same_line {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                if used > 0 {
                    line.push(' ');
                    used += 1;
                }
                line.extend(piece);
                used += piece.len();
            }
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;
    use crate::report::html;
    use crate::report::html::Charts;
    use crate::report::text;

    fn edited(name: &str, text: &str) -> (Templates, Vec<Problem>) {
        let overrides = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        Templates::load(&overrides).expect("the built-in templates parse")
    }

    #[test]
    fn an_edited_template_is_used() {
        let (templates, problems) = edited("daily_signals.txt", "just {{ headline }}");
        assert_eq!(problems, []);
        let (body, problems) = text(&example::full(), &templates).expect("renders");
        assert_eq!((body.as_str(), problems.len()), ("just 2 to buy, 1 to sell, 1 position to check", 0));
    }

    #[test]
    fn a_template_that_does_not_parse_leaves_the_built_in_one() {
        let (templates, problems) = edited("daily_signals.txt", "{% if headline %}");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].symbol, "daily_signals.txt");
        let (body, problems) = text(&example::full(), &templates).expect("renders");
        assert!(body.contains("NVDA") && problems.is_empty());
    }

    #[test]
    fn a_template_that_fails_while_rendering_is_named_in_the_mail_itself() {
        let text = "{% for card in buys %}{{ card.hedline }}{% endfor %}";
        let (templates, problems) = edited("daily_signals.html", text);
        assert_eq!(problems, [], "a day without signals has no card");
        let (body, problems) =
            html(&example::full(), &example::charts(&example::full()), Charts::Inline, &templates)
                .expect("renders");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("hedline"), "{}", problems[0].message);
        assert!(body.contains("NVDA") && body.contains("the edited template fails"));
    }

    #[test]
    fn a_template_that_fails_on_any_report_is_told_when_it_is_loaded() {
        let (templates, problems) = edited("daily_signals.txt", "{{ hedline }}");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("hedline"), "{}", problems[0].message);
        let (body, problems) = text(&example::full(), &templates).expect("renders");
        assert!(body.contains("NVDA") && problems.is_empty());
    }

    #[test]
    fn a_new_file_can_be_included_by_an_edited_one() {
        let overrides = [("mine.txt", "mine"), ("daily_signals.txt", "{% include \"mine.txt\" %}")];
        let overrides = overrides.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let (templates, problems) = Templates::load(&BTreeMap::from(overrides)).expect("loads");
        assert_eq!(problems, []);
        assert_eq!(text(&example::empty(), &templates).expect("renders").0, "mine");
    }

    #[test]
    fn columns_never_run_together() {
        assert_eq!(padded("ABCDEFG", 8, Side::Left), "ABCDEFG ");
        assert_eq!(padded("ABCDEFGH", 8, Side::Left), "ABCDEFGH ");
        assert_eq!(padded("1,000,000.00", 12, Side::Right), " 1,000,000.00");
        assert_eq!(padded("1.00", 12, Side::Right), "        1.00");
    }

    #[test]
    fn wrapped_lines_keep_their_column_and_end_in_time() {
        let long = format!("{} {}", "word ".repeat(40), "x".repeat(250));
        let wrapped = wrap(&long, 10);
        for (index, line) in wrapped.lines().enumerate() {
            let columns = line.chars().count() + if index == 0 { 10 } else { 0 };
            assert!(columns <= COLUMNS, "{columns}: {line}");
            assert!(index == 0 || line.starts_with(&" ".repeat(10)), "{line}");
        }
        assert_eq!(wrapped.matches('x').count(), 250);
    }
}
