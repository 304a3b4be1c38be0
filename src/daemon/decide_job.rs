//! A job's run as far as it needs neither journal nor mail: decide the session, and log what was found.

use std::sync::Mutex;
use std::sync::PoisonError;

use tracing::info;
use tracing::warn;

use super::work::JobResult;
use super::work::Order;
use super::work::Standing;
use super::work::Work;
use crate::app;
use crate::app::Asked;
use crate::app::RunOutcome;
use crate::app::RunRequest;
use crate::cache::Patience;
use crate::report;
use crate::schedule::History;
use crate::schedule::State;
use crate::schedule::Timing;
use crate::schedule::Why;

/// Decides the session that is due with the scripts in force.
///
/// # Errors
/// As [`app::run`].
pub async fn decide(order: &Order) -> anyhow::Result<RunOutcome> {
    let due = &order.due;
    let request = RunRequest {
        asked: Asked::ByName(due.asset_class),
        date: Some(due.session),
        source: None,
        positions: None,
        // What a vendor did not have a while ago is the very thing to ask for.
        patience: match due.why {
            Why::BarsMissing | Why::Failed => Patience::Ignored,
            _ => Patience::Kept,
        },
    };
    app::run_live(&order.app, &request, &order.live, &|_, _| {}).await
}

/// Returns why a session could not be decided for lack of bars, if it is still to be waited for: a late
/// run goes out with what it has.
pub fn missing_bars(order: &Order, outcome: &RunOutcome) -> Option<String> {
    if order.due.timing == Timing::Late {
        return None;
    }
    let mut decisions = outcome.report.decisions.iter();
    decisions.find_map(|decision| decision.no_decision.clone())
}

/// Decides and logs, and remembers only as long as the process lives.
#[derive(Debug, Default)]
pub struct DecideAndLog {
    history: Mutex<History>,
}

impl DecideAndLog {
    fn note(&self, order: &Order, state: State) {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.note(&order.due.job, order.due.session, state, order.app.clock.now());
    }
}

impl Work for DecideAndLog {
    async fn standing(&self) -> anyhow::Result<Standing> {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Standing { history, ..Standing::default() })
    }

    async fn run(&self, order: Order) -> JobResult {
        self.note(&order, State::Begun);
        let result = match decide(&order).await {
            Ok(outcome) => judged(&order, &outcome),
            Err(error) => JobResult::Failed(format!("{error:#}")),
        };
        self.note(&order, result.state());
        result
    }
}

fn judged(order: &Order, outcome: &RunOutcome) -> JobResult {
    if let Some(why) = missing_bars(order, outcome) {
        return JobResult::BarsMissing(why);
    }
    let report = &outcome.report;
    match report::text(report, &outcome.templates) {
        Ok((text, _)) => info!("This version sends no mail yet. It would say:\n{text}"),
        Err(error) => warn!("failed to write the mail's text: {error}"),
    }
    JobResult::Done { problems: report.problems.len() }
}
