//! Binance's public market data: crypto by UTC day, no key.
//!
//! A candle that is still forming at the instant that the caller names is no bar; the source itself
//! asks no clock. Wherever Binance has had enough, by its weight count or by its word, all calls wait.

mod pair;
pub mod parse;

use std::time::Duration;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Utc;

use super::BoxFuture;
use super::Client;
use super::Fetched;
use super::Limits;
use super::Request;
use super::Source;
use super::SourceError;
use super::answer::Answer;
use super::answer::malformed;
use super::http::Http;
use super::http::Key;
use super::limit::Limiter;
use super::vendor::Call;
use super::vendor::Vendor;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::settings;

use pair::Piece;

const NAME: &str = "binance";
/// The most candles on a page.
const PAGE: usize = 1_000;
const DAY_MS: i64 = 86_400_000;
/// More pages than the oldest pair has.
const MOST_PAGES: usize = 50;
/// The weight of all calls from this address within the minute, as Binance counts it.
const USED_WEIGHT: &str = "x-mbx-used-weight-1m";
/// Binance refuses beyond 6,000; others on this address need some of it, so calls pause from here.
const WEIGHT_TO_PAUSE: u64 = 4_800;
/// A ban for calls after a refusal lasts two minutes to three days: too long to sit out.
const SHORTEST_BAN: Duration = Duration::from_secs(150);
const NO_SUCH_SYMBOL: i64 = -1121;
const TOO_MANY_REQUESTS: i64 = -1003;

/// What of the client is Binance's own.
#[derive(Clone, Debug, Default)]
pub struct Api;

/// Binance's daily bars.
pub type Binance = Client<Api>;

impl Binance {
    /// Prepares the source; nothing is sent. `now` is the instant by which a candle is finished or not.
    ///
    /// # Errors
    /// [`SourceError::Transport`] where the base address is none, or TLS is not available.
    pub fn new(settings: &settings::Binance, now: DateTime<Utc>) -> Result<Self, SourceError> {
        let timeout = Duration::from_secs(settings.timeout_secs);
        let http = Http::new(NAME, &settings.base_url, Key::None, timeout)?;
        let limiter = Limiter::new(settings.requests_per_minute, Duration::from_secs(60));
        Ok(Self::of_vendor(Vendor::new(http, limiter), now))
    }

    async fn range(&self, request: &Request) -> Result<Fetched, SourceError> {
        let symbol = &request.symbol;
        let pair = pair::pair(symbol).ok_or_else(|| SourceError::UnknownSymbol {
            symbol: symbol.clone(),
            hint: "binance writes an asset like BTC and a pair like BTCUSDT".to_owned(),
        })?;
        let (pieces, note) = pair::pieces(pair, request.from, request.to);
        let mut fetched = Fetched::default();
        for piece in &pieces {
            self.fetch(symbol, piece, &mut fetched).await?;
        }
        fetched.notes.extend(note);
        Ok(fetched)
    }

    /// Fetches one pair's candles of a span, page after page.
    async fn fetch(&self, symbol: &Symbol, piece: &Piece, fetched: &mut Fetched) -> Result<(), SourceError> {
        let mut start = first_instant(piece.from);
        // The newest finished candle ends with yesterday; asking beyond would only give a forming one.
        let end = (first_instant(piece.to) + DAY_MS).min(first_instant(self.now.date_naive())) - 1;
        for _ in 0..MOST_PAGES {
            if start > end {
                return Ok(());
            }
            let query = [
                ("symbol", piece.pair.clone()),
                ("interval", "1d".to_owned()),
                ("startTime", start.max(0).to_string()),
                ("endTime", end.to_string()),
                ("limit", PAGE.to_string()),
            ];
            let call = Call::Path { parts: &["api", "v3", "klines"], query: &query };
            let judge = |answer: &Answer| self.judge(symbol, answer);
            let page = self.vendor.ask(symbol.as_str(), call, judge).await?;
            let in_piece = |date: NaiveDate| piece.from <= date && date <= piece.to;
            fetched.bars.extend(page.bars.into_iter().filter(|bar| in_piece(bar.date)));
            fetched.problems.extend(page.bad_rows.problem(symbol));
            let next = page.last_open.map(|last| last.saturating_add(DAY_MS)).filter(|next| *next > start);
            match next {
                Some(next) if page.rows >= PAGE => start = next,
                _ => return Ok(()),
            }
        }
        let place = self.vendor.http.place(symbol.as_str());
        Err(malformed(&place, format!("more than {MOST_PAGES} pages")))
    }

    fn judge(&self, symbol: &Symbol, answer: &Answer) -> Result<parse::Page, SourceError> {
        if answer.number(USED_WEIGHT).is_some_and(|used| used >= WEIGHT_TO_PAUSE) {
            self.vendor.limiter.pause(rest_of_minute(answer));
        }
        if answer.status != 200 {
            return Err(refusal(symbol, answer));
        }
        parse::candles(&answer.place, self.now, &answer.body)
    }
}

impl Source for Binance {
    fn name(&self) -> &str {
        NAME
    }

    fn limits(&self) -> Limits {
        Limits {
            requests_per_minute: Some(self.vendor.limiter.calls()),
            largest_page: Some(PAGE),
            ..Limits::NONE
        }
    }

    /// A renamed asset is asked for under each of its names.
    fn calls(&self, request: &Request) -> usize {
        let Some(pair) = pair::pair(&request.symbol) else { return 0 };
        let (pieces, _) = pair::pieces(pair, request.from, request.to);
        pieces.iter().map(|piece| self.limits().pages(piece.from, piece.to)).sum()
    }

    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            match request.asset_class {
                AssetClass::Crypto => self.range(request).await,
                AssetClass::Equity => {
                    Err(SourceError::Unsupported { source_name: NAME.to_owned(), what: "equities" })
                }
            }
        })
    }
}

/// Explains an answer with a status other than 200.
fn refusal(symbol: &Symbol, answer: &Answer) -> SourceError {
    let said = parse::refusal(&answer.body);
    let place = answer.place.clone();
    let status =
        |what: &str| SourceError::Status { place: place.clone(), code: answer.status, what: what.to_owned() };
    match (answer.status, said.as_ref().map(|said| said.code)) {
        (_, Some(NO_SUCH_SYMBOL)) => SourceError::UnknownSymbol {
            symbol: symbol.clone(),
            hint: "binance has no such pair; write an asset like BTC or a pair like BTCUSDT".to_owned(),
        },
        (418, _) => SourceError::RateLimited { place, wait: Some(answer.wait().unwrap_or(SHORTEST_BAN)) },
        (429, _) | (_, Some(TOO_MANY_REQUESTS)) => SourceError::RateLimited { place, wait: answer.wait() },
        (451, _) => status(
            "binance does not serve the place that this machine is in; leave base_url at \
             https://data-api.binance.vision, or use another source",
        ),
        (403, _) => status("binance's firewall refuses this machine; ask less often, and try again later"),
        _ => answer.failure(said.map(|said| format!("{} (code {})", said.msg, said.code))),
    }
}

/// Returns the time until Binance's count of weight begins anew, by the answer's own clock.
fn rest_of_minute(answer: &Answer) -> Duration {
    let date = answer.date().and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok());
    Duration::from_secs(date.map_or(60, |date| 60 - date.as_secs() % 60))
}

fn first_instant(date: NaiveDate) -> i64 {
    date.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

#[cfg(test)]
mod tests;
