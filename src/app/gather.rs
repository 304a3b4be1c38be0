//! Brings the bars of some symbols together from the sources of a selection, in their order.
//!
//! Vendors are asked through the cache; files and the simulated market are read afresh. A symbol that
//! one source fails is tried at the next, and one that none has costs only itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use tokio::task::JoinSet;
use tracing::{Instrument, info};

use super::answers::Progress;
use super::live::{Held, Live, Span};
use super::sources::{is_cached, key_hint};
use super::{App, Refusal, Selection};
use crate::bars::{Bars, Split, check_sessions};
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::settings::SourceName;
use crate::sources::{Fetched, Prices, Request, Source, SourceError};

/// Nothing older is asked for: no source here has daily bars before it.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date of the calendar");

/// Symbols asked for at once; reading files gains nothing beyond it.
const AT_ONCE: usize = 8;

/// So many symbols are named one by one; of more, only the number.
const FEW: usize = 3;

/// The bars of every symbol, empty where no source has any, and what went wrong.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Up to the selection's session; a file read whole may hold later ones.
    pub(super) bars: BTreeMap<Symbol, Bars>,
    /// Where each symbol's bars came from in this run: `cache`, or the sources that were asked.
    pub(super) came_from: BTreeMap<Symbol, String>,
    /// The sources that told the bars, in this run or before, in the order of the selection.
    pub(super) told_by: Vec<String>,
    pub(super) splits: Vec<Split>,
    pub(super) problems: Vec<Problem>,
    failures: BTreeMap<Symbol, Vec<String>>,
}

/// Gathers the bars from `from` to the selection's session, and all earlier ones that are held. The
/// `symbols` are distinct, and the most important come first: where calls are few, they get them.
///
/// # Errors
/// A folder of files that does not exist.
pub(super) async fn gather(
    app: &App,
    selection: &Selection,
    symbols: &[Symbol],
    from: NaiveDate,
    progress: Progress<'_>,
) -> Result<Gathered, Refusal> {
    let (settings, now) = (&app.loaded.settings, app.clock.now());
    let class = selection.asset_class;
    info!("Fetching {} {class} symbols", symbols.len());
    let mut gathered = Gathered::default();
    let mut live: Option<Live> = None;
    for name in &selection.sources {
        if *name == SourceName::Files {
            folder_exists(app, selection)?;
        }
        let open: Vec<Symbol> = symbols
            .iter()
            .filter(|symbol| !gathered.bars.contains_key(*symbol))
            .filter(|symbol| is_open(live.as_ref(), *name, symbol))
            .cloned()
            .collect();
        let source = match app.vendors.source(*name, settings, now) {
            Ok(source) => source,
            Err(error) => {
                open.iter().for_each(|symbol| gathered.fail(symbol, error.to_string()));
                continue;
            }
        };
        if !is_cached(*name) {
            gathered.read(app, selection, source, open, live.as_ref()).await;
            continue;
        }
        let state = match &mut live {
            Some(state) => state,
            None => {
                let (session, patience) = (selection.session, selection.patience);
                let span = Span { asset_class: class, from, session, patience, now };
                live.insert(Live::read(app.cache(), span, open.clone()).await)
            }
        };
        state.ask_vendor(&source, &open, progress).await;
    }
    if let Some(live) = live {
        gathered.take(live, symbols);
    }
    gathered.finish(app, selection, symbols);
    Ok(gathered)
}

/// Tells whether a source is asked for a symbol, after those before it. A file that has the session is
/// better than bars without it; simulated bars are better than none only.
fn is_open(live: Option<&Live>, name: SourceName, symbol: &Symbol) -> bool {
    match (name, live) {
        (SourceName::Files, Some(live)) => live.lacks(symbol),
        (SourceName::Simulated, Some(live)) => live.bars(symbol).is_none(),
        _ => true,
    }
}

impl Gathered {
    fn fail(&mut self, symbol: &Symbol, why: String) {
        self.failures.entry(symbol.clone()).or_default().push(why);
    }

    /// Reads symbols afresh from a source that is never cached.
    /// Where bars are held, others take their place only if they have the session.
    async fn read(
        &mut self,
        app: &App,
        selection: &Selection,
        source: Arc<dyn Source>,
        open: Vec<Symbol>,
        live: Option<&Live>,
    ) {
        let class = selection.asset_class;
        let name = source.name().to_owned();
        let last_finished = calendar::last_finished(class, app.clock.now());
        // A file is read whole, so that a bar dated in the future is seen and named.
        let is_file = name == SourceName::Files.as_str();
        let to = if is_file { NaiveDate::MAX } else { selection.session };
        for (symbol, answer) in ask(source, class, to, open).await {
            let Fetched { bars: mut rows, problems, .. } = match answer {
                Ok(fetched) => fetched,
                Err(error) => {
                    self.fail(&symbol, format!("{name}: {error}"));
                    continue;
                }
            };
            self.problems.extend(problems);
            if selection.session < last_finished {
                // An old session is decided, and told, from what was known on it.
                rows.retain(|bar| bar.date <= selection.session);
            }
            let is_session = |date| calendar::is_session(class, date);
            let (checked, bad) = check_sessions(symbol.clone(), rows, last_finished, is_session);
            self.problems.extend(bad);
            if checked.is_empty() {
                self.fail(&symbol, format!("{name} has no usable bars of it"));
                continue;
            }
            let last = checked.dates().last().copied();
            let is_held = live.is_some_and(|live| live.bars(&symbol).is_some());
            if let Some(last) = last.filter(|last| is_held && *last < selection.session) {
                self.fail(&symbol, format!("{name} ends on {last}"));
                continue;
            }
            self.came_from.insert(symbol.clone(), name.clone());
            self.told(&name);
            self.bars.insert(symbol, checked);
        }
    }

    /// Takes over what the vendors and the cache gave.
    fn take(&mut self, mut live: Live, symbols: &[Symbol]) {
        for symbol in symbols {
            if self.bars.contains_key(symbol) {
                continue;
            }
            let Some(Held { bars, tellers, prices, notes }) = live.release(symbol) else { continue };
            tellers.iter().for_each(|name| self.told(name));
            let told = notes.into_iter().map(|note| Problem::new(symbol, note.kind, note.message));
            self.problems.extend(told);
            if prices == Prices::Raw {
                let what = format!(
                    "{} tells prices as traded, and these are not adjusted: a split looks like a fall",
                    tellers.first().map_or("its source", String::as_str)
                );
                self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
            }
            let came_from =
                live.came_from.get(symbol).map_or_else(|| "cache".to_owned(), |own| own.join("+"));
            self.came_from.insert(symbol.clone(), came_from);
            self.bars.insert(symbol.clone(), bars);
        }
        self.problems.append(&mut live.problems);
        self.splits.append(&mut live.splits);
        for (symbol, mut reasons) in live.failures {
            self.failures.entry(symbol).or_default().append(&mut reasons);
        }
    }

    fn told(&mut self, name: &str) {
        if !self.told_by.iter().any(|known| known == name) {
            self.told_by.push(name.to_owned());
        }
    }

    /// Tells the failures, and gives every symbol without bars an empty series.
    fn finish(&mut self, app: &App, selection: &Selection, symbols: &[Symbol]) {
        let place = |name: &String| {
            let position = selection.sources.iter().position(|source| source.as_str() == name);
            position.unwrap_or(selection.sources.len())
        };
        self.told_by.sort_by_key(place);
        let settings = &app.loaded.settings;
        let keyless: Vec<String> = selection
            .keyless
            .iter()
            .filter_map(|name| Some(format!("{name} was not asked: set {}", key_hint(*name, settings)?)))
            .collect();
        for (symbol, mut reasons) in std::mem::take(&mut self.failures) {
            let last = self.bars.get(&symbol).and_then(|bars| bars.dates().last());
            let problem = match last {
                // A file that is found at the second place is no news.
                Some(_) if self.is_afresh(&symbol) => continue,
                Some(last) if *last < selection.session => {
                    reasons.extend(keyless.iter().cloned());
                    let what = format!("{}; the bars that are held end on {last}", reasons.join("; "));
                    Problem::new(&symbol, ProblemKind::Source, what)
                }
                Some(_) => {
                    let from = self.came_from.get(&symbol).map_or("cache", String::as_str);
                    let what = format!("{}; the bars are from {from}", reasons.join("; "));
                    Problem::new(&symbol, ProblemKind::Source, what)
                }
                None => {
                    reasons.extend(keyless.iter().cloned());
                    Problem::new(&symbol, ProblemKind::NoBars, reasons.join("; "))
                }
            };
            self.problems.push(problem);
        }
        let told = self.problems.iter().filter(|problem| problem.kind == ProblemKind::NoBars);
        let told: BTreeSet<String> = told.map(|problem| problem.symbol.clone()).collect();
        let is_untold =
            |symbol: &&Symbol| !self.bars.contains_key(*symbol) && !told.contains(symbol.as_str());
        let untold: Vec<Symbol> = symbols.iter().filter(is_untold).cloned().collect();
        for symbol in untold {
            let what = format!("no bars up to {}; those that are held begin later", selection.session);
            self.problems.push(Problem::new(&symbol, ProblemKind::NoBars, what));
        }
        self.problems.sort();
        self.problems.dedup();
        fold_not_yet(&mut self.problems, selection);
        for symbol in symbols {
            // A symbol without bars stays in the universe, so that it counts as stale.
            self.bars.entry(symbol.clone()).or_insert_with(|| Bars::empty(symbol.clone()));
        }
    }

    fn is_afresh(&self, symbol: &Symbol) -> bool {
        let name = self.came_from.get(symbol).and_then(|name| name.parse::<SourceName>().ok());
        name.is_some_and(|name| !is_cached(name))
    }
}

/// Says once, with a count, what a source said of the session for many symbols in the same words.
/// Each of them is named as stale by whoever decides.
fn fold_not_yet(problems: &mut Vec<Problem>, selection: &Selection) {
    let session = selection.session.to_string();
    let is_of_hour =
        |problem: &&Problem| problem.kind == ProblemKind::Source && problem.message.contains(&session);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for problem in problems.iter().filter(is_of_hour) {
        *counts.entry(problem.message.clone()).or_default() += 1;
    }
    counts.retain(|_, count| *count > FEW);
    problems.retain(|problem| problem.kind != ProblemKind::Source || !counts.contains_key(&problem.message));
    let told = counts.into_iter().map(|(message, count)| {
        Problem::new(selection.asset_class, ProblemKind::Source, format!("{message} ({count} symbols)"))
    });
    problems.extend(told);
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
