//! What is allowed but looks like a slip. Nothing here stops a run.

use std::collections::BTreeMap;

use super::super::error::Origin;
use super::super::file::Entry;
use super::super::keys::Path;
use super::super::model::{Settings, Tls};
use super::super::value;
use crate::domain::format::percent;
use crate::domain::{Problem, ProblemKind};

/// A fraction of equity: systems that risk more at one stop are rare, and 0.75 for 0.75 % is not.
const LARGEST_USUAL_RISK: f64 = 0.05;

/// Says what is allowed but looks like a slip.
pub(super) fn doubts(settings: &Settings, entries: &BTreeMap<Path, Entry>) -> Vec<Problem> {
    let mut doubts = Vec::new();
    let mut doubt = |message: String| doubts.push(Problem::new("", ProblemKind::Settings, message));
    if settings.signals.news_weight > 0.0 {
        doubt("signals.news_weight has no effect: there is no news score yet".to_owned());
    }
    if settings.risk.max_position > settings.risk.max_exposure {
        doubt("risk.max_position is over risk.max_exposure: a position of full size never fits".to_owned());
    }
    if settings.risk.risk_per_trade > LARGEST_USUAL_RISK {
        let risk = percent(settings.risk.risk_per_trade, 2);
        doubt(format!(
            "risk.risk_per_trade risks {risk} of equity at each stop: a fraction is meant, like 0.0075"
        ));
    }
    for (index, job) in settings.schedule.iter().enumerate() {
        let path = ["schedule".to_owned(), index.to_string(), "job".to_owned()];
        // Whoever empties a universe need not write a schedule only to be rid of a built-in job.
        let is_own =
            entries.get(&path[..]).is_some_and(|entry| !matches!(entry.origin, Origin::Default { .. }));
        if is_own && settings.universe.of(job.asset_class).is_empty() {
            doubt(format!("the job {} has nothing to do: universe.{} is empty", job.job, job.asset_class));
        }
    }
    if let Some(listen) = settings.health.listen.filter(|listen| !listen.ip().is_loopback()) {
        doubt(format!(
            "health.listen opens {listen} to other machines, without a password; 127.0.0.1 is this one alone"
        ));
    }
    let email = &settings.email;
    match (email.tls, email.smtp_port) {
        (Tls::Starttls, 465) => doubt(
            "email.smtp_port = 465 speaks TLS from the first byte: with it, email.tls = \"implicit\" is meant"
                .to_owned(),
        ),
        (Tls::Implicit, 25 | 587) => doubt(format!(
            "email.smtp_port = {} begins without TLS: with it, email.tls = \"starttls\" is meant",
            email.smtp_port
        )),
        _ => {}
    }
    let keyed = [
        ("polygon", &settings.sources.polygon.base_url),
        ("alpha_vantage", &settings.sources.alpha_vantage.base_url),
    ];
    for (source, url) in keyed {
        let host = url.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        if host.is_some_and(|host| !value::is_loopback(host)) {
            doubt(format!("sources.{source}.base_url sends its key in the clear; use https"));
        }
    }
    doubts
}
