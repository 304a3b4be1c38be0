//! Alpha Vantage: US equities at raw prices, few calls a day; a fallback that tops up a history.
//!
//! The compact series holds 100 bars and is free; the full one is asked for only where those do not
//! reach back far enough, and given up for good at the first word that it is premium. Refuses to give
//! a short series as if it were the whole span. Prices are as traded: see [`Prices::Raw`].

pub mod parse;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use secrecy::SecretString;

use super::BoxFuture;
use super::Client;
use super::Fetched;
use super::Limits;
use super::Prices;
use super::Request;
use super::Source;
use super::SourceError;
use super::answer::Answer;
use super::http::Http;
use super::http::Key;
use super::limit::Limiter;
use super::quota::DayQuota;
use super::vendor::Call;
use super::vendor::Vendor;
use crate::calendar;
use crate::domain::AssetClass;
use crate::settings;

use parse::Answered;

const NAME: &str = "alpha_vantage";
/// The bars of a compact series.
const COMPACT: usize = 100;
/// Alpha Vantage asks for no more than one call a second.
const PER_SECOND: u32 = 1;
/// How long to wait where it says that calls came too fast, and not for how long.
const TOO_FAST: Duration = Duration::from_secs(5);

/// How much of a series is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Compact,
    Full,
}

impl Size {
    fn as_str(self) -> &'static str {
        match self {
            Size::Compact => "compact",
            Size::Full => "full",
        }
    }
}

/// What of the client is Alpha Vantage's own.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// Set once the full series was refused: a call that fails for sure is one of few.
    full_is_premium: Arc<AtomicBool>,
}

/// Alpha Vantage's daily bars.
pub type AlphaVantage = Client<Api>;

impl AlphaVantage {
    /// Prepares the source; nothing is sent. The calls of the day are counted in `quota_file`, which
    /// need not exist and belongs beside the cache; `now` is the instant of the run.
    ///
    /// # Errors
    /// [`SourceError::Transport`] where the base address is none, or TLS is not available.
    pub fn new(
        settings: &settings::AlphaVantage,
        key: SecretString,
        quota_file: impl Into<PathBuf>,
        now: DateTime<Utc>,
    ) -> Result<Self, SourceError> {
        let timeout = Duration::from_secs(settings.timeout_secs);
        let http = Http::new(NAME, &settings.base_url, Key::Query("apikey", key), timeout)?;
        let mut vendor = Vendor::new(http, Limiter::new(PER_SECOND, Duration::from_secs(1)));
        vendor.quota = Some(DayQuota::new(settings.requests_per_day, quota_file.into(), now));
        Ok(Self::of_vendor(vendor, now))
    }

    async fn range(&self, request: &Request) -> Result<Fetched, SourceError> {
        let symbol = &request.symbol;
        let size = self.size(request);
        if size == Size::Full && self.api.full_is_premium.load(Ordering::Relaxed) {
            return Err(premium(self.vendor.http.place(symbol.as_str()), ""));
        }
        let query = [
            ("function", "TIME_SERIES_DAILY".to_owned()),
            ("symbol", symbol.to_string()),
            ("outputsize", size.as_str().to_owned()),
            ("datatype", "json".to_owned()),
        ];
        let call = Call::Path { parts: &["query"], query: &query };
        let judge = |answer: &Answer| self.judge(request, size, answer);
        self.vendor.ask(symbol.as_str(), call, judge).await
    }

    /// Picks the compact series where its newest 100 bars reach back to the span's first session.
    fn size(&self, request: &Request) -> Size {
        let newest = calendar::local_date(AssetClass::Equity, self.now);
        // Years are not worth walking: 100 sessions are under 200 days.
        let is_near = (newest - request.from).num_days() < 200;
        if is_near && calendar::sessions(AssetClass::Equity, request.from, newest).len() <= COMPACT {
            Size::Compact
        } else {
            Size::Full
        }
    }

    fn judge(&self, request: &Request, size: Size, answer: &Answer) -> Result<Fetched, SourceError> {
        if answer.status != 200 {
            return Err(answer.failure(answer.said(&["Error Message", "Information", "message"])));
        }
        let place = answer.place.clone();
        match parse::daily(&place, &answer.body)? {
            Answered::Bars { mut bars, bad_rows } => {
                bars.retain(|bar| request.from <= bar.date && bar.date <= request.to);
                let problems = bad_rows.problem(&request.symbol).into_iter().collect();
                Ok(Fetched { bars, problems, ..Fetched::default() })
            }
            Answered::TooFast => {
                Err(SourceError::RateLimited { place, wait: Some(answer.wait().unwrap_or(TOO_FAST)) })
            }
            Answered::Spent => match &self.vendor.quota {
                Some(quota) => Err(quota.spend(&place)),
                None => Err(SourceError::RateLimited { place, wait: None }),
            },
            Answered::Premium { said } if size == Size::Compact => {
                Err(SourceError::Unauthorised { place, what: format!("the plan lacks this call: {said}") })
            }
            Answered::Premium { said } => {
                self.api.full_is_premium.store(true, Ordering::Relaxed);
                Err(premium(place, &said))
            }
            Answered::BadKey { said } => {
                let what = format!("the key is not accepted; set ALPHA_VANTAGE_API_KEY ({said})");
                Err(SourceError::Unauthorised { place, what })
            }
            Answered::Unknown => Err(SourceError::UnknownSymbol {
                symbol: request.symbol.clone(),
                hint: "alpha_vantage has no daily series of it; check its name".to_owned(),
            }),
            Answered::Refused { said } => Err(SourceError::Status { place, code: 200, what: said }),
        }
    }
}

impl Source for AlphaVantage {
    fn name(&self) -> &str {
        NAME
    }

    fn limits(&self) -> Limits {
        Limits {
            requests_per_minute: Some(PER_SECOND * 60),
            calls_left: self.vendor.quota.as_ref().map(DayQuota::left),
            // It has no pages: an answer is the compact series or the full one, and either is one call.
            ..Limits::NONE
        }
    }

    fn daily<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            match request.asset_class {
                AssetClass::Equity => self.range(request).await,
                AssetClass::Crypto => {
                    let what = "crypto; use binance";
                    Err(SourceError::Unsupported { source_name: NAME.to_owned(), what })
                }
            }
        })
    }

    fn prices(&self) -> Prices {
        Prices::Raw
    }
}

fn premium(place: String, said: &str) -> SourceError {
    let what = format!(
        "a history of more than {COMPACT} bars needs a premium plan; the free one only tops up what is \
         cached. {said}"
    );
    SourceError::Unauthorised { place, what }
}

#[cfg(test)]
mod tests;
