//! Every statement and expression below some others, in the order of the text, for rules that need
//! not know what holds there.

use rhai::ASTNode;
use rhai::Expr;
use rhai::FnCallExpr;
use rhai::Stmt;

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
