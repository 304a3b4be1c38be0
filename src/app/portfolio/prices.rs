//! The bars that lie at hand: in the cache or in files, whatever their age, and never by way of the network.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use chrono::NaiveDate;

use super::UNDO;
use crate::app::App;
use crate::app::bars::missing_between;
use crate::bars::{Bars, Split, check_sessions};
use crate::cache::ListedSplit;
use crate::calendar;
use crate::decide::{MarketBars, Ready, book_of, entry_doubt, prepare};
use crate::domain::format;
use crate::domain::{AssetClass, Bar, Position, Symbol};
use crate::scripts::{Options, Scripts};
use crate::settings::SourceName;
use crate::sources::{Files, Request};

/// A price further than this from its session's range is remarked, as the core would doubt it.
const FAR: f64 = 1.2;
/// Where the session has no bar yet: further than this from the newest close.
const FAR_FROM_CLOSE: f64 = 1.5;

/// A position at the scale of its bars.
pub(super) struct Marked {
    pub(super) position: Position,
    /// Why its numbers cannot be those of the bars: then it is neither rescaled nor marked.
    pub(super) doubt: Option<String>,
}

/// What lies at hand of one symbol.
pub(super) struct AtHand {
    pub(super) bars: Bars,
    /// Those that the source of the bars listed when it was asked.
    splits: Vec<Split>,
}

impl AtHand {
    /// Reads a symbol's bars up to the last finished session; `None` where there are none.
    pub(super) fn read(app: &App, class: AssetClass, symbol: &Symbol) -> Option<Self> {
        let now = app.clock.now();
        let last_finished = calendar::last_finished(class, now);
        let sources = app.loaded.settings.sources.of(class);
        let cache = app.cache();
        // Its problems are the next run's to tell.
        if cache.dir().exists()
            && let (Some(cached), _) = cache.get(class, symbol, now)
        {
            let known = cache.known_splits(class);
            let splits = known.of(&cached.meta.source, symbol).map(ListedSplit::split).collect();
            return Some(Self { bars: cached.bars.up_to(last_finished), splits });
        }
        if !sources.contains(&SourceName::Files) {
            return None;
        }
        let request =
            Request { asset_class: class, symbol: symbol.clone(), from: NaiveDate::MIN, to: last_finished };
        let read = Files::new(app.loaded.settings.sources.files.dir.clone()).read(&request).ok()?;
        let is_session = |date| calendar::is_session(class, date);
        let (bars, _) = check_sessions(symbol.clone(), read.bars, last_finished, is_session);
        (!bars.is_empty()).then_some(Self { bars, splits: Vec::new() })
    }

    /// Brings a position to the scale of the bars up to a session and marks it, by the core's own function.
    pub(super) fn marked(&self, position: &Position, session: NaiveDate) -> Option<Marked> {
        let market = MarketBars {
            universe: BTreeSet::new(),
            splits: self.splits.clone(),
            ..MarketBars::of(position.asset_class, vec![self.bars.clone()])
        };
        let options =
            Options { default_scorer: String::new(), overrides: BTreeMap::new(), disabled: BTreeSet::new() };
        let (no_scripts, _) = Scripts::compile(&[], &options);
        let prepared = prepare(market, &no_scripts, missing_between(position.asset_class)).ok()?;
        let classes = [Ready { prepared, session }];
        let book = book_of(position.market_value(), slice::from_ref(position), &classes);
        let position = book.positions.into_iter().next()?;
        let doubt = entry_doubt(&position, &classes[0].prepared);
        Some(Marked { position, doubt })
    }

    /// Remarks a price that is far from what was traded on its session or, without a bar of it, from the close before.
    pub(super) fn far_off(&self, price: f64, date: NaiveDate) -> Option<String> {
        let (symbol, told) = (self.bars.symbol(), format::price(price));
        if let Some(bar) = self.on(date) {
            let is_near = (bar.low / FAR..=bar.high * FAR).contains(&price);
            return (!is_near).then(|| {
                format!(
                    "{symbol}: {told} lies far from what was traded on {date}, {} to {}: unless it was split since, \
                     check it; {UNDO}",
                    format::price(bar.low),
                    format::price(bar.high)
                )
            });
        }
        let before = *self.bars.dates().iter().rfind(|own| **own < date)?;
        let close = self.on(before)?.close;
        let is_near = (close / FAR_FROM_CLOSE..=close * FAR_FROM_CLOSE).contains(&price);
        (!is_near).then(|| {
            format!(
                "{symbol}: {told} lies far from the close of {before}, {}: unless it was split since, check it; {UNDO}",
                format::price(close)
            )
        })
    }

    /// Returns the bar of a session.
    pub(super) fn on(&self, session: NaiveDate) -> Option<Bar> {
        self.bars.get(self.bars.dates().binary_search(&session).ok()?)
    }
}
