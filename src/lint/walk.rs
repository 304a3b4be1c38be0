//! The way through every function of a script, with what is known at each place.
//!
//! Rules are shown expressions, whole conditions and results in the order of the text, each with
//! its [`Scope`]. A helper is walked once, with what its parameters hold at its first call.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use rhai::ASTNode;
use rhai::Expr;
use rhai::Position;
use rhai::Stmt;

use super::formula::Comparison;
use super::formula::Formula;
use super::formula::contradicts;
use super::linear::Linear;
use super::nodes::for_each_node;
use super::scope::Known;
use super::scope::Scope;
use super::scope::Variable;
use super::script::Holds;
use super::script::Script;
use super::truth::Truth;
use super::types::Types;
use super::visit::Value;
use super::visit::Visit;
use crate::scripts::Body;

/// What a rule is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event<'a> {
    /// An expression, before those in it.
    Expression(&'a Expr),
    /// A condition as a whole: what is inside `&&`, `||` and `!` is not shown again.
    Condition(&'a Expr, Use<'a>),
    /// Where true or false must stand.
    Operand(&'a Expr),
    /// What the function gives.
    Result { types: Types, value: Option<&'a Expr>, place: Position },
}

/// What a condition is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use<'a> {
    /// It decides whether these statements run.
    If(&'a [Stmt], Position),
    Other,
}

/// Walks every function of a script; `show` is told the function too.
pub(super) fn walk<'a>(script: &'a Script<'a>, mut show: impl FnMut(&'a Body, Event<'a>, &mut Scope<'a>)) {
    for body in script.outline.program.functions() {
        let facts = if body.name == "entry" { eligibility(script) } else { Vec::new() };
        function(script, body, facts, &mut |event, scope| show(body, event, scope));
    }
}

/// Walks what stands outside functions.
pub(super) fn walk_top<'a>(script: &'a Script<'a>, mut show: impl FnMut(Event<'a>, &mut Scope<'a>)) {
    let mut visit = Visit { scope: empty(script), show: &mut show };
    for statement in &script.outline.top_level {
        if let Stmt::Var(parts, ..) = statement {
            visit.expression(&parts.1);
        }
    }
}

/// Returns what a function may give.
pub(super) fn result<'a>(script: &'a Script<'a>, body: &'a Body) -> Types {
    let key = (body.name.clone(), body.params.len());
    if let Some(known) = script.results.borrow().get(&key) {
        return *known;
    }
    // A function that calls itself gives what its other branches give.
    script.results.borrow_mut().insert(key.clone(), Types::NONE);
    let mut all = Types::NONE;
    function(script, body, Vec::new(), &mut |event, _| {
        if let Event::Result { types, .. } = event {
            all = all.or(types);
        }
    });
    script.results.borrow_mut().insert(key, all);
    all
}

/// What holds of a row that `entry` is shown: it is eligible.
fn eligibility<'a>(script: &'a Script<'a>) -> Vec<Formula> {
    let Some(body) = script.outline.program.function("eligible", 1) else { return Vec::new() };
    let [only] = &body.statements[..] else { return Vec::new() };
    let mut scope = parameters(script, body);
    let formula = match only {
        Stmt::Expr(condition) => scope.formula(condition, Truth::Holds),
        Stmt::FnCall(call, place) => {
            let condition = Expr::FnCall(call.clone(), *place);
            scope.formula(&condition, Truth::Holds)
        }
        Stmt::Return(Some(condition), ..) => scope.formula(condition, Truth::Holds),
        _ => return Vec::new(),
    };
    // Where no row is eligible, that is told once, and not again at each trigger.
    if contradicts(&[&formula], &scope.bounds) { Vec::new() } else { vec![formula] }
}

fn empty<'a>(script: &'a Script<'a>) -> Scope<'a> {
    Scope {
        script,
        variables: Vec::new(),
        changing: BTreeSet::new(),
        facts: Vec::new(),
        given: 0,
        bounds: BTreeMap::new(),
        tested: None,
        sums: HashMap::new(),
        texts: HashMap::new(),
        effort: 0,
    }
}

fn parameters<'a>(script: &'a Script<'a>, body: &'a Body) -> Scope<'a> {
    let mut scope = Scope { tested: script.tested(body), ..empty(script) };
    for_each_node(&body.statements, &mut |node| {
        if let ASTNode::Stmt(Stmt::Assignment(parts)) = node {
            scope.changing.extend(root(&parts.1.lhs).map(ToOwned::to_owned));
        }
    });
    for (name, holds) in body.params.iter().zip(script.holds(body)) {
        let is_term = holds == Holds::Value && !scope.changing.contains(name);
        let term = || Known::Number(Linear::term(format!("{}.{name}", body.name), false));
        let known = is_term.then(term);
        scope.variables.push(Variable { name: name.clone(), holds, types: Types::ANY, value: None, known });
    }
    scope
}

/// The variable that an assignment's target begins with.
pub(super) fn root(target: &Expr) -> Option<&str> {
    match target {
        Expr::Variable(name, ..) => Some(name.1.as_str()),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => root(&parts.lhs),
        _ => None,
    }
}

fn function<'a>(
    script: &'a Script<'a>,
    body: &'a Body,
    facts: Vec<Formula>,
    show: &mut dyn FnMut(Event<'a>, &mut Scope<'a>),
) {
    let mut scope = parameters(script, body);
    scope.given = facts.len();
    scope.facts = facts;
    let mut visit = Visit { scope, show };
    visit.block(&body.statements, Value::Given, body.position);
}

/// Tells whether an expression is made of comparisons.
pub(super) fn is_condition(expression: &Expr) -> bool {
    match expression {
        Expr::And(..) | Expr::Or(..) => true,
        Expr::FnCall(call, _) => {
            call.is_operator_call() && (call.name == "!" || Comparison::parse(&call.name).is_some())
        }
        _ => false,
    }
}
