//! What Alpha Vantage's answers mean: bytes in, raw bars or the reason of a refusal out.
//!
//! Pure. Every failure comes with status 200 and a sentence; its kind is read from the words. A quota
//! message holds the key: no sentence is passed on from here without having gone through the redactor.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;

use crate::domain::Bar;
use crate::sources::BadRows;
use crate::sources::SourceError;
use crate::sources::answer::malformed;
use crate::sources::loose::Cell;
use crate::sources::loose::json;
use crate::sources::rows::Row;
use crate::sources::rows::Shape;
use crate::sources::rows::Tally;
use crate::sources::rows::bar;

/// The fields of a day.
const DAY: Shape<5> = Shape::Object(["1. open", "2. high", "3. low", "4. close", "5. volume"]);

/// What an answer is.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// Raw bars, in the order of the answer.
    Bars { bars: Vec<Bar>, bad_rows: BadRows },
    /// Too many calls in a moment: wait a little.
    TooFast,
    /// The calls of the day are spent.
    Spent,
    /// The plan does not include it, and will not tomorrow.
    Premium { said: String },
    /// The key is missing or wrong.
    BadKey { said: String },
    /// There is no such symbol, or no such call.
    Unknown,
    /// A sentence of no known kind.
    Refused { said: String },
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "Time Series (Daily)")]
    series: Option<Series>,
    #[serde(rename = "Information")]
    information: Option<String>,
    #[serde(rename = "Note")]
    note: Option<String>,
    #[serde(rename = "Error Message")]
    error: Option<String>,
}

/// The days of a series, in the order of the answer; a map would keep one of two on the same date.
#[derive(Default)]
struct Series {
    bars: Vec<Bar>,
    bad_rows: BadRows,
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Days)
    }
}

struct Days;

impl<'de> Visitor<'de> for Days {
    type Value = Series;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows by date")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Series, A::Error> {
        let (mut series, mut tally) = (Series::default(), Tally::default());
        while let Some(date) = entries.next_key::<Cell<'de>>()? {
            let row = entries.next_value_seed(Row(DAY))?;
            let number = tally.count(row.as_ref());
            match row.zip(date.date()).and_then(|(row, date)| bar(date, &row)) {
                Some(bar) => series.bars.push(bar),
                None => series.bad_rows.push(|| format!("alpha_vantage, row {number}")),
            }
        }
        tally.finish()?;
        Ok(series)
    }
}

/// Reads an answer to the daily series. `place` names the vendor and the symbol in errors.
///
/// # Errors
/// [`SourceError::Malformed`] for another shape, or one without a series and a sentence.
pub fn daily(place: &str, body: &[u8]) -> Result<Answered, SourceError> {
    let body: Body = json(place, body)?;
    if let Some(said) = body.error {
        return Ok(error(said));
    }
    if let Some(Series { bars, bad_rows }) = body.series {
        return Ok(Answered::Bars { bars, bad_rows });
    }
    match body.information.or(body.note) {
        Some(said) => Ok(sentence(said)),
        None => Err(malformed(place, "the answer has neither a daily series nor a reason")),
    }
}

/// The quota's sentence advertises the premium plans, and the one on speed names the quota too: the
/// narrower word is looked for first.
fn sentence(said: String) -> Answered {
    let text = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["per second", "per minute"]) {
        Answered::TooFast
    } else if has(&["per day", "requests/day", "daily rate limit"]) {
        Answered::Spent
    } else if has(&["premium"]) {
        Answered::Premium { said }
    } else if has(&["apikey", "api key"]) {
        Answered::BadKey { said }
    } else {
        Answered::Refused { said }
    }
}

fn error(said: String) -> Answered {
    let text = said.to_lowercase();
    if text.contains("apikey is") || text.contains("api key is") {
        Answered::BadKey { said }
    } else {
        Answered::Unknown
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    const SERIES: &str = r#"{"Meta Data":{"1. Information":"Daily Prices","2. Symbol":"IBM",
        "3. Last Refreshed":"2024-01-05","4. Output Size":"Compact","5. Time Zone":"US/Eastern"},
        "Time Series (Daily)":{
        "2024-01-05":{"1. open":"159.00","2. high":"160.55","3. low":"158.10","4. close":"159.16","5. volume":"3174890"},
        "2024-01-04":{"1. open":"160.00","2. high":"161.00","3. low":"159.00","4. close":"160.86","5. volume":"3212000"}}}"#;

    fn read(body: &str) -> Answered {
        daily("alpha_vantage (IBM)", body.as_bytes()).expect(body)
    }

    fn bars(body: &str) -> (Vec<Bar>, usize) {
        match read(body) {
            Answered::Bars { bars, bad_rows } => (bars, bad_rows.count()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_series_comes_as_it_was_told() {
        let (told, bad) = bars(SERIES);
        assert_eq!((told.len(), bad), (2, 0));
        assert_eq!(told[0].date, NaiveDate::from_ymd_opt(2024, 1, 5).expect("a date"));
        assert_eq!((told[0].open, told[0].close, told[0].volume), (159.0, 159.16, 3_174_890.0));
        let twice = SERIES.replace("2024-01-04", "2024-01-05");
        assert_eq!(bars(&twice).0.len(), 2, "neither of two on one date is lost here");
    }

    #[test]
    fn a_row_that_cannot_be_read_costs_only_itself() {
        for (good, bad) in
            [("\"159.16\"", "null"), ("\"159.16\"", "\"None\""), ("2024-01-05\":{", "someday\":{")]
        {
            let (bars, count) = bars(&SERIES.replace(good, bad));
            assert_eq!((bars.len(), count), (1, 1), "{bad}");
        }
        assert_eq!(bars(&SERIES.replace("\"159.16\"", "159.16")), bars(SERIES));
        for odd in ["null", "7", "[]"] {
            let row = SERIES.replace("\"2024-01-05\":{", &format!("\"2024-01-08\":{odd},\"2024-01-05\":{{"));
            let (bars, count) = bars(&row);
            assert_eq!((bars.len(), count), (2, 1), "{odd}");
        }
    }

    #[test]
    fn each_sentence_is_of_its_kind() {
        let fast = "Thank you for using Alpha Vantage! Please consider spreading out your free API requests \
                    more sparingly (1 request per second). You may subscribe to any of the premium plans to \
                    lift the free key rate limit (25 requests per day), raise the per-second burst limit.";
        let spent = "We have detected your API key as KEY and our standard API rate limit is 25 requests per \
                     day. Please subscribe to any of the premium plans to instantly remove all daily rate limits.";
        let premium = "Thank you for using Alpha Vantage! The outputsize=full parameter value is a premium \
                       feature for this API. You may subscribe to any of the premium plans.";
        let unknown = "Invalid API call. Please retry or visit the documentation for TIME_SERIES_DAILY.";
        let key = "the parameter apikey is invalid or missing. Please claim your free API key.";
        let other = "We are moving house.";
        let said = str::to_owned;
        for (field, text, expected) in [
            ("Information", fast, Answered::TooFast),
            ("Note", spent, Answered::Spent),
            ("Information", spent, Answered::Spent),
            ("Information", premium, Answered::Premium { said: said(premium) }),
            ("Error Message", unknown, Answered::Unknown),
            ("Error Message", key, Answered::BadKey { said: said(key) }),
            ("Information", key, Answered::BadKey { said: said(key) }),
            ("Note", other, Answered::Refused { said: said(other) }),
        ] {
            assert_eq!(read(&format!("{{\"{field}\": \"{text}\"}}")), expected);
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_refused() {
        for (body, expected) in [
            ("", "is empty"),
            ("<html>", "web page"),
            (&SERIES[..150], "cut short"),
            ("[]", "another shape"),
            ("{}", "neither a daily series nor a reason"),
            (r#"{"Time Series (Daily)": [1]}"#, "another shape"),
        ] {
            let error = daily("alpha_vantage (IBM)", body.as_bytes()).expect_err(body).to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }
}
