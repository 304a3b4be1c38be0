//! What a compared value is measured in, and what arithmetic makes of it.
//!
//! The unit of a feature is its family's. Arithmetic is followed as far as trading rules go (a price
//! less a price is an amount, a price by a price is a multiple); anything beyond is a plain number, of
//! which nobody says what is near.

use serde::Serialize;

use crate::features::Feature;
use crate::features::Modifier;
use crate::features::Unit;

/// What a compared value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A level in the quote currency.
    Price,
    /// A range of prices, which is never under zero.
    Range,
    /// Units traded, their worth, or either as a multiple of what is usual.
    Volume,
    /// A price as a multiple of another.
    Multiple,
    /// A price less another: on either side of zero.
    Difference,
    /// A difference of means, as MACD is: a small part of the price at any time.
    Spread,
    /// A fraction of one: a return, a slope, a volatility.
    Fraction,
    /// The place in the universe, 0 to 1.
    Rank,
    /// A number from 0 to 100.
    Points,
    StandardDeviations,
    Bars,
    /// Anything else.
    Number,
}

impl Measure {
    /// Tells whether a part of the value says how far it is to go: zero is then none of it, and never
    /// in between.
    pub fn is_share(self) -> bool {
        matches!(self, Measure::Price | Measure::Range | Measure::Volume | Measure::Multiple)
    }

    pub(super) fn of(feature: &Feature) -> Self {
        if feature.modifiers().contains(&Modifier::Rank) {
            return Measure::Rank;
        }
        match feature.family().unit {
            Unit::Price => Measure::Price,
            Unit::PriceRange => Measure::Range,
            Unit::PriceDifference => Measure::Spread,
            Unit::Fraction => Measure::Fraction,
            Unit::Hundred => Measure::Points,
            Unit::Currency | Unit::Units | Unit::VolumeRatio => Measure::Volume,
            Unit::Deviations => Measure::StandardDeviations,
        }
    }

    fn is_money(self) -> bool {
        matches!(self, Measure::Price | Measure::Range | Measure::Difference | Measure::Spread)
    }

    /// What two values on the sides of a comparison are measured in.
    pub(super) fn compared(left: Option<Self>, right: Option<Self>) -> Self {
        match (left, right) {
            (None | Some(Measure::Number), other) | (other, None | Some(Measure::Number)) => {
                other.unwrap_or(Measure::Number)
            }
            (Some(a), Some(b)) if a == b => a,
            (Some(a), Some(b)) if a.is_money() && b.is_money() => Measure::Difference,
            _ => Measure::Number,
        }
    }

    fn sum(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (a, b) if !a.is_money() || !b.is_money() => Measure::Number,
            (Measure::Price, _) | (_, Measure::Price) => Measure::Price,
            _ => Measure::Difference,
        }
    }

    fn less(self, other: Self) -> Self {
        match (self, other) {
            (Measure::Price, Measure::Price) | (Measure::Range, Measure::Range) => Measure::Difference,
            (Measure::Multiple, Measure::Multiple) => Measure::Fraction,
            (Measure::Volume, Measure::Volume) => Measure::Number,
            (a, b) => a.sum(b),
        }
    }

    fn by(self, other: Self) -> Self {
        match (self, other) {
            (Measure::Price, Measure::Price) => Measure::Multiple,
            (Measure::Volume, Measure::Volume) => Measure::Volume,
            (Measure::Range, Measure::Range) => Measure::Number,
            (own, Measure::Price) if own.is_money() => Measure::Fraction,
            (a, Measure::Multiple) => a,
            _ => Measure::Number,
        }
    }

    fn times(self, other: Self) -> Self {
        match (self, other) {
            (Measure::Multiple, a) | (a, Measure::Multiple) => a,
            (a, Measure::Fraction) | (Measure::Fraction, a) if a.is_money() => a,
            _ => Measure::Number,
        }
    }
}

/// What arithmetic makes of two measures; `None` stands for a constant.
pub(super) fn combined(operator: &str, left: Option<Measure>, right: Option<Measure>) -> Option<Measure> {
    match (operator, left, right) {
        (_, None, None) => None,
        // A multiple less one is a fraction.
        ("-", Some(Measure::Multiple), None) | ("-", None, Some(Measure::Multiple)) => {
            Some(Measure::Fraction)
        }
        ("/" | "ratio", None, Some(_)) => Some(Measure::Number),
        (_, Some(own), None) | (_, None, Some(own)) => Some(own),
        ("+", Some(a), Some(b)) => Some(a.sum(b)),
        ("-", Some(a), Some(b)) => Some(a.less(b)),
        ("*", Some(a), Some(b)) => Some(a.times(b)),
        ("/" | "ratio", Some(a), Some(b)) => Some(a.by(b)),
        (_, Some(a), Some(b)) => Some(if a == b { a } else { Measure::Number }),
    }
}
