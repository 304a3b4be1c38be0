//! Which asset classes, source and session a command is about.

use chrono::NaiveDate;

use super::sources::{key_hint, serves};
use super::{App, Refusal};
use crate::cache::Patience;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::{Problem, ProblemKind};
use crate::settings::SourceName;

/// How the asset classes were named: by the user, or by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// One class by its name: whatever stands in its way is an error.
    ByName(AssetClass),
    /// All of them: a class that cannot be had is skipped, and the reader told.
    All,
}

/// One asset class that a command will load.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    pub asset_class: AssetClass,
    pub sources: Vec<SourceName>,
    /// Sources that the settings list and that have no key.
    pub keyless: Vec<SourceName>,
    /// The newest session that may be looked at.
    pub session: NaiveDate,
    /// Whether a vendor's recent "not there yet" is believed; the scheduler's own retry asks anyway.
    pub patience: Patience,
}

impl Asked {
    /// Returns the word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Asked::ByName(class) => class.as_str(),
            Asked::All => "all",
        }
    }

    fn classes(self) -> Vec<AssetClass> {
        match self {
            Asked::ByName(class) => vec![class],
            Asked::All => AssetClass::ALL.to_vec(),
        }
    }
}

/// Chooses what to load: each asked class with its sources and its session, `date` or the
/// last finished one.
///
/// # Errors
/// A class asked for by name that is not traded, has no usable source, or has no session on
/// `date`; a date in the future; or no class left at all.
pub(super) fn select(
    app: &App,
    asked: Asked,
    source: Option<SourceName>,
    date: Option<NaiveDate>,
) -> Result<(Vec<Selection>, Vec<Problem>), Refusal> {
    let mut chosen = Vec::new();
    let mut skipped = Vec::new();
    let mut last_refusal = None;
    for asset_class in asked.classes() {
        // Whoever emptied a universe knows that the class is not traded.
        if asked == Asked::All && app.loaded.settings.universe.of(asset_class).is_empty() {
            continue;
        }
        match with_universe(app, asset_class).and_then(|()| select_class(app, asset_class, source, date)) {
            Ok(selection) => chosen.push(selection),
            Err(refusal) if asked == Asked::All => {
                skipped.push(Problem::new(asset_class, ProblemKind::Skipped, format!("skipped: {refusal}")));
                last_refusal = Some(refusal);
            }
            Err(refusal) => return Err(refusal),
        }
    }
    match last_refusal {
        Some(Refusal::Usage(_)) if chosen.is_empty() => Err(Refusal::Usage(lines(&skipped))),
        Some(Refusal::Configuration(_)) if chosen.is_empty() => Err(Refusal::Configuration(lines(&skipped))),
        _ => Ok((chosen, skipped)),
    }
}

/// Chooses how symbols that the user names are loaded, whether or not their class has a universe.
///
/// # Errors
/// As [`select`] for a class by its name.
pub(super) fn select_named(
    app: &App,
    asset_class: AssetClass,
    source: Option<SourceName>,
) -> Result<Selection, Refusal> {
    select_class(app, asset_class, source, None)
}

fn with_universe(app: &App, asset_class: AssetClass) -> Result<(), Refusal> {
    if app.loaded.settings.universe.of(asset_class).is_empty() {
        let message = format!("no {asset_class} symbols to trade; list some in universe.{asset_class}");
        return Err(Refusal::Configuration(message));
    }
    Ok(())
}

fn select_class(
    app: &App,
    asset_class: AssetClass,
    source: Option<SourceName>,
    date: Option<NaiveDate>,
) -> Result<Selection, Refusal> {
    let settings = &app.loaded.settings;
    let session = session(app, asset_class, date)?;
    let listed = match source {
        Some(source) => vec![source],
        None => settings.sources.of(asset_class).to_vec(),
    };
    if let Some(other) = listed.iter().find(|name| !serves(**name, asset_class)) {
        return Err(Refusal::Configuration(format!(
            "{other} has no {asset_class} bars; choose another source, or name the class with --asset-class"
        )));
    }
    let (usable, keyless): (Vec<SourceName>, Vec<SourceName>) =
        listed.into_iter().partition(|name| settings.missing_key(*name).is_none());
    if usable.is_empty() {
        let hints: Vec<String> = keyless.iter().filter_map(|name| key_hint(*name, settings)).collect();
        return Err(Refusal::Configuration(format!(
            "no source of {asset_class} bars has its key; set {}, or look around with --demo",
            hints.join(" or ")
        )));
    }
    Ok(Selection { asset_class, sources: usable, keyless, session, patience: Patience::Kept })
}

/// Returns the names of sources for a message.
pub(super) fn names(sources: &[SourceName]) -> String {
    sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(", ")
}

fn session(app: &App, asset_class: AssetClass, date: Option<NaiveDate>) -> Result<NaiveDate, Refusal> {
    let last_finished = calendar::last_finished(asset_class, app.clock.now());
    let Some(date) = date else {
        return Ok(last_finished);
    };
    if let Some(reason) = calendar::closed_reason(asset_class, date) {
        let before = calendar::previous_session(asset_class, date);
        return Err(Refusal::Usage(format!(
            "{date} is {reason}: no {asset_class} session; the session before it is {before}"
        )));
    }
    if date > last_finished {
        return Err(Refusal::Usage(format!(
            "{date} has not finished yet; the last finished {asset_class} session is {last_finished}"
        )));
    }
    Ok(date)
}

/// Returns what was skipped, one line each.
pub(super) fn lines(skipped: &[Problem]) -> String {
    skipped.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
