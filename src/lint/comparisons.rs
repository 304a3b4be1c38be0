//! Every comparison of two sides in a script, for the rules that look at what is compared with what.

use rhai::Expr;

use super::finding::Span;
use super::formula::Comparison;
use super::scope::Scope;
use super::script::Script;
use super::walk::Event;
use super::walk::walk;

/// Shows each comparison's sides, left and right, with where the whole of it stands.
pub(super) fn for_each_comparison<'a>(
    script: &'a Script<'a>,
    mut show: impl FnMut(&'a Expr, &'a Expr, &mut Scope<'a>, Option<Span>),
) {
    walk(script, |_, event, scope| {
        let Event::Expression(whole @ Expr::FnCall(call, _)) = event else { return };
        if !call.is_operator_call() || Comparison::parse(&call.name).is_none() {
            return;
        }
        if let [left, right] = &call.args[..] {
            show(left, right, scope, script.text.expression(whole));
        }
    });
}
