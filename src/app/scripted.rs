//! A vendor without HTTP that the tests make misbehave, and a cache in a folder of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;

use super::live::{Live, Span};
use crate::bars::Split;
use crate::cache::{Cache, Patience};
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::BoxFuture;
use crate::sources::{Fetched, Request, Source, SourceError};
use crate::sources::{Limits, Prices, Splits, Unread, WholeMarket, WholeMarketBars};

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().expect("an ISO date")
}

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an RFC 3339 instant")
}

pub(super) fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name).expect("a symbol")).collect()
}

/// What a vendor has, and how it fails.
pub(super) struct Vendor {
    pub(super) name: &'static str,
    pub(super) prices: Prices,
    pub(super) limits: Limits,
    /// The first and the newest day that it has bars of.
    pub(super) since: NaiveDate,
    pub(super) until: NaiveDate,
    /// Sessions of the calendar without any bar.
    pub(super) closed: Vec<NaiveDate>,
    /// Symbols of which it has nothing.
    pub(super) gone: Vec<&'static str>,
    /// Symbols whose newest bar it has a day later than the others'.
    pub(super) late: Vec<&'static str>,
    /// Symbols whose rows of the whole market cannot be read.
    pub(super) unread: Vec<&'static str>,
    /// Days whose bars fail every check.
    pub(super) unsound: Vec<NaiveDate>,
    /// All prices are so many times the others'.
    pub(super) scale: f64,
    /// From this day on the prices are so many times those before.
    pub(super) jump: Option<(NaiveDate, f64)>,
    pub(super) volume: f64,
    /// What it says of every symbol's bars.
    pub(super) says: Vec<&'static str>,
    /// What it says of them at the hour.
    pub(super) says_for_now: Vec<&'static str>,
    pub(super) splits: Option<Vec<Split>>,
    /// Rows of its list of splits that name no symbol.
    pub(super) nameless_splits: usize,
    /// The first whose text begins a call, as [`Vendor::asked`] writes it, is its answer.
    pub(super) fails: Vec<(&'static str, SourceError)>,
    asked: Mutex<Vec<String>>,
    running: AtomicUsize,
    pub(super) most_at_once: AtomicUsize,
}

impl Vendor {
    /// Adjusted, five calls a minute, and the whole market by day.
    pub(super) fn polygon(until: &str) -> Arc<Self> {
        Arc::new(Self {
            name: "polygon",
            prices: Prices::SplitAdjusted,
            limits: Limits {
                requests_per_minute: Some(5),
                largest_page: Some(50_000),
                calls_left: None,
                whole_market: WholeMarket::ByDay,
            },
            since: day("2020-01-01"),
            until: day(until),
            closed: Vec::new(),
            gone: Vec::new(),
            late: Vec::new(),
            unread: Vec::new(),
            unsound: Vec::new(),
            scale: 1.0,
            jump: None,
            volume: 1e6,
            says: Vec::new(),
            says_for_now: Vec::new(),
            splits: Some(Vec::new()),
            nameless_splits: 0,
            fails: Vec::new(),
            asked: Mutex::default(),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        })
    }

    /// Raw, symbol by symbol, without a list of splits.
    pub(super) fn alpha_vantage(until: &str) -> Arc<Self> {
        Self::polygon(until).with(|own| {
            own.name = "alpha_vantage";
            own.prices = Prices::Raw;
            own.limits.whole_market = WholeMarket::Unavailable;
            own.volume = 2e6;
            own.splits = None;
        })
    }

    /// Changes it before it is first asked.
    pub(super) fn with(self: Arc<Self>, change: impl FnOnce(&mut Self)) -> Arc<Self> {
        let mut own = Arc::into_inner(self).expect("nobody else has it yet");
        change(&mut own);
        Arc::new(own)
    }

    /// Fails every call that begins so.
    pub(super) fn failing(self: Arc<Self>, call: &'static str, error: SourceError) -> Arc<Self> {
        self.with(|own| own.fails.push((call, error)))
    }

    /// Returns the calls since this was last asked for: `daily AAPL 2026-06-01` with the first day,
    /// `market 2026-11-20`, `splits AAPL` or `splits all`.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("no test panicked with it"))
    }

    fn ask(&self, call: String) -> Result<(), SourceError> {
        let failure = self.fails.iter().find(|(begin, _)| call.starts_with(begin));
        let failure = failure.map(|(_, error)| error.clone());
        self.asked.lock().expect("no test panicked with it").push(call);
        failure.map_or(Ok(()), Err)
    }

    fn bars(&self, symbol: &Symbol, from: NaiveDate, to: NaiveDate) -> Vec<Bar> {
        if self.gone.contains(&symbol.as_str()) {
            return Vec::new();
        }
        let mut sessions = calendar::sessions(AssetClass::Equity, from.max(self.since), to.min(self.until));
        let is_late = self.late.contains(&symbol.as_str());
        sessions.retain(|session| !(self.closed.contains(session) || is_late && *session == self.until));
        sessions.into_iter().map(|date| self.bar(symbol, date)).collect()
    }

    fn bar(&self, symbol: &Symbol, date: NaiveDate) -> Bar {
        let number = f64::from(date.to_epoch_days() - 19_000);
        let level = f64::from(symbol.as_str().bytes().map(u32::from).sum::<u32>());
        let scale = match self.jump {
            Some((from, ratio)) if date >= from => self.scale * ratio,
            _ => self.scale,
        };
        let close = (level + (number * 0.37).sin()) * scale;
        let low = if self.unsound.contains(&date) { -1.0 } else { close * 0.99 };
        Bar { date, open: close, high: close * 1.01, low, close, volume: self.volume }
    }
}

impl Source for Vendor {
    fn name(&self) -> &str {
        self.name
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn prices(&self) -> Prices {
        self.prices
    }

    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(running, Ordering::SeqCst);
            tokio::task::yield_now().await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            let Request { symbol, from, to, .. } = request;
            self.ask(format!("daily {symbol} {from}"))?;
            let said = |text: &&str| Problem::new(symbol, ProblemKind::Source, *text);
            let problems = self.says.iter().map(said).collect();
            let for_now = self.says_for_now.iter().map(said).collect();
            Ok(Fetched { bars: self.bars(symbol, *from, *to), problems, for_now, ..Fetched::default() })
        })
    }

    fn market<'a>(
        &'a self,
        _asset_class: AssetClass,
        session: NaiveDate,
    ) -> BoxFuture<'a, Result<WholeMarketBars, SourceError>> {
        Box::pin(async move {
            self.ask(format!("market {session}"))?;
            let mut whole = WholeMarketBars::default();
            for symbol in many(26) {
                if self.unread.contains(&symbol.as_str()) {
                    whole.unread.symbols.insert(symbol);
                    continue;
                }
                let bars = self.bars(&symbol, session, session);
                whole.bars.extend(bars.into_iter().map(|bar| (symbol.clone(), bar)));
            }
            Ok(whole)
        })
    }

    fn lists_splits(&self) -> bool {
        self.splits.is_some()
    }

    fn splits<'a>(
        &'a self,
        symbol: Option<&'a Symbol>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> BoxFuture<'a, Result<Splits, SourceError>> {
        Box::pin(async move {
            let Some(splits) = &self.splits else {
                let source_name = self.name.to_owned();
                return Err(SourceError::Unsupported { source_name, what: "splits" });
            };
            self.ask(format!("splits {}", symbol.map_or("all", Symbol::as_str)))?;
            let is_meant = |split: &&Split| {
                let is_own = symbol.is_none_or(|symbol| split.symbol == *symbol);
                is_own && from <= split.date && split.date <= to
            };
            let unread = Unread { nameless: self.nameless_splits, ..Unread::default() };
            Ok(Splits { splits: splits.iter().filter(is_meant).cloned().collect(), unread })
        })
    }
}

/// The first symbols of the market that a day's call gives: `A`, `B` and so on.
pub(super) fn many(count: u8) -> Vec<Symbol> {
    (0..count).map(|number| Symbol::new(&char::from(b'A' + number).to_string()).expect("a letter")).collect()
}

pub(super) fn transport() -> SourceError {
    SourceError::Transport { place: "polygon".into(), what: "no connection".into() }
}

pub(super) fn busy() -> SourceError {
    SourceError::RateLimited { place: "polygon".into(), wait: None }
}

pub(super) fn refused() -> SourceError {
    SourceError::Unauthorised { place: "polygon".into(), what: "not in the plan".into() }
}

/// A cache, asked about from 2026-06-01 on.
pub(super) struct Trial {
    _folder: tempfile::TempDir,
    pub(super) cache: Cache,
    pub(super) patience: Patience,
    pub(super) held_since: BTreeMap<Symbol, NaiveDate>,
}

impl Trial {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::new(folder.path().join("cache"), 24);
        Self { _folder: folder, cache, patience: Patience::Kept, held_since: BTreeMap::new() }
    }

    /// Reads what is held, as a run at an instant does.
    pub(super) async fn read(&self, now: &str, symbols: &[Symbol]) -> Live {
        let now = instant(now);
        let asset_class = AssetClass::Equity;
        let session = calendar::last_finished(asset_class, now);
        let span = Span { asset_class, from: day("2026-06-01"), session, patience: self.patience, now };
        let mut live = Live::read(self.cache.clone(), span, symbols.to_vec()).await;
        live.held_since.clone_from(&self.held_since);
        live
    }

    /// Asks the vendors in turn, as a run at an instant does.
    pub(super) async fn ask(&self, now: &str, vendors: &[&Arc<Vendor>], symbols: &[Symbol]) -> Live {
        let mut live = self.read(now, symbols).await;
        let mut sources: Vec<Arc<dyn Source>> = Vec::new();
        for vendor in vendors {
            let source: Arc<dyn Source> = Arc::<Vendor>::clone(vendor);
            live.ask_vendor(&source, symbols, &|_, _| ()).await;
            sources.push(source);
        }
        live.check_splits(&sources, symbols, &|_, _| ()).await;
        live
    }
}
