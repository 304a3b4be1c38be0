//! The checks of a script's text: one file a rule, and one line in the list.
//!
//! A rule says what it finds and how to put it right; where a finding is placed, silenced and
//! shown is not its business.

mod chained_comparison;
mod constant_condition;
mod division_by_feature;
mod dropped_value;
mod float_equality;
mod idle_bound;
mod integer_division;
mod mismatched_types;
mod mixed_units;
mod negated_comparison;
mod no_trigger;
mod not_a_bool;
mod odd_constant;
mod percent_for_fraction;
mod pointless_feature;
mod unknown_trigger;
mod unreachable_case;
mod unreachable_trigger;
mod unused_constant;
mod unused_function;
mod unused_variable;
mod weights_sum;
mod wrong_result;

use super::code::Code;
use super::finding::Span;
use super::script::Script;

/// One check.
pub(super) struct Rule {
    pub code: Code,
    pub check: for<'a> fn(&'a Script<'a>, &mut Vec<Hit>),
}

/// What a rule found at one place.
#[derive(Debug)]
pub(super) struct Hit {
    pub span: Option<Span>,
    pub message: String,
    pub help: String,
}

/// Every check, sorted by name.
pub(super) static RULES: &[Rule] = &[
    chained_comparison::RULE,
    constant_condition::RULE,
    division_by_feature::RULE,
    dropped_value::RULE,
    float_equality::RULE,
    idle_bound::RULE,
    integer_division::RULE,
    mismatched_types::RULE,
    mixed_units::RULE,
    negated_comparison::RULE,
    no_trigger::RULE,
    not_a_bool::RULE,
    odd_constant::RULE,
    percent_for_fraction::RULE,
    pointless_feature::RULE,
    unknown_trigger::RULE,
    unreachable_case::RULE,
    unreachable_trigger::RULE,
    unused_constant::RULE,
    unused_function::RULE,
    unused_variable::RULE,
    weights_sum::RULE,
    wrong_result::RULE,
];
