//! The feature values of one symbol, as a script would see them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use chrono::NaiveDate;

use super::select::select_named;
use super::{App, Progress, Refusal, Span, load, load_scripts};
use crate::bars::Panel;
use crate::decide;
use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::domain::Symbol;
use crate::features::Columns;
use crate::features::Feature;
use crate::settings::SourceName;

/// One row a session, one column a feature; a missing value is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureTable {
    pub symbol: Symbol,
    pub asset_class: AssetClass,
    pub features: Vec<Feature>,
    pub rows: Vec<FeatureRow>,
    pub problems: Vec<Problem>,
    /// What the reader should know of the span.
    pub notes: Vec<String>,
    pub demo: bool,
}

/// A session and the value of each feature on it.
pub type FeatureRow = (NaiveDate, Vec<Option<f64>>);

/// What to show of a symbol.
#[derive(Clone, Debug)]
pub struct FeatureRequest {
    pub symbol: String,
    /// `None`: the class whose universe or benchmark has the symbol.
    pub asset_class: Option<AssetClass>,
    pub source: Option<SourceName>,
    /// Feature names; empty means those that the scripts read.
    pub names: Vec<String>,
    pub sessions: Sessions,
}

/// Which sessions of a symbol to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// That of its newest bar.
    Newest,
    /// This one, which must have a bar.
    On(NaiveDate),
    /// Those of the span that have one.
    Span(Span),
}

impl Sessions {
    /// Returns the first session that is named.
    fn first(self) -> Option<NaiveDate> {
        match self {
            Sessions::Newest => None,
            Sessions::On(date) => Some(date),
            Sessions::Span(span) => span.from(),
        }
    }
}

/// Computes the features of a symbol on the sessions asked for; `progress` is told the calls to vendors.
///
/// # Errors
/// A [`Refusal`] for an unknown symbol, one that both classes have, one without bars, an unknown
/// feature, or a single session without a bar of it.
pub async fn features(
    app: &App,
    request: &FeatureRequest,
    progress: Progress<'_>,
) -> anyhow::Result<FeatureTable> {
    let symbol = Symbol::new(&request.symbol).map_err(|error| Refusal::Usage(error.to_string()))?;
    let asset_class = match request.asset_class {
        Some(class) => class,
        None => class_of(app, &symbol)?,
    };
    let mut wanted = Vec::with_capacity(request.names.len());
    for name in &request.names {
        wanted.push(Feature::parse(name).map_err(|error| Refusal::Usage(error.to_string()))?);
    }
    let selection = select_named(app, asset_class, request.source)?;
    let set = load_scripts(app)?;
    let named = wanted.iter().map(Feature::bars_needed).max().unwrap_or(0);
    let needed = named.max(decide::bars_needed(&set.scripts, asset_class));
    let first = request.sessions.first().unwrap_or(selection.session);
    let bars =
        load(app, &selection, &BTreeMap::from([(symbol.clone(), None)]), first, needed, progress).await?;
    let mut problems = set.problems;
    problems.extend(bars.problems.iter().filter(|problem| problem.symbol == symbol.as_str()).cloned());
    if wanted.is_empty() {
        wanted.extend(set.scripts.features(asset_class));
    }
    let demo = selection.sources.contains(&SourceName::Simulated);
    let columns = {
        let wanted: BTreeSet<Feature> = wanted.iter().cloned().collect();
        let market = bars.market;
        let compute = move || -> anyhow::Result<Columns> {
            let panel = Panel::stack(asset_class, market.bars)?;
            Ok(Columns::compute(panel, &market.universe, market.benchmark.as_ref(), &wanted))
        };
        tokio::task::spawn_blocking(compute).await.context("failed to compute features")??
    };
    if columns.panel().position(&symbol).is_none_or(|position| columns.panel().rows(position).is_empty()) {
        let why: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::bail!("there are no bars of {symbol}\n{}", why.join("\n"));
    }
    let (rows, notes) = rows(&columns, &symbol, &wanted, request.sessions)?;
    Ok(FeatureTable { symbol, asset_class, features: wanted, rows, problems, notes, demo })
}

fn rows(
    columns: &Columns,
    symbol: &Symbol,
    wanted: &[Feature],
    sessions: Sessions,
) -> Result<(Vec<FeatureRow>, Vec<String>), Refusal> {
    let panel = columns.panel();
    let all = panel.position(symbol).map(|position| panel.rows(position)).unwrap_or(0..0);
    let (first, last) = (panel.dates()[all.start], panel.dates()[all.end - 1]);
    let is_shown = |session: NaiveDate| match sessions {
        Sessions::Newest => session == last,
        Sessions::On(date) => session == date,
        Sessions::Span(span) => span.contains(session),
    };
    let rows: Vec<FeatureRow> = all
        .filter(|row| is_shown(panel.dates()[*row]))
        .map(|row| (panel.dates()[row], wanted.iter().map(|feature| columns.value(feature, row)).collect()))
        .collect();
    match sessions {
        Sessions::On(date) if rows.is_empty() => {
            Err(Refusal::Usage(format!("{symbol} has no bar on {date}; its bars run from {first} to {last}")))
        }
        Sessions::Span(span) => Ok((rows, span.notes(symbol.as_str(), (first, last)))),
        Sessions::Newest | Sessions::On(_) => Ok((rows, Vec::new())),
    }
}

pub(super) fn class_of(app: &App, symbol: &Symbol) -> Result<AssetClass, Refusal> {
    let settings = &app.loaded.settings;
    let has = |class: AssetClass| {
        settings.universe.of(class).contains(symbol) || settings.benchmark.of(class) == symbol
    };
    match AssetClass::ALL.into_iter().filter(|class| has(*class)).collect::<Vec<_>>()[..] {
        [class] => Ok(class),
        [] => Err(Refusal::Usage(format!(
            "{symbol} is in no universe; name its class with --asset-class equity or crypto"
        ))),
        _ => Err(Refusal::Usage(format!(
            "{symbol} is in both universes; name the class with --asset-class equity or crypto"
        ))),
    }
}
