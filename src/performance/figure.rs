//! What a figure is: a number, or the reason why there is none.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use super::curve::Day;
use super::trade::Trade;
use super::year::Year;
use super::{against, of_curve, of_trades};

/// A number, or the reason why it is not defined.
pub type Figure = Result<f64, Undefined>;

/// Why a figure has no value, as a sentence's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undefined(pub &'static str);

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0.05 is 5 %.
    Fraction,
    /// A pure number.
    Ratio,
    /// Multiples of the risk that was taken.
    R,
    /// How many of something.
    Count,
    /// A length of time.
    Sessions,
}

/// What figures are made from.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The account at each session's close, oldest first; the first is the state before any fill.
    pub days: &'a [Day],
    /// Those that are open are not counted by any figure.
    pub trades: &'a [Trade],
    /// The benchmark's close as it was known on each of the days ([`closes_on`](super::closes_on)); empty where there
    /// is no benchmark.
    pub benchmark: &'a [Option<f64>],
    /// By which returns of a session are annualised.
    pub year: Year,
}

/// One figure of the catalogue.
#[derive(Debug)]
pub struct Kind {
    /// The name in JSON.
    pub name: &'static str,
    /// The name for people.
    pub label: &'static str,
    pub unit: Unit,
    pub formula: &'static str,
    pub(super) compute: fn(&Evidence<'_>) -> Figure,
}

/// Returns every figure, in the order in which people read them.
pub fn catalogue() -> impl Iterator<Item = &'static Kind> {
    of_curve::KINDS.iter().chain(of_trades::KINDS).chain(against::KINDS)
}

/// Figures by kind.
#[derive(Clone, Debug)]
pub struct Figures(Vec<(&'static Kind, Figure)>);

impl Figures {
    /// Computes every figure.
    pub fn of(evidence: &Evidence<'_>) -> Self {
        Self(catalogue().map(|kind| (kind, (kind.compute)(evidence))).collect())
    }

    /// Computes those that trades alone give.
    pub fn of_trades(trades: &[Trade]) -> Self {
        let evidence = Evidence { days: &[], trades, benchmark: &[], year: Year::Equity };
        Self(of_trades::KINDS.iter().map(|kind| (kind, (kind.compute)(&evidence))).collect())
    }

    /// Returns each with its kind.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Kind, Figure)> + '_ {
        self.0.iter().map(|(kind, figure)| (*kind, *figure))
    }

    /// Returns a figure by its name in JSON; `None` for one that is not among these.
    pub fn get(&self, name: &str) -> Option<Figure> {
        self.iter().find(|(kind, _)| kind.name == name).map(|(_, figure)| figure)
    }
}

/// A map of numbers, whole ones for trades and sessions, and nulls; the reasons of the nulls stand under `undefined`.
impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (kind, figure) in self.iter() {
            match (kind.unit, figure) {
                (Unit::Count | Unit::Sessions, Ok(count)) if count.fract() == 0.0 => {
                    map.serialize_entry(kind.name, &(count as i64))?;
                }
                _ => map.serialize_entry(kind.name, &figure.ok())?,
            }
        }
        let undefined = self.iter().filter_map(|(kind, figure)| Some((kind.name, figure.err()?.0)));
        map.serialize_entry("undefined", &undefined.collect::<std::collections::BTreeMap<_, _>>())?;
        map.end()
    }
}

/// Keeps a number only where it is finite.
pub(super) fn finite(value: f64, why_not: &'static str) -> Figure {
    if value.is_finite() { Ok(value) } else { Err(Undefined(why_not)) }
}
