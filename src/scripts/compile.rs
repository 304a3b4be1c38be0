//! From one text to a checked script: parsed, its constants evaluated, its names checked, and
//! only then optimised.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use rhai::AST;
use rhai::Engine;
use rhai::OptimizationLevel;
use rhai::ParseError;
use rhai::Position;
use rhai::Stmt;
use sha2::Digest;
use sha2::Sha256;

use super::body::Body;
use super::body::Program;
use super::body::check_nesting;
use super::constants::Constants;
use super::engine::Names;
use super::engine::engine;
use super::function::Function;
use super::heading::heading_of;
use super::load_error::Findings;
use super::load_error::LoadError;
use super::names::check_calls;
use super::names::check_folded;
use super::names::check_shadowing;
use super::names::check_variables;
use super::reads::Kind;
use super::reads::reads;
use super::scorer::WEIGHTS;
use super::source::ScriptSource;
use super::syntax;
use super::vocabulary::closest;
use super::vocabulary::suggest;
use crate::domain::format;
use crate::features::Feature;

/// The longest script; the largest shipped one has 3 kB.
const MAX_BYTES: usize = 32 * 1024;
/// The most features that a script may read: each costs a column over all rows of all symbols.
const MAX_FEATURES: usize = 64;

/// The functions that the host calls by name.
const ENTRY_POINTS: [&str; 4] = ["eligible", "entry", "exit", "stop"];

/// A script that passed every check that strategies and scorers share.
#[derive(Debug)]
pub(super) struct Compiled {
    pub name: Arc<str>,
    pub path: Arc<str>,
    /// The text as written, for showing a condition where it stands.
    pub text: Arc<str>,
    /// SHA-256 of the text and of the overrides, in hex.
    pub hash: String,
    pub constants: Constants,
    /// The functions as written.
    pub program: Program,
    /// The functions as they are run, constants folded in.
    pub ast: AST,
}

/// A parsed script whose functions are still to be checked against what they are given.
pub(super) struct Draft<'a> {
    source: &'a ScriptSource,
    pub constants: Constants,
    pub program: Program,
    pub findings: Findings<'a>,
    /// What the functions read that were checked so far.
    features: BTreeSet<Feature>,
    hash: String,
    ast: AST,
}

/// The engines that parse, made once for a set of scripts.
pub(super) struct Parsers {
    open: Engine,
    strict: Engine,
}

impl Parsers {
    pub fn new() -> Self {
        Self { open: engine(Names::Open), strict: engine(Names::Strict) }
    }
}

impl<'a> Draft<'a> {
    /// Parses a script and evaluates its constants. What is wrong so far is among its findings, so that
    /// the rest is checked all the same and everything is told at once.
    ///
    /// # Errors
    /// A text that does not parse.
    pub fn parse(
        parsers: &Parsers,
        source: &'a ScriptSource,
        overrides: &BTreeMap<String, f64>,
    ) -> Result<Self, Vec<LoadError>> {
        let mut findings = Findings::new(&source.name, &source.path);
        if source.text.len() > MAX_BYTES {
            let message = format!("the file has {} bytes, more than {MAX_BYTES}", source.text.len());
            findings.add(Position::NONE, "too_long", message, "split it into several strategies");
            return Err(findings.into_errors());
        }
        let open = match parsers.open.compile(&source.text) {
            Ok(ast) => ast,
            Err(error) => return Err(unparsed(&error, &source.text, findings)),
        };
        check_nesting(&open, &mut findings);
        let written = Program::of(&open, &mut findings);
        // Nothing runs that could call what is not on the list.
        let constants = if check_calls(&written, &open, &source.text, &mut findings) {
            Constants::evaluate(&parsers.open, &open, overrides, &mut findings)
        } else {
            Constants::unvalued(&open)
        };
        check_variables(&written, &open, &mut findings);
        // With a fault the script is never run; what else is wrong with it is found in the open tree.
        let (program, ast) = if findings.is_empty() {
            match parsers.strict.compile_with_scope(&constants.scope(), &source.text) {
                Ok(ast) => (Program::of(&ast, &mut findings), ast),
                Err(error) => return Err(unparsed(&error, &source.text, findings)),
            }
        } else {
            (written, open)
        };
        check_shadowing(&program, &ast, &constants, &mut findings);
        let hash = hash(&source.text, overrides);
        Ok(Self { source, constants, program, findings, features: BTreeSet::new(), hash, ast })
    }

    /// Tells whether it defines `WEIGHTS`, with a value or without.
    pub fn is_scorer(&self) -> bool {
        self.constants.is_defined(WEIGHTS)
    }

    /// Checks a function that the host calls, and returns it with what it reads. A missing one,
    /// or one with other parameters, is a finding.
    pub fn function(&mut self, name: &str, kinds: &[Kind], signature: &str) -> Option<Function> {
        let Some(body) = self.program.function(name, kinds.len()) else {
            let text = &self.source.text;
            let other = self.program.named(name).next();
            match other.cloned() {
                Some(other) => {
                    wrong_parameters(text, &other, kinds, &mut self.findings);
                    let given: Vec<Kind> = other.params.iter().map(|name| Kind::called(name)).collect();
                    reads(&self.program, &self.constants, &other, &given, &mut self.findings);
                }
                None => match syntax::open_comment(text) {
                    // What follows it is part of it: the language takes the end of the file for its end.
                    Some(place) => {
                        let told = syntax::not_closed(place);
                        self.findings.add(told.position, told.code, told.message, told.help);
                    }
                    None => self.findings.add(
                        Position::NONE,
                        "missing_function",
                        format!("there is no function `{name}`"),
                        match self.misspelt(name) {
                            Some(own) => format!("did you mean it by `{own}`? write `fn {signature}`"),
                            None => format!("add `fn {signature}`"),
                        },
                    ),
                },
            }
            return None;
        };
        if let Some(help) = swapped(body, kinds) {
            let place = heading_of(&self.source.text, body).name();
            let message =
                format!("the parameters of `{name}` are swapped: the host hands them over by their place");
            self.findings.add(place, "wrong_parameters", message, help);
            // What it reads of which is told once they stand right.
            return None;
        }
        let found = reads(&self.program, &self.constants, body, kinds, &mut self.findings);
        self.features.extend(found.iter().map(|read| read.feature.clone()));
        let place = heading_of(&self.source.text, body);
        Some(Function::new(
            self.source.name.as_str().into(),
            self.source.path.as_str().into(),
            name,
            (place.line, place.column),
            found,
        ))
    }

    /// Checks every function that has the parameters of a scorer's component.
    pub fn components_by_parameters(&mut self) {
        for body in self.program.functions().iter().filter(|body| body.params == ["row", "signal"]) {
            reads(&self.program, &self.constants, body, &[Kind::Row, Kind::Signal], &mut self.findings);
        }
    }

    /// Returns the script's own function whose name is most like a missing one's.
    fn misspelt(&self, name: &str) -> Option<&str> {
        let others = self.program.functions().iter().map(|body| body.name.as_str());
        closest(name, others.filter(|other| !ENTRY_POINTS.contains(other)))
    }

    /// Returns the statements outside functions.
    pub fn top_level(&self) -> Vec<Stmt> {
        self.ast.statements().to_vec()
    }

    /// Checks the functions that nothing may ever call, then optimises.
    ///
    /// # Errors
    /// Everything that was found.
    pub fn finish(mut self, parsers: &Parsers) -> Result<Compiled, Vec<LoadError>> {
        for body in self.program.functions() {
            let kinds = vec![Kind::Other; body.params.len()];
            reads(&self.program, &self.constants, body, &kinds, &mut self.findings);
        }
        if self.features.len() > MAX_FEATURES {
            let message =
                format!("the script reads {} features, more than {MAX_FEATURES}", self.features.len());
            let help = "split it into several strategies or scorers";
            self.findings.add(Position::NONE, "too_many_features", message, help);
        }
        if !self.findings.is_empty() {
            return Err(self.findings.into_errors());
        }
        self.ast.clear_statements();
        let ast = parsers.strict.optimize_ast(&self.constants.scope(), self.ast, OptimizationLevel::Simple);
        check_folded(&ast, &self.constants, &mut self.findings);
        if !self.findings.is_empty() {
            return Err(self.findings.into_errors());
        }
        Ok(Compiled {
            name: self.source.name.as_str().into(),
            path: self.source.path.as_str().into(),
            text: self.source.text.as_str().into(),
            hash: self.hash,
            constants: self.constants,
            program: self.program,
            ast,
        })
    }

    /// Returns a constant that must be a number.
    pub fn number(&mut self, name: &str) -> Option<f64> {
        let number = self.constants.numbers().get(name).copied();
        if number.is_none() && self.constants.value(name).is_some() {
            let place = self.constants.position(name);
            self.findings.add(place, "bad_constant", format!("`{name}` is not a number"), "make it one");
        }
        number
    }

    /// Checks the keys of a map constant against those that are known.
    pub fn check_keys(&mut self, constant: &str, known: &[&str]) {
        let Some(map) =
            self.constants.value(constant).and_then(|value| value.clone().try_cast::<rhai::Map>())
        else {
            return;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("`{constant}` has no key `{key}`");
            let help = suggest(key, known.iter().copied());
            self.findings.add(self.constants.position(constant), "unknown_key", message, help);
        }
    }
}

/// Says how a function is written whose parameters have the host's names in another order; `None` for any other.
fn swapped(body: &Body, kinds: &[Kind]) -> Option<String> {
    let stands_for = |(name, kind): (&String, &Kind)| {
        let meant = Kind::called(name);
        meant != Kind::Other && meant != *kind && kinds.contains(&meant)
    };
    if !body.params.iter().zip(kinds).any(stands_for) {
        return None;
    }
    let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
    Some(format!("write it as `fn {}({})`", body.name, words.join(", ")))
}

fn wrong_parameters(text: &str, body: &Body, kinds: &[Kind], findings: &mut Findings) {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
    findings.add(
        heading_of(text, body).name(),
        "wrong_parameters",
        format!("`{}` has {}", body.name, format::count(body.params.len(), "parameter")),
        format!("write it as `fn {}({})`", body.name, words.join(", ")),
    );
}

fn unparsed(error: &ParseError, text: &str, mut findings: Findings) -> Vec<LoadError> {
    let told = syntax::told(error, text);
    findings.add(told.position, told.code, told.message, told.help);
    findings.into_errors()
}

fn hash(text: &str, overrides: &BTreeMap<String, f64>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(text.as_bytes());
    for (name, value) in overrides {
        hasher.update(format!("\n{name}={value:?}").as_bytes());
    }
    crate::domain::hex(hasher.finalize())
}
