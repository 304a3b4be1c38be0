//! Where raw daily bars come from: one open trait, one folder or file for each source.
//!
//! A source hands over what it was told, unchecked: [`crate::bars::check`] judges the bars. A
//! source never caches and never asks the clock.

pub mod alpha_vantage;
mod answer;
mod bad_rows;
pub mod binance;
mod error;
mod files;
mod http;
mod limit;
mod loose;
pub mod polygon;
mod quota;
mod retry;
mod rows;
mod simulated;
mod vendor;

#[cfg(test)]
mod bad_answers;
#[cfg(test)]
mod doubtful_rows;
#[cfg(test)]
mod parse_properties;
#[cfg(test)]
mod test_server;

use std::future::Future;
use std::pin::Pin;

use chrono::Days;
use chrono::NaiveDate;

use crate::bars::Split;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Problem;
use crate::domain::Symbol;

pub use alpha_vantage::AlphaVantage;
pub use bad_rows::{BadRows, Unread};
pub use binance::Binance;
pub use error::SourceError;
pub use files::Files;
pub use polygon::Polygon;
pub use simulated::{SEED, Simulated};
pub use vendor::{Client, Tell};

/// A boxed future, so that sources of different types stand in one list.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How many days before the wanted one [`Source::latest`] looks: more than the longest closure of
/// any exchange.
const LATEST_SPAN: Days = Days::new(14);

/// One symbol's daily bars over a span of days, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub asset_class: AssetClass,
    pub symbol: Symbol,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// What a source gave for a request: raw bars within the span, in no promised order, and what it
/// could not read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetched {
    pub bars: Vec<Bar>,
    /// What is wrong with them, for as long as they are held.
    pub problems: Vec<Problem>,
    /// What is wrong at the hour of the answer: that a session is not there yet.
    pub for_now: Vec<Problem>,
    /// What a reader should know of the bars and need do nothing about.
    pub notes: Vec<String>,
    /// Why the source has no bars before the first, where it seems to hold them back.
    pub held_back: Option<String>,
}

/// Every symbol's bar of one session, and the symbols whose bar could not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WholeMarketBars {
    pub bars: Vec<(Symbol, Bar)>,
    pub unread: Unread,
}

/// Splits, oldest first, and the symbols of those that could not be read: whether their history still
/// holds is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Splits {
    pub splits: Vec<Split>,
    pub unread: Unread,
}

/// What a source allows, so that a fetch can be planned; `None` is without a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub requests_per_minute: Option<u32>,
    /// The most bars that one request gives.
    pub largest_page: Option<usize>,
    pub whole_market: WholeMarket,
    /// The requests that are left of the day, where the source counts them.
    pub calls_left: Option<u32>,
}

impl Limits {
    /// The limits of a source on this machine: none.
    pub const NONE: Limits = Limits {
        requests_per_minute: None,
        largest_page: None,
        whole_market: WholeMarket::Unavailable,
        calls_left: None,
    };

    /// Counts the most requests that the pages of one series over a span may take. By days, where
    /// sessions would do: a plan of a thousand symbols should not walk decades for each.
    pub fn pages(&self, from: NaiveDate, to: NaiveDate) -> usize {
        let days = usize::try_from((to - from).num_days()).unwrap_or(0) + 1;
        self.largest_page.map_or(1, |page| days.div_ceil(page.max(1)))
    }
}

/// Whether one request can give every symbol's bar of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeMarket {
    /// [`Source::market`] works: D missing sessions cost D requests, however many the symbols.
    ByDay,
    Unavailable,
}

/// What a source has done to its prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prices {
    /// Earlier prices are rescaled at every split (or the asset has none), so that a close compares
    /// with every other.
    SplitAdjusted,
    /// As traded on the day. Such bars may join adjusted ones only where overlapping closes agree.
    Raw,
}

/// A place that knows daily bars.
///
/// Implementations respect their own rate limit before each request, and report a failure by its
/// kind, never with a secret in it.
pub trait Source: Send + Sync {
    /// Returns the name that settings and reports use.
    fn name(&self) -> &str;

    /// Returns what the source allows.
    fn limits(&self) -> Limits;

    /// Gives one symbol's bars over a span. No bar in the span is an empty answer, not an error.
    ///
    /// # Errors
    /// [`SourceError`] by the kind of failure.
    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>>;

    /// Counts the most requests that [`Source::daily`] makes for this one.
    fn calls(&self, request: &Request) -> usize {
        self.limits().pages(request.from, request.to)
    }

    /// Gives a symbol's newest bar up to and including `until`, or `None` where the two weeks
    /// before it have none.
    ///
    /// # Errors
    /// As [`Source::daily`].
    fn latest<'a>(
        &'a self,
        asset_class: AssetClass,
        symbol: &'a Symbol,
        until: NaiveDate,
    ) -> BoxFuture<'a, Result<Option<Bar>, SourceError>> {
        Box::pin(newest_of_span(self, asset_class, symbol, until))
    }

    /// Gives every symbol's bar of one session, where [`Limits::whole_market`] says so.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] where it does not, else as [`Source::daily`].
    fn market<'a>(
        &'a self,
        _asset_class: AssetClass,
        _session: NaiveDate,
    ) -> BoxFuture<'a, Result<WholeMarketBars, SourceError>> {
        let source_name = self.name().to_owned();
        Box::pin(async move { Err(SourceError::Unsupported { source_name, what: "a whole market" }) })
    }

    /// Tells what the source has done to its prices.
    fn prices(&self) -> Prices {
        Prices::SplitAdjusted
    }

    /// Tells whether [`Source::splits`] works.
    fn lists_splits(&self) -> bool {
        false
    }

    /// Gives the splits whose first session at the new price lies between two days, both included:
    /// of one symbol, or with `None` of every symbol. Oldest first.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] where [`Source::lists_splits`] says so, else as [`Source::daily`].
    fn splits<'a>(
        &'a self,
        _symbol: Option<&'a Symbol>,
        _from: NaiveDate,
        _to: NaiveDate,
    ) -> BoxFuture<'a, Result<Splits, SourceError>> {
        let source_name = self.name().to_owned();
        Box::pin(async move { Err(SourceError::Unsupported { source_name, what: "splits" }) })
    }
}

async fn newest_of_span<S: Source + ?Sized>(
    source: &S,
    asset_class: AssetClass,
    symbol: &Symbol,
    until: NaiveDate,
) -> Result<Option<Bar>, SourceError> {
    let from = until.checked_sub_days(LATEST_SPAN).unwrap_or(NaiveDate::MIN);
    let request = Request { asset_class, symbol: symbol.clone(), from, to: until };
    let fetched = source.daily(&request).await?;
    Ok(fetched.bars.into_iter().max_by_key(|bar| bar.date))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has bars, in no order.
    struct Shelf;

    impl Source for Shelf {
        fn name(&self) -> &str {
            "shelf"
        }

        fn limits(&self) -> Limits {
            Limits::NONE
        }

        fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
            Box::pin(async move {
                let bars = [4, 5, 3].map(bar).into_iter().filter(|bar| bar.date <= request.to);
                Ok(Fetched { bars: bars.collect(), ..Fetched::default() })
            })
        }
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 1, day).expect("a day of January")
    }

    fn bar(number: u32) -> Bar {
        Bar { date: day(number), open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 }
    }

    #[test]
    fn a_span_takes_as_many_requests_as_it_has_pages_of_days() {
        let paged = Limits { largest_page: Some(3), ..Limits::NONE };
        for (limits, to, expected) in
            [(paged, 3, 1), (paged, 4, 2), (paged, 9, 3), (paged, 1, 1), (Limits::NONE, 9, 1)]
        {
            assert_eq!(limits.pages(day(1), day(to)), expected, "{limits:?} to {to}");
        }
    }

    #[tokio::test]
    async fn the_latest_bar_is_the_newest_up_to_the_day() {
        let symbol = Symbol::new("A").expect("a symbol");
        for (until, expected) in [(day(9), Some(bar(5))), (day(4), Some(bar(4))), (day(2), None)] {
            assert_eq!(Shelf.latest(AssetClass::Equity, &symbol, until).await, Ok(expected));
        }
    }

    #[tokio::test]
    async fn a_source_without_a_whole_market_refuses_it() {
        let answer = Shelf.market(AssetClass::Equity, day(2)).await;
        assert_eq!(
            answer,
            Err(SourceError::Unsupported { source_name: "shelf".into(), what: "a whole market" })
        );
    }
}
