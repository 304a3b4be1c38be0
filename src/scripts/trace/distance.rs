//! How far a comparison is from coming out as it is wanted, the same however it was written.
//!
//! A part of the value is said only where it means something: a price or a volume has one; a return,
//! an RSI or anything around zero has none, and is told in its own unit. What is near is a matter of
//! the unit as well, so that distances of several units are ranked by the share of what is near in
//! each: a close 1 % short and an RSI 1 point over are equally near.

use serde::Serialize;

use super::measure::Measure;
use crate::domain::format::{count, fixed, percent, price};

/// What a comparison of numbers lacks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distance {
    /// The difference of the two sides, never negative.
    pub absolute: f64,
    /// The same as a fraction of the left side; `None` where the unit has no such fraction.
    pub fraction: Option<f64>,
    /// What both sides are measured in.
    pub unit: Measure,
    pub direction: Lacking,
    /// Whether the next bar can change it.
    #[serde(skip)]
    moves: bool,
}

/// What the left side must do for the comparison to come out the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    /// It must rise.
    Short,
    /// It must fall.
    Over,
    /// It must be equal.
    Off,
}

impl Distance {
    /// Measures how far a comparison of two numbers that does not hold is from holding. `!=` fails at
    /// one point alone and has none.
    pub(super) fn of(operator: &str, left: f64, right: f64, unit: Measure, moves: bool) -> Option<Self> {
        let direction = match operator {
            ">" | ">=" => Lacking::Short,
            "<" | "<=" => Lacking::Over,
            "==" => Lacking::Off,
            _ => return None,
        };
        let absolute = (right - left).abs();
        let fraction = Some(absolute / left).filter(|own| unit.is_share() && left > 0.0 && own.is_finite());
        absolute.is_finite().then_some(Self { absolute, fraction, unit, direction, moves })
    }

    /// Returns how near it is, from 0 to 1, the farthest that is near; `None` for what is farther,
    /// where nobody says what is near, and for what no later bar can change.
    ///
    /// `close` is the price that a difference of prices is near by.
    pub fn nearness(&self, close: f64) -> Option<f64> {
        let (lacks, near) = match self.unit {
            Measure::Price | Measure::Range | Measure::Multiple => (self.fraction?, 0.05),
            Measure::Volume => (self.fraction?, 0.10),
            Measure::Difference => (self.absolute / close, 0.05),
            Measure::Spread => (self.absolute / close, 0.005),
            Measure::Fraction => (self.absolute, 0.01),
            Measure::Rank => (self.absolute, 0.05),
            Measure::Points => (self.absolute, 5.0),
            Measure::StandardDeviations => (self.absolute, 0.25),
            Measure::Bars => (self.absolute, 1.0),
            Measure::Number => return None,
        };
        let share = lacks / near;
        (self.moves && share <= 1.0).then_some(share)
    }

    /// Says the amount: `0.65%`, `0.31 points`, which are percentage points, or the plain
    /// difference.
    pub fn amount(&self) -> String {
        if let Some(fraction) = self.fraction {
            return percent(fraction, 2);
        }
        match self.unit {
            Measure::Fraction | Measure::Rank => {
                format!("{} points", few_digits(self.absolute * 100.0))
            }
            Measure::Points => few_digits(self.absolute),
            Measure::StandardDeviations => format!("{} standard deviations", few_digits(self.absolute)),
            Measure::Bars => count(self.absolute.ceil() as usize, "bar"),
            _ => price(self.absolute),
        }
    }

    /// Returns the amount for a narrow column: as [`Distance::amount`], but `0.10 sd`.
    pub fn short_amount(&self) -> String {
        match self.unit {
            Measure::StandardDeviations => format!("{} sd", few_digits(self.absolute)),
            _ => self.amount(),
        }
    }

    /// Says the distance: `0.65% short`.
    pub fn words(&self) -> String {
        format!("{} {}", self.amount(), self.direction.as_str())
    }
}

/// Two decimals, and more where those would be zero.
fn few_digits(value: f64) -> String {
    if value == 0.0 || value >= 0.005 { fixed(value, 2) } else { price(value) }
}

impl Lacking {
    /// Returns the word that follows the distance.
    pub fn as_str(self) -> &'static str {
        match self {
            Lacking::Short => "short",
            Lacking::Over => "over",
            Lacking::Off => "off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Distance;
    use crate::scripts::Rule;
    use crate::scripts::fixtures::{eligible, rows, strategy};
    use crate::scripts::trace::Step;

    /// Traces one body on one row, and returns the steps that have a distance, in the order of the text.
    fn told(body: &str) -> Vec<(String, Distance)> {
        let text = format!("const LEVEL = 100.0;\n{}", eligible(body))
            + "fn above(row, level) { level <= row.close }\n";
        let (scripts, strategy) = strategy(&text);
        let row = [
            ("close", 99.0),
            ("ma20", 90.0),
            ("ma50", 80.0),
            ("ma50_slope", -0.0001),
            ("highest_close_20d", 100.0),
            ("prev_close", 99.0),
            ("prev_ma20", 99.5),
            ("roc20", 0.1346),
            ("rank_roc20", 0.88),
            ("rsi14", 31.0),
            ("zscore20", -0.0001),
            ("atr14", 2.0),
            ("stddev20", 4.0),
            ("macd", 0.3),
            ("macd_signal", 0.4),
            ("volume", 900.0),
            ("volume_ratio20", 1.9),
        ];
        let rows = rows(&scripts, &[&row]);
        let trace = strategy.trace(Rule::Eligible, &rows, 0).expect("a rule").expect("explained");
        let mut found = Vec::new();
        trace.visit(|step: &Step| found.extend(step.distance().map(|own| (step.words(), *own))));
        found
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let words: Vec<String> = told(body).iter().map(|(_, own)| own.words()).collect();
        assert_eq!(words.join("; "), expected, "{body}");
    }

    /// Both ways of writing are told in the same words.
    #[track_caller]
    fn both(one: &str, other: &str, expected: &str) {
        let a = told(one);
        let b = told(other);
        assert_eq!(a.first().map(|own| own.0.as_str()), Some(expected), "{one}");
        assert_eq!(a, b, "{one}, {other}");
    }

    #[test]
    fn a_distance_is_of_the_price_on_whichever_side_it_stands() {
        both(
            "row.close >= row.highest_close_20d * 1.02",
            "row.highest_close_20d * 1.02 <= row.close && true",
            "close 99.00 ≥ highest_close_20d 100.00 × 1.02 = 102.00: 3.03% short",
        );
    }

    #[test]
    fn the_way_of_writing_changes_no_word() {
        both("row.close > LEVEL", "LEVEL < row.close", "close 99.00 > LEVEL 100: 1.01% short");
        both("row.close < row.ma20", "row.ma20 > row.close", "close 99.00 < ma20 90.00: 9.09% over");
        both("row.ma20 < row.ma50", "row.ma50 > row.ma20", "ma20 90.00 < ma50 80.00: 11.11% over");
        both("row.close == 98.0", "98.0 == row.close", "close 99.00 == 98: 1.01% off");
        both(
            "let high = row.ma50 * 2.0; row.close > high",
            "let high = row.ma50 * 2.0; high < row.close",
            "close 99.00 > high 160.00: 61.62% short",
        );
        both("let c = row.close; c > row.ma20 * 2.0", "let c = row.close; row.ma20 * 2.0 < c", {
            "c 99.00 > ma20 90.00 × 2 = 180.00: 81.82% short"
        });
        both("above(row, row.ma20 * 1.2)", "above(row, 1.2 * row.ma20)", {
            "close 99.00 ≥ level 108.00: 9.09% short"
        });
    }

    #[test]
    fn only_what_has_parts_is_told_in_percent() {
        check("row.roc20 < 0.0", "13.46 points over");
        check("0.005 < row.ma50_slope", "0.51 points short");
        check("row.rank_roc20 > 0.9", "2.00 points short");
        check("row.rsi14 < 30.0", "1.00 over");
        check("row.zscore20 > 0.0", "0.0001 standard deviations short");
        check("row.volume_ratio20 > 2.0", "5.26% short");
        check("row.volume > 1000.0", "11.11% short");
        check("row.macd > row.macd_signal", "0.10 short");
        check("row.close - row.ma20 > 12.0", "3.00 short");
        check("row.close - 2.0 * row.atr14 > LEVEL", "5.26% short");
        check("row.close / row.ma20 > 1.2", "9.09% short");
        check("row.close / row.ma20 - 1.0 > 0.2", "10.00 points short");
        check("(row.close - row.ma20) / row.ma20 > 0.2", "10.00 points short");
        check("(row.close - row.ma20) / row.atr14 > 5.0", "0.50 short");
        check("row.atr14 / row.close > 0.05", "2.98 points short");
        check("(row.prev_close ?? 0.0) > LEVEL", "1.01% short");
    }

    #[test]
    fn what_is_near_is_a_matter_of_the_unit() {
        let nearness = |body: &str| told(body)[0].1.nearness(99.0).map(|own| (own * 1e4).round() / 1e4);
        for (body, expected) in [
            ("row.close > LEVEL", Some(0.202)),
            ("row.close > 200.0", None),
            ("row.rsi14 < 30.0", Some(0.2)),
            ("row.rsi14 < 20.0", None),
            ("row.roc20 < 0.13", Some(0.46)),
            ("row.roc20 < 0.0", None),
            ("row.zscore20 > 0.0", Some(0.0004)),
            ("row.ma50_slope > 0.0", Some(0.01)),
            ("row.rank_roc20 > 0.9", Some(0.4)),
            ("row.volume_ratio20 > 2.0", Some(0.5263)),
            ("row.macd > row.macd_signal", Some(0.202)),
            ("row.close - row.ma20 > 10.0", Some(0.202)),
            ("(row.close - row.ma20) / row.atr14 > 5.0", None),
        ] {
            assert_eq!(nearness(body), expected, "{body}");
        }
    }

    #[test]
    fn what_no_later_bar_can_change_is_never_near() {
        for body in
            ["row.prev_close > LEVEL", "row.prev_close >= row.prev_ma20", "LEVEL < row.prev_close * 1.0"]
        {
            assert_eq!(told(body)[0].1.nearness(99.0), None, "{body}");
        }
        assert!(told("row.prev_close >= row.highest_close_20d")[0].1.nearness(99.0).is_some());
    }

    #[test]
    fn where_failing_is_wanted_the_distance_is_to_failing() {
        check("!(row.close > LEVEL)", "");
        check("!(row.close < LEVEL)", "1.01% short");
        check("!!(row.close > LEVEL)", "1.01% short");
        check("if row.close > LEVEL { return false; } true", "");
        check("if row.close < LEVEL { return false; } true", "1.01% short");
        check("if row.close < LEVEL { throw \"low\"; } true", "1.01% short");
        check("if row.close < LEVEL { return true; } false", "");
        check("(row.close > LEVEL) == (row.close < row.ma20)", "");
    }
}
