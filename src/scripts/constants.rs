//! A script's constants: evaluated from the top down, with the user's overrides put in.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rhai::AST;
use rhai::ASTFlags;
use rhai::ASTNode;
use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::Expr;
use rhai::Position;
use rhai::Scope;
use rhai::Stmt;

use super::engine::MAX_OPERATIONS;
use super::engine::counted;
use super::load_error::Findings;
use super::reads::given_to;
use super::vocabulary::closest;
use super::vocabulary::suggest;

/// The constants of one script, with the values that are used.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    /// In the order of the text.
    values: Vec<(String, Dynamic, Position)>,
    numbers: BTreeMap<String, f64>,
    /// Those that are defined and have no value, for a fault that is told already.
    unvalued: BTreeSet<String>,
}

impl Constants {
    /// Evaluates the top level of a parsed script in order. An overridden constant gets its new
    /// value before those that depend on it are evaluated.
    ///
    /// Anything but a constant or a function at the top is a finding, and so is an override that
    /// names no number of the script.
    pub(super) fn evaluate(
        engine: &Engine,
        ast: &AST,
        overrides: &BTreeMap<String, f64>,
        findings: &mut Findings,
    ) -> Self {
        let mut constants = Self::default();
        let mut scope = Scope::new();
        let mut spent = 0;
        for statement in ast.statements() {
            let Stmt::Var(definition, flags, position) = statement else {
                if !statement.is_noop() {
                    top_level(statement.position(), findings);
                }
                continue;
            };
            let name = definition.0.name.as_str();
            let outside = scope.len();
            if !flags.contains(ASTFlags::CONSTANT) {
                top_level(*position, findings);
            } else if constants.is_defined(name) {
                findings.add(
                    definition.0.pos,
                    "duplicate_constant",
                    format!("`{name}` is defined twice"),
                    "keep one of the two",
                );
            } else if spent <= MAX_OPERATIONS && !constants.hangs_on_a_fault(&definition.1) {
                let alone = AST::new([statement.clone()], ast.shared_lib().clone());
                let (outcome, operations) = counted(|| engine.run_ast_with_scope(&mut scope, &alone));
                spent += operations;
                if spent > MAX_OPERATIONS {
                    findings.add(
                        *position,
                        "bad_constant",
                        format!("the constants up to `{name}` take more than {MAX_OPERATIONS} operations"),
                        "look for a loop that never ends, or write the values out",
                    );
                } else if let Err(error) = outcome {
                    constants.failed(name, definition.0.pos, error, ast, findings);
                } else {
                    constants.put_in(name, definition.0.pos, overrides, &mut scope, findings);
                    continue;
                }
            }
            // What has no value keeps its place: the parser counted the variables before each name.
            scope.rewind(outside);
            let value = constants.value(name).cloned().unwrap_or(Dynamic::UNIT);
            scope.push_constant_dynamic(name, value);
            if constants.value(name).is_none() {
                constants.unvalued.insert(name.to_owned());
            }
        }
        constants.check_overrides(overrides, findings);
        constants
    }

    /// Takes the value that a constant has in the scope, or that the settings give it.
    fn put_in(
        &mut self,
        name: &str,
        position: Position,
        overrides: &BTreeMap<String, f64>,
        scope: &mut Scope,
        findings: &mut Findings,
    ) {
        if let Some(wanted) = overrides.get(name) {
            let written = scope.get_value::<Dynamic>(name).unwrap_or(Dynamic::UNIT);
            match overridden(&written, *wanted) {
                Some(value) => {
                    scope.pop();
                    scope.push_constant_dynamic(name, value);
                }
                None => findings.add(
                    position,
                    "bad_override",
                    format!("the settings override `{name}`, which is not a number"),
                    format!("delete `{name}` from the script's settings, or edit the script"),
                ),
            }
        }
        let value = scope.get_value::<Dynamic>(name).unwrap_or(Dynamic::UNIT);
        self.add(name, value, position, findings);
    }

    fn failed(
        &self,
        name: &str,
        position: Position,
        mut error: Box<EvalAltResult>,
        ast: &AST,
        findings: &mut Findings,
    ) {
        let place = error.take_position();
        let place = if place.is_none() { position } else { place };
        if let EvalAltResult::ErrorVariableNotFound(missing, _) = &*error {
            let message = format!("`{missing}` is not defined above `{name}`");
            findings.add(place, "unknown_name", message, self.suggest(missing, ast));
            return;
        }
        findings.add(
            place,
            "bad_constant",
            format!("`{name}` has no value: {error}"),
            "constants are made of numbers, text and the constants above them",
        );
    }

    /// Tells whether a definition names a constant whose own has a fault.
    fn hangs_on_a_fault(&self, definition: &Expr) -> bool {
        let mut found = false;
        definition.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
            if let Some(ASTNode::Expr(Expr::Variable(name, ..))) = path.last() {
                found |= self.unvalued.contains(name.1.as_str());
            }
            true
        });
        found
    }

    /// Returns the constants of a script whose top level may not be run.
    pub(super) fn unvalued(ast: &AST) -> Self {
        Self { unvalued: defined(ast).into_iter().map(ToOwned::to_owned).collect(), ..Self::default() }
    }

    fn add(&mut self, name: &str, value: Dynamic, position: Position, findings: &mut Findings) {
        if let Some(number) = as_number(&value) {
            if !number.is_finite() {
                findings.add(
                    position,
                    "bad_constant",
                    format!("`{name}` is {number}, which is not finite"),
                    "look for a division by zero above",
                );
            }
            self.numbers.insert(name.to_owned(), number);
        }
        self.values.push((name.to_owned(), value, position));
    }

    /// What to do about a name that is not defined yet.
    fn suggest(&self, missing: &str, ast: &AST) -> String {
        let below = ast
            .statements()
            .iter()
            .any(|statement| matches!(statement, Stmt::Var(parts, ..) if parts.0.name.as_str() == missing));
        if let Some(who) = given_to(missing) {
            return who.to_owned();
        }
        if below {
            return format!("move `const {missing}` above this line");
        }
        match closest(missing, self.names()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("define it above, `const {missing} = …;`"),
        }
    }

    fn check_overrides(&self, overrides: &BTreeMap<String, f64>, findings: &mut Findings) {
        for name in overrides.keys().filter(|name| !self.is_defined(name)) {
            findings.add(
                Position::NONE,
                "unknown_override",
                format!("the settings override `{name}`, which the script does not define"),
                suggest(name, self.numbers.keys().map(String::as_str)),
            );
        }
    }

    /// Returns the numeric constants with the values used.
    pub fn numbers(&self) -> &BTreeMap<String, f64> {
        &self.numbers
    }

    /// Returns a constant of any type.
    pub fn value(&self, name: &str) -> Option<&Dynamic> {
        self.values.iter().find(|(known, ..)| known == name).map(|(_, value, _)| value)
    }

    /// Tells whether the script defines a constant, with a value or without.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.unvalued.contains(name) || self.value(name).is_some()
    }

    /// Returns the constant that has this name but for small and capital letters.
    pub(super) fn spelt_otherwise(&self, name: &str) -> Option<&str> {
        self.names().find(|own| *own != name && own.eq_ignore_ascii_case(name))
    }

    /// Returns the constants' names in the order of the text.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(name, ..)| name.as_str())
    }

    /// Returns where a constant is defined, [`Position::NONE`] where it is not.
    pub fn position(&self, name: &str) -> Position {
        self.values.iter().find(|(known, ..)| known == name).map_or(Position::NONE, |(.., place)| *place)
    }

    /// Returns the constants as a scope, which the parser and the optimiser read.
    pub fn scope(&self) -> Scope<'static> {
        let mut scope = Scope::new();
        for (name, value, _) in &self.values {
            scope.push_constant_dynamic(name.as_str(), value.clone());
        }
        scope
    }
}

/// Returns the names that the top level of a script defines.
pub(super) fn defined(ast: &AST) -> BTreeSet<&str> {
    let name = |statement| match statement {
        &Stmt::Var(ref parts, flags, _) if flags.contains(ASTFlags::CONSTANT) => Some(parts.0.name.as_str()),
        _ => None,
    };
    ast.statements().iter().filter_map(name).collect()
}

/// Reads a Rhai number, whole or broken.
pub(super) fn as_number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|whole| whole as f64))
}

/// Gives the override in the type of the written constant: `const BARS = 10` stays whole when it
/// becomes 12, since `1 / 2` is 0 in Rhai and `1.0 / 2` is not.
fn overridden(written: &Dynamic, wanted: f64) -> Option<Dynamic> {
    as_number(written)?;
    let fits_whole = wanted.fract() == 0.0 && wanted.abs() < 9e15;
    if written.is_int() && fits_whole {
        return Some(Dynamic::from(wanted as i64));
    }
    Some(Dynamic::from(wanted))
}

fn top_level(position: Position, findings: &mut Findings) {
    findings.add(
        position,
        "top_level_statement",
        "only constants and functions may stand outside functions",
        "write `const NAME = …;`, or move the statement into a function",
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::scripts::Budget;
    use crate::scripts::Scripts;
    use crate::scripts::fixtures::HEAD;
    use crate::scripts::fixtures::RULES;
    use crate::scripts::fixtures::SCORER;
    use crate::scripts::fixtures::compile;
    use crate::scripts::fixtures::options;
    use crate::scripts::fixtures::rows;
    use crate::scripts::fixtures::source;

    const TEXT: &str = "const META = #{ asset_class: \"equity\" };\nconst STOP_ATR_MULT = 2.0;\n\
        const BASE = 10;\nconst LEVEL = BASE * 2.5;\nconst TABLE = [LEVEL, 1.0];\n\
        fn level() { let table = TABLE; table[0] }\nfn eligible(row) { row.close > level() }\n\
        fn entry(row) { if row.close > LEVEL { \"up\" } }\nfn exit(row, position) { }";

    fn overridden(text: &str, pairs: &[(&str, f64)]) -> (Scripts, Vec<String>) {
        let mut options = options();
        let overrides: BTreeMap<String, f64> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        options.overrides.insert("probe".to_owned(), overrides);
        let (scripts, errors) = Scripts::check(&[source("probe", text), source("flat", SCORER)], &options);
        (scripts, errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_override_flows_into_dependent_constants_and_functions() {
        for (base, expected) in [(10.0, true), (12.0, false)] {
            let (scripts, errors) = overridden(TEXT, &[("BASE", base)]);
            assert_eq!(errors, Vec::<String>::new());
            let strategy = scripts.strategy("probe").expect("it was loaded");
            assert_eq!(strategy.constants()["LEVEL"], base * 2.5);
            let rows = rows(&scripts, &[&[("close", 28.0)]]);
            let budget = &mut Budget::for_rows(1);
            let eligible = strategy.eligible(&rows, &[0], budget);
            assert_eq!(eligible.errors, []);
            assert_eq!(eligible.values, [Some(expected)]);
            let entry = strategy.entry(&rows, &[0], budget).values;
            assert_eq!(entry, [Some(expected.then(|| "up".into()))]);
        }
    }

    #[test]
    fn an_override_is_part_of_the_hash() {
        let plain = overridden(TEXT, &[]).0.hashes();
        let changed = overridden(TEXT, &[("BASE", 12.0)]).0.hashes();
        assert_eq!(plain["probe"].len(), 64);
        assert_ne!(plain["probe"], changed["probe"]);
        assert_eq!(plain["flat"], changed["flat"]);
    }

    #[test]
    fn an_override_of_nothing_is_told_with_the_likely_name() {
        let (scripts, errors) = overridden(TEXT, &[("LEVLE", 1.0)]);
        assert!(scripts.strategy("probe").is_none());
        assert_eq!(
            errors,
            [
                "strategies/probe.rhai: the settings override `LEVLE`, which the script does not define; did you mean `LEVEL`?"
            ]
        );
        let (_, errors) = overridden(TEXT, &[("TABLE", 1.0)]);
        assert!(errors[0].contains("which is not a number"), "{errors:?}");
    }

    fn refused(line: &str, expected: &str) {
        let (scripts, errors) = compile(&format!("{HEAD}{line}\n{RULES}"));
        assert!(scripts.strategy("probe").is_none(), "{line}");
        assert_eq!(errors[0].code, expected, "{line}: {}", errors[0]);
    }

    #[test]
    fn only_constants_stand_at_the_top() {
        refused("let x = 1;", "top_level_statement");
        refused("1 + 1;", "top_level_statement");
        refused("if true { }", "top_level_statement");
        refused("abs(1);", "top_level_statement");
        refused("const A = 1; const A = 2;", "duplicate_constant");
        refused("const A = 1/0;", "bad_constant");
        refused("const A = 1.0/0.0;", "bad_constant");
        refused("const A = B; const B = 1;", "unknown_name");
        refused("const A = { loop { } };", "bad_constant");
        refused("const REWARD_RISK = -1.0;", "bad_constant");
        refused("const REWARD_RISK = \"2\";", "bad_constant");
        refused("const row = 1.0;", "shadowed_constant");
        refused("const A = 1; fn f() { let A = 2; A }", "shadowed_constant");
    }
}
