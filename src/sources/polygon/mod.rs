//! Polygon, now Massive: US equities, split-adjusted, asked for by symbol or the whole market a day.
//!
//! The key goes into a header. A next page is asked for only from the vendor itself: an address
//! elsewhere is an error, as it would carry the key there. Nothing is cached, and the time is told by
//! the caller.

mod limits;
pub mod parse;

use std::time::Duration;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use secrecy::SecretString;

use super::BoxFuture;
use super::Client;
use super::Fetched;
use super::Limits;
use super::Request;
use super::Source;
use super::SourceError;
use super::Splits;
use super::WholeMarket;
use super::WholeMarketBars;
use super::answer::Answer;
use super::answer::malformed;
use super::http::Http;
use super::http::Key;
use super::limit::Limiter;
use super::newest_of_span;
use super::vendor::Call;
use super::vendor::Vendor;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::settings;

pub use parse::MarketStatus;
use parse::SplitPage;

const NAME: &str = "polygon";
/// The most bars on a page, and what is asked for: the default is a tenth of it.
const PAGE: usize = 50_000;
/// The most splits on a page.
const SPLIT_PAGE: usize = 1_000;
/// More pages than any answer has: a cursor that runs in a circle ends here.
const MOST_PAGES: usize = 200;
/// One vendor under its new and its old name; either may stand in the other's `next_url`.
const HOSTS: &[&str] = &["api.massive.com", "api.polygon.io"];

/// What of the client is Polygon's own.
#[derive(Clone, Debug, Default)]
pub struct Api;

/// Polygon's daily bars.
pub type Polygon = Client<Api>;

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
        let http = Http::new(NAME, &settings.base_url, Key::Bearer(key), timeout)?;
        let limiter = Limiter::new(settings.requests_per_minute, Duration::from_secs(60));
        Ok(Self::of_vendor(Vendor::new(http, limiter), now))
    }

    /// Gives a symbol's bar of the last session that Polygon has finished, or `None` for a symbol without
    /// one.
    async fn previous_close(&self, symbol: &Symbol) -> Result<Option<Bar>, SourceError> {
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
            fetched.problems.extend(page.bad_rows.problem(symbol));
            let Some(next) = page.next else {
                fetched.bars.retain(|bar| request.from <= bar.date && bar.date <= request.to);
                fetched.held_back = limits::held_back(request, &fetched.bars, self.now);
                fetched.for_now.extend(limits::late_note(request, &fetched.bars, self.now));
                return Ok(fetched);
            };
            call = self.next(symbol.as_str(), &next)?;
        }
        Err(self.endless(symbol.as_str()))
    }

    async fn grouped(&self, session: NaiveDate) -> Result<WholeMarketBars, SourceError> {
        let day = session.to_string();
        let parts = ["v2", "aggs", "grouped", "locale", "us", "market", "stocks", &day];
        let query = [("adjusted", "true".to_owned())];
        let call = Call::Path { parts: &parts, query: &query };
        let judge = |answer: &Answer| parse::market(&answer.place, good(answer, Some(session))?);
        let mut market = self.vendor.ask(&format!("whole market of {day}"), call, judge).await?;
        market.bars.retain(|(_, bar)| bar.date == session);
        Ok(market)
    }

    async fn all_splits(
        &self,
        symbol: Option<&Symbol>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Splits, SourceError> {
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
        let mut all = Splits::default();
        for _ in 0..MOST_PAGES {
            let judge = |answer: &Answer| parse::splits(&answer.place, good(answer, None)?);
            let SplitPage { page, next } = self.vendor.ask(&about, call, judge).await?;
            all.splits.extend(page.splits);
            all.unread.extend(page.unread);
            let Some(next) = next else {
                let is_wanted = |own: &Symbol| symbol.is_none_or(|symbol| symbol == own);
                all.splits.retain(|split| from <= split.date && split.date <= to && is_wanted(&split.symbol));
                all.splits.sort_by(|a, b| (a.date, &a.symbol).cmp(&(b.date, &b.symbol)));
                all.unread.symbols.retain(is_wanted);
                return Ok(all);
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
            ..Limits::NONE
        }
    }

    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            only_equities(request.asset_class)?;
            self.range(request).await
        })
    }

    /// One call that names no days, unless what it gives is newer than `until`.
    fn latest<'a>(
        &'a self,
        asset_class: AssetClass,
        symbol: &'a Symbol,
        until: NaiveDate,
    ) -> BoxFuture<'a, Result<Option<Bar>, SourceError>> {
        Box::pin(async move {
            only_equities(asset_class)?;
            match self.previous_close(symbol).await? {
                Some(bar) if bar.date > until => newest_of_span(self, asset_class, symbol, until).await,
                newest => Ok(newest),
            }
        })
    }

    fn market<'a>(
        &'a self,
        asset_class: AssetClass,
        session: NaiveDate,
    ) -> BoxFuture<'a, Result<WholeMarketBars, SourceError>> {
        Box::pin(async move {
            only_equities(asset_class)?;
            self.grouped(session).await
        })
    }

    fn lists_splits(&self) -> bool {
        true
    }

    fn splits<'a>(
        &'a self,
        symbol: Option<&'a Symbol>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> BoxFuture<'a, Result<Splits, SourceError>> {
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
