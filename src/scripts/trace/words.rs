//! An expression in a trader's words: names without `row.`, each with the value that it had, and
//! operators as people write them.

use rhai::Dynamic;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Scope;

use super::super::constants::Constants;
use super::super::row::PositionView;
use super::super::row::Row;
use super::super::row::SignalView;
use super::comparison::Form;
use super::comparison::symbol;
use super::outline::is_comparison;
use super::outline::is_negation;
use super::seen::Seen;

/// How tightly a comparison binds: looser than all arithmetic.
const COMPARES: u8 = 1;
/// How tightly an operator binds; a call, a name or a number binds tightest.
const TIGHTEST: u8 = 9;

/// Evaluates a name or a group of constants where an expression stands.
pub(super) type Ask<'a> = dyn FnMut(&Expr, &mut Scope<'static>) -> Option<Dynamic> + 'a;

/// Where an expression stands: its constants, and its variables where it was reached.
pub(super) struct Standing<'a, 's> {
    pub constants: &'a Constants,
    /// `None` where the expression was not reached: names then stand without values.
    pub scope: Option<&'s mut Scope<'static>>,
    pub ask: &'s mut Ask<'a>,
    /// Gives the text of what has no words of its own.
    pub text: &'s dyn Fn(&Expr) -> String,
}

/// Tells what the words of one side of a comparison are.
pub(super) fn form(expression: &Expr, constants: &Constants) -> Form {
    let is_name = matches!(expression, Expr::Variable(..)) || is_field(expression);
    match expression {
        _ if is_name || is_constant(expression, constants) => Form::Plain,
        Expr::And(..) | Expr::Or(..) => Form::Truth,
        Expr::FnCall(call, _) if is_comparison(call) || is_negation(call) => Form::Truth,
        _ => Form::Compound,
    }
}

fn is_field(expression: &Expr) -> bool {
    matches!(expression, Expr::Dot(parts, ..)
        if matches!((&parts.lhs, &parts.rhs), (Expr::Variable(..), Expr::Property(..))))
}

/// Tells whether an expression is made of literals and constants alone.
pub(super) fn is_constant(expression: &Expr, constants: &Constants) -> bool {
    match expression {
        Expr::Variable(name, ..) => constants.value(&name.1).is_some(),
        Expr::FnCall(call, _) if call.is_operator_call() => {
            call.args.iter().all(|argument| is_constant(argument, constants))
        }
        literal => is_literal(literal),
    }
}

fn is_literal(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::BoolConstant(..)
            | Expr::StringConstant(..)
            | Expr::CharConstant(..)
            | Expr::Unit(_)
    )
}

impl Standing<'_, '_> {
    /// Says an expression.
    pub fn words(&mut self, expression: &Expr) -> String {
        self.bound(expression).0
    }

    /// Says an expression, and how tightly it binds.
    fn bound(&mut self, expression: &Expr) -> (String, u8) {
        match expression {
            literal if is_literal(literal) => (self.literal(literal), TIGHTEST),
            // `1.0 + CLEARANCE` reads as 1.005: what counts is the number.
            group
                if is_constant(group, self.constants)
                    && !matches!(group, Expr::Variable(..))
                    && self.value(group).is_some() =>
            {
                (self.literal(group), TIGHTEST)
            }
            Expr::Variable(name, ..) => (self.named(expression, &name.1), TIGHTEST),
            Expr::Dot(parts, ..) if is_field(expression) => {
                let (Expr::Variable(owner, ..), Expr::Property(field, _)) = (&parts.lhs, &parts.rhs) else {
                    return ((self.text)(expression), TIGHTEST);
                };
                let name = if self.is_given(&owner.1) {
                    field.2.to_string()
                } else {
                    format!("{}.{}", owner.1, field.2)
                };
                (self.named(expression, &name), TIGHTEST)
            }
            Expr::FnCall(call, _) if call.is_operator_call() => self.operator(call, expression),
            Expr::FnCall(call, _) if !call.capture_parent_scope => {
                let arguments: Vec<String> =
                    call.args.iter().map(|argument| self.argument(argument)).collect();
                (format!("{}({})", call.name, arguments.join(", ")), TIGHTEST)
            }
            Expr::Coalesce(parts, _) => {
                let parts: Vec<String> = parts.iter().map(|part| self.words(part)).collect();
                (parts.join(" ?? "), 0)
            }
            joined @ (Expr::And(..) | Expr::Or(..)) => ((self.text)(joined), 0),
            other => ((self.text)(other), TIGHTEST),
        }
    }

    /// A row or position that is handed on has no value to show.
    fn argument(&mut self, argument: &Expr) -> String {
        match argument {
            Expr::Variable(name, ..) if self.is_given(&name.1) => name.1.to_string(),
            other => self.words(other),
        }
    }

    fn operator(&mut self, call: &FnCallExpr, whole: &Expr) -> (String, u8) {
        let binding = match call.name.as_str() {
            "==" | "!=" | "<" | "<=" | ">" | ">=" => COMPARES,
            "+" | "-" => 2,
            "*" | "/" | "%" => 3,
            "**" => 4,
            _ => 0,
        };
        match &call.args[..] {
            [left, right] if binding > 0 => {
                let (left, of_left) = self.bound(left);
                let (right, of_right) = self.bound(right);
                // `a == b == c` is nothing that people read from left to right.
                let is_chained = binding == COMPARES && of_left == COMPARES;
                let left = if of_left < binding || is_chained { format!("({left})") } else { left };
                let right = if of_right <= binding { format!("({right})") } else { right };
                (format!("{left} {} {right}", symbol(&call.name)), binding)
            }
            [only] if call.name == "-" => {
                let (words, of_only) = self.bound(only);
                (if of_only < TIGHTEST { format!("−({words})") } else { format!("−{words}") }, TIGHTEST)
            }
            _ => ((self.text)(whole), TIGHTEST),
        }
    }

    /// A name with its value, where it was reached or is a constant.
    fn named(&mut self, expression: &Expr, name: &str) -> String {
        let is_constant = is_constant(expression, self.constants);
        match self.value(expression) {
            Some(value) if is_constant => format!("{name} {}", short(&value)),
            Some(value) => match Seen::of(&value) {
                Seen::Text(_) if value.as_float().is_err() && !value.is_string() => name.to_owned(),
                seen => format!("{name} {}", seen.words()),
            },
            None => name.to_owned(),
        }
    }

    fn literal(&mut self, expression: &Expr) -> String {
        match self.value(expression) {
            Some(value) => short(&value),
            None => (self.text)(expression),
        }
    }

    fn value(&mut self, expression: &Expr) -> Option<Dynamic> {
        if let Some(scope) = &mut self.scope {
            return (self.ask)(expression, scope);
        }
        is_constant(expression, self.constants)
            .then(|| (self.ask)(expression, &mut self.constants.scope()))
            .flatten()
    }

    /// Tells whether a variable is the row, position or signal that the host gave.
    fn is_given(&self, name: &str) -> bool {
        match &self.scope {
            Some(scope) => scope.get(name).is_some_and(|value| {
                value.is::<Row>() || value.is::<PositionView>() || value.is::<SignalView>()
            }),
            None => matches!(name, "row" | "position" | "signal"),
        }
    }
}

/// Writes a constant with the digits that it was given, less what arithmetic adds to them.
fn short(value: &Dynamic) -> String {
    match Seen::of(value) {
        Seen::Number(number) => {
            let plain = number.to_string();
            let text = if plain.len() <= 12 { plain } else { Seen::Number(number).words() };
            text.replace('-', "−")
        }
        Seen::Nothing(()) => "()".to_owned(),
        other => other.words(),
    }
}
