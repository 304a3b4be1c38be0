//! What is known of an expression without running it: its measure, and which of two compared
//! expressions is spoken of, the price rather than the level that it is held against.

use rhai::Expr;
use rhai::FnCallExpr;

use super::super::constants::Constants;
use super::measure::Measure;
use super::measure::combined;
use super::words::is_constant;
use crate::features::Feature;
use crate::features::Modifier;

/// What is known of an expression without running it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Nature {
    /// `None` for what is made of literals and constants: it takes on what it is compared with.
    measure: Option<Measure>,
    /// Whether the next bar can change it.
    pub moves: bool,
    place: Place,
}

/// Which of two expressions is spoken of: the lesser.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    form: Form,
    /// Today's close, another value of the bar, a feature, a thing of another bar or symbol.
    distance: u8,
    window: usize,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Field,
    Variable,
    Derived,
    Constant,
}

/// Whose fields a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Row,
    Position,
    Other,
}

/// Where an expression stands: what its names are.
pub(super) struct Names<'a> {
    pub constants: &'a Constants,
    pub owner: &'a dyn Fn(&str) -> Owner,
    pub variable: &'a dyn Fn(&str) -> Option<Nature>,
}

impl Nature {
    /// Of this on the left of a comparison and another on its right, tells whether the other is spoken
    /// of; the texts settle it between two that have the same place.
    pub fn gives_way_to(&self, other: &Self, texts: [&str; 2]) -> bool {
        (&other.place, texts[1]) < (&self.place, texts[0])
    }

    /// What a comparison of this with another is measured in.
    pub fn compared_with(&self, other: &Self) -> Measure {
        Measure::compared(self.measure, other.measure)
    }

    /// The nature of a variable that has this value.
    pub fn named(mut self, name: &str) -> Self {
        if self.place.form != Form::Field {
            self.place = Place { form: Form::Variable, distance: 0, window: 0, name: name.to_owned() };
        }
        self
    }

    /// A value of which nothing is known.
    pub fn unknown(name: &str) -> Self {
        let place = Place { form: Form::Derived, distance: u8::MAX, window: 0, name: name.to_owned() };
        Self { measure: Some(Measure::Number), moves: true, place }
    }

    fn constant() -> Self {
        let place = Place { form: Form::Constant, distance: 0, window: 0, name: String::new() };
        Self { measure: None, moves: false, place }
    }

    fn feature(feature: &Feature) -> Self {
        let distance = match (feature.modifiers(), feature.as_str()) {
            ([], "close") => 0,
            ([], "open" | "high" | "low" | "volume") => 1,
            ([], _) => 2,
            _ => 3,
        };
        let moves = !feature.modifiers().contains(&Modifier::Prev);
        let place = Place {
            form: Form::Field,
            distance,
            window: feature.first_bar(),
            name: feature.as_str().to_owned(),
        };
        Self { measure: Some(Measure::of(feature)), moves, place }
    }

    fn of_position(field: &str) -> Self {
        let (measure, moves) = match field {
            "entry_price" | "stop_price" => (Measure::Price, false),
            "highest_close" => (Measure::Price, true),
            "bars_held" => (Measure::Bars, true),
            _ => (Measure::Number, false),
        };
        let place = Place { form: Form::Field, distance: 4, window: 0, name: field.to_owned() };
        Self { measure: Some(measure), moves, place }
    }

    /// Joins two in one expression.
    fn with(self, other: Self, measure: Option<Measure>) -> Self {
        let moves = self.moves || other.moves;
        let mut place = self.place.min(other.place);
        if place.form != Form::Constant {
            place.form = Form::Derived;
        }
        Self { measure, moves, place }
    }
}

impl Names<'_> {
    /// Returns what is known of an expression.
    pub fn nature(&self, expression: &Expr) -> Nature {
        match expression {
            level if is_constant(level, self.constants) => Nature::constant(),
            Expr::Variable(name, ..) => {
                (self.variable)(&name.1).unwrap_or_else(|| Nature::unknown(&name.1)).named(&name.1)
            }
            Expr::Dot(parts, ..) => match (&parts.lhs, &parts.rhs) {
                (Expr::Variable(owner, ..), Expr::Property(field, _)) => {
                    self.field((self.owner)(&owner.1), &field.2)
                }
                _ => Nature::unknown(""),
            },
            Expr::FnCall(call, _) => self.call(call),
            // What stands in for a missing value has no say in what is measured.
            Expr::Coalesce(parts, _) => match parts.first() {
                Some(first) => self.nature(first),
                None => Nature::unknown(""),
            },
            _ => Nature::unknown(""),
        }
    }

    fn field(&self, owner: Owner, field: &str) -> Nature {
        match (owner, Feature::parse(field)) {
            (Owner::Row, Ok(feature)) => Nature::feature(&feature),
            (Owner::Position, _) => Nature::of_position(field),
            _ => Nature::unknown(field),
        }
    }

    fn call(&self, call: &FnCallExpr) -> Nature {
        match (call.name.as_str(), &call.args[..]) {
            ("-" | "+" | "abs" | "round" | "floor" | "ceil", [only]) => {
                let own = self.nature(only);
                let measure = own.measure;
                own.with(Nature::constant(), measure)
            }
            ("+" | "-" | "*" | "/" | "ratio" | "min" | "max", [left, right]) => {
                let (left, right) = (self.nature(left), self.nature(right));
                let measure = combined(&call.name, left.measure, right.measure);
                left.with(right, measure)
            }
            ("clamp", [value, ..]) => {
                let own = self.nature(value);
                let measure = own.measure;
                own.with(Nature::constant(), measure)
            }
            (name, _) => Nature::unknown(name),
        }
    }
}
