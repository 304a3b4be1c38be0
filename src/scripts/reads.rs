//! Finds what each function of a script reads from its row, position and signal, by walking the
//! syntax tree as written.
//!
//! Follows a row through helper functions and `let` aliases. Refuses whatever would let a row be
//! read in a way that the walk cannot see: storing it, returning it, indexing it. So the features
//! found are all there are, and the core computes no other.

use std::collections::BTreeSet;

use rhai::ASTFlags;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Position;
use rhai::Stmt;

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
    fn word(self) -> &'static str {
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
    let (variables, reads, seen) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut walk = Walk { program, constants, findings, variables, reads, seen };
    walk.function(body, kinds);
    walk.reads.into_iter().collect()
}

struct Walk<'a, 'f, 's> {
    program: &'a Program,
    constants: &'a Constants,
    findings: &'f mut Findings<'s>,
    variables: Vec<(String, Kind)>,
    reads: BTreeSet<Read>,
    /// Functions walked already, with what their parameters held: a recursion ends here.
    seen: BTreeSet<(String, Vec<Kind>)>,
}

impl<'a> Walk<'a, '_, '_> {
    fn function(&mut self, body: &'a Body, kinds: &[Kind]) {
        if !self.seen.insert((body.name.clone(), kinds.to_vec())) {
            return;
        }
        // A function sees its parameters and no caller's variable.
        let outside = std::mem::take(&mut self.variables);
        self.variables = body.params.iter().cloned().zip(kinds.iter().copied()).collect();
        self.block(&body.statements);
        self.variables = outside;
    }

    fn block(&mut self, statements: &'a [Stmt]) {
        let outside = self.variables.len();
        for statement in statements {
            self.statement(statement);
        }
        self.variables.truncate(outside);
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Noop(_) => {}
            Stmt::If(flow, _) => {
                self.expression(&flow.expr);
                self.block(flow.body.statements());
                self.block(flow.branch.statements());
            }
            Stmt::While(flow, _) | Stmt::Do(flow, _, _) => {
                self.expression(&flow.expr);
                self.block(flow.body.statements());
            }
            Stmt::For(parts, _) => {
                let (item, counter, flow) = &**parts;
                self.expression(&flow.expr);
                let outside = self.variables.len();
                self.variables.push((item.name.to_string(), Kind::Other));
                self.variables.extend(counter.iter().map(|name| (name.name.to_string(), Kind::Other)));
                self.block(flow.body.statements());
                self.variables.truncate(outside);
            }
            Stmt::Switch(parts, _) => {
                self.expression(&parts.0);
                for case in &parts.1.expressions {
                    self.expression(&case.lhs);
                    self.expression(&case.rhs);
                }
            }
            Stmt::Var(parts, _, _) => {
                let (name, value, _) = &**parts;
                let kind = self.kind(value);
                if kind == Kind::Other {
                    self.expression(value);
                }
                self.variables.push((name.name.to_string(), kind));
            }
            Stmt::Assignment(parts) => self.assignment(&parts.1.lhs, &parts.1.rhs),
            Stmt::FnCall(call, position) => self.call(call, *position),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::Expr(value) => self.expression(value),
            Stmt::BreakLoop(value, _, _) | Stmt::Return(value, _, _) => {
                if let Some(value) = value {
                    self.expression(value);
                }
            }
            Stmt::TryCatch(_, position) => self.findings.add(
                *position,
                "caught_error",
                "`try` would hide an error from the report",
                "test for the case beforehand, as in `row.x == ()`",
            ),
            other => self.unsupported(other.position()),
        }
    }

    fn assignment(&mut self, target: &'a Expr, value: &'a Expr) {
        let root = root(target);
        let kind = self.kind(root);
        if let Some(name) = self.constant(root) {
            let message = format!("the constant `{name}` cannot be changed");
            let help = "put the new value into a variable: `let x = …;`";
            self.findings.add(root.position(), "write_to_constant", message, help);
        } else if kind == Kind::Other {
            self.expression(target);
        } else {
            self.findings.add(
                root.position(),
                "write_to_row",
                format!("a {} cannot be changed", kind.word()),
                "put the new value into a variable: `let x = …;`",
            );
        }
        self.expression(value);
    }

    fn expression(&mut self, expression: &'a Expr) {
        match expression {
            Expr::DynamicConstant(..)
            | Expr::BoolConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::CharConstant(..)
            | Expr::StringConstant(..)
            | Expr::Unit(_)
            | Expr::Property(..) => {}
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                parts.iter().for_each(|part| self.expression(part));
            }
            Expr::Map(parts, _) => parts.0.iter().for_each(|(_, value)| self.expression(value)),
            Expr::And(parts, _) | Expr::Or(parts, _) => parts.iter().for_each(|part| self.expression(part)),
            Expr::Coalesce(parts, _) => self.coalesce(parts),
            Expr::Variable(name, _, position) => {
                let kind = self.kind(expression);
                if kind != Kind::Other {
                    self.misused(&name.1, kind, *position);
                }
            }
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::FnCall(call, position) => self.call(call, *position),
            Expr::Dot(parts, flags, _) => {
                let kind = self.kind(&parts.lhs);
                if kind == Kind::Other {
                    self.taken_apart(&parts.lhs);
                    self.expression(&parts.lhs);
                    self.link(&parts.rhs);
                    return;
                }
                let field = match &parts.rhs {
                    Expr::Dot(rest, ..) | Expr::Index(rest, ..) if !flags.contains(ASTFlags::BREAK) => {
                        &rest.lhs
                    }
                    whole => whole,
                };
                let Expr::Property(name, position) = field else {
                    self.misused(kind.word(), kind, parts.lhs.position());
                    return;
                };
                self.field(kind, &name.2, *position, Need::Plain);
                self.link(&parts.rhs);
            }
            Expr::Index(parts, flags, _) => {
                self.taken_apart(&parts.lhs);
                self.expression(&parts.lhs);
                self.index(&parts.rhs, *flags);
            }
            Expr::ThisPtr(position) => self.findings.add(
                *position,
                "this",
                "`this` is not available in scripts",
                "give the function a parameter instead",
            ),
            other => self.unsupported(other.position()),
        }
    }

    /// Walks what follows a dot: `b`, `f(x)`, `b.c`, `b[i].c`.
    fn link(&mut self, link: &'a Expr) {
        match link {
            Expr::Property(..) => {}
            Expr::MethodCall(call, position) => {
                self.known(&call.name, call.args.len() + 1, *position);
                call.args.iter().for_each(|argument| self.expression(argument));
            }
            Expr::Dot(parts, ..) => {
                self.link(&parts.lhs);
                self.link(&parts.rhs);
            }
            Expr::Index(parts, flags, _) => {
                self.link(&parts.lhs);
                self.index(&parts.rhs, *flags);
            }
            other => self.expression(other),
        }
    }

    /// Walks what stands in brackets, and the chain after them: in `a[i].b` Rhai hangs `.b` onto `i`.
    fn index(&mut self, index: &'a Expr, flags: ASTFlags) {
        match index {
            Expr::Dot(parts, ..) if !flags.contains(ASTFlags::BREAK) => {
                self.expression(&parts.lhs);
                self.link(&parts.rhs);
            }
            Expr::Index(parts, inner, _) if !flags.contains(ASTFlags::BREAK) => {
                self.expression(&parts.lhs);
                self.index(&parts.rhs, *inner);
            }
            whole => self.expression(whole),
        }
    }

    /// All but the last of `a ?? b ?? c` may be missing.
    fn coalesce(&mut self, parts: &'a [Expr]) {
        let Some((last, others)) = parts.split_last() else { return };
        for part in others {
            match part {
                Expr::Coalesce(inner, _) => {
                    inner.iter().for_each(|part| self.optional(part, Need::Defaulted));
                }
                part => self.optional(part, Need::Defaulted),
            }
        }
        self.expression(last);
    }

    fn optional(&mut self, expression: &'a Expr, need: Need) {
        if let Expr::Dot(parts, ..) = expression
            && self.kind(&parts.lhs) == Kind::Row
            && let Expr::Property(name, position) = &parts.rhs
        {
            self.field(Kind::Row, &name.2, *position, need);
            return;
        }
        self.expression(expression);
    }

    fn call(&mut self, call: &'a FnCallExpr, position: Position) {
        if call.is_operator_call() {
            let tests = matches!(call.name.as_str(), "==" | "!=");
            match &call.args[..] {
                [Expr::Unit(_), other] | [other, Expr::Unit(_)] if tests => {
                    self.optional(other, Need::Tested)
                }
                arguments => arguments.iter().for_each(|argument| self.expression(argument)),
            }
            return;
        }
        let Some(body) = self.program.function(&call.name, call.args.len()) else {
            self.known(&call.name, call.args.len(), position);
            call.args.iter().for_each(|argument| self.expression(argument));
            return;
        };
        let kinds: Vec<Kind> = call.args.iter().map(|argument| self.kind(argument)).collect();
        for (argument, kind) in call.args.iter().zip(&kinds) {
            if *kind == Kind::Other {
                self.expression(argument);
            }
        }
        self.function(body, &kinds);
    }

    /// Reports a call of what is no function of the host, or has another number of arguments.
    fn known(&mut self, name: &str, arguments: usize, position: Position) {
        if vocabulary::FUNCTIONS.contains(&(name, arguments)) {
            return;
        }
        let own = self.program.named(name).map(|body| body.params.len());
        let host = vocabulary::FUNCTIONS.iter().filter(|known| known.0 == name).map(|known| known.1);
        let takes: Vec<String> = own.chain(host).map(|count| count.to_string()).collect();
        if !takes.is_empty() {
            let message =
                format!("`{name}` takes {} argument(s) and was given {arguments}", takes.join(" or "));
            self.findings.add(position, "wrong_arity", message, "give it as many as it takes");
            return;
        }
        let own = self.program.functions().iter().map(|body| body.name.as_str());
        let names = own.chain(vocabulary::FUNCTIONS.iter().map(|known| known.0));
        let help = vocabulary::closest(name, names).map_or_else(
            || "write a function of that name".to_owned(),
            |found| format!("did you mean `{found}`?"),
        );
        self.findings.add(position, "unknown_function", format!("unknown function `{name}`"), help);
    }

    fn field(&mut self, kind: Kind, name: &str, position: Position, need: Need) {
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
                let help = "`ts features --list` names them all";
                self.findings.add(position, "unknown_feature", unknown.to_string(), help);
            }
        }
    }

    /// Refuses `TABLE[0]` and `TABLE.key`: Rhai folds a constant in where it stands alone, and
    /// would not find it here until the line is run.
    fn taken_apart(&mut self, base: &Expr) {
        if let Some(name) = self.constant(base) {
            let message = format!("the constant `{name}` is taken apart in place");
            let help = format!("give it a name first: `let values = {name};`, then read `values`");
            self.findings.add(base.position(), "constant_in_place", message, help);
        }
    }

    fn misused(&mut self, name: &str, kind: Kind, position: Position) {
        self.findings.add(
            position,
            "row_used_whole",
            format!("`{name}` is used as a whole: a {} may only be read by field", kind.word()),
            "write `row.close`, or pass it to a function of this script",
        );
    }

    fn unsupported(&mut self, position: Position) {
        self.findings.add(
            position,
            "unsupported",
            "this form of statement is not available in scripts",
            "write it with `if`, `switch`, `let` and functions",
        );
    }

    /// The name of the constant that an expression is, where it is one.
    fn constant<'e>(&self, expression: &'e Expr) -> Option<&'e str> {
        let Expr::Variable(name, ..) = expression else { return None };
        let local = self.variables.iter().any(|(variable, _)| *variable == name.1.as_str());
        (!local && self.constants.value(&name.1).is_some()).then_some(name.1.as_str())
    }

    /// What an expression holds, where it is a plain variable.
    fn kind(&self, expression: &Expr) -> Kind {
        let Expr::Variable(name, ..) = expression else { return Kind::Other };
        let known = self.variables.iter().rev().find(|(variable, _)| *variable == name.1.as_str());
        known.map_or(Kind::Other, |(_, kind)| *kind)
    }
}

/// The variable that an assignment's target begins with.
fn root(target: &Expr) -> &Expr {
    match target {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => root(&parts.lhs),
        whole => whole,
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
        refused("row.close > LEVEL", "3:32 syntax");
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
        refused("row.is_fine()", "3:20 row_used_whole");
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
    fn unreached_helpers_are_checked_too() {
        let (_, errors) = compile(&format!("{HEAD}{RULES}fn spare(x) {{ nothing(x) }}"));
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["unknown_function"]);
    }
}
