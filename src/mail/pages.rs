//! The two renderings of a mail, HTML with its style inlined and text, that tell the same problems.
//!
//! Mail programs drop style sheets in part or whole: Gmail cuts long ones, so each element carries
//! its own style, and only what cannot be inlined stays in a small sheet: the phone's and the dark
//! mode's rules. Nothing is loaded from a file or the network.

use chrono::DateTime;
use chrono::Utc;
use css_inline::CSSInliner;
use serde::Serialize;

use super::address::Sender;
use super::message::Mail;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::report::RenderError;
use crate::report::Templates;

/// The bodies of a mail, and the problems of templates that both of them name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pages {
    pub html: String,
    pub text: String,
    pub problems: Vec<Problem>,
}

impl Pages {
    /// Makes the mail of them, without pictures; the problems are for whoever makes it.
    pub(super) fn into_mail(
        self,
        from: &Sender,
        subject: &str,
        date: DateTime<Utc>,
        message_id: String,
    ) -> (Mail, Vec<Problem>) {
        let Self { html, text, problems } = self;
        let (from, subject) = (from.clone(), subject.to_owned());
        (
            Mail { from, subject, date, message_id, in_reply_to: None, text, html, images: Vec::new() },
            problems,
        )
    }
}

/// Renders `NAME.html` and `NAME.txt`. `context` is given the problems to tell; where one of the
/// two finds any, both are rendered again, so that whichever is read says so.
///
/// # Errors
/// [`RenderError`] where even a built-in template fails.
pub(super) fn pages<C: Serialize>(
    templates: &Templates,
    name: &str,
    context: impl Fn(&[Problem]) -> C,
) -> Result<Pages, RenderError> {
    let first = rendered(templates, name, &context, &[])?;
    if first.problems.is_empty() {
        return Ok(first);
    }
    rendered(templates, name, &context, &first.problems)
}

fn rendered<C: Serialize>(
    templates: &Templates,
    name: &str,
    context: &impl Fn(&[Problem]) -> C,
    known: &[Problem],
) -> Result<Pages, RenderError> {
    let telling = |found: &[Problem]| {
        let mut all = known.to_vec();
        merge(&mut all, found.to_vec());
        context(&all)
    };
    let (html, mut problems) = templates.render(&format!("{name}.html"), telling)?;
    let (text, of_text) = templates.render(&format!("{name}.txt"), telling)?;
    merge(&mut problems, of_text);
    let html = inlined(html).unwrap_or_else(|(html, problem)| {
        merge(&mut problems, vec![problem]);
        html
    });
    merge(&mut problems, known.to_vec());
    Ok(Pages { html, text, problems })
}

fn merge(all: &mut Vec<Problem>, more: Vec<Problem>) {
    for problem in more {
        if !all.contains(&problem) {
            all.push(problem);
        }
    }
}

/// Inlines the page's style, or gives the page back as it was with what is wrong.
fn inlined(html: String) -> Result<String, (String, Problem)> {
    let inliner = CSSInliner::options()
        .keep_style_tags(false)
        .keep_at_rules(true)
        .minify_css(true)
        .load_remote_stylesheets(false)
        .build();
    inliner.inline(&html).map_err(|error| {
        let message =
            format!("the style could not be put into the page, so the mail may look plain: {error}; mend it");
        (html, Problem::new("styles.css", ProblemKind::Settings, message))
    })
}
