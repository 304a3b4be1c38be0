//! Reading JSON that a vendor may change a little: numbers in digits or in quotes, anything in place
//! of either.
//!
//! Refuses to guess: what is no number is none, and a day of no market is no date. Text that is not
//! JSON, which a number beyond any float's reach counts as, is an error of the whole answer.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use chrono::DateTime;
use chrono::Datelike;
use chrono::NaiveDate;
use chrono::Utc;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::SourceError;
use super::answer::malformed;

/// The years that a bar or a split may be of; far beyond them, time zones have no dates.
const YEARS: RangeInclusive<i32> = 1900..=2200;

/// A value of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Cell<'a> {
    Number(f64),
    Text(Cow<'a, str>),
    /// Anything else, or nothing.
    #[default]
    Odd,
}

impl Cell<'_> {
    /// Returns the number, told in digits or in quotes.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Cell::Number(number) => Some(*number),
            Cell::Text(text) => text.trim().parse().ok(),
            Cell::Odd => None,
        }
    }

    /// Returns the number where it is whole and small enough for a float to hold it exactly.
    pub(super) fn whole(&self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        self.number()
            .filter(|number| number.fract() == 0.0 && number.abs() < EXACT)
            .map(|number| number as i64)
    }

    /// Returns the instant that is told in milliseconds since 1970 UTC.
    pub(super) fn instant(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.whole()?).filter(|instant| YEARS.contains(&instant.year()))
    }

    /// Returns the date that is told as `2024-01-02`.
    pub(super) fn date(&self) -> Option<NaiveDate> {
        let date = NaiveDate::parse_from_str(self.text()?, "%Y-%m-%d").ok()?;
        YEARS.contains(&date.year()).then_some(date)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Number(_) | Cell::Odd => None,
        }
    }
}

impl<'de> Deserialize<'de> for Cell<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Cell<'de>, E> {
        Ok(Cell::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Cell<'de>, E> {
        Ok(Cell::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Cell<'de>, E> {
        Ok(Cell::Number(number as f64))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Cell<'de>, E> {
        Ok(Cell::Odd)
    }

    fn visit_unit<E>(self) -> Result<Cell<'de>, E> {
        Ok(Cell::Odd)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Cell<'de>, A::Error> {
        pass_items(items)?;
        Ok(Cell::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Cell<'de>, A::Error> {
        pass_entries(entries)?;
        Ok(Cell::Odd)
    }
}

/// Reads past the rest of a list.
pub(super) fn pass_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads past the rest of an object.
pub(super) fn pass_entries<'de, A: MapAccess<'de>>(mut entries: A) -> Result<(), A::Error> {
    while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads a number as [`Cell::number`] does, for a field of a derived type.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(Cell::deserialize(deserializer)?.number())
}

/// Reads a body as JSON of this shape.
///
/// # Errors
/// As [`json_with`].
pub(super) fn json<'de, T: Deserialize<'de>>(place: &str, body: &'de [u8]) -> Result<T, SourceError> {
    json_with(place, body, PhantomData)
}

/// Reads a body as JSON of the shape that `seed` reads.
///
/// # Errors
/// [`SourceError::Malformed`] that says what was found: nothing, a web page, a cut or another shape.
/// It never quotes the body.
pub(super) fn json_with<'de, S: DeserializeSeed<'de>>(
    place: &str,
    body: &'de [u8],
    seed: S,
) -> Result<S::Value, SourceError> {
    let begin = body.trim_ascii_start();
    if begin.is_empty() {
        return Err(malformed(place, "the answer is empty"));
    }
    if begin.starts_with(b"<") {
        return Err(malformed(place, "the answer is a web page, not JSON; check base_url"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the answer is cut short",
            serde_json::error::Category::Data => "the answer is JSON of another shape",
            _ => "the answer is no JSON",
        };
        SourceError::Malformed {
            file: place.to_owned(),
            line: Some(error.line() as u64),
            // Before the first byte of a line there is no column.
            column: Some(error.column() as u64).filter(|column| *column > 0),
            what: what.to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell<'_> {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn numbers_are_read_in_digits_and_in_quotes_and_nothing_else_is_one() {
        for (text, expected) in [("1.5", 1.5), ("-3", -3.0), ("\" 1e3 \"", 1000.0)] {
            assert_eq!(cell(text).number(), Some(expected), "{text}");
        }
        for other in ["null", "true", "\"\"", "\"1,5\"", "[1]", "{\"a\": 1}"] {
            assert_eq!(cell(other).number(), None, "{other}");
        }
    }

    #[test]
    fn a_text_that_reads_as_a_number_is_still_a_text() {
        assert_eq!(cell("\"NAN\"").text(), Some("NAN"), "a fund is called so");
        assert_eq!(cell("\"\\u0041\"").text(), Some("A"));
        assert_eq!(cell("5").text(), None);
    }

    #[test]
    fn only_years_of_markets_have_instants_and_dates() {
        for (text, has_one) in [
            ("1673240400000", true),
            ("\"1673240400000\"", true),
            ("-8334601228800000", false), // the first day that chrono knows
            ("8210266876799000", false),  // the last
            ("1e300", false),
            ("1.5", false),
        ] {
            assert_eq!(cell(text).instant().is_some(), has_one, "{text}");
        }
        for (text, has_one) in [
            ("\"2024-02-29\"", true),
            ("\"2023-02-29\"", false),
            ("\"1066-10-14\"", false),
            ("\"262142-12-31\"", false),
            ("\"2024-01-02T00:00:00Z\"", false),
            ("\"\"", false),
            ("20240102", false),
        ] {
            assert_eq!(cell(text).date().is_some(), has_one, "{text}");
        }
    }

    #[test]
    fn a_body_of_another_kind_is_named() {
        let kinds = [
            ("", "v (X): the answer is empty"),
            (" \n", "v (X): the answer is empty"),
            ("<html>", "v (X): the answer is a web page, not JSON; check base_url"),
            ("[1,", "v (X), line 1, column 3: the answer is cut short"),
            ("{}", "v (X), line 1: the answer is JSON of another shape"),
            ("[1] x", "v (X), line 1, column 5: the answer is no JSON"),
        ];
        for (body, expected) in kinds {
            let error = json::<Vec<f64>>("v (X)", body.as_bytes()).expect_err(body);
            assert_eq!(error.to_string(), expected);
        }
    }
}
