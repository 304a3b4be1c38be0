//! Polygon, Binance and Alpha Vantage as one server on this machine: their paths and shapes, with the
//! bars of the simulated market. The example serves it to a person, the tests make it misbehave.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use wiremock::{Request, Respond, ResponseTemplate};

use ts::calendar;
use ts::domain::{AssetClass, Bar, Symbol};
use ts::sources;
use ts::sources::{SEED, Simulated};

/// How the server behaves; a test changes it between two runs.
#[derive(Clone, Debug)]
pub struct Manner {
    pub now: DateTime<Utc>,
    /// The stocks of the whole market.
    pub stocks: Vec<&'static str>,
    /// Whether today's bar of a stock is held back, as on the free plan.
    pub is_free_plan: bool,
    /// Asked for one of these at Polygon or Binance, it answers 404.
    pub failing: Vec<&'static str>,
    /// Asked for one of these at Polygon, it answers after a minute.
    pub slow: Vec<&'static str>,
    /// A stock, the first session at the new price, and new shares for each old one.
    pub split: Option<(&'static str, NaiveDate, f64)>,
    /// Answers so many calls with 429 and three seconds to wait.
    pub busy: u32,
    /// The only key that is accepted; another is refused and repeated in the refusal.
    pub key: Option<&'static str>,
}

impl Manner {
    /// Behaves well at an instant.
    pub fn at(now: DateTime<Utc>) -> Self {
        let stocks = vec!["AAPL", "MSFT", "NVDA", "SPY"];
        Self {
            now,
            stocks,
            is_free_plan: false,
            failing: Vec::new(),
            slow: Vec::new(),
            split: None,
            busy: 0,
            key: None,
        }
    }
}

/// The server's answers.
#[derive(Clone)]
pub struct Vendor(pub Arc<Mutex<Manner>>);

impl Respond for Vendor {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut manner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if manner.busy > 0 {
            manner.busy -= 1;
            return ResponseTemplate::new(429).insert_header("Retry-After", "3");
        }
        let is_slow = manner.slow.iter().any(|name| request.url.path().contains(name));
        let delay = Duration::from_secs(if is_slow { 60 } else { 0 });
        let answer = manner.answer(request).map(|answer| answer.set_delay(delay));
        answer.unwrap_or_else(|| ResponseTemplate::new(404).set_body_json(json!({})))
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
        let bearer = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        if let (true, Some(key)) = (is_polygon, self.key)
            && bearer != Some(&format!("Bearer {key}"))
        {
            let error = format!("Unknown API Key: {}", bearer.unwrap_or_default());
            return Some(
                ResponseTemplate::new(401).set_body_json(json!({"status": "ERROR", "error": error})),
            );
        }
        let body = match parts[..] {
            ["v2", "aggs", "ticker", ticker, "range", "1", "day", from, to] => {
                if self.failing.contains(&ticker) {
                    return None;
                }
                let bars = self.stock(ticker, from.parse().ok()?, to.parse().ok()?);
                let rows: Vec<Value> = bars.iter().map(|bar| row(bar, 0)).collect();
                json!({"status": "OK", "ticker": ticker, "adjusted": true, "resultsCount": rows.len(), "results": rows})
            }
            ["v2", "aggs", "grouped", "locale", "us", "market", "stocks", day] => {
                let day: NaiveDate = day.parse().ok()?;
                if self.is_free_plan && day >= self.today() {
                    let message = "Attempted to request today's data before end of day";
                    let body = json!({"status": "NOT_AUTHORIZED", "message": message});
                    return Some(ResponseTemplate::new(403).set_body_json(body));
                }
                let mut rows = Vec::new();
                for ticker in &self.stocks {
                    for bar in self.stock(ticker, day, day) {
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
                let mut bars = self.bars(AssetClass::Crypto, coin, day("startTime")?, day("endTime")?);
                bars.truncate(query("limit")?.parse().ok()?);
                Value::Array(bars.iter().map(candle).collect())
            }
            ["query"] => {
                let mut series = serde_json::Map::new();
                let last = calendar::last_finished(AssetClass::Equity, self.now);
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
        calendar::local_date(AssetClass::Equity, self.now)
    }

    /// A stock's bars as the server tells them: adjusted for the split, less those held back.
    fn stock(&self, ticker: &str, from: NaiveDate, to: NaiveDate) -> Vec<Bar> {
        let mut bars = self.bars(AssetClass::Equity, ticker, from, to);
        if self.is_free_plan {
            bars.retain(|bar| bar.date < self.today());
        }
        for bar in &mut bars {
            if let Some((_, _, ratio)) = self.split.filter(|(split, ..)| *split == ticker) {
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
        let to = to.min(calendar::last_finished(asset_class, self.now));
        let request = sources::Request { asset_class, symbol, from, to };
        Simulated::new(SEED, calendar::is_session).bars(&request)
    }
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
