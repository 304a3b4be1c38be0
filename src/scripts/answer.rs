//! What a function gave on one row, by whichever engine: a value that costs nothing to make and to read.

use rhai::Dynamic;
use rhai::ImmutableString;

/// A value that a function of a script gave.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// `()`.
    Nothing,
    Truth(bool),
    Whole(i64),
    Broken(f64),
    Text(ImmutableString),
    /// A value of another type, which no rule of the host asks for.
    Other(Dynamic),
}

impl Answer {
    /// Returns a number of either kind as a broken one.
    pub fn as_number(&self) -> Option<f64> {
        match *self {
            Answer::Whole(whole) => Some(whole as f64),
            Answer::Broken(broken) => Some(broken),
            _ => None,
        }
    }

    /// Writes it as Rhai holds it.
    pub fn into_dynamic(self) -> Dynamic {
        match self {
            Answer::Nothing => Dynamic::UNIT,
            Answer::Truth(truth) => Dynamic::from_bool(truth),
            Answer::Whole(whole) => Dynamic::from_int(whole),
            Answer::Broken(broken) => Dynamic::from_float(broken),
            Answer::Text(text) => text.into(),
            Answer::Other(value) => value,
        }
    }

    /// Names its type in a trader's words, with the value where it is short.
    pub fn told(&self) -> String {
        match self {
            Answer::Nothing => "() (nothing)".to_owned(),
            Answer::Truth(truth) => format!("{truth} (true or false)"),
            // As Rhai writes numbers.
            Answer::Whole(_) | Answer::Broken(_) => format!("{} (a number)", self.clone().into_dynamic()),
            Answer::Text(text) => format!("{:?} (text)", text.chars().take(60).collect::<String>()),
            Answer::Other(value) => format!("a value of type {}", value.type_name()),
        }
    }
}

impl From<Dynamic> for Answer {
    fn from(value: Dynamic) -> Self {
        if value.is_unit() {
            return Answer::Nothing;
        }
        if let Ok(truth) = value.as_bool() {
            return Answer::Truth(truth);
        }
        if let Ok(whole) = value.as_int() {
            return Answer::Whole(whole);
        }
        if let Ok(broken) = value.as_float() {
            return Answer::Broken(broken);
        }
        if value.is_string() {
            return value.into_immutable_string().map_or(Answer::Nothing, Answer::Text);
        }
        Answer::Other(value)
    }
}

/// Names a value's type in a trader's words, with the value where it is short.
pub(super) fn told(value: &Dynamic) -> String {
    Answer::from(value.clone()).told()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_same_on_its_way_there_and_back() {
        let check = |value: Dynamic, expected: &str| {
            assert_eq!(told(&value), expected);
            let back = Answer::from(value.clone()).into_dynamic();
            assert_eq!((back.type_name(), back.to_string()), (value.type_name(), value.to_string()));
        };
        check(Dynamic::UNIT, "() (nothing)");
        check(true.into(), "true (true or false)");
        check(5_i64.into(), "5 (a number)");
        check(5.0.into(), "5.0 (a number)");
        check("a \"word\"".into(), "\"a \\\"word\\\"\" (text)");
        check("x".repeat(61).into(), &format!("{:?} (text)", "x".repeat(60)));
        check(rhai::Array::new().into(), "a value of type array");
        check('c'.into(), "a value of type char");
    }

    #[test]
    fn numbers_of_both_kinds_are_numbers_and_nothing_else_is() {
        assert_eq!(Answer::Whole(3).as_number(), Some(3.0));
        assert_eq!(Answer::Broken(0.5).as_number(), Some(0.5));
        assert_eq!(Answer::Truth(true).as_number(), None);
        assert_eq!(Answer::Nothing.as_number(), None);
    }
}
