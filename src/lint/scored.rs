//! What a scorer is told of signals: which strategies there are, and which triggers those that it scores give.

use std::collections::BTreeSet;

use rhai::ASTNode;
use rhai::Array;
use rhai::Dynamic;
use rhai::Expr;
use rhai::Map;

use super::nodes::for_each_node;
use crate::scripts::Scripts;
use crate::scripts::Strategy;

/// The strategies around a scorer; empty for a strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scored {
    /// Every strategy's name.
    pub strategies: BTreeSet<String>,
    /// Every text in those that it scores, among them their triggers; `None` where it scores none, or where one
    /// puts its texts together on the row.
    pub texts: Option<BTreeSet<String>>,
}

impl Scored {
    /// Looks up what is scored by the script of that name.
    pub fn by(scripts: &Scripts, name: &str) -> Self {
        let all = scripts.strategies();
        let strategies = all.iter().map(|strategy| strategy.name().to_owned()).collect();
        let mut own = all.iter().filter(|strategy| strategy.scorer_name() == name).peekable();
        let texts = own.peek().is_some().then(|| own.map(texts).collect::<Option<Vec<_>>>()).flatten();
        Self { strategies, texts: texts.map(|texts| texts.into_iter().flatten().collect()) }
    }
}

/// Every text of a strategy's functions and constants; `None` where it makes some on the row.
fn texts(strategy: &Strategy) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut is_made = false;
    for body in strategy.program().functions() {
        for_each_node(&body.statements, &mut |node| match node {
            ASTNode::Expr(Expr::StringConstant(text, _)) => {
                found.insert(text.to_string());
            }
            ASTNode::Expr(Expr::InterpolatedString(..)) => is_made = true,
            // Text may be joined by `+`, and cut by a function of the host.
            ASTNode::Expr(Expr::FnCall(call, _)) => {
                let is_joined = call.name == "+"
                    && call.args.iter().any(|argument| matches!(argument, Expr::StringConstant(..)));
                is_made |= is_joined
                    || matches!(call.name.as_str(), "sub_string" | "to_upper" | "to_lower" | "to_string");
            }
            _ => {}
        });
    }
    let constants = strategy.all_constants();
    constants.names().filter_map(|name| constants.value(name)).for_each(|value| within(value, &mut found));
    (!is_made).then_some(found)
}

/// Adds the texts of a constant, those of a list or map too.
fn within(value: &Dynamic, found: &mut BTreeSet<String>) {
    if let Ok(text) = value.clone().into_string() {
        found.insert(text);
    } else if let Some(map) = value.read_lock::<Map>() {
        map.values().for_each(|value| within(value, found));
    } else if let Some(list) = value.read_lock::<Array>() {
        list.iter().for_each(|value| within(value, found));
    }
}
