//! How far a comparison is from holding, the same however it was written.
//!
//! A distance is told of one side, its subject: of the close rather than of the level that it is
//! compared with, on whichever side of the operator either stands. A fraction of the subject is said
//! only where it means something: a price or a volume has one; a return, an RSI, or anything around
//! zero has none.

use rhai::Expr;
use serde::Serialize;

use super::super::constants::Constants;
use super::words::is_constant;
use crate::domain::format::{fixed, percent, price};
use crate::features::{Feature, Modifier, Unit};

/// What is near, as a fraction of the subject.
const NEAR_FRACTION: f64 = 0.05;
/// What is near, where the subject is a fraction itself: half a percentage point.
const NEAR_POINTS: f64 = 0.005;
/// What is near on a scale from 0 to 100.
const NEAR_OF_HUNDRED: f64 = 2.0;

/// What a comparison of numbers lacks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distance {
    /// The difference of the two sides, never negative.
    pub absolute: f64,
    /// The same as a fraction of the subject; `None` where that says nothing.
    pub fraction: Option<f64>,
    pub direction: Lacking,
    /// The side that must move, where it is not the left one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip)]
    scale: Scale,
    /// Every feature compared is an earlier bar's: no later bar can change it.
    #[serde(skip)]
    is_past: bool,
}

/// How a distance is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// As a fraction of the subject.
    OfSubject,
    /// In percentage points: the subject is a fraction of one.
    Points,
    /// On a scale from 0 to 100.
    OfHundred,
    /// In the subject's own unit.
    Plain,
}

/// What the subject must do for the comparison to come out the other way.
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

/// Both sides of a comparison of numbers.
pub(super) struct Pair<'a> {
    pub operator: &'a str,
    pub sides: [&'a Expr; 2],
    pub values: [f64; 2],
}

impl Distance {
    /// Measures how far a comparison that does not hold is from holding. `!=` fails at one point
    /// alone and has none.
    pub(super) fn to_holding(pair: &Pair<'_>, constants: &Constants) -> Option<Self> {
        Self::new(pair, constants, false)
    }

    /// Measures how far a comparison that holds is from failing, where that is what is wanted.
    pub(super) fn to_failing(pair: &Pair<'_>, constants: &Constants) -> Option<Self> {
        Self::new(pair, constants, true)
    }

    fn new(pair: &Pair<'_>, constants: &Constants, is_to_fail: bool) -> Option<Self> {
        let of_left = match (pair.operator, is_to_fail) {
            (">" | ">=", false) | ("<" | "<=", true) => Lacking::Short,
            ("<" | "<=", false) | (">" | ">=", true) => Lacking::Over,
            ("==", false) | ("!=", true) => Lacking::Off,
            _ => return None,
        };
        let named = pair.sides.map(|side| Subject::of(side, constants));
        let is_right = named[1].goes_before(&named[0]);
        let place = usize::from(is_right);
        let [left, right] = pair.values;
        let absolute = (right - left).abs();
        if !absolute.is_finite() {
            return None;
        }
        let scale = match named[place].unit() {
            Some(Unit::Fraction) => Scale::Points,
            Some(Unit::Hundred) => Scale::OfHundred,
            _ if left > 0.0 && right > 0.0 => Scale::OfSubject,
            _ => Scale::Plain,
        };
        let fraction = Some(absolute / pair.values[place]);
        let features: Vec<Feature> = pair.sides.iter().flat_map(|side| features(side)).collect();
        let is_earlier = |feature: &Feature| feature.modifiers().contains(&Modifier::Prev);
        Some(Self {
            absolute,
            fraction: fraction.filter(|own| scale == Scale::OfSubject && own.is_finite()),
            direction: if is_right { of_left.turned() } else { of_left },
            subject: if is_right { named[1].name() } else { None },
            scale,
            is_past: !features.is_empty() && features.iter().all(is_earlier),
        })
    }

    /// Returns how near the comparison is, from 0 to 1, where it is near at all: within 5 % of a price
    /// or volume, half a percentage point of a fraction, 2 on a scale to 100. `None` for what is
    /// farther, for what has no scale, and for what no later bar can change.
    pub fn nearness(&self) -> Option<f64> {
        let share = match self.scale {
            Scale::OfSubject => self.fraction? / NEAR_FRACTION,
            Scale::Points => self.absolute / NEAR_POINTS,
            Scale::OfHundred => self.absolute / NEAR_OF_HUNDRED,
            Scale::Plain => return None,
        };
        (share <= 1.0 && !self.is_past).then_some(share)
    }

    /// Returns the amount alone: `0.65%`, `0.31 points`, which are percentage points.
    pub fn amount(&self) -> String {
        match (self.scale, self.fraction) {
            (Scale::OfSubject, Some(fraction)) => percent(fraction, 2),
            (Scale::Points, _) => format!("{} points", fixed(self.absolute * 100.0, 2)),
            _ => price(self.absolute),
        }
    }

    /// Says the distance: `0.65% short`, or `close 0.65% short` where the close stands on the right.
    pub fn words(&self) -> String {
        let told = format!("{} {}", self.amount(), self.direction.as_str());
        match &self.subject {
            Some(subject) => format!("{subject} {told}"),
            None => told,
        }
    }
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

    fn turned(self) -> Self {
        match self {
            Lacking::Short => Lacking::Over,
            Lacking::Over => Lacking::Short,
            Lacking::Off => Lacking::Off,
        }
    }
}

/// What stands on one side, the least fit to be spoken of first.
enum Subject {
    /// Literals and constants: they never move.
    Level,
    /// More than one name.
    Compound,
    /// A variable, or a field of the position.
    Name(String),
    Feature(Feature),
}

impl Subject {
    fn of(side: &Expr, constants: &Constants) -> Self {
        match side {
            level if is_constant(level, constants) => Subject::Level,
            Expr::Variable(name, ..) => Subject::Name(name.1.to_string()),
            Expr::Dot(parts, ..) => match (&parts.lhs, &parts.rhs) {
                (Expr::Variable(..), Expr::Property(field, _)) => match Feature::parse(&field.2) {
                    Ok(feature) => Subject::Feature(feature),
                    Err(_) => Subject::Name(field.2.to_string()),
                },
                _ => Subject::Compound,
            },
            Expr::Coalesce(parts, _) => {
                parts.first().map_or(Subject::Compound, |first| Subject::of(first, constants))
            }
            _ => Subject::Compound,
        }
    }

    /// Tells whether it is spoken of rather than the other: a bar's own value before what is made of
    /// many bars, the shorter window before the longer.
    fn goes_before(&self, other: &Self) -> bool {
        match (self, other) {
            (Subject::Feature(own), Subject::Feature(other)) => {
                let order =
                    |feature: &Feature| (feature.first_bar(), feature.window(), feature.as_str().to_owned());
                order(own) < order(other)
            }
            (own, other) => own.rank() > other.rank(),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Subject::Level => 0,
            Subject::Compound => 1,
            Subject::Name(_) => 2,
            Subject::Feature(_) => 3,
        }
    }

    fn name(&self) -> Option<String> {
        match self {
            Subject::Level | Subject::Compound => None,
            Subject::Name(name) => Some(name.clone()),
            Subject::Feature(feature) => Some(feature.to_string()),
        }
    }

    fn unit(&self) -> Option<Unit> {
        match self {
            Subject::Feature(feature) if feature.modifiers().contains(&Modifier::Rank) => {
                Some(Unit::Fraction)
            }
            Subject::Feature(feature) => Some(feature.family().unit),
            _ => None,
        }
    }
}

/// The features that an expression reads.
fn features(expression: &Expr) -> Vec<Feature> {
    let mut found = Vec::new();
    expression.walk(&mut Vec::new(), &mut |nodes| {
        if let Some(rhai::ASTNode::Expr(Expr::Property(field, _))) = nodes.last() {
            found.extend(Feature::parse(&field.2).ok());
        }
        true
    });
    found
}

#[cfg(test)]
mod tests {
    use super::Distance;
    use crate::scripts::Rule;
    use crate::scripts::fixtures::{eligible, rows, strategy};

    /// Traces one body on one row, and returns the distances in the order of the text.
    fn distances(body: &str) -> Vec<Distance> {
        let text = format!("const LEVEL = 100.0;\n{}", eligible(body));
        let (scripts, strategy) = strategy(&text);
        let row = [
            ("close", 99.0),
            ("ma20", 90.0),
            ("ma50", 80.0),
            ("highest_close_20d", 100.0),
            ("prev_close", 99.0),
            ("roc20", 0.1346),
            ("rsi14", 31.0),
            ("zscore20", -0.0001),
            ("volume_ratio20", 1.9),
        ];
        let rows = rows(&scripts, &[&row]);
        let trace = strategy.trace(Rule::Eligible, &rows, 0).expect("a rule").expect("explained");
        let mut found = Vec::new();
        trace.visit(|step| found.extend(step.distance().cloned()));
        found
    }

    fn check(body: &str, expected: &str) {
        let found = distances(body);
        let told: Vec<String> = found.iter().map(Distance::words).collect();
        assert_eq!(told.join("; "), expected, "{body}");
    }

    #[test]
    fn a_distance_is_of_the_price_on_whichever_side_it_stands() {
        check("row.close >= 1.02 * row.highest_close_20d", "3.03% short");
        check("1.02 * row.highest_close_20d <= row.close", "close 3.03% short");
        check("row.close > LEVEL", "1.01% short");
        check("LEVEL < row.close", "close 1.01% short");
        check("row.close < row.ma20", "9.09% over");
        check("row.ma20 > row.close", "close 9.09% over");
        check("row.ma20 < row.ma50", "11.11% over");
        check("row.ma50 > row.ma20", "ma20 11.11% over");
        check("row.close - row.ma20 > 12.0", "33.33% short");
        let pairs = [
            ("row.close >= 1.02 * row.highest_close_20d", "1.02 * row.highest_close_20d <= row.close"),
            ("row.ma20 < row.ma50", "row.ma50 > row.ma20"),
            ("row.rsi14 < 30.0", "30.0 > row.rsi14"),
        ];
        for (one, other) in pairs {
            let [a] = &distances(one)[..] else { panic!("{one}") };
            let [b] = &distances(other)[..] else { panic!("{other}") };
            assert_eq!((a.fraction, a.nearness(), a.direction), (b.fraction, b.nearness(), b.direction));
        }
    }

    #[test]
    fn a_fraction_or_a_score_has_a_distance_of_its_own_kind() {
        check("row.roc20 < 0.0", "13.46 points over");
        check("row.rsi14 < 30.0", "1.00 over");
        check("row.zscore20 > 0.0", "0.0001 short");
        check("row.volume_ratio20 > 2.0", "5.26% short");
    }

    #[test]
    fn near_is_judged_by_the_kind_of_value() {
        let nearness = |body: &str| distances(body)[0].nearness().map(|own| (own * 1e4).round() / 1e4);
        assert_eq!(nearness("row.close > LEVEL"), Some(0.202));
        assert_eq!(nearness("row.close > 200.0"), None);
        assert_eq!(nearness("row.rsi14 < 30.0"), Some(0.5));
        assert_eq!(nearness("row.roc20 < 0.13"), Some(0.92));
        assert_eq!(nearness("row.roc20 < 0.0"), None);
        assert_eq!(nearness("row.zscore20 > 0.0"), None, "no scale around zero");
        assert_eq!(nearness("row.prev_close > LEVEL"), None, "yesterday will not come nearer");
    }

    #[test]
    fn where_failing_is_wanted_the_distance_is_to_failing() {
        check("!(row.close > LEVEL)", "");
        check("!(row.close < LEVEL)", "1.01% short");
        check("if row.close > LEVEL { return false; } true", "");
        check("if row.close < LEVEL { return false; } true", "1.01% short");
        check("if row.close < LEVEL { return true; } false", "");
    }
}
