//! The daily mail, made from a report: subject, text, HTML, pictures and the ids that it is known by.
//!
//! Pure: the instant comes in with the report. A chart that cannot be drawn costs only itself.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::address::Sender;
use super::message::Mail;
use super::message::Picture;
use super::pages::pages;
use super::picture;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::report::ChartData;
use crate::report::Charts;
use crate::report::Mark;
use crate::report::RenderError;
use crate::report::Report;
use crate::report::Templates;
use crate::report::chart_content_id;
use crate::report::view_with_charts;

/// The templates of the daily mail, without their ending.
const TEMPLATE: &str = "daily_signals";

/// A mail that could not be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ComposeError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("draw the chart of {symbol}: {cause}; please report it")]
    Picture { symbol: String, cause: String },
    #[error("build the message to {to}: {cause}; check EMAIL_FROM and EMAIL_RECIPIENTS")]
    Message { to: String, cause: String },
}

/// What a mail is sent for: together with the sender it makes the Message-ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// The name of the schedule's job.
    pub job: String,
    pub session: NaiveDate,
    /// Zero for the session's first mail; each `--again` counts one up.
    pub correction: u32,
    /// The session at whose open the fill was to be had, once that has passed.
    pub missed_open: Option<NaiveDate>,
}

impl Occasion {
    fn marks(&self) -> Vec<Mark> {
        let correction = (self.correction > 0).then_some(Mark::Correction);
        let late = self.missed_open.map(Mark::Late);
        correction.into_iter().chain(late).collect()
    }
}

/// Makes the mail of a report; `series` holds the chart of each recommendation by its id. The problems
/// are those found while it was made, of edited templates and of charts; the mail names them too.
///
/// # Errors
/// [`ComposeError::Render`] where even the built-in templates fail.
pub fn daily(
    report: &Report,
    series: &BTreeMap<Uuid, ChartData>,
    templates: &Templates,
    sender: &Sender,
    occasion: &Occasion,
) -> Result<(Mail, Vec<Problem>), ComposeError> {
    let (images, undrawn) = images(report, series);
    let drawn: BTreeMap<Uuid, ChartData> = series
        .iter()
        .filter(|(id, _)| images.iter().any(|image| image.content_id == chart_content_id(**id)))
        .map(|(id, data)| (*id, data.clone()))
        .collect();
    let marks = occasion.marks();
    let view = |problems: &[Problem]| {
        let told = report.with_problems(&undrawn).with_problems(problems);
        let mut view = view_with_charts(&told, &drawn, Charts::ByContentId);
        view.mark(&marks);
        view
    };
    let pages = pages(templates, TEMPLATE, view)?;
    let id = |correction| sender.id_of_session(&occasion.job, occasion.session, correction);
    let mail = Mail {
        from: sender.clone(),
        subject: view(&[]).subject,
        date: report.run.generated_at,
        message_id: id(occasion.correction),
        in_reply_to: (occasion.correction > 0).then(|| id(0)),
        text: pages.text,
        html: pages.html,
        images,
    };
    let problems = undrawn.into_iter().chain(pages.problems).collect();
    Ok((mail, problems))
}

/// Draws the charts in the order of the cards.
fn images(report: &Report, series: &BTreeMap<Uuid, ChartData>) -> (Vec<Picture>, Vec<Problem>) {
    let (mut images, mut problems) = (Vec::new(), Vec::new());
    for card in report.recommendations.iter().chain(&report.exits) {
        let Some(data) = series.get(&card.id) else { continue };
        match picture::png(data) {
            Ok(Some(png)) => images.push(Picture {
                content_id: chart_content_id(card.id),
                file_name: format!("{}.png", file_name(card.symbol.as_str())),
                png,
            }),
            Ok(None) => {}
            Err(error) => {
                problems.push(Problem::new(&card.symbol, ProblemKind::Settings, error.to_string()));
            }
        }
    }
    (images, problems)
}

/// Writes a symbol with the characters that every file system takes.
fn file_name(symbol: &str) -> String {
    symbol
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests;
