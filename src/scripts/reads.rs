//! What each function of a script reads from its row, position and signal: the features, each
//! with its place and with what happens where it is missing.
//!
//! Refuses every name that nobody defines, and whatever would let a row be read in a way that
//! the walk cannot see: storing it, returning it, indexing it. So the features found are all
//! there are, and the core computes no other.

use std::collections::BTreeSet;

use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Position;

use super::body::Body;
use super::body::Program;
use super::constants::Constants;
use super::load_error::Findings;
use super::vocabulary;
use super::vocabulary::suggest;
use crate::features::Feature;

/// How a script treats a feature that may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Read plainly: the function is not called without it.
    Plain,
    /// Read as `row.x ?? default`.
    Defaulted,
    /// Tested by `row.x == ()` or `row.x != ()`.
    Tested,
}

/// One place where a script reads a feature; `line` and `column` are 1-based.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    pub feature: Feature,
    pub need: Need,
    pub line: usize,
    pub column: usize,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Row,
    Position,
    Signal,
    Other,
}

impl Kind {
    /// What a parameter holds that has this name, as the host gives them.
    pub(super) fn called(name: &str) -> Self {
        match name {
            "row" => Kind::Row,
            "position" => Kind::Position,
            "signal" => Kind::Signal,
            _ => Kind::Other,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Row => "row",
            Kind::Position => "position",
            Kind::Signal => "signal",
            Kind::Other => "value",
        }
    }
}

/// Walks one function, given what its parameters hold, and every helper that it calls.
pub(super) fn reads(
    program: &Program,
    constants: &Constants,
    body: &Body,
    kinds: &[Kind],
    findings: &mut Findings,
) -> Vec<Read> {
    let mut walk = Walk::new(program, constants, findings, Names::Trusted);
    walk.function(body, kinds);
    walk.reads.into_iter().collect()
}

/// Reports every name in a function that is neither a variable there nor one of the constants.
pub(super) fn undefined(body: &Body, constants: &BTreeSet<&str>, findings: &mut Findings) {
    let (program, unvalued) = (Program::default(), Constants::default());
    // What else is wrong with the function is found where its calls are known.
    let mut elsewhere = Findings::new("", "");
    let kinds = vec![Kind::Other; body.params.len()];
    let mut walk = Walk::new(&program, &unvalued, &mut elsewhere, Names::Checked);
    walk.function(body, &kinds);
    for (name, position, variables) in walk.undefined {
        if constants.contains(name.as_str()) {
            continue;
        }
        let own = variables.iter().map(String::as_str);
        let known: Vec<&str> = own.chain(constants.iter().copied()).collect();
        let help = match (given_to(&name), vocabulary::closest(&name, known)) {
            (Some(who), _) => who.to_owned(),
            _ if is_library(&name) => {
                format!("functions stand alone here: write `abs(x)` and not `{name}.abs(x)`")
            }
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (None, None) if Feature::parse(&name).is_ok() => format!("write `row.{name}`"),
            (None, None) => {
                format!("define it at the top, `const {name} = …;`, or before it is used, with `let`")
            }
        };
        findings.add(position, "unknown_name", format!("`{name}` is defined nowhere"), help);
    }
}

/// Tells whether functions are called by such a name in other languages.
pub(super) fn is_library(name: &str) -> bool {
    ["math", "np", "numpy", "ta", "talib"].contains(&name.to_ascii_lowercase().as_str())
}

/// Says which functions are given what the host calls by that name, or what a word of another language is here.
pub(super) fn given_to(name: &str) -> Option<&'static str> {
    match name {
        "row" => Some(
            "a function gets it as its first parameter, as in `fn eligible(row)`; a helper must be handed it",
        ),
        "position" => Some("only `exit(row, position)` and `stop(row, position)` are given one"),
        "signal" => Some("only a scorer's functions are given one, as in `fn breakout(row, signal)`"),
        "True" | "TRUE" => Some("write `true`"),
        "False" | "FALSE" => Some("write `false`"),
        "None" | "NULL" | "nil" | "nan" | "NaN" | "NA" | "na" => Some("what is missing is written `()`"),
        _ => None,
    }
}

/// The feature that is meant by `row.ma(50)` or `sma(row.close, 50)`.
fn feature_meant(call: &FnCallExpr) -> Option<String> {
    let window = call.args.iter().rev().find_map(|argument| match argument {
        Expr::IntegerConstant(window, _) => Some(window),
        _ => None,
    })?;
    match Feature::parse(&format!("{}{window}", call.name)) {
        Ok(feature) => Some(feature.to_string()),
        Err(unknown) => unknown.suggestion,
    }
}

/// Whether the walk looks for names that are defined nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Checked,
    Trusted,
}

pub(super) struct Walk<'a, 'f, 's> {
    pub(super) program: &'a Program,
    pub(super) constants: &'a Constants,
    pub(super) findings: &'f mut Findings<'s>,
    pub(super) variables: Vec<(String, Kind)>,
    pub(super) reads: BTreeSet<Read>,
    /// Functions walked already, with what their parameters held: a recursion ends here.
    pub(super) seen: BTreeSet<(String, Vec<Kind>)>,
    names: Names,
    /// Names without a definition, with the variables that are in sight there.
    undefined: Vec<(String, Position, Vec<String>)>,
}

impl<'a, 'f, 's> Walk<'a, 'f, 's> {
    fn new(
        program: &'a Program,
        constants: &'a Constants,
        findings: &'f mut Findings<'s>,
        names: Names,
    ) -> Self {
        let (variables, reads, seen, undefined) = (Vec::new(), BTreeSet::new(), BTreeSet::new(), Vec::new());
        Self { program, constants, findings, variables, reads, seen, names, undefined }
    }
}

impl Walk<'_, '_, '_> {
    /// Notes a variable that is defined nowhere.
    pub(super) fn defined(&mut self, name: &str, position: Position) {
        let known = self.variables.iter().any(|(variable, _)| variable == name);
        if self.names == Names::Checked && !known {
            let variables = self.variables.iter().map(|(variable, _)| variable.clone()).collect();
            self.undefined.push((name.to_owned(), position, variables));
        }
    }

    /// Tells whether the host has a function of that name and number of arguments, and reports a call
    /// of what it has not.
    pub(super) fn known(&mut self, call: &FnCallExpr, arguments: usize, position: Position) -> bool {
        let name = call.name.as_str();
        if vocabulary::FUNCTIONS.contains(&(name, arguments)) {
            return true;
        }
        let own = self.program.named(name).map(|body| body.params.len());
        let host = vocabulary::FUNCTIONS.iter().filter(|known| known.0 == name).map(|known| known.1);
        let takes: Vec<String> = own.chain(host).map(|count| count.to_string()).collect();
        if !takes.is_empty() {
            let noun = if takes == ["1"] { "argument" } else { "arguments" };
            let message = format!("`{name}` takes {} {noun} and was given {arguments}", takes.join(" or "));
            self.findings.add(position, "wrong_arity", message, "give it as many as it takes");
            return false;
        }
        let own = self.program.functions().iter().map(|body| body.name.as_str());
        let names = own.chain(vocabulary::FUNCTIONS.iter().map(|known| known.0));
        let help = match (feature_meant(call), vocabulary::closest(name, names)) {
            (Some(feature), _) => format!("the window is part of a feature's name: write `row.{feature}`"),
            (None, Some(found)) => format!("did you mean `{found}`?"),
            (None, None) => "write a function of that name".to_owned(),
        };
        self.findings.add(position, "unknown_function", format!("unknown function `{name}`"), help);
        false
    }

    pub(super) fn field(&mut self, kind: Kind, name: &str, position: Position, need: Need) {
        let fields: &[&str] = match kind {
            Kind::Row => return self.feature(name, position, need),
            Kind::Position => &vocabulary::POSITION_FIELDS,
            Kind::Signal => &vocabulary::SIGNAL_FIELDS,
            Kind::Other => return,
        };
        if !fields.contains(&name) {
            let help = suggest(name, fields.iter().copied());
            let message = format!("a {} has no field `{name}`", kind.word());
            self.findings.add(position, "unknown_field", message, help);
        }
    }

    fn feature(&mut self, name: &str, position: Position, need: Need) {
        match Feature::parse(name) {
            Ok(feature) => {
                let line = position.line().unwrap_or(1);
                let column = position.position().unwrap_or(1);
                self.reads.insert(Read { feature, need, line, column });
            }
            Err(unknown) => {
                self.findings.add(position, "unknown_feature", unknown.why, unknown.help);
            }
        }
    }

    /// Refuses `TABLE[0]` and `TABLE.key`: Rhai folds a constant in where it stands alone, and
    /// would not find it here until the line is run.
    pub(super) fn taken_apart(&mut self, base: &Expr) {
        if let Some(name) = self.constant(base) {
            let message = format!("the constant `{name}` is taken apart in place");
            let help = format!("give it a name first: `let values = {name};`, then read `values`");
            self.findings.add(base.position(), "constant_in_place", message, help);
        }
    }

    pub(super) fn misused(&mut self, name: &str, kind: Kind, position: Position) {
        self.findings.add(
            position,
            "row_used_whole",
            format!("`{name}` is used as a whole: a {} may only be read by field", kind.word()),
            "write `row.close`, or pass it to a function of this script",
        );
    }

    pub(super) fn unsupported(&mut self, position: Position) {
        self.findings.add(
            position,
            "unsupported",
            "this form of statement is not available in scripts",
            "write it with `if`, `switch`, `let` and functions",
        );
    }

    /// The name of the constant that an expression is, where it is one.
    pub(super) fn constant<'e>(&self, expression: &'e Expr) -> Option<&'e str> {
        let Expr::Variable(name, ..) = expression else { return None };
        let local = self.variables.iter().any(|(variable, _)| *variable == name.1.as_str());
        (!local && self.constants.value(&name.1).is_some()).then_some(name.1.as_str())
    }

    /// What an expression holds, where it is a plain variable.
    pub(super) fn kind(&self, expression: &Expr) -> Kind {
        let Expr::Variable(name, ..) = expression else { return Kind::Other };
        let known = self.variables.iter().rev().find(|(variable, _)| *variable == name.1.as_str());
        known.map_or(Kind::Other, |(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use crate::scripts::Rule;
    use crate::scripts::fixtures::HEAD;
    use crate::scripts::fixtures::RULES;
    use crate::scripts::fixtures::compile;
    use crate::scripts::fixtures::eligible;
    use crate::scripts::fixtures::strategy;

    /// The features of `eligible`, `?` marking those that may be missing.
    fn check(body: &str, expected: &str) {
        let (_, strategy) = strategy(&eligible(body));
        let function = strategy.function(Rule::Eligible).expect("every strategy has one");
        let mut told: Vec<String> = strategy
            .features()
            .into_iter()
            .map(|feature| {
                let mark = if function.required().contains(&feature) { "" } else { "?" };
                format!("{feature}{mark}")
            })
            .collect();
        told.sort();
        assert_eq!(told.join(" "), expected, "{body}");
    }

    /// The first finding of a strategy with that `eligible`, as `line:column code`.
    fn refused(body: &str, expected: &str) {
        let (scripts, errors) = compile(&eligible(body));
        assert!(scripts.strategy("probe").is_none(), "{body}");
        let first = errors.first().expect("a finding");
        let (line, column) = (first.line.unwrap_or(0), first.column.unwrap_or(0));
        assert_eq!(format!("{line}:{column} {}", first.code), expected, "{body}: {first}");
    }

    #[test]
    fn a_plain_read_is_required() {
        check("row.close > row.ma50", "close ma50");
        check("let level = row.ma50; row.close > level", "close ma50");
        check("if row.close > 1.0 { true } else { row.ma20 > 2.0 }", "close ma20");
        check("switch row.close { 1.0 => row.ma20 > 1.0, _ => row.ma50 > 1.0 }", "close ma20 ma50");
        check("let n = 0.0; for i in 0..3 { n += row.close; } n > 1.0", "close");
        check("[row.close, row.ma20].len() > 1", "close ma20");
        check("`${row.close}`.contains(\"1\")", "close");
        check("#{ a: row.ma20 }.a > row.close", "close ma20");
        check("row.close.to_string().len() > 1", "close");
        check("[1.0, 2.0][if row.close > 1.0 { 0 } else { 1 }] > row.ma20", "close ma20");
        check("(row?.close) > 1.0", "close");
    }

    #[test]
    fn a_default_or_a_test_makes_a_feature_optional() {
        check("(row.ma50 ?? 0.0) > 1.0", "ma50?");
        check("(row.ma50 ?? row.ma20) > 1.0", "ma20 ma50?");
        check("(row.ma50 ?? row.ma20 ?? 1.0) > 1.0", "ma20? ma50?");
        check("(row.ma50 ?? 0.0) > 1.0 && row.ma50 < 9.0", "ma50");
        check("row.ma50 == () || row.close > row.ma50", "close ma50?");
        check("() != row.ma50 && row.close > row.ma50", "close ma50?");
        check("ratio(row.close, row.ma50) != ()", "close ma50");
    }

    #[test]
    fn rows_are_followed_into_helpers_and_aliases() {
        let text = format!(
            "{HEAD}fn above(r, level) {{ r.close > level }}\nfn deep(r) {{ let s = r; above(s, s.ma20) }}\n\
             fn eligible(bar) {{ let r = bar; deep(r) && (r.rsi2 ?? 50.0) < 90.0 }}\n\
             fn entry(row) {{ }}\nfn exit(row, position) {{ }}"
        );
        let (_, strategy) = strategy(&text);
        let function = strategy.function(Rule::Eligible).expect("every strategy has one");
        let places: Vec<String> = function
            .reads()
            .iter()
            .map(|read| format!("{}@{}:{}", read.feature, read.line, read.column))
            .collect();
        assert_eq!(places, ["close@3:24", "ma20@4:36", "rsi2@5:47"]);
        assert!(strategy.function(Rule::Entry).expect("every strategy has one").reads().is_empty());
    }

    #[test]
    fn a_shadowed_row_is_no_row() {
        refused("let r = row; { let r = 1.0; } r.nonsense > 1.0", "3:52 unknown_feature");
        check("let row = #{ nonsense: row.close }; row.nonsense > 1.0", "close");
    }

    #[test]
    fn unknown_words_are_found_with_their_place() {
        refused("row.clsoe > 1.0", "3:24 unknown_feature");
        refused("false && row.mb50 > 1.0", "3:33 unknown_feature");
        refused("abss(row.close) > 1.0", "3:20 unknown_function");
        refused("abs(row.close, 1) > 1.0", "3:20 wrong_arity");
        refused("row.close.abss() > 1.0", "3:30 unknown_function");
        refused("row.close > LEVEL", "3:32 unknown_name");
        let (_, errors) = compile(&eligible("math.abs(row.close) > 1.0"));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].help, "functions stand alone here: write `abs(x)` and not `math.abs(x)`");
    }

    #[test]
    fn a_row_may_only_be_read() {
        refused("row.close = 1.0; true", "3:20 write_to_row");
        refused("let r = row; r.close += 1.0; true", "3:33 write_to_row");
        refused("row = 1; true", "3:20 write_to_row");
        refused("row", "3:20 row_used_whole");
        refused("let rows = [row]; true", "3:32 row_used_whole");
        refused("row[\"close\"] > 1.0", "3:20 row_used_whole");
        refused("return row;", "3:27 row_used_whole");
        refused("abs(row) > 1.0", "3:24 row_used_whole");
        refused("row.to_string() == \"\"", "3:20 row_used_whole");
        refused("let x = 1; x = row; true", "3:35 row_used_whole");
        refused("row == ()", "3:20 row_used_whole");
        refused("this.x", "3:20 this");
        refused("try { row.close > 1.0 } catch { true }", "3:20 caught_error");
    }

    #[test]
    fn constants_are_read_whole() {
        let with = |body: &str| {
            eligible(body).replace("fn eligible", "const T = [1.0, 2.0]; const L = 1.0; fn eligible")
        };
        for (body, expected) in [
            ("row.close > T[0]", "constant_in_place"),
            ("T.len() > 1", "constant_in_place"),
            ("L.to_string() == \"1.0\"", "constant_in_place"),
            ("L = 2.0; true", "write_to_constant"),
            ("T[0] = 2.0; true", "write_to_constant"),
        ] {
            let (_, errors) = compile(&with(body));
            assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [expected], "{body}");
        }
        strategy(&with("let t = T; let n = 0.0; for x in T { n += x; } row.close > t[0] && n > L"));
    }

    #[test]
    fn positions_and_signals_have_their_own_fields() {
        let text =
            RULES.replace("fn exit(row, position) { }", "fn exit(row, position) { position.stop_pirce }");
        let (_, errors) = compile(&format!("{HEAD}{text}"));
        assert_eq!(errors.len(), 1);
        assert_eq!(
            errors[0].to_string(),
            "strategies/probe.rhai:5:35: a position has no field `stop_pirce`; did you mean `stop_price`?"
        );
    }

    #[test]
    fn an_unknown_feature_is_told_with_one_hint() {
        for (name, expected) in [
            ("clsoe", "strategies/probe.rhai:3:24: no feature is called `clsoe`; did you mean `close`?"),
            (
                "xyzzy",
                "strategies/probe.rhai:3:24: no feature is called `xyzzy`; `ts features --list` shows them all",
            ),
        ] {
            let (_, errors) = compile(&eligible(&format!("row.{name} > 1.0")));
            assert_eq!(errors[0].to_string(), expected);
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let check = |rules: &str, expected: &[&str]| {
            let (_, errors) = compile(&format!("{HEAD}{rules}"));
            let told: Vec<String> =
                errors.iter().map(|own| format!("{}:{}", own.line.unwrap_or(0), own.code)).collect();
            assert_eq!(told, expected, "{rules}: {errors:#?}");
        };
        check(
            "fn eligible(row) { row.clse > 1.0 && row.close > ZED }\nfn entry(row) { }\n\
             fn exit(row, position) { if position.foo > 1.0 { \"a\" } }\n",
            &["3:unknown_feature", "3:unknown_name", "5:unknown_field"],
        );
        check(
            "fn eligible(row) { row.close = 1.0; hlper(row) }\nfn entry(row, position) { }\n\
             fn exit(row, position) { LEVEL > 1.0 }\n",
            &["3:write_to_row", "3:unknown_function", "4:wrong_parameters", "5:unknown_name"],
        );
        // Handed over by their place: a row called `position` would lack all that one has.
        check(
            "fn eligible(row) { true }\nfn entry(row) { }\n\
             fn exit(position, row) { if row.close < position.entry_price { \"a\" } }\n",
            &["5:wrong_parameters"],
        );
        check("fn eligible(bar) { true }\nfn entry(r) { }\nfn exit(r, held) { }\n", &[]);
    }

    #[test]
    fn a_fault_of_one_kind_hides_no_other() {
        let check = |text: &str, expected: &[&str]| {
            let (_, errors) = compile(text);
            let told: Vec<String> =
                errors.iter().map(|own| format!("{}:{}", own.line.unwrap_or(0), own.code)).collect();
            assert_eq!(told, expected, "{text}: {errors:#?}");
        };
        // Faults of constants, of names, of fields, of parameters, and what is not there.
        check(
            "const META = #{ asset_class: \"bonds\", scorrer: \"x\" };\nconst STOP_ATR_MULT = 1 / 0;\n\
             const LEVEL = BASE * 2.0;\nconst ABOVE = LEVEL + 1.0;\nconst T = [1.0];\n\
             fn eligible(row) { LEVEL = 2.0; row.clse > T[0] && ZED > ABOVE }\n\
             fn exit(row) { let T = 1.0; row.clse > T }\n",
            &[
                "0:missing_function",
                "1:bad_meta",
                "1:unknown_key",
                "2:bad_constant",
                "3:unknown_name",
                "6:unknown_feature",
                "6:constant_in_place",
                "6:unknown_name",
                "7:wrong_parameters",
                "7:shadowed_constant",
                "7:unknown_feature",
            ],
        );
        // A constant without a value is not missing, and says nothing about what it would have been.
        check(
            &format!("const META = #{{ asset_class: nope() }};\nconst STOP_ATR_MULT = 2.0;\n{RULES}"),
            &["1:unknown_function"],
        );
        check(
            "const WEIGHTS = #{ a: 1 / 0 };\nfn a(row, signal) { row.clse + signal.foo }",
            &["1:bad_constant", "2:unknown_feature", "2:unknown_field"],
        );
        check(
            &format!("const ABOVE = row.close;\n{HEAD}{RULES}").replace("row.close > 1.0", "row.clse > 1.0"),
            &["1:unknown_name", "4:unknown_feature"],
        );
    }

    #[test]
    fn what_only_some_functions_are_given_is_no_name_to_define() {
        for (body, expected) in [
            (
                "position.stop_price > 1.0",
                "only `exit(row, position)` and `stop(row, position)` are given one",
            ),
            ("signal.trigger == \"a\"", "only a scorer's functions are given one"),
        ] {
            let (_, errors) = compile(&eligible(body));
            assert!(errors.len() == 1 && errors[0].help.starts_with(expected), "{errors:?}");
        }
        for text in [
            format!("{HEAD}{RULES}fn spare(x) {{ x > row.close }}"),
            format!("{HEAD}const ABOVE = row.close;\n{RULES}"),
        ] {
            let (_, errors) = compile(&text);
            let expected = "a function gets it as its first parameter, as in `fn eligible(row)`";
            assert!(errors.len() == 1 && errors[0].help.starts_with(expected), "{errors:?}");
        }
    }

    #[test]
    fn unreached_helpers_are_checked_too() {
        let (_, errors) = compile(&format!("{HEAD}{RULES}fn spare(x) {{ nothing(x) }}"));
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["unknown_function"]);
    }
}
