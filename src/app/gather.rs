//! Brings the bars of some symbols together from the sources of a selection, in their order.
//!
//! Vendors are asked through the cache; files and the simulated market are read afresh. A symbol that
//! one source fails is tried at the next, and one that none has costs only itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use tracing::info;

use super::answers::Progress;
use super::live::{Held, Live, Span};
use super::sources::{is_cached, key_hint};
use super::{App, Refusal, Selection};
use crate::bars::{Bars, Split};
use crate::cache::HeldBack;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::settings::SourceName;
use crate::sources::Prices;

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
    /// The jumps for which a vendor, asked, lists no split.
    pub(super) real_moves: BTreeSet<(Symbol, NaiveDate)>,
    /// Whether a source has a bar of a symbol after the session and none up to it.
    pub(super) begins_later: bool,
    pub(super) problems: Vec<Problem>,
    /// What is true of the hour alone: that a session is not there yet.
    pub(super) for_now: Vec<Problem>,
    failures: BTreeMap<Symbol, Vec<String>>,
}

/// Gathers the bars from `from` to the selection's session, and all earlier ones that are held. The
/// `symbols` are distinct, and the most important come first: where calls are few, they get them. Of
/// those in `held_since`, no split since that day may be missed.
///
/// # Errors
/// A folder of files that does not exist.
pub(super) async fn gather(
    app: &App,
    selection: &Selection,
    symbols: &[Symbol],
    held_since: &BTreeMap<Symbol, NaiveDate>,
    from: NaiveDate,
    progress: Progress<'_>,
) -> Result<Gathered, Refusal> {
    let (settings, now) = (&app.loaded.settings, app.clock.now());
    let class = selection.asset_class;
    info!("Fetching {} {class} symbols", symbols.len());
    let mut gathered = Gathered::default();
    let mut live: Option<Live> = None;
    let mut vendors = Vec::new();
    for name in &selection.sources {
        if *name == SourceName::Files {
            folder_exists(app, selection)?;
        }
        let open: Vec<Symbol> = symbols
            .iter()
            .filter(|symbol| is_open(&gathered, live.as_ref(), *name, selection.session, symbol))
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
            gathered.read(selection, source, open, live.as_ref(), now).await;
            continue;
        }
        let state = match &mut live {
            Some(state) => state,
            None => {
                let (session, patience) = (selection.session, selection.patience);
                let span = Span { asset_class: class, from, session, patience, now };
                let state = live.insert(Live::read(app.cache(), span, open.clone()).await);
                state.held_since.clone_from(held_since);
                state
            }
        };
        state.ask_vendor(&source, &open, progress).await;
        vendors.push(source);
    }
    if let Some(mut live) = live {
        let from_vendors: Vec<Symbol> =
            symbols.iter().filter(|symbol| !gathered.has(symbol, selection.session)).cloned().collect();
        live.check_splits(&vendors, &from_vendors, progress).await;
        gathered.take(live, symbols);
    }
    gathered.finish(app, selection, symbols);
    Ok(gathered)
}

/// Tells whether a source is asked for a symbol, after those before it. A file that has the session is
/// better than bars without it, and a vendor's than a file that ends before; simulated bars are better
/// than none only.
fn is_open(
    gathered: &Gathered,
    live: Option<&Live>,
    name: SourceName,
    session: NaiveDate,
    symbol: &Symbol,
) -> bool {
    let read = gathered.bars.get(symbol);
    match (name, live) {
        (SourceName::Simulated, Some(live)) => read.is_none() && live.bars(symbol).is_none(),
        (SourceName::Simulated, None) => read.is_none(),
        (SourceName::Files, Some(live)) => read.is_none() && live.lacks(symbol),
        _ => !gathered.has(symbol, session),
    }
}

impl Gathered {
    /// Tells whether bars of a symbol were read that go up to the session.
    fn has(&self, symbol: &Symbol, session: NaiveDate) -> bool {
        self.bars.get(symbol).and_then(|bars| bars.dates().last()).is_some_and(|last| *last >= session)
    }

    pub(super) fn fail(&mut self, symbol: &Symbol, why: String) {
        self.failures.entry(symbol.clone()).or_default().push(why);
    }

    /// Takes over what the vendors and the cache gave.
    fn take(&mut self, mut live: Live, symbols: &[Symbol]) {
        for symbol in symbols {
            // What was read afresh gives way only to bars that go further.
            let read = self.bars.get(symbol).and_then(|bars| bars.dates().last().copied());
            let is_further = live.bars(symbol).is_some_and(|bars| {
                let end = bars.dates().partition_point(|date| *date <= live.span.session);
                bars.dates()[..end].last().copied() > read
            });
            if read.is_some() && !is_further {
                continue;
            }
            let first = live.bars(symbol).and_then(|held| held.dates().first().copied());
            self.begins_later |= first.is_some_and(|first| first > live.span.session);
            let Some(Held { bars, tellers, prices, notes, held_back }) = live.release(symbol) else {
                continue;
            };
            tellers.iter().for_each(|name| self.told(name));
            let told = notes.into_iter().map(|note| Problem::new(symbol, note.kind, note.message));
            self.problems.extend(told);
            let wanted = live.span.from;
            let first = bars
                .dates()
                .first()
                .filter(|first| calendar::sessions_between(live.span.asset_class, wanted, **first) > 0);
            // Of interest to who wants those days, and to nobody else.
            if let (Some(HeldBack { why, .. }), Some(first)) = (held_back, first) {
                let source = tellers.first().map_or("the source", String::as_str);
                let what = format!("{source}'s bars begin on {first}, not on {wanted}: {why}");
                self.problems.push(Problem::new(symbol, ProblemKind::Source, what));
            }
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
        self.splits.extend(live.splits());
        self.for_now.append(&mut live.for_now);
        self.real_moves.append(&mut live.real_moves);
        for (symbol, mut reasons) in live.failures {
            self.failures.entry(symbol).or_default().append(&mut reasons);
        }
    }

    pub(super) fn told(&mut self, name: &str) {
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
        self.problems.extend(folded(std::mem::take(&mut self.for_now), selection.asset_class));
        self.problems.sort();
        self.problems.dedup();
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

/// Says once, with a count, what was said of the hour for many symbols in the same words. Each of them
/// is named as stale by whoever decides.
fn folded(mut problems: Vec<Problem>, class: AssetClass) -> Vec<Problem> {
    let mut counts: BTreeMap<(ProblemKind, String), usize> = BTreeMap::new();
    for problem in &problems {
        *counts.entry((problem.kind, problem.message.clone())).or_default() += 1;
    }
    counts.retain(|_, count| *count > FEW);
    problems.retain(|problem| !counts.contains_key(&(problem.kind, problem.message.clone())));
    let told = counts
        .into_iter()
        .map(|((kind, message), count)| Problem::new(class, kind, format!("{message} ({count} symbols)")));
    problems.extend(told);
    problems
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::scripted::{Trial, Vendor, day, symbols};
    use super::*;
    use crate::cache::Patience;
    use crate::settings::Settings;
    use crate::sources::Files;

    const THURSDAY: &str = "2026-11-19T22:00:00Z";
    const FRIDAY: &str = "2026-11-20T22:00:00Z";

    fn selection(sources: &[SourceName]) -> Selection {
        Selection {
            asset_class: AssetClass::Equity,
            sources: sources.to_vec(),
            keyless: Vec::new(),
            session: day("2026-11-20"),
            patience: Patience::Kept,
        }
    }

    fn messages(gathered: &Gathered, symbol: &Symbol) -> Vec<String> {
        let all = gathered.problems.iter().chain(&gathered.for_now);
        let own = all.filter(|problem| problem.symbol == symbol.as_str());
        own.map(|problem| problem.message.clone()).collect()
    }

    #[tokio::test]
    async fn bars_that_are_not_adjusted_are_named_in_every_run() {
        let (trial, symbols) = (Trial::new(), symbols(&["AAPL"]));
        let raw = Vendor::alpha_vantage("2026-11-20");
        for _ in 0..2 {
            let live = trial.ask(FRIDAY, &[&raw], &symbols).await;
            let mut gathered = Gathered::default();
            gathered.take(live, &symbols);
            let told = messages(&gathered, &symbols[0]);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains("as traded") && told[0].contains("alpha_vantage"), "{told:?}");
        }
        assert_eq!(raw.asked(), ["daily AAPL 2026-06-01"]);
    }

    #[tokio::test]
    async fn what_a_fetch_said_of_its_bars_is_said_by_warm_runs_too() {
        let (trial, symbols) = (Trial::new(), symbols(&["AAPL"]));
        let vendor = Vendor::polygon("2026-11-19").with(|own| {
            own.says = vec!["the window was clipped, told on 2026-11-20"];
            own.says_for_now = vec!["there is no bar of 2026-11-20 yet"];
            own.unsound = vec![day("2026-10-05")];
        });
        for now in [FRIDAY, "2026-11-20T22:05:00Z"] {
            let live = trial.ask(now, &[&vendor], &symbols).await;
            let mut gathered = Gathered::default();
            gathered.take(live, &symbols);
            let told = messages(&gathered, &symbols[0]).join("; ");
            assert!(
                told.contains("the window was clipped, told on 2026-11-20") && told.contains("2026-10-05"),
                "{now}: {told}"
            );
            // What is true of the hour only is said in it.
            assert_eq!(told.contains("no bar of 2026-11-20 yet"), now == FRIDAY, "{told}");
        }
        assert_eq!(vendor.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_file_that_has_the_session_takes_the_place_of_bars_without_it() {
        let (trial, symbols) = (Trial::new(), symbols(&["AAPL", "MSFT", "NVDA"]));
        let vendor = Vendor::polygon("2026-11-19");
        let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = folder.path().join("equity");
        std::fs::create_dir(&own).expect("a folder");
        let head = "date,open,high,low,close,volume\n2026-11-18,7,7,7,7,1\n2026-11-19,7,7,7,7,1\n";
        std::fs::write(own.join("AAPL.csv"), format!("{head}2026-11-20,7,7,7,7,1\n")).expect("a file");
        std::fs::write(own.join("MSFT.csv"), head).expect("a file");
        let open: Vec<Symbol> = symbols
            .iter()
            .filter(|symbol| {
                is_open(&Gathered::default(), Some(&live), SourceName::Files, live.span.session, symbol)
            })
            .cloned()
            .collect();
        assert_eq!(open, symbols);
        let mut gathered = Gathered::default();
        let selection = selection(&[SourceName::Polygon, SourceName::Files]);
        let files = Arc::new(Files::new(folder.path().to_owned()));
        let now = FRIDAY.parse().expect("an instant");
        gathered.read(&selection, files, open, Some(&live), now).await;
        gathered.take(live, &symbols);
        let last = |symbol: &Symbol| gathered.bars[symbol].dates().last().copied();
        assert_eq!(last(&symbols[0]), Some(day("2026-11-20")));
        assert_eq!(gathered.bars[&symbols[0]].len(), 3, "the file's bars whole, and none of the vendor's");
        assert_eq!(
            (last(&symbols[1]), last(&symbols[2])),
            (Some(day("2026-11-19")), Some(day("2026-11-19")))
        );
        assert_eq!(gathered.came_from[&symbols[0]], "files");
        assert_eq!(gathered.came_from[&symbols[1]], "polygon");
    }

    #[tokio::test]
    async fn nothing_else_is_opened_for_bars_that_have_the_session() {
        let (trial, symbols) = (Trial::new(), symbols(&["AAPL"]));
        let live = trial.ask(THURSDAY, &[&Vendor::polygon("2026-11-19")], &symbols).await;
        for name in [SourceName::Files, SourceName::Simulated] {
            let is_open = is_open(&Gathered::default(), Some(&live), name, live.span.session, &symbols[0]);
            assert!(!is_open, "{name}");
        }
        let live = trial.ask(FRIDAY, &[&Vendor::polygon("2026-11-19")], &symbols).await;
        let session = live.span.session;
        let is_open = is_open(&Gathered::default(), Some(&live), SourceName::Simulated, session, &symbols[0]);
        assert!(!is_open, "made up, where bars are held");
    }

    #[tokio::test]
    async fn a_file_that_ends_before_the_session_gives_way_to_a_vendor_behind_it() {
        let (trial, symbols) = (Trial::new(), symbols(&["AAPL", "MSFT"]));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = folder.path().join("equity");
        std::fs::create_dir(&own).expect("a folder");
        let head = "date,open,high,low,close,volume\n2026-11-19,7,7,7,7,1\n";
        std::fs::write(own.join("AAPL.csv"), format!("{head}2026-11-20,7,7,7,7,1\n")).expect("a file");
        std::fs::write(own.join("MSFT.csv"), head).expect("a file");
        let selection = selection(&[SourceName::Files, SourceName::Polygon, SourceName::Simulated]);
        let now = FRIDAY.parse().expect("an instant");
        let files = || Arc::new(Files::new(folder.path().to_owned()));
        for (vendor, expected) in [("2026-11-20", "polygon"), ("2026-11-19", "files")] {
            let mut gathered = Gathered::default();
            gathered.read(&selection, files(), symbols.clone(), None, now).await;
            let session = selection.session;
            let is_open = |name, symbol| is_open(&gathered, None, name, session, symbol);
            assert!(!is_open(SourceName::Polygon, &symbols[0]) && is_open(SourceName::Polygon, &symbols[1]));
            assert!(!is_open(SourceName::Simulated, &symbols[1]), "made up, where bars are read");
            let live = trial.ask(FRIDAY, &[&Vendor::polygon(vendor)], &symbols[1..]).await;
            gathered.take(live, &symbols);
            assert_eq!(gathered.came_from[&symbols[0]], "files");
            assert_eq!(gathered.came_from[&symbols[1]], expected);
            trial.cache.clear(&crate::cache::Which::All).expect("writable");
        }
    }

    #[test]
    fn what_a_source_says_of_the_session_for_many_is_said_once() {
        let said = |name: &str, message: &str| Problem::new(name, ProblemKind::Source, message);
        let mut problems: Vec<Problem> =
            ["A", "B", "C", "D"].iter().map(|name| said(name, "no bar of 2026-11-20 yet")).collect();
        let odd = said("B", "no bar of 2026-11-20: odd");
        problems.push(odd.clone());
        let told = folded(problems, AssetClass::Equity);
        assert_eq!(told, [odd, said("equity", "no bar of 2026-11-20 yet (4 symbols)")]);
        // A few are named.
        let few = vec![said("A", "no bar of 2026-11-20 yet"), said("B", "no bar of 2026-11-20 yet")];
        assert_eq!(folded(few.clone(), AssetClass::Equity), few);
    }

    #[test]
    fn symbols_that_are_named_need_no_universe() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("ts.toml"), "[universe]\ncrypto = []\n").expect("a file");
        let sources =
            crate::settings::Sources { working_folder: folder.path().to_owned(), ..Default::default() };
        let loaded = Settings::load(&sources).expect("sound settings");
        let now = FRIDAY.parse().expect("an instant");
        let app = App::new(loaded, crate::clock::Clock::Fixed(now));
        let named = super::super::select::select_named(&app, AssetClass::Crypto, None);
        assert_eq!(named.expect("a class without a universe").sources, [SourceName::Binance]);
        let asked = super::super::Asked::ByName(AssetClass::Crypto);
        let refused = super::super::select::select(&app, asked, None, None).expect_err("nothing to trade");
        assert!(refused.to_string().contains("universe.crypto"), "{refused}");
    }
}
