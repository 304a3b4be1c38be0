//! Which conditions of a script are settled before any bar is seen.
//!
//! A condition is settled where its opposite contradicts what is known of features, what stands
//! beside it, or what earlier lines let through. What cannot be proven is not reported.

use rhai::ASTNode;
use rhai::Expr;
use rhai::Position;
use rhai::Stmt;

use super::finding::Span;
use super::formula::Formula;
use super::formula::contradicts;
use super::nodes::for_each_node;
use super::scope::Scope;
use super::script::Asked;
use super::script::Script;
use super::truth::Truth;
use super::types::Types;
use super::walk::Event;
use super::walk::Use;
use super::walk::walk;

/// A condition, or a part of one, that decides nothing.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub kind: Kind,
    pub span: Option<Span>,
    /// The part as it is written, on one line.
    pub quote: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    AlwaysTrue,
    AlwaysFalse,
    /// A branch that nothing reaches: what it would have given, and who is in the way.
    Unreachable {
        gives: Option<String>,
        by: Way,
    },
    /// A part that changes nothing beside the others.
    Idle,
    /// A limit of `min`, `max` or `clamp` that is never met; the bound that holds anyhow.
    IdleLimit {
        function: String,
        side: Side,
        bound: f64,
    },
}

/// What keeps a branch from being reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Earlier,
    Eligible,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Under,
    Over,
}

/// Conditions beside each other, and before each other, beyond which nothing is proven: the time
/// grows faster than their number.
const MOST_PARTS: usize = 16;
const MOST_FACTS: usize = 10;

/// Returns every settled condition, found once for all rules.
pub(super) fn settled<'a>(script: &'a Script<'a>) -> &'a [Settled] {
    script.settled.get_or_init(|| find(script))
}

fn find<'a>(script: &'a Script<'a>) -> Vec<Settled> {
    let mut found = Vec::new();
    walk(script, |body, event, scope| match event {
        Event::Condition(condition, of) => {
            let gives_words =
                matches!(script.asked(&body.name, body.params.len()), Some(Asked::Trigger | Asked::Reason));
            condition_settled(condition, of, gives_words, scope, &mut found);
        }
        // After a `return` without an `if` around it.
        Event::Result { value: Some(value @ Expr::StringConstant(text, _)), .. }
            if scope.facts.last() == Some(&Formula::Never) =>
        {
            let kind = Kind::Unreachable { gives: Some(text.to_string()), by: Way::Earlier };
            found.push(part(script, kind, value));
        }
        Event::Expression(Expr::FnCall(call, _)) if !call.is_operator_call() => {
            limits(&call.name, &call.args, scope, &mut found);
        }
        _ => {}
    });
    found
}

fn part(script: &Script, kind: Kind, expression: &Expr) -> Settled {
    Settled { kind, span: script.text.expression(expression), quote: script.text.quote(expression) }
}

fn condition_settled<'a>(
    condition: &'a Expr,
    of: Use<'a>,
    gives_words: bool,
    scope: &mut Scope<'a>,
    found: &mut Vec<Settled>,
) {
    let script = scope.script;
    // `true` written out is meant, and told apart from a comparison that comes to it.
    if matches!(condition, Expr::BoolConstant(..)) {
        return;
    }
    let yes = scope.formula(condition, Truth::Holds);
    if contradicts(&[&yes], &scope.bounds) {
        let at = culprit(condition, scope);
        return found.push(part(script, Kind::AlwaysFalse, at));
    }
    let no = scope.formula(condition, Truth::Fails);
    if contradicts(&[&no], &scope.bounds) {
        return found.push(part(script, Kind::AlwaysTrue, condition));
    }
    if let Use::If(then, place) = of
        && scope.facts.len() <= MOST_FACTS
    {
        let unreached = |facts: &[Formula], scope: &Scope| {
            let all: Vec<&Formula> = facts.iter().chain([&yes]).collect();
            contradicts(&all, &scope.bounds)
        };
        let by = if unreached(&scope.facts[scope.given..], scope) {
            Some(Way::Earlier)
        } else if unreached(&scope.facts, scope) {
            Some(Way::Eligible)
        } else {
            None
        };
        if let Some(by) = by {
            let gives = gives_words.then(|| word(then)).flatten();
            let kind = Kind::Unreachable { gives, by };
            let span = heading(script, place, condition);
            return found.push(Settled { kind, span, quote: script.text.quote(condition) });
        }
    }
    idle_parts(condition, scope, found);
}

/// The part of a false `&&` that is false by itself, or else the whole.
fn culprit<'a>(condition: &'a Expr, scope: &mut Scope) -> &'a Expr {
    let Expr::And(parts, _) = condition else { return condition };
    let alone = parts.iter().find(|part| {
        let formula = scope.formula(part, Truth::Holds);
        contradicts(&[&formula], &scope.bounds)
    });
    alone.unwrap_or(condition)
}

/// From `if` to the end of its condition.
fn heading(script: &Script, place: Position, condition: &Expr) -> Option<Span> {
    let start = script.text.span_of(place)?;
    let end = script.text.expression(condition)?;
    Some(Span { end_line: end.end_line, end_column: end.end_column, ..start })
}

/// The first text that some statements would give.
fn word(statements: &[Stmt]) -> Option<String> {
    let mut found = None;
    for_each_node(statements, &mut |node| {
        if let ASTNode::Expr(Expr::StringConstant(text, _)) = node
            && found.is_none()
        {
            found = Some(text.to_string());
        }
    });
    found
}

/// Finds the parts of `&&` and `||` that change nothing beside the others.
fn idle_parts<'a>(condition: &'a Expr, scope: &mut Scope<'a>, found: &mut Vec<Settled>) {
    let (parts, is_and) = match condition {
        Expr::And(parts, _) => (parts, true),
        Expr::Or(parts, _) => (parts, false),
        _ => return,
    };
    if parts.len() > MOST_PARTS {
        return;
    }
    let (kept, asked) = if is_and { (Truth::Holds, Truth::Fails) } else { (Truth::Fails, Truth::Holds) };
    let mut dropped = vec![false; parts.len()];
    // From the back: of two that say the same, the second is told.
    for index in (0..parts.len()).rev() {
        let part = &parts[index];
        let own = scope.formula(part, asked);
        let others: Vec<Formula> = (0..parts.len())
            .filter(|other| *other != index && !dropped[*other])
            .map(|other| scope.formula(&parts[other], kept))
            .collect();
        let all: Vec<&Formula> = others.iter().chain([&own]).collect();
        if contradicts(&all, &scope.bounds) {
            dropped[index] = true;
            found.push(self::part(scope.script, Kind::Idle, part));
        } else {
            idle_parts(part, scope, found);
        }
    }
}

/// Finds limits of `min`, `max` and `clamp` that lie beyond what the number can reach.
fn limits(name: &str, arguments: &[Expr], scope: &mut Scope, found: &mut Vec<Settled>) {
    let sides: &[(usize, usize, Side)] = match (name, arguments.len()) {
        ("clamp", 3) => &[(0, 1, Side::Under), (0, 2, Side::Over)],
        ("min", 2) => &[(0, 1, Side::Over), (1, 0, Side::Over)],
        ("max", 2) => &[(0, 1, Side::Under), (1, 0, Side::Under)],
        _ => return,
    };
    for (number, limit, side) in sides {
        let is_number = scope.types(&arguments[*number]).may_be(Types::NUMBER);
        let Some(fixed) = scope.linear(&arguments[*limit]).and_then(|limit| limit.as_number()) else {
            continue;
        };
        if !is_number || scope.linear(&arguments[*number]).is_some_and(|number| number.as_number().is_some())
        {
            continue;
        }
        let range = scope.range(&arguments[*number]);
        let (is_idle, bound) = match side {
            Side::Under => (range.low > fixed + 1e-9, range.low),
            Side::Over => (range.high < fixed - 1e-9, range.high),
        };
        if is_idle {
            let kind = Kind::IdleLimit { function: name.to_owned(), side: *side, bound };
            found.push(part(scope.script, kind, &arguments[*limit]));
        }
    }
}
