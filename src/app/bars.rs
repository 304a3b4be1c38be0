//! Loads one asset class: asks the sources, checks the bars, says what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use tokio::task::JoinSet;
use tracing::{Instrument, info};

use super::select::names;
use super::sources;
use super::{App, Refusal, Selection};
use crate::bars::{Bars, check_sessions};
use crate::calendar;
use crate::decide::MarketBars;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::settings::SourceName;
use crate::sources::{Fetched, Request, Source, SourceError};

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
                    let mut rows = fetched.bars;
                    if selection.session < last_finished {
                        // An old session is decided, and told, from what was known on it.
                        rows.retain(|bar| bar.date <= selection.session);
                    }
                    let is_session = |date| calendar::is_session(class, date);
                    let (checked, bad) = check_sessions(symbol.clone(), rows, last_finished, is_session);
                    problems.extend(bad);
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
        bars.insert(symbol.clone(), Bars::empty(symbol.clone()));
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

type Answer = (Symbol, Result<Fetched, SourceError>);

/// Asks one source for each symbol, a few at a time; the answers come in no order.
async fn ask(
    source: Arc<dyn Source>,
    asset_class: AssetClass,
    to: NaiveDate,
    symbols: Vec<Symbol>,
) -> Vec<Answer> {
    let mut waiting = symbols.into_iter();
    let mut tasks = JoinSet::new();
    let mut asked = BTreeMap::new();
    let mut answers = Vec::new();
    loop {
        while tasks.len() < AT_ONCE {
            let Some(symbol) = waiting.next() else { break };
            let request = Request { asset_class, symbol: symbol.clone(), from: EARLIEST, to };
            let source = Arc::clone(&source);
            let task = tasks.spawn(async move { source.daily(&request).await }.in_current_span());
            asked.insert(task.id(), symbol);
        }
        let (id, answer) = match tasks.join_next_with_id().await {
            Some(Ok((id, answer))) => (id, answer),
            Some(Err(error)) => {
                let what = "the source broke down; please report it".to_owned();
                (error.id(), Err(SourceError::Transport { place: asset_class.to_string(), what }))
            }
            None => return answers,
        };
        if let Some(symbol) = asked.remove(&id) {
            answers.push((symbol, answer));
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
