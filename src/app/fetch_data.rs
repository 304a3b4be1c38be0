//! Fetches symbols into the cache for a person to look at: the same way as a run does.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::Days;

use super::answers::Progress;
use super::bars::first_day;
use super::features::class_of;
use super::gather::gather;
use super::live::{Live, Span};
use super::select::{select, select_named};
use super::sources::is_cached;
use super::{App, Asked, Refusal, Selection};
use crate::bars::{Bars, check};
use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::domain::Symbol;
use crate::settings::SourceName;

/// What to fetch.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// Tickers; empty is the universe of the class and its benchmark.
    pub symbols: Vec<String>,
    /// `None`: the class whose universe or benchmark has the symbols.
    pub asset_class: Option<AssetClass>,
    /// How many days up to the last finished session, at least 1; `None` is the history of a run.
    pub days: Option<u32>,
    pub source: Option<SourceName>,
}

/// What came, symbol by symbol.
#[derive(Clone, Debug)]
pub struct FetchTable {
    pub asset_class: AssetClass,
    pub rows: Vec<FetchRow>,
    /// Those that are of no single symbol.
    pub problems: Vec<Problem>,
    pub demo: bool,
}

/// The bars of one symbol within the days asked for.
#[derive(Clone, Debug)]
pub struct FetchRow {
    pub bars: Bars,
    /// `cache`, the sources that were asked, or nothing where there are no bars.
    pub came_from: String,
    pub problems: Vec<String>,
}

/// What a request means.
struct Meant {
    selection: Selection,
    /// The most important first.
    symbols: Vec<Symbol>,
    span: Span,
}

/// Fetches what the cache lacks of the symbols; `progress` is told the calls done and to do.
///
/// # Errors
/// A [`Refusal`] for a request that cannot be carried out as asked.
pub async fn fetch_data(
    app: &App,
    request: &FetchRequest,
    progress: Progress<'_>,
) -> anyhow::Result<FetchTable> {
    let Meant { selection, symbols, span } = meant(app, request)?;
    let gathered = gather(app, &selection, &symbols, &BTreeMap::new(), span.from, progress).await?;
    let mut of_symbols: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut problems = Vec::new();
    for problem in gathered.problems {
        match symbols.iter().any(|symbol| symbol.as_str() == problem.symbol) {
            true => of_symbols.entry(problem.symbol).or_default().push(problem.message),
            false => problems.push(problem),
        }
    }
    problems.sort();
    problems.dedup();
    let row = |(symbol, bars): (Symbol, Bars)| {
        let within = bars.iter().filter(|bar| span.from <= bar.date && bar.date <= span.session).collect();
        FetchRow {
            // They are checked already; this only stacks them again.
            bars: check(symbol.clone(), within, span.session).0,
            came_from: gathered.came_from.get(&symbol).cloned().unwrap_or_default(),
            problems: of_symbols.remove(symbol.as_str()).unwrap_or_default(),
        }
    };
    Ok(FetchTable {
        asset_class: selection.asset_class,
        rows: gathered.bars.into_iter().map(row).collect(),
        problems,
        demo: selection.sources.contains(&SourceName::Simulated),
    })
}

/// Returns, as text, the plan of the calls to each source in turn, without making one. All but the
/// first are asked only for what those before them fail to give.
///
/// # Errors
/// As [`fetch_data`].
pub async fn fetch_plans(app: &App, request: &FetchRequest) -> anyhow::Result<Vec<String>> {
    let Meant { selection, symbols, span } = meant(app, request)?;
    let live = Live::read(app.cache(), span, symbols.clone()).await;
    let mut plans = Vec::new();
    for name in &selection.sources {
        if !is_cached(*name) {
            plans.push(format!("{name}: read afresh, without a call and without the cache\n"));
        } else if plans.is_empty() {
            let source = app.vendors.source(*name, &app.loaded.settings, span.now)?;
            let mut plan = live.plan(&live.ask(name.as_str(), source.as_ref()), &symbols);
            live.plan_checks(&mut plan, source.as_ref(), &symbols);
            plans.push(plan.to_string());
        } else {
            plans.push(format!("{name}: only for what the sources before it fail to give\n"));
        }
    }
    Ok(plans)
}

fn meant(app: &App, request: &FetchRequest) -> anyhow::Result<Meant> {
    let mut symbols = Vec::new();
    for text in &request.symbols {
        let symbol = Symbol::new(text).map_err(|error| Refusal::Usage(error.to_string()))?;
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    let asset_class = match (request.asset_class, symbols.first()) {
        (Some(class), _) => class,
        (None, Some(first)) => {
            let class = class_of(app, first)?;
            for other in &symbols {
                if class_of(app, other)? != class {
                    let message =
                        format!("{first} and {other} are of two asset classes; fetch them one by one");
                    return Err(Refusal::Usage(message).into());
                }
            }
            class
        }
        (None, None) => {
            let message = "name --symbols, or an --asset-class to fetch its universe";
            return Err(Refusal::Usage(message.to_owned()).into());
        }
    };
    let selection = if symbols.is_empty() {
        let settings = &app.loaded.settings;
        symbols.push(settings.benchmark.of(asset_class).clone());
        let universe = settings.universe.of(asset_class).iter();
        symbols.extend(universe.filter(|symbol| *symbol != settings.benchmark.of(asset_class)).cloned());
        let (selections, _) = select(app, Asked::ByName(asset_class), request.source, None)?;
        selections.into_iter().next().context("no asset class was selected")?
    } else {
        select_named(app, asset_class, request.source)?
    };
    let session = selection.session;
    let (patience, now) = (selection.patience, app.clock.now());
    let from = match request.days {
        // What a run fetches: a day more would have every history fetched again.
        None => first_day(asset_class, session, now, 0),
        Some(days) => session
            .checked_sub_days(Days::new(u64::from(days.saturating_sub(1))))
            .context("--days reaches back too far")?,
    };
    Ok(Meant { selection, symbols, span: Span { asset_class, from, session, patience, now } })
}
