//! What types a value may have, as far as the text tells.

use rhai::Dynamic;

/// A set of types; a value of unknown type has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub const NONE: Types = Types(0);
    pub const WHOLE: Types = Types(1);
    pub const BROKEN: Types = Types(2);
    pub const NUMBER: Types = Types(3);
    pub const TEXT: Types = Types(4);
    pub const BOOL: Types = Types(8);
    /// `()`: nothing, and a feature that is missing.
    pub const UNIT: Types = Types(16);
    /// Arrays, maps and ranges.
    pub const OTHER: Types = Types(32);
    /// What stands between single quotation marks.
    pub const CHARACTER: Types = Types(64);
    pub const ANY: Types = Types(127);

    /// Returns the type of a value.
    pub fn of(value: &Dynamic) -> Self {
        match value.type_name() {
            "i64" => Types::WHOLE,
            "f64" => Types::BROKEN,
            "string" => Types::TEXT,
            "bool" => Types::BOOL,
            "()" => Types::UNIT,
            "char" => Types::CHARACTER,
            _ => Types::OTHER,
        }
    }

    pub fn or(self, other: Types) -> Self {
        Types(self.0 | other.0)
    }

    pub fn without(self, other: Types) -> Self {
        Types(self.0 & !other.0)
    }

    /// Tells whether the value may have one of these types.
    pub fn may_be(self, other: Types) -> bool {
        self.0 & other.0 != 0
    }

    /// Tells whether the value has one of these types for certain.
    pub fn is(self, other: Types) -> bool {
        self.0 != 0 && self.0 & !other.0 == 0
    }

    /// Tells whether anything is known.
    pub fn is_known(self) -> bool {
        self.0 != 0 && self != Types::ANY
    }

    /// Names the types in a trader's words.
    pub fn told(self) -> String {
        let words = [
            (Types::NUMBER, "a number"),
            (Types::TEXT, "text"),
            (Types::BOOL, "true or false"),
            (Types::UNIT, "()"),
            (Types::OTHER, "a list or map"),
            (Types::CHARACTER, "a single character, which is no text (`\"a\"` is)"),
        ];
        let found: Vec<&str> =
            words.iter().filter(|(types, _)| self.may_be(*types)).map(|(_, word)| *word).collect();
        found.join(" or ")
    }
}

/// What a function of the host gives, given what its arguments are.
pub(super) fn host_function(name: &str, arguments: &[Types]) -> Types {
    let numbers = || {
        let all = arguments.iter().fold(Types::NONE, |all, one| all.or(one.without(Types::UNIT)));
        let mixed = all.may_be(Types::WHOLE) && all.may_be(Types::BROKEN);
        if all.is(Types::BROKEN) || (mixed && arguments.iter().any(|one| one.is(Types::BROKEN))) {
            Types::BROKEN
        } else if all.is(Types::WHOLE) {
            Types::WHOLE
        } else {
            Types::NUMBER
        }
    };
    match name {
        "abs" | "min" | "max" | "clamp" | "round" | "floor" | "ceil" => numbers(),
        "sqrt" | "ln" | "exp" | "pow" => Types::BROKEN,
        "ratio" => Types::BROKEN.or(Types::UNIT),
        "to_string" | "to_upper" | "to_lower" | "sub_string" | "type_of" => Types::TEXT,
        "len" | "index_of" => Types::WHOLE,
        "is_empty" | "contains" | "starts_with" | "ends_with" => Types::BOOL,
        "keys" | "values" | "range" => Types::OTHER,
        _ => Types::ANY,
    }
}

/// What an operator gives.
pub(super) fn operator(name: &str, arguments: &[Types]) -> Types {
    match (name, arguments) {
        ("==" | "!=" | "<" | "<=" | ">" | ">=" | "!" | "in" | "!in", _) => Types::BOOL,
        ("+", [left, right]) if left.may_be(Types::TEXT) || right.may_be(Types::TEXT) => {
            if left.is(Types::TEXT) || right.is(Types::TEXT) { Types::TEXT } else { Types::ANY }
        }
        ("+" | "-" | "*" | "/" | "%" | "**", arguments) => {
            let all = arguments.iter().fold(Types::NONE, |all, one| all.or(*one));
            if all.is(Types::WHOLE) {
                Types::WHOLE
            } else if all.is(Types::NUMBER) && arguments.iter().any(|one| one.is(Types::BROKEN)) {
                Types::BROKEN
            } else if all.may_be(Types::OTHER) {
                Types::ANY
            } else {
                Types::NUMBER
            }
        }
        _ => Types::ANY,
    }
}
