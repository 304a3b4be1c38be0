//! A scorer: components from 0 to 10, and the weight of each.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use rhai::Map;

use super::answer::Answer;
use super::answer::told;
use super::body::Program;
use super::budget::Budget;
use super::columns::Programs;
use super::columns::WhyNot;
use super::compile::Compiled;
use super::compile::Draft;
use super::constants::Constants;
use super::constants::as_number;
use super::evaluate::Call;
use super::evaluate::Verdicts;
use super::function::Function;
use super::host::Host;
use super::reads::Kind;
use super::row::SignalView;
use super::trace;
use super::trace::Conditions;
use super::trace::Trace;
use super::trace::Unexplained;
use super::view::Rows;
use crate::domain::Name;
use crate::features::Feature;

/// The constant that makes a script a scorer.
pub(super) const WEIGHTS: &str = "WEIGHTS";
const META_KEYS: [&str; 1] = ["version"];
const FULL_MARKS: f64 = 10.0;

/// What a scorer is made of, checked.
#[derive(Debug)]
pub(super) struct ScorerParts {
    weights: Vec<(Name, f64)>,
    functions: Vec<Function>,
}

/// A scorer of a snapshot. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scorer {
    pub(super) host: Arc<Host>,
    pub(super) script: Arc<Compiled>,
    pub(super) parts: Arc<ScorerParts>,
    pub(super) programs: Arc<Programs>,
}

impl ScorerParts {
    /// Returns the functions with what each is given.
    pub fn functions(&self) -> impl Iterator<Item = (&Function, &[Kind])> {
        self.functions.iter().map(|function| (function, &[Kind::Row, Kind::Signal][..]))
    }

    /// Returns every feature that the functions read.
    pub fn features(&self) -> BTreeSet<Feature> {
        let reads = self.functions.iter().flat_map(Function::reads);
        reads.map(|read| read.feature.clone()).collect()
    }

    /// Checks what only scorers must have; what is missing is among the draft's findings.
    pub fn check(draft: &mut Draft) -> Option<Self> {
        draft.check_keys("META", &META_KEYS);
        let place = draft.constants.position(WEIGHTS);
        let Some(map) = draft.constants.value(WEIGHTS).and_then(|value| value.clone().try_cast::<Map>())
        else {
            if draft.constants.value(WEIGHTS).is_none() {
                // What is wrong with the weights is told; which functions they name is not known.
                draft.components_by_parameters();
                return None;
            }
            let help = "write `const WEIGHTS = #{ breakout: 0.6, momentum: 0.4 };`";
            draft.findings.add(place, "bad_weights", "`WEIGHTS` is not a map", help);
            return None;
        };
        if map.is_empty() {
            let help =
                "name each component with its weight: `const WEIGHTS = #{ breakout: 0.6, momentum: 0.4 };`";
            draft.findings.add(place, "bad_weights", "`WEIGHTS` names no component", help);
            return None;
        }
        let mut weights = Vec::new();
        let mut functions = Vec::new();
        for (name, value) in &map {
            match as_number(value) {
                Some(weight) if weight.is_finite() && weight >= 0.0 => {
                    weights.push((Name::from(name.as_str()), weight));
                }
                _ => {
                    let message = format!("the weight of `{name}` is {}", told(value));
                    draft.findings.add(place, "bad_weights", message, "make it a number of 0 or more");
                }
            }
            functions.extend(draft.function(
                name,
                &[Kind::Row, Kind::Signal],
                &format!("{name}(row, signal)"),
            ));
        }
        Some(Self { weights, functions })
    }
}

impl Scorer {
    /// Returns its numeric constants with the values used.
    pub fn constants(&self) -> &BTreeMap<String, f64> {
        self.script.constants.numbers()
    }

    /// Returns the name: the stem of the file.
    pub fn name(&self) -> &str {
        &self.script.name
    }

    /// Returns the file, as it is named in messages.
    pub fn path(&self) -> &str {
        &self.script.path
    }

    /// Returns the hash of its text, in hex.
    pub fn hash(&self) -> &str {
        &self.script.hash
    }

    /// Returns each component's name and weight, sorted by name. That they
    /// add up to 1 is for the checks of the text to tell.
    pub fn weights(&self) -> &[(Name, f64)] {
        &self.parts.weights
    }

    /// Returns the components' functions, in the order of [`Scorer::weights`].
    pub fn functions(&self) -> &[Function] {
        &self.parts.functions
    }

    /// Returns why a function of it is interpreted; `None` for one that runs in columns.
    pub fn why_not_columns(&self, function: &Function) -> Option<&WhyNot> {
        self.programs.why_not(function)
    }

    /// Returns its functions as written.
    pub fn program(&self) -> &Program {
        &self.script.program
    }

    /// Returns its constants of every type, for evaluating a part of a component.
    pub fn all_constants(&self) -> &Constants {
        &self.script.constants
    }

    /// Returns every feature that it reads, required or not.
    pub fn features(&self) -> BTreeSet<Feature> {
        self.parts.features()
    }

    /// Grades signals by one component, 0 to 10, `signals[i]` standing at row `index[i]`. A
    /// component that does not exist answers nothing.
    pub fn component(
        &self,
        component: usize,
        rows: &Rows,
        index: &[u32],
        signals: &[SignalView],
        budget: &mut Budget,
    ) -> Verdicts<f64> {
        let Some(function) = self.parts.functions.get(component) else { return Verdicts::silent(index) };
        let call =
            Call { host: &self.host, script: &self.script, function, program: self.programs.get(function) };
        call.rows_with(rows, index, signals, budget, score)
    }

    /// Traces one component for a signal at a row; `None` for one that does not exist.
    ///
    /// # Errors
    /// [`Unexplained`] where the steps do not come to what the component gave.
    pub fn trace(
        &self,
        component: usize,
        rows: &Rows,
        row: u32,
        signal: SignalView,
    ) -> Option<Result<Trace, Unexplained>> {
        let function = self.parts.functions.get(component)?;
        let call =
            Call { host: &self.host, script: &self.script, function, program: self.programs.get(function) };
        Some(trace::of_row_with(&call, rows, row, signal, |answer| score(answer).map(drop)))
    }

    /// Lists the conditions of its functions, as coverage counts them.
    pub fn conditions(&self) -> Conditions {
        trace::conditions(&self.script.text, &self.script.program, &self.script.constants)
    }

    /// Returns its text as written.
    pub fn text(&self) -> &str {
        &self.script.text
    }
}

fn score(answer: Answer) -> Result<f64, String> {
    match answer.as_number() {
        Some(score) if (0.0..=FULL_MARKS).contains(&score) => Ok(score),
        _ => Err(format!(
            "gave {}; a component is a number from 0 to 10, so use clamp(x, 0.0, 10.0)",
            answer.told()
        )),
    }
}
