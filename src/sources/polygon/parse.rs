//! What Polygon's answers mean: bytes in, bars or splits out.
//!
//! Pure. Prices are handed over as they were told; [`crate::bars::check`] judges them. A row without
//! a date and five numbers is dropped and counted; an answer of another shape is an error.

use chrono::DateTime;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::bars::Split;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::sources::SourceError;
use crate::sources::answer::malformed;
use crate::sources::loose::BadRows;
use crate::sources::loose::Loose;
use crate::sources::loose::json;

/// One page of a symbol's bars.
#[derive(Clone, Debug, PartialEq)]
pub struct BarPage {
    /// In the order of the answer.
    pub bars: Vec<Bar>,
    pub bad_rows: BadRows,
    /// Where the next page is; it holds a cursor and no key.
    pub next: Option<String>,
}

/// One page of splits.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitPage {
    pub splits: Vec<Split>,
    pub next: Option<String>,
}

/// Whether a market trades now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketStatus {
    /// Polygon's word: `open`, `closed` or `extended-hours`.
    pub market: String,
    /// The same word for the New York Stock Exchange alone, where it is given.
    pub nyse: Option<String>,
}

#[derive(Deserialize)]
struct Body<T> {
    status: Option<String>,
    ticker: Option<String>,
    adjusted: Option<bool>,
    #[serde(rename = "resultsCount", default)]
    results_count: Loose,
    results: Option<Vec<T>>,
    next_url: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

/// A bar as told. `T` is the ticker, of the whole market only.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "T")]
    ticker: Option<String>,
    #[serde(default)]
    t: Loose,
    #[serde(default)]
    o: Loose,
    #[serde(default)]
    h: Loose,
    #[serde(default)]
    l: Loose,
    #[serde(default)]
    c: Loose,
    #[serde(default)]
    v: Loose,
}

impl Row {
    /// Dates the bar by New York: a range stamps it 00:00 there, the whole market 16:00.
    fn bar(&self) -> Option<Bar> {
        let instant = DateTime::from_timestamp_millis(self.t.whole()?)?;
        Some(Bar {
            date: calendar::local_date(AssetClass::Equity, instant),
            open: self.o.0?,
            high: self.h.0?,
            low: self.l.0?,
            close: self.c.0?,
            volume: self.v.0?,
        })
    }
}

#[derive(Deserialize)]
struct SplitRow {
    ticker: Option<String>,
    execution_date: Option<NaiveDate>,
    #[serde(default)]
    split_from: Loose,
    #[serde(default)]
    split_to: Loose,
}

#[derive(Deserialize)]
struct StatusBody {
    market: String,
    exchanges: Option<Exchanges>,
}

#[derive(Deserialize)]
struct Exchanges {
    nyse: Option<String>,
}

/// Reads a page of the range call, or of the previous close. `place` names the vendor and the symbol
/// in errors.
///
/// # Errors
/// [`SourceError::Malformed`] for another shape, unadjusted prices, or another symbol's bars;
/// [`SourceError::Status`] where the answer says that it is a failure.
pub fn bars(place: &str, symbol: &Symbol, body: &[u8]) -> Result<BarPage, SourceError> {
    let mut body: Body<Row> = json(place, body)?;
    if body.ticker.as_ref().is_some_and(|ticker| !ticker.eq_ignore_ascii_case(symbol.as_str())) {
        return Err(malformed(place, "the answer is about another symbol"));
    }
    let next = body.next_url.take();
    let rows = results(place, body)?;
    let (bars, bad_rows) = BadRows::part(rows.iter().map(Row::bar));
    Ok(BarPage { bars, bad_rows, next })
}

/// Reads the whole market's bars of one session. A ticker in mixed case (`BACpL`, a preferred share)
/// is left out: as a symbol it would be another company's.
///
/// # Errors
/// As [`bars`].
pub fn market(place: &str, body: &[u8]) -> Result<Vec<(Symbol, Bar)>, SourceError> {
    let rows = results(place, json::<Body<Row>>(place, body)?)?;
    let read = |row: &Row| {
        let ticker = row.ticker.as_deref()?;
        let symbol = Symbol::new(ticker).ok().filter(|symbol| symbol.as_str() == ticker)?;
        Some((symbol, row.bar()?))
    };
    Ok(rows.iter().filter_map(read).collect())
}

/// Reads a page of splits. One without a ticker, a date or two numbers over zero is left out.
///
/// # Errors
/// As [`bars`].
pub fn splits(place: &str, body: &[u8]) -> Result<SplitPage, SourceError> {
    let mut body: Body<SplitRow> = json(place, body)?;
    let next = body.next_url.take();
    if body.results.is_none() && body.results_count.0.is_none() {
        // This call has no count: an empty list is an answer, and so is none beside a good status.
        body.results_count = Loose(Some(0.0));
    }
    let rows = results(place, body)?;
    let read = |row: &SplitRow| {
        let ticker = row.ticker.as_deref()?;
        let symbol = Symbol::new(ticker).ok().filter(|symbol| symbol.as_str() == ticker)?;
        let ratio = row.split_to.0? / row.split_from.0?;
        let is_ratio = ratio.is_finite() && ratio > 0.0;
        is_ratio.then_some(Split { symbol, date: row.execution_date?, ratio })
    };
    Ok(SplitPage { splits: rows.iter().filter_map(read).collect(), next })
}

/// Reads whether the market trades now.
///
/// # Errors
/// [`SourceError::Malformed`] for another shape.
pub fn market_status(place: &str, body: &[u8]) -> Result<MarketStatus, SourceError> {
    let body: StatusBody = json(place, body)?;
    Ok(MarketStatus { market: body.market, nyse: body.exchanges.and_then(|exchanges| exchanges.nyse) })
}

/// Returns the rows of a good answer. An empty one has no `results`, and a count of 0.
fn results<T>(place: &str, body: Body<T>) -> Result<Vec<T>, SourceError> {
    match body.status.as_deref() {
        Some("OK" | "DELAYED") => {}
        Some(_) => {
            let what = body.error.or(body.message).unwrap_or_else(|| "no reason given".to_owned());
            return Err(SourceError::Status { place: place.to_owned(), code: 200, what });
        }
        None => return Err(malformed(place, "the answer has no status")),
    }
    if body.adjusted == Some(false) {
        return Err(malformed(place, "the prices are not adjusted for splits"));
    }
    match body.results {
        Some(rows) => Ok(rows),
        None if body.results_count.0 == Some(0.0) => Ok(Vec::new()),
        None => Err(malformed(place, "the answer has no results")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: &str = r#"{"ticker":"AAPL","queryCount":2,"resultsCount":2,"adjusted":true,"results":[
        {"v":70790813.5,"vw":131.63,"o":130.465,"c":130.15,"h":133.41,"l":129.89,"t":1673240400000,"n":645365},
        {"v":63896155,"o":130.26,"c":130.73,"h":131.2636,"l":128.12,"t":1673326800000}],
        "status":"DELAYED","request_id":"x","count":2}"#;

    fn symbol(name: &str) -> Symbol {
        Symbol::new(name).expect("a symbol")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// Reads a body of the range call and expects an error that holds `expected`.
    fn refused(body: &str, expected: &str) {
        let error = bars("polygon (AAPL)", &symbol("AAPL"), body.as_bytes()).expect_err(body).to_string();
        assert!(error.contains(expected) && error.starts_with("polygon (AAPL)"), "{error}");
    }

    #[test]
    fn a_bar_of_a_range_is_dated_by_midnight_in_new_york() {
        let page = bars("p", &symbol("AAPL"), RANGE.as_bytes()).expect("a page");
        let first = Bar {
            date: day("2023-01-09"),
            open: 130.465,
            high: 133.41,
            low: 129.89,
            close: 130.15,
            volume: 70_790_813.5,
        };
        assert_eq!(page.bars[0], first);
        assert_eq!(page.bars[1].date, day("2023-01-10"));
        assert_eq!((page.bad_rows.count(), page.next), (0, None));
    }

    #[test]
    fn a_bar_of_summer_is_dated_by_summer_time() {
        let body = RANGE.replace("1673240400000", "1720584000000"); // 2024-07-10 04:00 UTC
        let page = bars("p", &symbol("AAPL"), body.as_bytes()).expect("a page");
        assert_eq!(page.bars[0].date, day("2024-07-10"));
    }

    #[test]
    fn an_unknown_ticker_is_an_empty_answer() {
        let body = r#"{"ticker":"NOPE","queryCount":0,"resultsCount":0,"adjusted":true,"status":"OK"}"#;
        let page = bars("p", &symbol("NOPE"), body.as_bytes()).expect("a page");
        assert!(page.bars.is_empty());
    }

    #[test]
    fn a_row_that_lacks_a_number_costs_only_itself() {
        for bad in ["\"v\":null", "\"v\":\"many\"", "\"v\":[]", "\"x\":1"] {
            let body = RANGE.replace("\"v\":63896155", bad);
            let page = bars("p", &symbol("AAPL"), body.as_bytes()).expect(bad);
            assert_eq!((page.bars.len(), page.bad_rows.count()), (1, 1), "{bad}");
        }
        for bad in ["1e300", "-1e18", "1.5", "9e15"] {
            let body = RANGE.replace("1673326800000", bad);
            let page = bars("p", &symbol("AAPL"), body.as_bytes()).expect(bad);
            assert_eq!((page.bars.len(), page.bad_rows.count()), (1, 1), "{bad}");
        }
    }

    #[test]
    fn numbers_in_quotes_are_numbers() {
        let body = RANGE.replace("130.465", "\"130.465\"").replace("1673240400000", "\"1673240400000\"");
        assert_eq!(bars("p", &symbol("AAPL"), body.as_bytes()), bars("p", &symbol("AAPL"), RANGE.as_bytes()));
    }

    #[test]
    fn an_answer_of_another_shape_is_refused() {
        refused("", "is empty");
        refused("<html>", "web page");
        refused(&RANGE[..200], "cut short");
        refused("[]", "another shape");
        refused(&RANGE.replace("\"status\":\"DELAYED\",", ""), "no status");
        refused(&RANGE.replace("DELAYED", "ERROR"), "no reason given");
        refused(r#"{"status":"ERROR","error":"Unknown API Key"}"#, "Unknown API Key");
        refused(r#"{"status":"OK","resultsCount":3}"#, "no results");
        refused(&RANGE.replace("\"adjusted\":true", "\"adjusted\":false"), "not adjusted");
        refused(&RANGE.replace("AAPL", "MSFT"), "another symbol");
    }

    #[test]
    fn the_whole_market_is_dated_by_the_close_and_keeps_no_mixed_case() {
        let body = r#"{"queryCount":3,"resultsCount":3,"adjusted":true,"status":"OK","results":[
            {"T":"BRK.B","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000},
            {"T":"BACpL","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000},
            {"T":"A B","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000},
            {"T":"MSFT","v":1,"o":2,"c":2,"h":3,"t":1732222800000}]}"#;
        let market = market("p", body.as_bytes()).expect("a market");
        assert_eq!(market.len(), 1);
        assert_eq!((market[0].0.as_str(), market[0].1.date), ("BRK.B", day("2024-11-21")));
    }

    #[test]
    fn a_split_is_new_shares_for_each_old_one() {
        let body = r#"{"results":[
            {"execution_date":"2020-08-31","split_from":1,"split_to":4,"ticker":"AAPL"},
            {"execution_date":"2021-01-04","split_from":10,"split_to":1,"ticker":"OLD"},
            {"execution_date":"2021-01-04","split_from":0,"split_to":1,"ticker":"NIL"}],
            "status":"OK","next_url":"https://api.massive.com/v3/reference/splits?cursor=x"}"#;
        let page = splits("p", body.as_bytes()).expect("a page");
        let expected = [
            Split { symbol: symbol("AAPL"), date: day("2020-08-31"), ratio: 4.0 },
            Split { symbol: symbol("OLD"), date: day("2021-01-04"), ratio: 0.1 },
        ];
        assert_eq!(page.splits, expected);
        assert_eq!(page.next.as_deref(), Some("https://api.massive.com/v3/reference/splits?cursor=x"));
        assert_eq!(splits("p", br#"{"status":"OK"}"#).map(|page| page.splits.len()), Ok(0));
    }

    #[test]
    fn the_market_status_is_polygons_word() {
        let body = r#"{"market":"extended-hours","exchanges":{"nyse":"closed"},"afterHours":true}"#;
        let expected = MarketStatus { market: "extended-hours".into(), nyse: Some("closed".into()) };
        assert_eq!(market_status("p", body.as_bytes()), Ok(expected));
    }
}
