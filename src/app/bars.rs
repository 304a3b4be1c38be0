//! Loads one asset class: asks the sources, checks the bars, says what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use tokio::task::JoinSet;
use tracing::{Instrument, info};

use super::select::names;
use super::sources;
use super::{App, Refusal, Selection};
use crate::bars::{Bars, check};
use crate::calendar;
use crate::decide::MarketBars;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::settings::SourceName;
use crate::sources::{Request, Source};

/// Nothing older is asked for: no source here has daily bars before it.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date of the calendar");

/// Symbols asked for at once; reading files gains nothing beyond it.
const AT_ONCE: usize = 8;

/// The checked bars of one asset class and what went wrong with the rest.
#[derive(Clone, Debug)]
pub struct LoadedBars {
    pub market: MarketBars,
    /// The sources that gave bars, in the order of the settings, joined by `+`.
    pub source: String,
    pub problems: Vec<Problem>,
}

impl LoadedBars {
    /// Returns the dates of the first and the last bar, or `None` where there is no bar.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let bars = &self.market.bars;
        let first = bars.iter().filter_map(|own| own.dates().first()).min()?;
        let last = bars.iter().filter_map(|own| own.dates().last()).max()?;
        Some((*first, *last))
    }
}

/// Loads all bars up to the selection's session of the universe, its benchmark, and the
/// symbols in `held`.
///
/// A symbol that no source has costs only itself.
///
/// # Errors
/// A folder of files that does not exist.
pub async fn load(app: &App, selection: &Selection, held: &BTreeSet<Symbol>) -> Result<LoadedBars, Refusal> {
    let settings = &app.loaded.settings;
    let class = selection.asset_class;
    let universe: BTreeSet<Symbol> = settings.universe.of(class).iter().cloned().collect();
    let benchmark = settings.benchmark.of(class).clone();
    let last_finished = calendar::last_finished(class, app.clock.now());
    let mut wanted = universe.clone();
    wanted.insert(benchmark.clone());
    wanted.extend(held.iter().cloned());
    info!("Fetching {} {class} symbols", wanted.len());

    let mut bars: BTreeMap<Symbol, Bars> = BTreeMap::new();
    let mut problems = Vec::new();
    if !selection.absent.is_empty() {
        let message = format!("not in this version yet, so not asked: {}", names(&selection.absent));
        problems.push(Problem::new(class, ProblemKind::Skipped, message));
    }
    let mut failures: BTreeMap<Symbol, Vec<String>> = BTreeMap::new();
    let mut gave = Vec::new();
    for name in &selection.sources {
        if *name == SourceName::Files {
            folder_exists(app, selection)?;
        }
        let Some(source) = sources::source(*name, settings) else { continue };
        let open: Vec<Symbol> = wanted.iter().filter(|symbol| !bars.contains_key(*symbol)).cloned().collect();
        let before = bars.len();
        // A file is read whole, so that a bar dated in the future is seen and named.
        let to = if *name == SourceName::Files { NaiveDate::MAX } else { selection.session };
        for (symbol, answer) in ask(source.into(), class, to, open).await {
            match answer {
                Ok(fetched) => {
                    problems.extend(fetched.problems);
                    // All that has finished is checked; only then is what the session knew cut out.
                    let (checked, bad) = check(symbol.clone(), fetched.bars, last_finished);
                    problems.extend(bad);
                    let checked = checked.up_to(selection.session);
                    if checked.is_empty() {
                        failures.entry(symbol).or_default().push(format!("{name} has no usable bars of it"));
                    } else {
                        bars.insert(symbol, checked);
                    }
                }
                Err(error) => failures.entry(symbol).or_default().push(format!("{name}: {error}")),
            }
        }
        if bars.len() > before {
            gave.push(name.as_str());
        }
    }
    failures.retain(|symbol, _| !bars.contains_key(symbol));
    for (symbol, reasons) in &failures {
        problems.push(Problem::new(symbol, ProblemKind::NoBars, reasons.join("; ")));
        // A symbol without bars stays in the universe, so that it counts as stale.
        let (empty, _) = check(symbol.clone(), Vec::new(), selection.session);
        bars.insert(symbol.clone(), empty);
    }
    Ok(LoadedBars {
        market: MarketBars {
            asset_class: class,
            bars: bars.into_values().collect(),
            universe,
            benchmark: Some(benchmark),
            splits: Vec::new(),
        },
        source: gave.join("+"),
        problems,
    })
}

type Answer = (Symbol, Result<crate::sources::Fetched, crate::sources::SourceError>);

/// Asks one source for each symbol, a few at a time; the answers come in no order.
async fn ask(
    source: Arc<dyn Source>,
    asset_class: AssetClass,
    to: NaiveDate,
    symbols: Vec<Symbol>,
) -> Vec<Answer> {
    let mut waiting = symbols.into_iter();
    let mut tasks = JoinSet::new();
    let mut answers = Vec::new();
    loop {
        while tasks.len() < AT_ONCE {
            let Some(symbol) = waiting.next() else { break };
            let request = Request { asset_class, symbol: symbol.clone(), from: EARLIEST, to };
            let source = Arc::clone(&source);
            tasks.spawn(async move { (symbol, source.daily(&request).await) }.in_current_span());
        }
        match tasks.join_next().await {
            Some(Ok(answer)) => answers.push(answer),
            // A task neither panics nor is cancelled while this function lives.
            Some(Err(_)) => {}
            None => return answers,
        }
    }
}

fn folder_exists(app: &App, selection: &Selection) -> Result<(), Refusal> {
    let folder = app.loaded.settings.sources.files.dir.join(selection.asset_class.as_str());
    if folder.is_dir() {
        return Ok(());
    }
    Err(Refusal::Configuration(format!(
        "folder {} does not exist (sources.files.dir); put one file a symbol there, like {}",
        folder.display(),
        folder.join("AAPL.csv").display()
    )))
}

/// Counts the sessions strictly between two dates, by the asset class's calendar.
pub(super) fn missing_between(class: AssetClass) -> impl Fn(NaiveDate, NaiveDate) -> usize {
    move |after, before| calendar::sessions_between(class, after, before)
}
