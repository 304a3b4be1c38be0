//! What scripts may name, as a definition file for editors: features with their formulas, fields
//! of a position and of a signal, functions.
//!
//! Written from the catalogue and the vocabulary, so that it cannot lag behind them. Rhai could
//! write such a file by itself, but only with its feature `metadata`, under which a `///` above a
//! constant is an error; and it knows neither formulas nor units.

use std::fmt::Write as _;

use crate::domain::format;
use crate::features;
use crate::features::Family;
use crate::features::Modifier;

/// Windows that are offered for completion, beside each family's own; any other is as good.
const WINDOWS: [usize; 7] = [5, 10, 14, 20, 50, 100, 200];

const HEADER: &str = "\
/// What strategies and scorers may name, for editors that read Rhai definitions.
/// Written by `ts init`; delete it and run `ts init` again to bring it up to date.
module static;

";

const FIELDS: [(&str, &str, &str, &str); 8] = [
    ("Position", "entry_price", "float", "The price at which it was bought, in the quote currency."),
    ("Position", "stop_price", "float", "The stop, as raised so far: a close at or under it sells."),
    ("Position", "entry_date", "String", "The session of the entry, as in \"2026-11-02\"."),
    ("Position", "bars_held", "int", "The sessions since the entry."),
    ("Position", "highest_close", "float", "The highest close since the entry, the entry's own included."),
    ("Position", "quantity", "float", "The units held: shares or coins."),
    ("Signal", "trigger", "String", "What `entry` returned, as in \"breakout_20d\"."),
    ("Signal", "strategy", "String", "The name of the strategy."),
];

/// Name, parameters, result, and what it does.
pub(super) const FUNCTIONS: [(&str, &[&str], &str, &str); 28] = [
    ("abs", &["x: float"], "float", "The value without its sign."),
    ("min", &["a: float", "b: float"], "float", "The smaller of the two."),
    ("max", &["a: float", "b: float"], "float", "The larger of the two."),
    (
        "clamp",
        &["x: float", "low: float", "high: float"],
        "float",
        "`x`, but not under `low` nor over `high`.",
    ),
    ("round", &["x: float"], "float", "The nearest whole number; halves go away from zero."),
    ("floor", &["x: float"], "float", "The next whole number down."),
    ("ceil", &["x: float"], "float", "The next whole number up."),
    ("sqrt", &["x: float"], "float", "The square root; an error under zero."),
    ("ln", &["x: float"], "float", "The natural logarithm; an error at zero and under it."),
    ("exp", &["x: float"], "float", "e to the power of `x`."),
    ("pow", &["base: float", "power: float"], "float", "`base` to the power of `power`."),
    ("ratio", &["a: float", "b: float"], "?", "`a / b`, or () where `b` is zero or one of them is missing."),
    ("to_string", &["value: ?"], "String", "The value as text."),
    ("len", &["value: ?"], "int", "The length of a text, an array or a map."),
    ("is_empty", &["value: ?"], "bool", "Whether a text, an array or a map has nothing in it."),
    (
        "contains",
        &["whole: ?", "part: ?"],
        "bool",
        "Whether a text, an array, a map's keys or a range has it.",
    ),
    ("starts_with", &["text: String", "part: String"], "bool", "Whether a text begins so."),
    ("ends_with", &["text: String", "part: String"], "bool", "Whether a text ends so."),
    (
        "index_of",
        &["whole: ?", "part: ?"],
        "int",
        "Where a text or an array first has it, from 0; -1 if nowhere.",
    ),
    ("sub_string", &["text: String", "start: int"], "String", "A text from a place on."),
    ("sub_string", &["text: String", "start: int", "length: int"], "String", "A part of a text."),
    ("to_upper", &["text: String"], "String", "A text in capitals."),
    ("to_lower", &["text: String"], "String", "A text in small letters."),
    ("keys", &["map: Map"], "Array", "The keys of a map."),
    ("values", &["map: Map"], "Array", "The values of a map."),
    (
        "range",
        &["from: int", "to: int"],
        "Iterator<int>",
        "The numbers from `from` up to, and without, `to`.",
    ),
    ("range", &["from: int", "to: int", "step: int"], "Iterator<int>", "The same in steps."),
    ("type_of", &["value: ?"], "String", "The name of a value's type."),
];

/// Returns the text of a `.d.rhai` file.
pub fn definitions() -> String {
    let mut text = HEADER.to_owned();
    for family in features::catalogue() {
        for name in names(family) {
            getter(&mut text, &documented(family), &name, "Row", "?");
        }
    }
    for modifier in Modifier::ALL {
        let doc = match modifier {
            Modifier::Benchmark => "of the benchmark on the same date",
            Modifier::Prev => "one bar earlier",
            Modifier::Rank => "as a rank from 0 to 1 among the universe on the session",
        };
        let name = format!("{}close", modifier.prefix());
        getter(
            &mut text,
            &format!("close, {doc}. `{}` goes before any feature.", modifier.prefix()),
            &name,
            "Row",
            "?",
        );
    }
    for (owner, field, kind, doc) in FIELDS {
        getter(&mut text, doc, field, owner, kind);
    }
    for (name, parameters, result, doc) in FUNCTIONS {
        // Writing to a String cannot fail.
        let _ = write!(text, "/// {doc}\nfn {name}({}) -> {result};\n\n", parameters.join(", "));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn getter(text: &mut String, doc: &str, name: &str, owner: &str, result: &str) {
    let _ = write!(text, "/// {doc}\nfn get {name}({}: {owner}) -> {result};\n\n", owner.to_lowercase());
}

/// The formula, unit and first bar of a family; () until then.
fn documented(family: &Family) -> String {
    let example = family.window.map_or(0, |window| window.example);
    let bars = format::count((family.first)(example) + 1, "bar");
    let (unit, formula) = (family.unit.as_str(), family.formula);
    let Some(window) = family.window else {
        return format!("{formula}; {unit}; needs {bars}, and is () before.");
    };
    format!(
        "`{}`: {formula}; {unit}; N from {} to 2000; `{}` needs {bars}, and is () before.",
        family.pattern,
        window.smallest,
        family.name(example)
    )
}

fn names(family: &Family) -> Vec<String> {
    let Some(window) = family.window else { return vec![family.pattern.to_owned()] };
    let mut windows: Vec<usize> = WINDOWS.into_iter().filter(|n| *n >= window.smallest).collect();
    windows.push(window.example);
    windows.sort_unstable();
    windows.dedup();
    windows.into_iter().map(|n| family.name(n)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary;
    use super::*;
    use crate::features::Feature;

    #[test]
    fn every_family_stands_there_with_its_formula() {
        let text = definitions();
        for family in features::catalogue() {
            assert!(
                text.contains(&format!("fn get {}(row: Row) -> ?;", family.example())),
                "{}",
                family.pattern
            );
            assert!(text.contains(family.formula), "{}", family.pattern);
        }
        for line in text.lines().filter_map(|line| line.strip_prefix("fn get ")) {
            let (name, rest) = line.split_once('(').expect("a getter has a parameter");
            assert!(!rest.starts_with("row") || Feature::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn functions_and_fields_are_those_of_the_vocabulary() {
        let told: Vec<(&str, usize)> = FUNCTIONS.iter().map(|one| (one.0, one.1.len())).collect();
        assert_eq!(told, vocabulary::FUNCTIONS);
        let of = |owner: &str| -> Vec<&str> {
            FIELDS.iter().filter(|field| field.0 == owner).map(|field| field.1).collect()
        };
        assert_eq!(of("Position"), vocabulary::POSITION_FIELDS);
        assert_eq!(of("Signal"), vocabulary::SIGNAL_FIELDS);
    }

    /// The syntax is that of Rhai's own definition files.
    #[test]
    fn every_line_is_a_definition_or_a_comment() {
        let text = definitions();
        assert!(text.lines().any(|line| line == "module static;"));
        let is_sound = |line: &str| {
            line.is_empty()
                || line.starts_with("/// ")
                || line == "module static;"
                || (line.starts_with("fn ") && line.contains(") -> ") && line.ends_with(';'))
        };
        assert_eq!(text.lines().find(|line| !is_sound(line)), None);
    }
}
