//! What Binance's answers mean: bytes in, bars out.
//!
//! Pure. A candle is told as a list of twelve, its numbers in quotes. One without its times and five
//! numbers is dropped and counted; whether the numbers can be true is for [`crate::bars::check`].

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;

use crate::domain::Bar;
use crate::sources::BadRows;
use crate::sources::SourceError;
use crate::sources::loose::Cell;
use crate::sources::loose::json_with;
use crate::sources::rows::ReadInto;
use crate::sources::rows::Rows;
use crate::sources::rows::Shape;
use crate::sources::rows::bar;

/// One page of candles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// In the order of the answer, without the candle that is still forming.
    pub bars: Vec<Bar>,
    pub bad_rows: BadRows,
    /// How many candles the answer had in all: a full page may have a next one.
    pub rows: usize,
    /// When the last of them opened, in milliseconds since 1970 UTC.
    pub last_open: Option<i64>,
}

/// What Binance says when it refuses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    pub code: i64,
    pub msg: String,
}

/// The candles of a page as they are read.
struct Candles {
    /// In milliseconds; what closes then or later is still forming.
    now: i64,
    page: Page,
}

/// Open time, open, high, low, close, volume, close time; the rest is not read.
impl Rows<7> for Candles {
    const SHAPE: Shape<7> = Shape::List;

    fn add(&mut self, number: usize, row: Option<[Cell<'_>; 7]>) {
        let Candles { now, page } = self;
        let row = row.unwrap_or_default();
        page.rows = number;
        page.last_open = row[0].whole().or(page.last_open);
        if row[6].whole().is_some_and(|close| close >= *now) {
            return;
        }
        match candle(&row) {
            Some(bar) => page.bars.push(bar),
            None => page.bad_rows.push(|| format!("binance, row {number}")),
        }
    }
}

/// Reads a page of daily candles; those that close at `now` or later are still forming and left out.
/// `place` names the vendor and the symbol in errors.
///
/// # Errors
/// [`SourceError::Malformed`] for another shape.
pub fn candles(place: &str, now: DateTime<Utc>, body: &[u8]) -> Result<Page, SourceError> {
    let rows = ReadInto(Candles { now: now.timestamp_millis(), page: Page::default() });
    Ok(json_with(place, body, rows)?.page)
}

/// Reads what Binance says beside a failure's status, where it says anything.
pub fn refusal(body: &[u8]) -> Option<Refusal> {
    serde_json::from_slice(body).ok()
}

/// A candle without a close time may be a forming one: it is no bar.
fn candle([open_time, numbers @ .., close_time]: &[Cell<'_>; 7]) -> Option<Bar> {
    close_time.whole()?;
    bar(open_time.instant()?.date_naive(), numbers)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    const TWO: &str = r#"[[1704067200000,"42283.58","44184.10","42180.77","44179.55","27174.29903",1704153599999,
        "1169995682.9","1126646","13982.6","602219178.9","0"],
        [1704153600000,"44179.55","45879.63","44148.34","44946.91","65146.40661",1704239999999,
        "2944331748.5","2295034","33548.1","1516224478.1","0"]]"#;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn page(body: &str) -> Page {
        candles("binance (BTC)", at("2024-01-09T00:01:00Z"), body.as_bytes()).expect("a page")
    }

    fn refused(body: &str, expected: &str) {
        let error = candles("binance (BTC)", at("2024-01-09T00:01:00Z"), body.as_bytes()).expect_err(body);
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_candle_is_dated_by_its_opening_in_utc() {
        let page = page(TWO);
        let first = Bar {
            date: NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date"),
            open: 42283.58,
            high: 44184.10,
            low: 42180.77,
            close: 44179.55,
            volume: 27174.29903,
        };
        assert_eq!(page.bars[0], first);
        assert_eq!((page.rows, page.last_open), (2, Some(1_704_153_600_000)));
    }

    #[test]
    fn the_candle_that_is_still_forming_is_no_bar() {
        for (now, bars) in [
            ("2024-01-02T23:59:59.999Z", 1), // its last millisecond
            ("2024-01-03T00:00:00Z", 2),
            ("2024-01-01T12:00:00Z", 0),
        ] {
            let page = candles("b", at(now), TWO.as_bytes()).expect("a page");
            assert_eq!((page.bars.len(), page.rows), (bars, 2), "{now}");
        }
        let unknown_close = TWO.replace("1704239999999", "null");
        assert_eq!((page(&unknown_close).bars.len(), page(&unknown_close).bad_rows.count()), (1, 1));
    }

    #[test]
    fn a_candle_that_cannot_be_read_costs_only_itself() {
        for bad in ["null", "\"\"", "\"many\"", "{}", "[]", "true"] {
            let page = page(&TWO.replace("\"44946.91\"", bad));
            assert_eq!((page.bars.len(), page.bad_rows.count()), (1, 1), "{bad}");
        }
        for odd in ["null", "7", "{}", "[]", "[1]", "[-8334601228800000,1,1,1,1,1,1704239999999]"] {
            let page = page(&TWO.replacen('[', &format!("[{odd},"), 1));
            assert_eq!((page.bars.len(), page.bad_rows.count(), page.rows), (2, 1, 3), "{odd}");
        }
        assert_eq!(page("[[], [1]]").bad_rows.count(), 2);
        assert_eq!(page(&TWO.replace("\"44946.91\"", "44946.91")), page(TWO));
    }

    #[test]
    fn an_answer_of_another_shape_is_refused() {
        refused("", "is empty");
        refused("<html>", "web page");
        refused(&TWO[..100], "cut short");
        refused("{}", "another shape");
        refused("[1]", "another shape");
        assert!(page("[]").bars.is_empty());
    }

    #[test]
    fn a_refusal_has_a_code() {
        let expected = Refusal { code: -1121, msg: "Invalid symbol.".into() };
        assert_eq!(refusal(br#"{"code":-1121,"msg":"Invalid symbol."}"#), Some(expected));
        assert_eq!(refusal(b"<html>"), None);
    }
}
