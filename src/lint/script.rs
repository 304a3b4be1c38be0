//! One script as the rules see it: its text, its functions, and what the host gives to each.

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rhai::ASTNode;
use rhai::Expr;
use rhai::Stmt;

use super::conditions::Settled;
use super::finding::Span;
use super::nodes::for_each_node;
use super::nodes::property;
use super::scored::Scored;
use super::text::Text;
use super::token::Token;
use super::types::Types;
use crate::scripts::Body;
use crate::scripts::Outline;

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holds {
    Row,
    Position,
    Signal,
    Value,
}

/// What the host asks a function for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// May it be bought?
    Predicate,
    /// () or the signal's type.
    Trigger,
    /// () or the reason to sell.
    Reason,
    /// () or the new stop.
    Stop,
    /// A score.
    Component,
}

impl Asked {
    /// The types that the host takes.
    pub fn takes(self) -> Types {
        match self {
            Asked::Predicate => Types::BOOL,
            Asked::Trigger | Asked::Reason => Types::TEXT.or(Types::UNIT),
            Asked::Stop => Types::NUMBER.or(Types::UNIT),
            Asked::Component => Types::NUMBER,
        }
    }
}

/// A script with what follows from its text.
#[derive(Debug)]
pub(super) struct Script<'a> {
    /// The stem of its file.
    pub name: &'a str,
    pub text: &'a Text<'a>,
    pub outline: &'a Outline,
    /// Of a scorer: the strategies around it.
    pub scored: Scored,
    /// What each parameter of a function holds, by name and number of parameters.
    holds: BTreeMap<(&'a str, usize), Vec<Holds>>,
    /// Features that may be missing in a function, by its name and number of parameters: those
    /// that are tested against `()` somewhere below a function that the host calls for it.
    tested: BTreeMap<(&'a str, usize), BTreeSet<String>>,
    /// What each function gives, once known; `NONE` while it is being found out.
    pub results: RefCell<BTreeMap<(String, usize), Types>>,
    /// Conditions that are settled without a bar, once they were looked for.
    pub settled: OnceCell<Vec<Settled>>,
}

impl<'a> Script<'a> {
    pub fn new(name: &'a str, text: &'a Text<'a>, outline: &'a Outline, scored: Scored) -> Self {
        let mut script = Self {
            name,
            scored,
            text,
            outline,
            holds: BTreeMap::new(),
            tested: BTreeMap::new(),
            results: RefCell::default(),
            settled: OnceCell::new(),
        };
        script.follow_calls();
        script.follow_tests();
        script
    }

    /// Returns what the host asks a function for; `None` for a helper.
    pub fn asked(&self, name: &str, arity: usize) -> Option<Asked> {
        if self.outline.is_scorer {
            return (arity == 2 && self.components().contains(name)).then_some(Asked::Component);
        }
        match (name, arity) {
            ("eligible", 1) => Some(Asked::Predicate),
            ("entry", 1) => Some(Asked::Trigger),
            ("exit", 2) => Some(Asked::Reason),
            ("stop", 2) => Some(Asked::Stop),
            _ => None,
        }
    }

    /// Returns the components that a scorer weighs.
    pub fn components(&self) -> BTreeSet<String> {
        let weights =
            self.outline.constants.value("WEIGHTS").and_then(|map| map.clone().try_cast::<rhai::Map>());
        weights.unwrap_or_default().keys().map(ToString::to_string).collect()
    }

    /// Returns what a function's parameters hold.
    pub fn holds(&self, body: &Body) -> Vec<Holds> {
        let key = (body.name.as_str(), body.params.len());
        self.holds.get(&key).cloned().unwrap_or_else(|| vec![Holds::Value; body.params.len()])
    }

    /// Returns the features that may be missing in a function; `None` where no function that the
    /// host calls comes to it.
    pub fn tested(&self, body: &'a Body) -> Option<&BTreeSet<String>> {
        self.tested.get(&(body.name.as_str(), body.params.len()))
    }

    /// Returns where a function's name stands, at its definition.
    pub fn name_of(&self, body: &Body) -> Option<Span> {
        let definitions =
            self.text.names().filter(|(name, _, before)| *before == Some("fn") && *name == body.name);
        let brace = self.text.span_of(body.position)?;
        let before_brace: Vec<Token> = definitions
            .map(|(_, token, _)| token)
            .filter(|token| {
                let span = self.text.span(*token);
                (span.line, span.column) < (brace.line, brace.column)
            })
            .collect();
        before_brace.last().map(|token| self.text.span(*token))
    }

    /// Returns where a constant's name stands, at its definition.
    pub fn constant_at(&self, name: &str) -> Option<Span> {
        self.text.span_of(self.outline.constants.position(name))
    }

    /// Finds what the parameters of helpers hold, from the entry points down.
    fn follow_calls(&mut self) {
        let program = &self.outline.program;
        let mut waiting: Vec<(&'a Body, Vec<Holds>)> = Vec::new();
        for body in program.functions() {
            let holds = match self.asked(&body.name, body.params.len()) {
                Some(Asked::Predicate | Asked::Trigger) => vec![Holds::Row],
                Some(Asked::Reason | Asked::Stop) => vec![Holds::Row, Holds::Position],
                Some(Asked::Component) => vec![Holds::Row, Holds::Signal],
                None => continue,
            };
            waiting.push((body, holds));
        }
        while let Some((body, holds)) = waiting.pop() {
            let key = (body.name.as_str(), body.params.len());
            if self.holds.contains_key(&key) {
                continue;
            }
            let mut variables: Vec<(String, Holds)> =
                body.params.iter().cloned().zip(holds.iter().copied()).collect();
            self.holds.insert(key, holds);
            for_each_node(&body.statements, &mut |node| match node {
                ASTNode::Stmt(Stmt::Var(parts, ..)) => {
                    let held = held(&variables, &parts.1);
                    variables.push((parts.0.name.to_string(), held));
                }
                ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _)) => {
                    if let Some(callee) = program.function(&call.name, call.args.len()) {
                        let given = call.args.iter().map(|argument| held(&variables, argument)).collect();
                        waiting.push((callee, given));
                    }
                }
                _ => {}
            });
        }
    }
}

impl<'a> Script<'a> {
    /// Finds which features may be missing in each function. The host asks for what one of its
    /// functions reads plainly, helpers included, unless that function tests it.
    fn follow_tests(&mut self) {
        let program = &self.outline.program;
        for entry in program.functions() {
            if self.asked(&entry.name, entry.params.len()).is_none() {
                continue;
            }
            let mut reached: BTreeMap<(&'a str, usize), &'a Body> = BTreeMap::new();
            let mut waiting = vec![entry];
            while let Some(body) = waiting.pop() {
                if reached.insert((body.name.as_str(), body.params.len()), body).is_some() {
                    continue;
                }
                for_each_node(&body.statements, &mut |node| {
                    if let ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _)) = node
                    {
                        waiting.extend(program.function(&call.name, call.args.len()));
                    }
                });
            }
            let tested: BTreeSet<String> = reached.values().flat_map(|body| tested_features(body)).collect();
            for key in reached.into_keys() {
                self.tested.entry(key).or_default().extend(tested.iter().cloned());
            }
        }
    }
}

fn held(variables: &[(String, Holds)], expression: &Expr) -> Holds {
    let Expr::Variable(name, ..) = expression else { return Holds::Value };
    let known = variables.iter().rev().find(|(variable, _)| variable == name.1.as_str());
    known.map_or(Holds::Value, |(_, holds)| *holds)
}

/// The names that a function tests against `()`.
fn tested_features(body: &Body) -> BTreeSet<String> {
    let mut tested = BTreeSet::new();
    for_each_node(&body.statements, &mut |node| {
        if let ASTNode::Expr(Expr::FnCall(call, _)) = node
            && matches!(call.name.as_str(), "==" | "!=")
            && let [Expr::Unit(_), other] | [other, Expr::Unit(_)] = &call.args[..]
        {
            tested.extend(property(other).map(|(_, name)| name.to_owned()));
        }
    });
    tested
}
