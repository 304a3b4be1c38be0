//! Which conditions the cases have seen hold, and which they have seen fail.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::scripts::trace::{Condition, Conditions, State};
use crate::scripts::{Scripts, Trace};

/// The conditions of all scripts, with what was seen of each.
#[derive(Clone, Debug)]
pub struct Coverage {
    scripts: BTreeMap<String, Own>,
}

/// What is known of one script.
#[derive(Clone, Debug)]
struct Own {
    conditions: Vec<Covered>,
    opaque: Vec<usize>,
    unfollowed: Vec<(String, usize)>,
}

/// One condition of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Covered {
    pub function: String,
    pub line: usize,
    pub column: usize,
    pub source: String,
    pub seen_true: bool,
    pub seen_false: bool,
}

impl Coverage {
    /// Lists the conditions of the scripts, none of them seen yet.
    pub fn new(scripts: &Scripts) -> Self {
        let strategies = scripts.strategies().iter().map(|own| (own.name().to_owned(), own.conditions()));
        let scorers = scripts.scorers().iter().map(|own| (own.name().to_owned(), own.conditions()));
        let unseen = |Conditions { followed, opaque, unfollowed }| {
            let fresh = |Condition { function, line, column, source }| Covered {
                function,
                line,
                column,
                source,
                seen_true: false,
                seen_false: false,
            };
            Own { conditions: followed.into_iter().map(fresh).collect(), opaque, unfollowed }
        };
        Self { scripts: strategies.chain(scorers).map(|(name, found)| (name, unseen(found))).collect() }
    }

    /// Notes what a trace of a script has seen.
    pub(super) fn note(&mut self, script: &str, trace: &Trace) {
        let Some(Own { conditions, .. }) = self.scripts.get_mut(script) else { return };
        trace.visit(|step| {
            if !step.is_condition() {
                return;
            }
            let own = conditions
                .iter_mut()
                .find(|own| (own.line, own.column) == (step.line, step.column) && own.source == step.source);
            match (own, step.state) {
                (Some(own), State::Passed) => own.seen_true = true,
                (Some(own), State::Failed) => own.seen_false = true,
                _ => {}
            }
        });
    }

    /// Returns the conditions of a script, in the order of its text.
    pub fn conditions(&self, script: &str) -> &[Covered] {
        self.scripts.get(script).map(|own| own.conditions.as_slice()).unwrap_or_default()
    }

    /// Returns the lines of what is run whole, like loops and switches, whose conditions are not followed.
    pub fn opaque(&self, script: &str) -> &[usize] {
        self.scripts.get(script).map(|own| own.opaque.as_slice()).unwrap_or_default()
    }

    /// Returns the functions of a script, with their lines, that only loops and switches call: whose
    /// conditions are not followed either.
    pub fn unfollowed(&self, script: &str) -> &[(String, usize)] {
        self.scripts.get(script).map(|own| own.unfollowed.as_slice()).unwrap_or_default()
    }

    /// Returns the part of a script's conditions that was seen: each counts half for having held and
    /// half for having failed. `None` for a script that has none to count.
    pub fn fraction(&self, script: &str) -> Option<f64> {
        let conditions = self.conditions(script);
        let seen: usize =
            conditions.iter().map(|own| usize::from(own.seen_true) + usize::from(own.seen_false)).sum();
        (!conditions.is_empty()).then(|| seen as f64 / (2 * conditions.len()) as f64)
    }
}
