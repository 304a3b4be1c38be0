//! One script as the rules see it: its text, its functions, and what the host gives to each.

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rhai::ASTNode;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Stmt;

use super::conditions::Settled;
use super::finding::Span;
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
    pub text: &'a Text<'a>,
    pub outline: &'a Outline,
    /// What each parameter of a function holds, by name and number of parameters.
    holds: BTreeMap<(&'a str, usize), Vec<Holds>>,
    /// Features that are tested against `()`, and so may be missing where they are compared.
    pub tested: BTreeSet<String>,
    /// What each function gives, once known; `NONE` while it is being found out.
    pub results: RefCell<BTreeMap<(String, usize), Types>>,
    /// Conditions that are settled without a bar, once they were looked for.
    pub settled: OnceCell<Vec<Settled>>,
}

impl<'a> Script<'a> {
    pub fn new(text: &'a Text<'a>, outline: &'a Outline) -> Self {
        let tested = tested_features(outline);
        let mut script = Self {
            text,
            outline,
            holds: BTreeMap::new(),
            tested,
            results: RefCell::default(),
            settled: OnceCell::new(),
        };
        script.follow_calls();
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

fn held(variables: &[(String, Holds)], expression: &Expr) -> Holds {
    let Expr::Variable(name, ..) = expression else { return Holds::Value };
    let known = variables.iter().rev().find(|(variable, _)| variable == name.1.as_str());
    known.map_or(Holds::Value, |(_, holds)| *holds)
}

/// Shows every statement and expression below some statements.
pub(super) fn for_each_node<'a>(statements: &'a [Stmt], show: &mut impl FnMut(ASTNode<'a>)) {
    for statement in statements {
        // The walk lends its path for the call only; the nodes live as long as the tree.
        let mut nodes: Vec<ASTNode<'a>> = Vec::new();
        collect_statement(statement, &mut nodes);
        nodes.into_iter().for_each(&mut *show);
    }
}

fn collect_statement<'a>(statement: &'a Stmt, nodes: &mut Vec<ASTNode<'a>>) {
    nodes.push(ASTNode::Stmt(statement));
    let block = |statements: &'a [Stmt], nodes: &mut Vec<ASTNode<'a>>| {
        statements.iter().for_each(|inner| collect_statement(inner, nodes));
    };
    match statement {
        Stmt::Var(parts, ..) => collect_expression(&parts.1, nodes),
        Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, _, _) => {
            collect_expression(&flow.expr, nodes);
            block(flow.body.statements(), nodes);
            block(flow.branch.statements(), nodes);
        }
        Stmt::For(parts, _) => {
            collect_expression(&parts.2.expr, nodes);
            block(parts.2.body.statements(), nodes);
        }
        Stmt::Switch(parts, _) => {
            collect_expression(&parts.0, nodes);
            for case in &parts.1.expressions {
                collect_expression(&case.lhs, nodes);
                collect_expression(&case.rhs, nodes);
            }
        }
        Stmt::Assignment(parts) => {
            collect_expression(&parts.1.lhs, nodes);
            collect_expression(&parts.1.rhs, nodes);
        }
        Stmt::FnCall(call, _) => arguments(call, nodes),
        Stmt::Block(inner) => block(inner.statements(), nodes),
        Stmt::Expr(expression) => collect_expression(expression, nodes),
        Stmt::BreakLoop(value, ..) | Stmt::Return(value, ..) => {
            value.iter().for_each(|value| collect_expression(value, nodes));
        }
        _ => {}
    }
}

fn arguments<'a>(call: &'a FnCallExpr, nodes: &mut Vec<ASTNode<'a>>) {
    call.args.iter().for_each(|argument| collect_expression(argument, nodes));
}

fn collect_expression<'a>(expression: &'a Expr, nodes: &mut Vec<ASTNode<'a>>) {
    nodes.push(ASTNode::Expr(expression));
    match expression {
        Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
            parts.iter().for_each(|part| collect_expression(part, nodes));
        }
        Expr::Map(parts, _) => parts.0.iter().for_each(|(_, value)| collect_expression(value, nodes)),
        Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => {
            parts.iter().for_each(|part| collect_expression(part, nodes));
        }
        Expr::Stmt(block) => block.statements().iter().for_each(|inner| collect_statement(inner, nodes)),
        Expr::FnCall(call, _) | Expr::MethodCall(call, _) => arguments(call, nodes),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => {
            collect_expression(&parts.lhs, nodes);
            collect_expression(&parts.rhs, nodes);
        }
        _ => {}
    }
}

/// The property that a plain `variable.name` reads.
pub(super) fn property(expression: &Expr) -> Option<(&Expr, &str)> {
    let Expr::Dot(parts, ..) = expression else { return None };
    let Expr::Property(name, _) = &parts.rhs else { return None };
    matches!(parts.lhs, Expr::Variable(..)).then_some((&parts.lhs, name.2.as_str()))
}

/// The names that are tested against `()`.
fn tested_features(outline: &Outline) -> BTreeSet<String> {
    let mut tested = BTreeSet::new();
    for body in outline.program.functions() {
        for_each_node(&body.statements, &mut |node| {
            if let ASTNode::Expr(Expr::FnCall(call, _)) = node
                && matches!(call.name.as_str(), "==" | "!=")
                && let [Expr::Unit(_), other] | [other, Expr::Unit(_)] = &call.args[..]
            {
                tested.extend(property(other).map(|(_, name)| name.to_owned()));
            }
        });
    }
    tested
}
