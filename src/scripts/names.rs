//! Whether the names of a script mean what they seem to: calls of what exists, variables that are
//! defined, and constants that nothing hides.

use rhai::AST;
use rhai::ASTNode;
use rhai::Expr;
use rhai::Position;
use rhai::Stmt;

use super::body::Body;
use super::body::Program;
use super::constants::Constants;
use super::constants::defined;
use super::heading::heading_of;
use super::load_error::Findings;
use super::reads::Kind;
use super::reads::reads;
use super::reads::undefined;
use super::vocabulary;

/// Checks every call, the top level's too. Returns whether the top level may be run: neither it nor a
/// function that it calls calls what is not on the list.
pub(super) fn check_calls(program: &Program, open: &AST, text: &str, findings: &mut Findings) -> bool {
    for body in program.functions() {
        if vocabulary::FUNCTIONS.iter().any(|(name, _)| *name == body.name) {
            let message = format!("`{}` is a function of the host", body.name);
            findings.add(heading_of(text, body).name(), "reserved_name", message, "choose another name");
        }
    }
    let top_level = Body {
        name: String::new(),
        params: Vec::new(),
        position: Position::NONE,
        statements: open.statements().to_vec(),
    };
    let check = |body: &Body, findings: &mut Findings| {
        let kinds = vec![Kind::Other; body.params.len()];
        reads(program, &Constants::default(), body, &kinds, findings);
    };
    let before = findings.len();
    // The walk goes into the functions that are called: what these call is found here too.
    check(&top_level, findings);
    let may_run = findings.len() == before && !findings.is_full();
    program.functions().iter().for_each(|body| check(body, findings));
    may_run
}

/// Finds every name that is neither a variable nor a constant; the parser stops at the first.
pub(super) fn check_variables(program: &Program, open: &AST, findings: &mut Findings) {
    let constants = defined(open);
    for body in program.functions() {
        undefined(body, &constants, findings);
    }
}

/// The optimiser folds constants by name, and would put one in the place of a local of the
/// same name.
pub(super) fn check_shadowing(program: &Program, ast: &AST, constants: &Constants, findings: &mut Findings) {
    let clash = |name: &str, place: Position, findings: &mut Findings| {
        if constants.value(name).is_some() {
            let message = format!("`{name}` is a constant and the name of a variable");
            findings.add(place, "shadowed_constant", message, "give the variable a name of its own");
        }
    };
    for body in program.functions() {
        body.params.iter().for_each(|param| clash(param, body.position, findings));
    }
    let mut top_level = ast.statements().len();
    ast.walk(&mut |path: &[ASTNode]| {
        let Some(ASTNode::Stmt(statement)) = path.last() else { return true };
        if path.len() == 1 && top_level > 0 {
            top_level -= 1;
            return true;
        }
        match statement {
            Stmt::Var(parts, _, place) => clash(&parts.0.name, *place, findings),
            Stmt::For(parts, place) => {
                clash(&parts.0.name, *place, findings);
                parts.1.iter().for_each(|counter| clash(&counter.name, *place, findings));
            }
            _ => {}
        }
        true
    });
}

/// A constant that the optimiser left in place would be unknown when its line is run.
pub(super) fn check_folded(ast: &AST, constants: &Constants, findings: &mut Findings) {
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::Variable(name, _, place))) = path.last()
            && constants.value(&name.1).is_some()
        {
            let message = format!("the constant `{}` cannot be used in this place", name.1);
            let help = format!("give it a name first: `let value = {};`", name.1);
            findings.add(*place, "constant_in_place", message, help);
        }
        true
    });
}
