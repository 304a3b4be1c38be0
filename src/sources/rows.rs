//! Reading a list of rows one by one: each is judged as it comes, and costs only itself.
//!
//! A row may be anything at all without spoiling those beside it; only a list in which nothing is a
//! row is an answer of another shape. No row is held before it is judged, so that what is dropped
//! takes no memory and a body cannot grow to many times its size.

use std::array;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use chrono::NaiveDate;

use super::loose::Cell;
use super::loose::pass_entries;
use super::loose::pass_items;
use crate::domain::Bar;

/// What a row is, and which of its values are read.
#[derive(Clone, Copy)]
pub(super) enum Shape<const N: usize> {
    /// An object with these fields, in any order; of two with one name the last counts.
    Object([&'static str; N]),
    /// A list; what comes after its first values is not read.
    List,
}

/// What takes rows in. A value that a row lacks is [`Cell::Odd`].
pub(super) trait Rows<const N: usize> {
    const SHAPE: Shape<N>;

    /// Takes a row, numbered from 1; `None` is something else in its place.
    fn add(&mut self, number: usize, row: Option<[Cell<'_>; N]>);
}

/// Counts rows, and those that are none, of a list that is being read.
#[derive(Default)]
pub(super) struct Tally {
    rows: usize,
    odd: usize,
}

impl Tally {
    /// Counts a row and returns its number.
    pub(super) fn count<T>(&mut self, row: Option<&T>) -> usize {
        self.rows += 1;
        self.odd += usize::from(row.is_none());
        self.rows
    }

    /// Refuses a list in which nothing was a row.
    pub(super) fn finish<E: Error>(self) -> Result<(), E> {
        if self.rows > 0 && self.odd == self.rows {
            return Err(E::custom("nothing in the list is a row"));
        }
        Ok(())
    }
}

/// Reads a list of rows into what takes them in.
pub(super) struct ReadInto<C, const N: usize>(pub(super) C);

impl<'de, C: Rows<N>, const N: usize> DeserializeSeed<'de> for ReadInto<C, N> {
    type Value = C;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<C, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, C: Rows<N>, const N: usize> Visitor<'de> for ReadInto<C, N> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<C, A::Error> {
        let ReadInto(mut taker) = self;
        let mut tally = Tally::default();
        while let Some(row) = items.next_element_seed(Row(C::SHAPE))? {
            taker.add(tally.count(row.as_ref()), row);
        }
        tally.finish()?;
        Ok(taker)
    }
}

/// A list of rows within a larger answer, taken in from nothing.
pub(super) struct Taken<C, const N: usize>(pub(super) C);

impl<'de, C: Rows<N> + Default, const N: usize> Deserialize<'de> for Taken<C, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ReadInto(C::default()).deserialize(deserializer).map(Taken)
    }
}

/// Reads one row, or `None` for something else in its place.
pub(super) struct Row<const N: usize>(pub(super) Shape<N>);

impl<'de, const N: usize> DeserializeSeed<'de> for Row<N> {
    type Value = Option<[Cell<'de>; N]>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Row<N> {
    type Value = Option<[Cell<'de>; N]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let Shape::Object(names) = &self.0 else {
            pass_entries(entries)?;
            return Ok(None);
        };
        let mut row = array::from_fn(|_| Cell::Odd);
        while let Some(place) = entries.next_key_seed(Place(names))? {
            match place {
                Some(place) => row[place] = entries.next_value()?,
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(row))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        if let Shape::Object(_) = self.0 {
            pass_items(items)?;
            return Ok(None);
        }
        let mut row = array::from_fn(|_| Cell::Odd);
        for cell in &mut row {
            let Some(told) = items.next_element()? else { return Ok(Some(row)) };
            *cell = told;
        }
        pass_items(items)?;
        Ok(Some(row))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Finds a field's name among those that are read.
struct Place<'a>(&'a [&'static str]);

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }
}

/// Makes the bar of a day from its open, high, low, close and volume; nothing where one is no number.
pub(super) fn bar(date: NaiveDate, [open, high, low, close, volume]: &[Cell<'_>; 5]) -> Option<Bar> {
    Some(Bar {
        date,
        open: open.number()?,
        high: high.number()?,
        low: low.number()?,
        close: close.number()?,
        volume: volume.number()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the rows, and their values as they were read.
    #[derive(Debug, Default, PartialEq)]
    struct Pairs(Vec<(usize, Option<[Option<f64>; 2]>)>);

    impl Rows<2> for Pairs {
        const SHAPE: Shape<2> = Shape::Object(["a", "b"]);

        fn add(&mut self, number: usize, row: Option<[Cell<'_>; 2]>) {
            self.0.push((number, row.map(|row| row.map(|cell| cell.number()))));
        }
    }

    fn pairs(text: &str) -> Result<Vec<Option<[Option<f64>; 2]>>, serde_json::Error> {
        let Taken(Pairs(rows)) = serde_json::from_str::<Taken<Pairs, 2>>(text)?;
        assert!(rows.iter().map(|(number, _)| *number).eq(1..=rows.len()), "{rows:?}");
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    #[test]
    fn a_row_is_read_by_the_names_of_its_fields() {
        let good = Some([Some(1.0), Some(2.0)]);
        for row in [
            r#"{"a":1,"b":2}"#,
            r#"{"b":"2","x":{"a":[7]},"a":1}"#,
            r#"{"a":7,"b":2,"a":1}"#,
            r#"{"\u0061":1,"b":2}"#,
        ] {
            assert_eq!(pairs(&format!("[{row}]")).expect(row), [good], "{row}");
        }
        assert_eq!(pairs(r#"[{"b":2}]"#).expect("a row"), [Some([None, Some(2.0)])]);
    }

    #[test]
    fn whatever_stands_beside_it_a_row_is_read() {
        for odd in ["null", "true", "7", "-7", "0.5", "\"x\"", "\"\\u0041\"", "[1,[2]]"] {
            let rows = pairs(&format!(r#"[{odd},{{"a":1,"b":2}},{odd}]"#)).expect(odd);
            assert_eq!(rows, [None, Some([Some(1.0), Some(2.0)]), None], "{odd}");
        }
    }

    #[test]
    fn a_list_in_which_nothing_is_a_row_is_refused() {
        assert_eq!(pairs("[]").expect("no rows"), []);
        for other in ["[1]", "[null, []]", "{}", "null", "\"x\""] {
            assert!(pairs(other).is_err(), "{other}");
        }
    }
}
