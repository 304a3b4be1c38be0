//! What Polygon's answers mean: bytes in, bars or splits out.
//!
//! Pure. Prices are handed over as they were told; [`crate::bars::check`] judges them. A row that
//! cannot be read costs only itself and is told: counted among one symbol's, by its symbol among the
//! market's. An answer of another shape is an error.

use serde::Deserialize;

use crate::bars::Split;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::sources::BadRows;
use crate::sources::SourceError;
use crate::sources::Splits;
use crate::sources::Unread;
use crate::sources::WholeMarketBars;
use crate::sources::answer::malformed;
use crate::sources::loose;
use crate::sources::loose::Cell;
use crate::sources::loose::json;
use crate::sources::rows::Rows;
use crate::sources::rows::Shape;
use crate::sources::rows::Taken;
use crate::sources::rows::bar;

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
    pub page: Splits,
    pub next: Option<String>,
}

/// Whether the market as a whole trades now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketStatus {
    Open,
    /// Before the opening or after the close, on a session.
    ExtendedHours,
    Closed,
}

#[derive(Deserialize)]
#[serde(bound = "C: Rows<N> + Default")]
struct Body<C, const N: usize> {
    status: Option<String>,
    ticker: Option<String>,
    adjusted: Option<bool>,
    #[serde(rename = "resultsCount", default, deserialize_with = "loose::number")]
    results_count: Option<f64>,
    results: Option<Taken<C, N>>,
    next_url: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct StatusBody {
    market: String,
}

/// Dates a bar by New York: a range stamps it 00:00 there, the whole market 16:00.
fn dated([t, numbers @ ..]: &[Cell<'_>; 6]) -> Option<Bar> {
    bar(calendar::local_date(AssetClass::Equity, t.instant()?), numbers)
}

/// The bars of one symbol.
#[derive(Default)]
struct BarRows {
    bars: Vec<Bar>,
    bad_rows: BadRows,
}

impl Rows<6> for BarRows {
    const SHAPE: Shape<6> = Shape::Object(["t", "o", "h", "l", "c", "v"]);

    fn add(&mut self, number: usize, row: Option<[Cell<'_>; 6]>) {
        match row.as_ref().and_then(dated) {
            Some(bar) => self.bars.push(bar),
            None => self.bad_rows.push(|| format!("polygon, row {number}")),
        }
    }
}

/// What a row of many symbols says it is about.
enum Subject {
    Symbol(Symbol),
    /// A ticker that no symbol is written as: `BACpL`, a preferred share, would read as another company's.
    Foreign,
    Nameless,
}

impl Subject {
    fn of(ticker: &Cell<'_>) -> Self {
        let Some(ticker) = ticker.text().filter(|ticker| !ticker.trim().is_empty()) else {
            return Subject::Nameless;
        };
        match Symbol::new(ticker).ok().filter(|symbol| symbol.as_str() == ticker) {
            Some(symbol) => Subject::Symbol(symbol),
            None => Subject::Foreign,
        }
    }

    /// Reads a row that is about a symbol; one that cannot be read is noted.
    fn read<T>(self, unread: &mut Unread, read: impl FnOnce(&Symbol) -> Option<T>) -> Option<T> {
        match self {
            Subject::Foreign => None,
            Subject::Nameless => {
                unread.nameless += 1;
                None
            }
            Subject::Symbol(symbol) => {
                let told = read(&symbol);
                if told.is_none() {
                    unread.symbols.insert(symbol);
                }
                told
            }
        }
    }
}

impl Rows<7> for WholeMarketBars {
    const SHAPE: Shape<7> = Shape::Object(["T", "t", "o", "h", "l", "c", "v"]);

    fn add(&mut self, _number: usize, row: Option<[Cell<'_>; 7]>) {
        let [ticker, numbers @ ..] = row.unwrap_or_default();
        let read = |symbol: &Symbol| Some((symbol.clone(), dated(&numbers)?));
        self.bars.extend(Subject::of(&ticker).read(&mut self.unread, read));
    }
}

impl Rows<4> for Splits {
    const SHAPE: Shape<4> = Shape::Object(["ticker", "execution_date", "split_from", "split_to"]);

    fn add(&mut self, _number: usize, row: Option<[Cell<'_>; 4]>) {
        let [ticker, date, from, to] = row.unwrap_or_default();
        let read = |symbol: &Symbol| {
            let ratio = to.number()? / from.number()?;
            let is_ratio = ratio.is_finite() && ratio > 0.0;
            is_ratio.then_some(Split { symbol: symbol.clone(), date: date.date()?, ratio })
        };
        self.splits.extend(Subject::of(&ticker).read(&mut self.unread, read));
    }
}

/// Reads a page of the range call, or of the previous close. `place` names the vendor and the symbol
/// in errors.
///
/// # Errors
/// [`SourceError::Malformed`] for another shape, unadjusted prices, or another symbol's bars;
/// [`SourceError::Status`] where the answer says that it is a failure.
pub fn bars(place: &str, symbol: &Symbol, body: &[u8]) -> Result<BarPage, SourceError> {
    let mut body: Body<BarRows, 6> = json(place, body)?;
    if body.ticker.as_ref().is_some_and(|ticker| !ticker.eq_ignore_ascii_case(symbol.as_str())) {
        return Err(malformed(place, "the answer is about another symbol"));
    }
    let next = body.next_url.take();
    let BarRows { bars, bad_rows } = results(place, body)?;
    Ok(BarPage { bars, bad_rows, next })
}

/// Reads the whole market's bars of one session. A ticker in mixed case is left out; of any other row
/// that cannot be read, the symbol is told.
///
/// # Errors
/// As [`bars`].
pub fn market(place: &str, body: &[u8]) -> Result<WholeMarketBars, SourceError> {
    results(place, json::<Body<WholeMarketBars, 7>>(place, body)?)
}

/// Reads a page of splits. One without a date or two numbers over zero is told by its symbol: whoever
/// holds it does not know whether its history still fits.
///
/// # Errors
/// As [`bars`].
pub fn splits(place: &str, body: &[u8]) -> Result<SplitPage, SourceError> {
    let mut body: Body<Splits, 4> = json(place, body)?;
    let next = body.next_url.take();
    // This call has no count: an empty list is an answer, and so is none beside a good status.
    body.results_count = body.results_count.or(Some(0.0));
    Ok(SplitPage { page: results(place, body)?, next })
}

/// Reads whether the market trades now.
///
/// # Errors
/// [`SourceError::Malformed`] for another shape, or a word that is not known.
pub fn market_status(place: &str, body: &[u8]) -> Result<MarketStatus, SourceError> {
    match json::<StatusBody>(place, body)?.market.as_str() {
        "open" => Ok(MarketStatus::Open),
        "extended-hours" => Ok(MarketStatus::ExtendedHours),
        "closed" => Ok(MarketStatus::Closed),
        _ => Err(malformed(place, "the market is neither open nor closed nor in extended hours")),
    }
}

/// Returns the rows of a good answer. An empty one has no `results`, and a count of 0.
fn results<C, const N: usize>(place: &str, body: Body<C, N>) -> Result<C, SourceError>
where
    C: Rows<N> + Default,
{
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
        Some(Taken(rows)) => Ok(rows),
        None if body.results_count == Some(0.0) => Ok(C::default()),
        None => Err(malformed(place, "the answer has no results")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

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
        for bad in ["1e300", "-1e18", "1.5", "9e15", "-8334601315200000", "-8334601228800000"] {
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
    fn a_row_of_any_kind_costs_only_itself() {
        let good = r#"{"v":1,"o":2,"c":2,"h":3,"l":1,"t":1673240400000}"#;
        for odd in ["null", "7", "\"x\"", "[1]", "{}", r#"{"t":null,"t":[]}"#, r#"{"t":-8334601228800000}"#] {
            let body = format!(r#"{{"status":"OK","resultsCount":2,"results":[{odd},{good}]}}"#);
            let page = bars("p", &symbol("AAPL"), body.as_bytes()).expect(odd);
            assert_eq!((page.bars.len(), page.bad_rows.count()), (1, 1), "{odd}");
            let problem = page.bad_rows.problem(&symbol("AAPL")).expect("a row was dropped");
            assert_eq!(problem.message, "dropped 1 row that could not be read: polygon, row 1");
        }
    }

    fn names(unread: &Unread) -> Vec<&str> {
        unread.symbols.iter().map(Symbol::as_str).collect()
    }

    #[test]
    fn the_whole_market_is_dated_by_the_close_and_keeps_no_mixed_case() {
        let body = r#"{"queryCount":3,"resultsCount":3,"adjusted":true,"status":"OK","results":[
            {"T":"BRK.B","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000},
            {"T":"BACpL","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000},
            {"T":"A B","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000},
            {"T":"MSFT","v":1,"o":2,"c":2,"h":3,"t":1732222800000}]}"#;
        let market = market("p", body.as_bytes()).expect("a market");
        assert_eq!(market.bars.len(), 1);
        assert_eq!((market.bars[0].0.as_str(), market.bars[0].1.date), ("BRK.B", day("2024-11-21")));
        assert_eq!((names(&market.unread), market.unread.nameless), (vec!["MSFT"], 0));
    }

    #[test]
    fn an_odd_row_of_the_whole_market_costs_only_its_own_symbol() {
        let good = r#"{"T":"NAN","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000}"#;
        for (odd, symbols, nameless) in [
            ("null", vec![], 1),
            ("5", vec![], 1),
            (r#"{"T":5,"v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000}"#, vec![], 1),
            (r#"{"T":"","v":1,"o":2,"c":2,"h":3,"l":1,"t":1732222800000}"#, vec![], 1),
            (r#"{"T":"AAPL","v":{},"o":2,"c":2,"h":3,"l":1,"t":1732222800000}"#, vec!["AAPL"], 0),
            (r#"{"T":"AAPL","v":1,"o":2,"c":2,"h":3,"l":1,"t":-8334601228800000}"#, vec!["AAPL"], 0),
            (r#"{"T":"AAPL"}"#, vec!["AAPL"], 0),
        ] {
            let body = format!(r#"{{"status":"OK","resultsCount":2,"results":[{good},{odd}]}}"#);
            let market = market("p", body.as_bytes()).expect(odd);
            assert_eq!(market.bars.len(), 1, "{odd}");
            assert_eq!((names(&market.unread), market.unread.nameless), (symbols, nameless), "{odd}");
        }
    }

    #[test]
    fn a_split_is_new_shares_for_each_old_one() {
        let body = r#"{"results":[
            {"execution_date":"2020-08-31","split_from":1,"split_to":4,"ticker":"AAPL"},
            {"execution_date":"2021-01-04","split_from":10,"split_to":1,"ticker":"OLD"}],
            "status":"OK","next_url":"https://api.massive.com/v3/reference/splits?cursor=x"}"#;
        let SplitPage { page, next } = splits("p", body.as_bytes()).expect("a page");
        let expected = [
            Split { symbol: symbol("AAPL"), date: day("2020-08-31"), ratio: 4.0 },
            Split { symbol: symbol("OLD"), date: day("2021-01-04"), ratio: 0.1 },
        ];
        assert_eq!(page.splits, expected);
        assert!(page.unread.is_empty());
        assert_eq!(next.as_deref(), Some("https://api.massive.com/v3/reference/splits?cursor=x"));
        assert_eq!(splits("p", br#"{"status":"OK"}"#).map(|page| page.page), Ok(Splits::default()));
    }

    #[test]
    fn a_split_that_cannot_be_read_is_known_by_its_symbol() {
        let good = r#"{"execution_date":"2020-08-31","split_from":1,"split_to":4,"ticker":"AAPL"}"#;
        let rest = r#""split_from":1,"split_to":4,"ticker":"NVDA"}"#;
        for (odd, symbols, nameless) in [
            (format!(r#"{{"execution_date":"",{rest}"#), vec!["NVDA"], 0),
            (format!(r#"{{"execution_date":"2026-11-20T00:00:00Z",{rest}"#), vec!["NVDA"], 0),
            (format!(r#"{{"execution_date":20261120,{rest}"#), vec!["NVDA"], 0),
            (format!("{{{rest}"), vec!["NVDA"], 0),
            (good.replace("AAPL", "NVDA").replace(":1,", ":0,"), vec!["NVDA"], 0),
            (good.replace("AAPL", "NVDA").replace(":4,", ":-4,"), vec!["NVDA"], 0),
            (good.replace("AAPL", "NVDA").replace(":4,", ":[],"), vec!["NVDA"], 0),
            (good.replace("\"AAPL\"", "null"), vec![], 1),
            ("null".to_owned(), vec![], 1),
        ] {
            let body = format!(r#"{{"status":"OK","results":[{odd},{good}]}}"#);
            let page = splits("p", body.as_bytes()).expect(&odd).page;
            assert_eq!(page.splits.len(), 1, "{odd}");
            assert_eq!((names(&page.unread), page.unread.nameless), (symbols, nameless), "{odd}");
        }
    }

    #[test]
    fn the_market_status_is_one_of_three() {
        let status = |word: &str| market_status("p", format!(r#"{{"market":"{word}"}}"#).as_bytes());
        assert_eq!(status("open"), Ok(MarketStatus::Open));
        assert_eq!(status("extended-hours"), Ok(MarketStatus::ExtendedHours));
        assert_eq!(status("closed"), Ok(MarketStatus::Closed));
        assert!(matches!(status("early"), Err(SourceError::Malformed { .. })));
    }
}
