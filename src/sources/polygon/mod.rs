//! Polygon, now Massive: US equities, split-adjusted, asked for by symbol or the whole market a day.
//!
//! The key goes into a header. A next page is asked for only from the vendor itself: an address
//! elsewhere is an error, as it would carry the key there. Nothing is cached, and the time is told by
//! the caller.

mod limits;
pub mod parse;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use secrecy::SecretString;

use super::BoxFuture;
use super::Fetched;
use super::Limits;
use super::Request;
use super::Source;
use super::SourceError;
use super::WholeMarket;
use super::answer::Answer;
use super::answer::malformed;
use super::http::Http;
use super::http::Key;
use super::limit::Limiter;
use super::retry::Retry;
use super::vendor::Call;
use super::vendor::Vendor;
use crate::bars::Split;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::settings;

pub use parse::MarketStatus;

const NAME: &str = "polygon";
/// The most bars on a page, and what is asked for: the default is a tenth of it.
const PAGE: usize = 50_000;
/// The most splits on a page.
const SPLIT_PAGE: usize = 1_000;
/// More pages than any answer has: a cursor that runs in a circle ends here.
const MOST_PAGES: usize = 200;
/// One vendor under its new and its old name; either may stand in the other's `next_url`.
const HOSTS: &[&str] = &["api.massive.com", "api.polygon.io"];

/// Polygon's daily bars.
#[derive(Clone)]
pub struct Polygon {
    vendor: Arc<Vendor>,
    now: DateTime<Utc>,
}

impl Polygon {
    /// Prepares the source; nothing is sent. `now` is the instant of the run.
    ///
    /// # Errors
    /// [`SourceError::Transport`] where the base address is none, or TLS is not available.
    pub fn new(
        settings: &settings::Polygon,
        key: SecretString,
        now: DateTime<Utc>,
    ) -> Result<Self, SourceError> {
        let timeout = Duration::from_secs(settings.timeout_secs);
        let vendor = Vendor {
            http: Http::new(NAME, &settings.base_url, Key::Bearer(key), timeout)?,
            limiter: Limiter::new(settings.requests_per_minute, Duration::from_secs(60)),
            retry: Retry::default(),
            quota: None,
        };
        Ok(Self::of_vendor(vendor, now))
    }

    pub(super) fn of_vendor(vendor: Vendor, now: DateTime<Utc>) -> Self {
        Self { vendor: Arc::new(vendor), now }
    }

    /// Returns the same source at a later instant: one client and one rate limit for many runs.
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        Self { now, ..self.clone() }
    }

    /// Gives a symbol's bar of the last finished session, or `None` for a symbol without one.
    ///
    /// # Errors
    /// As [`Source::daily`].
    pub async fn previous_close(&self, symbol: &Symbol) -> Result<Option<Bar>, SourceError> {
        let parts = ["v2", "aggs", "ticker", symbol.as_str(), "prev"];
        let query = [("adjusted", "true".to_owned())];
        let call = Call::Path { parts: &parts, query: &query };
        let judge = |answer: &Answer| parse::bars(&answer.place, symbol, good(answer, None)?);
        let page = self.vendor.ask(symbol.as_str(), call, judge).await?;
        Ok(page.bars.last().copied())
    }

    /// Tells whether the market trades now.
    ///
    /// # Errors
    /// As [`Source::daily`].
    pub async fn market_status(&self) -> Result<MarketStatus, SourceError> {
        let call = Call::Path { parts: &["v1", "marketstatus", "now"], query: &[] };
        let judge = |answer: &Answer| parse::market_status(&answer.place, good(answer, None)?);
        self.vendor.ask("market status", call, judge).await
    }

    async fn range(&self, request: &Request) -> Result<Fetched, SourceError> {
        let symbol = &request.symbol;
        let (from, to) = (request.from.to_string(), request.to.to_string());
        let parts = ["v2", "aggs", "ticker", symbol.as_str(), "range", "1", "day", &from, &to];
        let query =
            [("adjusted", "true".to_owned()), ("sort", "asc".to_owned()), ("limit", PAGE.to_string())];
        let mut call = Call::Path { parts: &parts, query: &query };
        let mut fetched = Fetched::default();
        for _ in 0..MOST_PAGES {
            let judge =
                |answer: &Answer| parse::bars(&answer.place, symbol, good(answer, Some(request.from))?);
            let page = self.vendor.ask(symbol.as_str(), call, judge).await?;
            fetched.bars.extend(page.bars);
            fetched.problems.extend(page.bad_rows.problem(NAME, symbol));
            let Some(next) = page.next else {
                fetched.bars.retain(|bar| request.from <= bar.date && bar.date <= request.to);
                fetched.problems.extend(limits::notes(request, &fetched.bars, self.now));
                return Ok(fetched);
            };
            call = self.next(symbol.as_str(), &next)?;
        }
        Err(self.endless(symbol.as_str()))
    }

    async fn grouped(&self, session: NaiveDate) -> Result<Vec<(Symbol, Bar)>, SourceError> {
        let day = session.to_string();
        let parts = ["v2", "aggs", "grouped", "locale", "us", "market", "stocks", &day];
        let query = [("adjusted", "true".to_owned())];
        let call = Call::Path { parts: &parts, query: &query };
        let judge = |answer: &Answer| parse::market(&answer.place, good(answer, Some(session))?);
        let mut market = self.vendor.ask(&format!("whole market of {day}"), call, judge).await?;
        market.retain(|(_, bar)| bar.date == session);
        Ok(market)
    }

    async fn all_splits(
        &self,
        symbol: Option<&Symbol>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<Split>, SourceError> {
        let about = symbol.map_or_else(|| "splits".to_owned(), |symbol| format!("splits of {symbol}"));
        let mut query = vec![
            ("execution_date.gte", from.to_string()),
            ("execution_date.lte", to.to_string()),
            ("sort", "execution_date".to_owned()),
            ("order", "asc".to_owned()),
            ("limit", SPLIT_PAGE.to_string()),
        ];
        query.extend(symbol.map(|symbol| ("ticker", symbol.to_string())));
        let mut call = Call::Path { parts: &["v3", "reference", "splits"], query: &query };
        let mut splits = Vec::new();
        for _ in 0..MOST_PAGES {
            let judge = |answer: &Answer| parse::splits(&answer.place, good(answer, None)?);
            let page = self.vendor.ask(&about, call, judge).await?;
            splits.extend(page.splits);
            let Some(next) = page.next else {
                splits.retain(|split| from <= split.date && split.date <= to);
                splits.retain(|split| symbol.is_none_or(|symbol| *symbol == split.symbol));
                splits.sort_by(|a, b| (a.date, &a.symbol).cmp(&(b.date, &b.symbol)));
                return Ok(splits);
            };
            call = self.next(&about, &next)?;
        }
        Err(self.endless(&about))
    }

    fn next(&self, about: &str, address: &str) -> Result<Call<'static>, SourceError> {
        let elsewhere = "its next page is on another host, which gets no key; check base_url";
        let url = self.vendor.http.own(address, HOSTS);
        url.map(Call::Next).ok_or_else(|| malformed(&self.vendor.http.place(about), elsewhere))
    }

    fn endless(&self, about: &str) -> SourceError {
        malformed(&self.vendor.http.place(about), format!("more than {MOST_PAGES} pages"))
    }
}

impl Source for Polygon {
    fn name(&self) -> &str {
        NAME
    }

    fn limits(&self) -> Limits {
        Limits {
            requests_per_minute: Some(self.vendor.limiter.calls()),
            largest_page: Some(PAGE),
            whole_market: WholeMarket::ByDay,
        }
    }

    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            only_equities(request.asset_class)?;
            self.range(request).await
        })
    }

    fn market<'a>(
        &'a self,
        asset_class: AssetClass,
        session: NaiveDate,
    ) -> BoxFuture<'a, Result<Vec<(Symbol, Bar)>, SourceError>> {
        Box::pin(async move {
            only_equities(asset_class)?;
            self.grouped(session).await
        })
    }

    fn splits<'a>(
        &'a self,
        symbol: Option<&'a Symbol>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> BoxFuture<'a, Result<Vec<Split>, SourceError>> {
        Box::pin(self.all_splits(symbol, from, to))
    }
}

/// Returns the body of a good answer. `day` is the earliest day that was asked for, by which a refusal
/// of the plan is explained.
fn good(answer: &Answer, day: Option<NaiveDate>) -> Result<&[u8], SourceError> {
    match answer.status {
        200 => Ok(&answer.body),
        _ => Err(limits::refusal(answer, day)),
    }
}

fn only_equities(class: AssetClass) -> Result<(), SourceError> {
    match class {
        AssetClass::Equity => Ok(()),
        AssetClass::Crypto => {
            Err(SourceError::Unsupported { source_name: NAME.to_owned(), what: "crypto; use binance" })
        }
    }
}

#[cfg(test)]
mod tests;
