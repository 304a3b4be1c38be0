//! Conditions that nobody wrote, composed of others: what generated scripts are made of.

use proptest::prelude::*;
use proptest::strategy::Union;

/// Composes conditions of a leaf, to a depth and a size: `&&`, `||`, `!` and `if`, and what `others` makes of a part.
pub fn composed(
    leaf: impl Strategy<Value = String> + 'static,
    depth: u32,
    size: u32,
    others: impl Fn(&BoxedStrategy<String>) -> Vec<BoxedStrategy<String>> + 'static,
) -> impl Strategy<Value = String> {
    leaf.prop_recursive(depth, size, 3, move |inner| {
        let some = |sign: &'static str| {
            let parts = prop::collection::vec(inner.clone(), 2..4);
            parts.prop_map(move |all| format!("({})", all.join(sign))).boxed()
        };
        let branches = (inner.clone(), inner.clone(), inner.clone())
            .prop_map(|(a, b, c)| format!("(if {a} {{ {b} }} else {{ {c} }})"));
        let mut all = vec![
            some(" && "),
            some(" || "),
            inner.clone().prop_map(|a| format!("!({a})")).boxed(),
            branches.boxed(),
        ];
        all.extend(others(&inner));
        Union::new(all)
    })
}
