//! A run that counts: decided, shown, kept in the journal with its mails, whole or not at all, and sent.
//!
//! It is the schedule's job of its asset class, so that it and the daemon deliver a session once between
//! them. Each class is a job of its own: what fails in one keeps no other from being mailed, and neither does
//! a result that cannot be shown.

use std::sync::Arc;

use anyhow::Context as _;

use crate::app;
use crate::app::{App, Asked, Assignment, Refusal, RunRequest};
use crate::calendar;
use crate::decide::Recommendation;
use crate::domain::{AssetClass, Problem};
use crate::journal::{JobSession, JournalError, Queued, Recorded, SessionRow, SessionState};
use crate::schedule::{Timing, timing};

use super::choices::ReportFormat;
use super::exit::Outcome;
use super::output;
use super::preview;
use super::progress::Progress;
use super::run::RunArgs;
use super::sending::Sending;

/// Decides, records, shows and mails each class that is asked for, as its job would.
pub(super) async fn record(app: &App, args: &RunArgs) -> anyhow::Result<Outcome> {
    let request = preview::request(args)?;
    let traded = |class: &AssetClass| !app.loaded.settings.universe.of(*class).is_empty();
    let classes: Vec<AssetClass> = match request.asked {
        Asked::ByName(class) => vec![class],
        Asked::All => AssetClass::ALL.into_iter().filter(traded).collect(),
    };
    if classes.len() > 1 && (args.format != ReportFormat::Text || args.output.is_some()) {
        let message = "each class is a job and a mail of its own: name one with --asset-class, or preview both with --dry-run";
        return Err(Refusal::Usage(message.to_owned()).into());
    }
    // Opened first: a run that cannot be kept is not made, and a corrupt journal stands in the report.
    let opening = app.clone();
    let opened = tokio::task::spawn_blocking(move || Sending::open(&opening)).await;
    let (sending, mut notes) = opened.context("failed to open the journal")??;
    let (mut outcome, mut refused, mut failed, mut runs) = (Outcome::Done, None, None, 0);
    for class in classes {
        let own = RunRequest { asked: Asked::ByName(class), ..request.clone() };
        match run(app, args, &sending, own, std::mem::take(&mut notes)).await {
            Ok(Outcome::Done) => runs += 1,
            Ok(other) => (outcome, runs) = (other, runs + 1),
            Err(error) if request.asked == Asked::All && error.is::<Refusal>() => {
                output::remark(format_args!("{class} is skipped: {error:#}"));
                refused = Some(error);
            }
            Err(error) if failed.is_none() => failed = Some(error),
            Err(error) => output::remark(format_args!("error: {class}: {error:#}")),
        }
    }
    if refused.is_some() && runs > 0 && outcome == Outcome::Done {
        // Its reader waits for a mail that does not come.
        outcome = Outcome::Findings;
    }
    match failed.or(refused.filter(|_| runs == 0)) {
        Some(error) if outcome == Outcome::Done => Err(error),
        Some(error) => {
            // What was found is told by the exit code, which a closed pipe would hide.
            output::remark(format_args!("error: {error:#}"));
            Ok(outcome)
        }
        None => Ok(outcome),
    }
}

/// Runs the job of one class.
async fn run(
    app: &App,
    args: &RunArgs,
    sending: &Sending,
    request: RunRequest,
    notes: Vec<Problem>,
) -> anyhow::Result<Outcome> {
    let Asked::ByName(class) = request.asked else { return Ok(Outcome::Done) };
    let session = request.date.unwrap_or_else(|| calendar::last_finished(class, app.clock.now()));
    let job = JobSession { job: job_of(app, class), session };
    let journal = Arc::clone(sending.journal());
    if args.retry_refused {
        return retry(app, sending, &job).await;
    }
    let (asked, looked) = (job.clone(), Arc::clone(&journal));
    let known = tokio::task::spawn_blocking(move || {
        Ok::<_, JournalError>((looked.session(&asked)?, looked.next_correction(&asked)?))
    });
    let (known, next) = known.await.context("failed to read the journal")??;
    if let Some(known) = known.as_ref().filter(|_| !args.again)
        && let Some(said) = decided_before(known)
    {
        output::remark(format_args!("{} of {session}: {said}; --again sends a correction", job.job));
        return sending.send(app, &job).await;
    }
    let correction = if args.again { next } else { 0 };
    let corrected = known.and_then(|known| known.run).filter(|_| args.again);
    let assignment = Assignment { job: job.clone(), asset_class: class, correction };
    let progress = Progress::start();
    let told = |done, total| progress.calls(done, total);
    let request = RunRequest { date: Some(session), ..request };
    let ran = app::run_recorded(app, &request, None, notes, &told).await;
    drop(progress);
    let (mut outcome, inputs) = ran?;
    let (email, now) = (app.loaded.settings.email.clone(), app.clock.now());
    if let Some(why) = outcome.missing_bars()
        && timing(class, session, now) == Timing::OnTime
        && !args.again
    {
        output::remark(format_args!(
            "{} of {session}: {why}\nnothing is kept or mailed yet: run again later",
            job.job
        ));
        return Ok(Outcome::Findings);
    }
    let keep = move || {
        let repeats = corrected.map(|run| journal.run(run)).transpose()?.is_some_and(|before| {
            let told = before.recommendations.into_iter().map(|row| row.recommendation);
            same(told.collect(), [&outcome.report.recommendations[..], &outcome.report.exits].concat())
        });
        let kept = app::keep(&journal, &email, &mut outcome, inputs, &assignment, now)?;
        Ok::<_, anyhow::Error>((outcome, kept, repeats))
    };
    let kept = tokio::task::spawn_blocking(keep).await.context("failed to keep the run")?;
    let (outcome, (rendered, recorded), repeats) = kept.context("the run is not kept")?;
    let shown = match args.format {
        ReportFormat::Text => &rendered.text,
        ReportFormat::Html => &rendered.html,
        ReportFormat::Json => &rendered.json,
    };
    // Nobody may be reading, and the mail is to be sent all the same.
    let written = output::write(shown, args.output.as_deref());
    if args.output.is_none() || args.format != ReportFormat::Html {
        preview::say_where(app, one_of_several(app, args, class), &rendered.html);
    }
    match recorded {
        Recorded::New { mails: 0 } => output::remark(format_args!(
            "Kept as run {}; nobody is mailed, as email.recipients is empty",
            outcome.report.run.id
        )),
        Recorded::New { .. } => {}
        Recorded::Already(Queued::Already { .. } | Queued::Now { .. }) => {
            output::remark("Another run of the session was kept meanwhile; its mails stand");
        }
    }
    preview::say_late(app, class, session);
    if repeats {
        output::remark("The correction recommends the same as the mail before it");
    }
    let sent = sending.send(app, &job).await?;
    match (preview::verdict(args, &outcome), sent, written) {
        (Outcome::Done, Outcome::Done, written) => written.map(|()| Outcome::Done),
        (Outcome::Done, findings, Ok(())) | (findings, _, Ok(())) => Ok(findings),
        (Outcome::Done, findings, Err(error)) | (findings, _, Err(error)) => {
            output::remark(format_args!("error: {error:#}"));
            Ok(findings)
        }
    }
}

/// Names the class where the command makes a report for each, so that none takes the other's place.
fn one_of_several(app: &App, args: &RunArgs, class: AssetClass) -> Option<AssetClass> {
    let is_traded = |class: AssetClass| !app.loaded.settings.universe.of(class).is_empty();
    let several = args.asset_class.asked() == Asked::All && AssetClass::ALL.into_iter().all(is_traded);
    several.then_some(class)
}

/// Tells whether two runs recommend the same, whenever and by whichever version of the scripts.
fn same(one: Vec<Recommendation>, other: Vec<Recommendation>) -> bool {
    let plain = |mut all: Vec<Recommendation>| {
        all.sort_by_key(|own| own.id);
        for own in &mut all {
            (own.generated_at, own.script_hash) = (None, String::new());
        }
        all
    };
    plain(one) == plain(other)
}

/// Sends again what was refused for good of a session's newest mails; decides nothing.
async fn retry(app: &App, sending: &Sending, job: &JobSession) -> anyhow::Result<Outcome> {
    let (journal, asked, now) = (Arc::clone(sending.journal()), job.clone(), app.clock.now());
    let queued = tokio::task::spawn_blocking(move || journal.retry_refused(&asked, now));
    if queued.await.context("failed to write to the journal")?? == 0 {
        output::remark(format_args!("{} of {}: nothing was refused", job.job, job.session));
    }
    sending.send(app, job).await
}

/// Says what became of a session that is decided already; `None` for one that is not.
fn decided_before(known: &SessionRow) -> Option<String> {
    match known.state {
        SessionState::Done => Some(match known.mailed_at {
            Some(at) => format!("delivered on {}", at.format("%Y-%m-%d at %H:%M UTC")),
            None => "decided before, with nobody to mail".to_owned(),
        }),
        SessionState::Undelivered => Some("decided before, and not delivered yet".to_owned()),
        SessionState::Refused => Some(format!("decided before, and refused: {}", known.reason)),
        SessionState::Begun | SessionState::BarsMissing | SessionState::Failed => None,
    }
}

/// Names the schedule's job of a class, or what it would be called.
fn job_of(app: &App, class: AssetClass) -> String {
    let mut jobs = app.loaded.settings.schedule.iter();
    let own = jobs.find(|job| job.asset_class == class).map(|job| job.job.clone());
    own.unwrap_or_else(|| format!("daily_{class}_signals"))
}
