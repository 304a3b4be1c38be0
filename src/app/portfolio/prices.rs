//! The bars that lie at hand: in the cache or in files, whatever their age, and never by way of the network.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use chrono::NaiveDate;

use crate::app::App;
use crate::app::bars::missing_between;
use crate::bars::{Bars, Split, check_sessions};
use crate::cache::ListedSplit;
use crate::calendar;
use crate::decide::{MarketBars, Ready, book_of, entry_doubt, prepare};
use crate::domain::{AssetClass, Bar, Position, Symbol};
use crate::scripts::{Options, Scripts};
use crate::settings::SourceName;
use crate::sources::{Files, Request};

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

    /// Returns the bar of a session.
    pub(super) fn on(&self, session: NaiveDate) -> Option<Bar> {
        self.bars.get(self.bars.dates().binary_search(&session).ok()?)
    }
}
