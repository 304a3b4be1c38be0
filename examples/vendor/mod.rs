//! Polygon, Binance and Alpha Vantage as one server on this machine: their paths and shapes, with the
//! bars of the simulated market. The example serves it to a person, the tests make it misbehave.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, Months, NaiveDate, TimeDelta};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, MockServerBuilder, Request, Respond, ResponseTemplate};

use ts::calendar;
use ts::clock::Clock;
use ts::domain::{AssetClass, Bar, Symbol};
use ts::sources;
use ts::sources::{SEED, Simulated};

/// The last day of MATICUSDT, and the first of POLUSDT, which goes on with it one for one.
const MATIC_UNTIL: NaiveDate = NaiveDate::from_ymd_opt(2024, 9, 10).expect("a date of the calendar");
const POL_FROM: NaiveDate = NaiveDate::from_ymd_opt(2024, 9, 13).expect("a date of the calendar");

/// How the server behaves; a test changes it between two runs.
#[derive(Clone, Debug)]
pub struct Manner {
    pub clock: Clock,
    /// The stocks of the whole market.
    pub stocks: Vec<&'static str>,
    /// Whether Polygon holds today's bar back, as on the free plan.
    pub is_free_plan: bool,
    /// How far back Polygon's plan reaches.
    pub reach: Option<Months>,
    /// The most bars of a stock on one page.
    pub page: usize,
    /// Bars that nobody has.
    pub absent: Vec<(&'static str, NaiveDate)>,
    /// Asked for one of these at Polygon or Binance, it answers 404.
    pub failing: Vec<&'static str>,
    /// Asked for this, it answers after a minute, so many times.
    pub slow: Option<(&'static str, u32)>,
    /// What every other answer takes.
    pub delay: Duration,
    /// A stock, the first session at the new price, and new shares for each old one.
    pub split: Option<(&'static str, NaiveDate, f64)>,
    /// Whether the bars of before are still at the old price.
    pub is_unadjusted: bool,
    /// Answers so many calls with 429 and three seconds to wait.
    pub busy: u32,
    /// Answers so many calls with 503, and repeats the key in it.
    pub echoes: u32,
    /// The only key that Polygon accepts; another is refused and repeated in the refusal.
    pub key: Option<&'static str>,
    /// Whether Alpha Vantage's calls of the day are used up, which it says with the key.
    pub is_spent: bool,
}

impl Manner {
    /// Behaves well.
    pub fn at(clock: Clock) -> Self {
        Self {
            clock,
            stocks: vec!["AAPL", "MSFT", "NVDA", "SPY"],
            is_free_plan: false,
            reach: None,
            page: 50_000,
            absent: Vec::new(),
            failing: Vec::new(),
            slow: None,
            delay: Duration::ZERO,
            split: None,
            is_unadjusted: false,
            busy: 0,
            echoes: 0,
            key: None,
            is_spent: false,
        }
    }
}

/// Starts a server that behaves so.
pub async fn serve(server: MockServerBuilder, manner: Arc<Mutex<Manner>>) -> MockServer {
    let server = server.start().await;
    Mock::given(any()).respond_with(Vendor(manner)).mount(&server).await;
    server
}

/// Returns the variables that send `ts` to the server, whatever its settings and `.env` say: no key of
/// theirs is shown to it, and no bar of it comes into their cache.
pub fn variables(address: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("TS_SOURCES__POLYGON__BASE_URL", address),
        ("TS_SOURCES__BINANCE__BASE_URL", address),
        ("TS_SOURCES__ALPHA_VANTAGE__BASE_URL", address),
        ("TS_SOURCES__POLYGON__REQUESTS_PER_MINUTE", "1000"),
        ("TS_SOURCES__BINANCE__REQUESTS_PER_MINUTE", "1000"),
        ("POLYGON_API_KEY", "any"),
        ("ALPHA_VANTAGE_API_KEY", "any"),
        ("TS_CACHE__DIR", "data/trial"),
    ]
}

/// The server's answers.
#[derive(Clone)]
struct Vendor(Arc<Mutex<Manner>>);

impl Respond for Vendor {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut manner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if manner.busy > 0 {
            manner.busy -= 1;
            return ResponseTemplate::new(429).insert_header("Retry-After", "3");
        }
        if manner.echoes > 0 {
            manner.echoes -= 1;
            let error = format!("overloaded; your key {} was seen", key_of(request));
            let body = json!({"status": "ERROR", "error": error, "Information": error, "msg": error});
            return ResponseTemplate::new(503).set_body_json(body);
        }
        let mut delay = manner.delay;
        if let Some((name, times)) = &mut manner.slow
            && *times > 0
            && request.url.as_str().contains(*name)
        {
            *times -= 1;
            delay = Duration::from_secs(60);
        }
        let answer = manner.answer(request).map(|answer| answer.set_delay(delay));
        answer.unwrap_or_else(|| ResponseTemplate::new(404).set_body_json(json!({})))
    }
}

/// Returns the key that a request shows.
fn key_of(request: &Request) -> String {
    let bearer = request.headers.get("authorization").and_then(|value| value.to_str().ok());
    let in_query = || request.url.query_pairs().find(|(name, _)| name == "apikey").map(|(_, key)| key);
    match bearer {
        Some(bearer) => bearer.trim_start_matches("Bearer ").to_owned(),
        None => in_query().unwrap_or_default().into_owned(),
    }
}

impl Manner {
    /// Answers, or `None` where nothing is there.
    fn answer(&self, request: &Request) -> Option<ResponseTemplate> {
        let query = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let parts: Vec<&str> = request.url.path_segments()?.collect();
        let is_polygon = parts[0] != "api" && parts[0] != "query";
        let shown = key_of(request);
        if let (true, Some(key)) = (is_polygon, self.key)
            && shown != key
        {
            let error = format!("Unknown API Key: {shown}");
            return Some(
                ResponseTemplate::new(401).set_body_json(json!({"status": "ERROR", "error": error})),
            );
        }
        let body = match parts[..] {
            ["v2", "aggs", "ticker", ticker, "range", "1", "day", from, to] => {
                if self.failing.contains(&ticker) {
                    return None;
                }
                let (from, to): (NaiveDate, NaiveDate) = (from.parse().ok()?, to.parse().ok()?);
                if self.reaches_to().is_some_and(|first| to < first) {
                    return Some(out_of_reach());
                }
                let bars = self.told(ticker, from, to);
                let begin = query("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
                let end = bars.len().min(begin + self.page);
                let rows: Vec<Value> = bars.get(begin..end)?.iter().map(|bar| row(bar, 0)).collect();
                let mut body = json!({"status": "OK", "ticker": ticker, "adjusted": true,
                    "resultsCount": rows.len(), "results": rows});
                if end < bars.len() {
                    // The next page's address holds no key; the caller shows it again.
                    let host = request.headers.get("host")?.to_str().ok()?;
                    body["next_url"] = json!(format!("http://{host}{}?cursor={end}", request.url.path()));
                }
                body
            }
            ["v2", "aggs", "grouped", "locale", "us", "market", "stocks", day] => {
                let day: NaiveDate = day.parse().ok()?;
                if self.is_free_plan && day >= self.today() {
                    let message = "Attempted to request today's data before end of day";
                    let body = json!({"status": "NOT_AUTHORIZED", "message": message});
                    return Some(ResponseTemplate::new(403).set_body_json(body));
                }
                if self.reaches_to().is_some_and(|first| day < first) {
                    return Some(out_of_reach());
                }
                let mut rows = Vec::new();
                for ticker in &self.stocks {
                    for bar in self.told(ticker, day, day) {
                        let mut told = row(&bar, 16);
                        told["T"] = json!(ticker);
                        rows.push(told);
                    }
                }
                json!({"status": "OK", "adjusted": true, "resultsCount": rows.len(), "results": rows})
            }
            ["v3", "reference", "splits"] => {
                let splits: Vec<Value> = self
                    .split
                    .iter()
                    .map(|(ticker, day, ratio)| {
                        json!({"ticker": ticker, "execution_date": day, "split_from": 1, "split_to": ratio})
                    })
                    .collect();
                json!({"status": "OK", "results": splits})
            }
            ["api", "v3", "klines"] => {
                let pair = query("symbol")?;
                let coin = pair.strip_suffix("USDT").unwrap_or(&pair);
                if self.failing.contains(&coin) {
                    let body = json!({"code": -1121, "msg": "Invalid symbol."});
                    return Some(ResponseTemplate::new(400).set_body_json(body));
                }
                let day = |name: &str| {
                    let instant = DateTime::from_timestamp_millis(query(name)?.parse().ok()?)?;
                    Some(instant.date_naive())
                };
                let (from, to) = (day("startTime")?, day("endTime")?);
                let mut bars = match coin {
                    "MATIC" => self.bars(AssetClass::Crypto, coin, from, to.min(MATIC_UNTIL)),
                    "POL" => self.bars(AssetClass::Crypto, "MATIC", from.max(POL_FROM), to),
                    _ => self.bars(AssetClass::Crypto, coin, from, to),
                };
                bars.truncate(query("limit")?.parse().ok()?);
                Value::Array(bars.iter().map(candle).collect())
            }
            ["query"] if self.is_spent => {
                json!({"Information": format!("We have detected your API key as {shown} and our standard API \
                    rate limit is 25 requests per day. Please subscribe to any of the premium plans to \
                    instantly remove all daily rate limits.")})
            }
            ["query"] if query("outputsize").as_deref() == Some("full") => {
                json!({"Information": "Thank you for using Alpha Vantage! The outputsize=full parameter value \
                    is a premium feature for this API. You may subscribe to any of the premium plans."})
            }
            ["query"] => {
                let mut series = serde_json::Map::new();
                let last = calendar::last_finished(AssetClass::Equity, self.clock.now());
                let bars = self.stock(&query("symbol")?, last - TimeDelta::days(140), last);
                for bar in bars {
                    let text = |number: f64| number.to_string();
                    let told = json!({"1. open": text(bar.open), "2. high": text(bar.high),
                        "3. low": text(bar.low), "4. close": text(bar.close), "5. volume": text(bar.volume)});
                    series.insert(bar.date.to_string(), told);
                }
                json!({"Meta Data": {"2. Symbol": query("symbol")?}, "Time Series (Daily)": series})
            }
            _ => return None,
        };
        Some(ResponseTemplate::new(200).set_body_json(body))
    }

    fn today(&self) -> NaiveDate {
        calendar::local_date(AssetClass::Equity, self.clock.now())
    }

    /// The first day that Polygon's plan includes.
    fn reaches_to(&self) -> Option<NaiveDate> {
        self.today().checked_sub_months(self.reach?)
    }

    /// A stock's bars as Polygon's plan tells them: silently without those that it does not include.
    fn told(&self, ticker: &str, from: NaiveDate, to: NaiveDate) -> Vec<Bar> {
        let first = self.reaches_to().unwrap_or(from).max(from);
        let mut bars = self.stock(ticker, first, to);
        if self.is_free_plan {
            bars.retain(|bar| bar.date < self.today());
        }
        bars
    }

    /// A stock's bars, adjusted for the split or not.
    fn stock(&self, ticker: &str, from: NaiveDate, to: NaiveDate) -> Vec<Bar> {
        let mut bars = self.bars(AssetClass::Equity, ticker, from, to);
        for bar in &mut bars {
            let is_at_new_price = |day: NaiveDate| !self.is_unadjusted || bar.date >= day;
            let split = self.split.filter(|(split, day, _)| *split == ticker && is_at_new_price(*day));
            if let Some((_, _, ratio)) = split {
                // The simulated market knows no split: all its prices are told at the new scale.
                for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                    *price /= ratio;
                }
            }
        }
        bars
    }

    fn bars(&self, asset_class: AssetClass, name: &str, from: NaiveDate, to: NaiveDate) -> Vec<Bar> {
        let Ok(symbol) = Symbol::new(name) else { return Vec::new() };
        let to = to.min(calendar::last_finished(asset_class, self.clock.now()));
        let request = sources::Request { asset_class, symbol, from, to };
        let mut bars = Simulated::new(SEED, calendar::is_session).bars(&request);
        bars.retain(|bar| !self.absent.contains(&(name, bar.date)));
        bars
    }
}

fn out_of_reach() -> ResponseTemplate {
    let message = "Your plan doesn't include this data timeframe. Please upgrade your plan.";
    let body = json!({"status": "NOT_AUTHORIZED", "message": message});
    ResponseTemplate::new(403).set_body_json(body)
}

/// A bar as Polygon tells it, stamped with an hour of New York's day.
fn row(bar: &Bar, hour: i64) -> Value {
    let open = calendar::open_instant(AssetClass::Equity, bar.date);
    let instant = open - TimeDelta::minutes(9 * 60 + 30) + TimeDelta::hours(hour);
    json!({"t": instant.timestamp_millis(), "o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close,
        "v": bar.volume})
}

/// A candle as Binance tells it.
fn candle(bar: &Bar) -> Value {
    let open = calendar::open_instant(AssetClass::Crypto, bar.date).timestamp_millis();
    let text = |number: f64| number.to_string();
    json!([
        open,
        text(bar.open),
        text(bar.high),
        text(bar.low),
        text(bar.close),
        text(bar.volume),
        open + 86_399_999,
        "0",
        0,
        "0",
        "0",
        "0"
    ])
}
