//! Reading JSON that a vendor may change a little: numbers in digits or in quotes, rows that lack one.
//!
//! Refuses to guess: what is no number is `None`, and a row without all of its numbers is dropped
//! and counted, never filled. Shapes beyond that are errors of the whole answer.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeOwned;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::SourceError;
use super::answer::malformed;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::Symbol;

/// A number, as JSON's own or as text; `None` for anything else that stands in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Loose(pub(super) Option<f64>);

impl Loose {
    /// Returns the number where it is whole and small enough for a float to hold it exactly.
    pub(super) fn whole(self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        self.0.filter(|number| number.fract() == 0.0 && number.abs() < EXACT).map(|number| number as i64)
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(Some(number as f64)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(Some(number as f64)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(text.trim().parse().ok()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Loose, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}

/// Reads a body as JSON of this shape.
///
/// # Errors
/// [`SourceError::Malformed`] that says what was found: nothing, a web page, a cut or another shape.
/// It never quotes the body.
pub(super) fn json<T: DeserializeOwned>(place: &str, body: &[u8]) -> Result<T, SourceError> {
    let begin = body.trim_ascii_start();
    if begin.is_empty() {
        return Err(malformed(place, "the answer is empty"));
    }
    if begin.starts_with(b"<") {
        return Err(malformed(place, "the answer is a web page, not JSON; check base_url"));
    }
    serde_json::from_slice(body).map_err(|error| {
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

/// Rows of an answer that were dropped, and the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadRows {
    count: usize,
    first: usize,
}

impl BadRows {
    /// Keeps the rows that could be read, in their order, and counts the others.
    pub(super) fn part<T>(rows: impl IntoIterator<Item = Option<T>>) -> (Vec<T>, Self) {
        let (mut good, mut bad) = (Vec::new(), BadRows::default());
        for (index, row) in rows.into_iter().enumerate() {
            match row {
                Some(row) => good.push(row),
                None => bad.push(index + 1),
            }
        }
        (good, bad)
    }

    fn push(&mut self, row: usize) {
        if self.count == 0 {
            self.first = row;
        }
        self.count += 1;
    }

    /// Tells of the dropped rows, where there are any.
    pub(super) fn problem(self, vendor: &str, symbol: &Symbol) -> Option<Problem> {
        let rows = match self.count {
            0 => return None,
            1 => "1 row".to_owned(),
            many => format!("{many} rows"),
        };
        let message = format!(
            "dropped {rows} of {vendor} without a date and five numbers, the first as row {}",
            self.first
        );
        Some(Problem::new(symbol, ProblemKind::BadBar, message))
    }

    /// Tells how many rows were dropped.
    pub fn count(self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<f64>) {
        assert_eq!(serde_json::from_str::<Loose>(text).expect("JSON"), Loose(expected), "{text}");
    }

    #[test]
    fn numbers_are_read_in_digits_and_in_quotes_and_nothing_else_is_one() {
        check("1.5", Some(1.5));
        check("-3", Some(-3.0));
        check("\" 1e3 \"", Some(1000.0));
        for other in ["null", "true", "\"\"", "\"1,5\"", "[1]", "{\"a\": 1}"] {
            check(other, None);
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

    #[test]
    fn dropped_rows_are_told_in_one_problem() {
        let symbol = Symbol::new("X").expect("a symbol");
        let (good, bad) = BadRows::part([Some(1), None, Some(3), None]);
        assert_eq!((good, bad.count()), (vec![1, 3], 2));
        let problem = bad.problem("polygon", &symbol).expect("two rows");
        assert_eq!(
            problem.message,
            "dropped 2 rows of polygon without a date and five numbers, the first as row 2"
        );
        assert_eq!(BadRows::default().problem("polygon", &symbol), None);
    }
}
