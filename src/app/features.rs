//! The feature values of one symbol, as a script would see them.

use std::collections::BTreeSet;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::bars::missing_between;
use super::select::{ordered, select};
use super::{App, Asked, Refusal, load, load_scripts};
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
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// Computes the features of a symbol over a span of sessions; without a span, of its newest bar.
///
/// # Errors
/// A [`Refusal`] for an unknown symbol, one that both classes have, an unknown feature, or a
/// span without a bar of it.
pub async fn features(app: &App, request: &FeatureRequest) -> anyhow::Result<FeatureTable> {
    ordered((request.from, request.to))?;
    let symbol = Symbol::new(&request.symbol).map_err(|error| Refusal::Usage(error.to_string()))?;
    let asset_class = match request.asset_class {
        Some(class) => class,
        None => class_of(app, &symbol)?,
    };
    let mut wanted = Vec::with_capacity(request.names.len());
    for name in &request.names {
        wanted.push(Feature::parse(name).map_err(|error| Refusal::Usage(error.to_string()))?);
    }
    let (selections, _) = select(app, Asked::ByName(asset_class), request.source, None)?;
    let set = load_scripts(app)?;
    let selection = selections.into_iter().next().context("no asset class was selected")?;
    let bars = load(app, &selection, &BTreeSet::from([symbol.clone()])).await?;
    let problems: Vec<Problem> =
        bars.problems.iter().filter(|problem| problem.symbol == symbol.as_str()).cloned().collect();
    if wanted.is_empty() {
        wanted.extend(set.scripts.features(asset_class));
    }
    let demo = selection.sources.contains(&SourceName::Simulated);
    let columns = {
        let (scripts, wanted) = (set.scripts.clone(), wanted.clone());
        tokio::task::spawn_blocking(move || columns(bars, &scripts, &wanted, asset_class))
            .await
            .context("failed to compute features")??
    };
    let rows = rows(&columns, &symbol, &wanted, request)?;
    Ok(FeatureTable { symbol, asset_class, features: wanted, rows, problems, demo })
}

fn columns(
    bars: super::LoadedBars,
    scripts: &crate::scripts::Scripts,
    wanted: &[Feature],
    asset_class: AssetClass,
) -> anyhow::Result<Columns> {
    let market = bars.market;
    let own: BTreeSet<Feature> = wanted.iter().cloned().collect();
    if own.is_subset(&scripts.features(asset_class)) {
        return Ok(decide::prepare(market, scripts, missing_between(asset_class))?.columns);
    }
    let panel = Panel::stack(asset_class, market.bars)?;
    Ok(Columns::compute(panel, &market.universe, market.benchmark.as_ref(), &own))
}

fn rows(
    columns: &Columns,
    symbol: &Symbol,
    wanted: &[Feature],
    request: &FeatureRequest,
) -> Result<Vec<FeatureRow>, Refusal> {
    let panel = columns.panel();
    let all = panel.position(symbol).map(|position| panel.rows(position)).unwrap_or(0..0);
    if all.is_empty() {
        return Err(Refusal::Usage(format!("there are no bars of {symbol}")));
    }
    let (first, last) = (panel.dates()[all.start], panel.dates()[all.end - 1]);
    let spanned = request.from.is_some() || request.to.is_some();
    let from = if spanned { request.from.unwrap_or(first) } else { last };
    let to = request.to.unwrap_or(last);
    let inside = all.filter(|row| (from..=to).contains(&panel.dates()[*row]));
    let rows: Vec<_> = inside
        .map(|row| (panel.dates()[row], wanted.iter().map(|feature| columns.value(feature, row)).collect()))
        .collect();
    if rows.is_empty() {
        let span = if from == to { format!("on {from}") } else { format!("from {from} to {to}") };
        return Err(Refusal::Usage(format!(
            "{symbol} has no bar {span}; its bars run from {first} to {last}"
        )));
    }
    Ok(rows)
}

fn class_of(app: &App, symbol: &Symbol) -> Result<AssetClass, Refusal> {
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
