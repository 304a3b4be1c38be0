//! A strategy: what makes a symbol eligible, what triggers an entry, when to sell.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use rhai::ImmutableString;

use super::answer::Answer;
use super::body::Program;
use super::budget::Budget;
use super::columns::Programs;
use super::columns::WhyNot;
use super::compile::Compiled;
use super::constants::Constants;
use super::evaluate::Call;
use super::evaluate::Verdicts;
use super::function::Function;
use super::host::Host;
use super::row::PositionView;
use super::strategy_parts::Rule;
use super::strategy_parts::StrategyParts;
use super::trace;
use super::trace::Conditions;
use super::trace::Trace;
use super::trace::Unexplained;
use super::view::Rows;
use crate::domain::AssetClass;
use crate::features::Feature;

/// The longest trigger or reason: it stands in a table of the mail.
const MAX_WORD_LENGTH: usize = 40;

/// Whether a strategy makes entries. Its exits run in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entries {
    On,
    /// By the settings.
    SwitchedOff,
    /// Its scorer is not loaded.
    Unscored,
}

/// A strategy of a snapshot. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Strategy {
    pub(super) host: Arc<Host>,
    pub(super) script: Arc<Compiled>,
    pub(super) parts: Arc<StrategyParts>,
    pub(super) programs: Arc<Programs>,
    pub(super) scorer: Arc<str>,
    pub(super) entries: Entries,
}

impl Strategy {
    /// Returns the name: the stem of the file.
    pub fn name(&self) -> &str {
        &self.script.name
    }

    /// Returns the file, as it is named in messages.
    pub fn path(&self) -> &str {
        &self.script.path
    }

    /// Returns the market that it trades.
    pub fn asset_class(&self) -> AssetClass {
        self.parts.asset_class
    }

    /// Returns its own version number, where it states one.
    pub fn version(&self) -> Option<i64> {
        self.parts.version
    }

    /// Returns the name of the scorer that grades its signals.
    pub fn scorer_name(&self) -> &str {
        &self.scorer
    }

    /// Tells whether it may make entries; the exits of a disabled strategy still run.
    pub fn is_enabled(&self) -> bool {
        self.entries == Entries::On
    }

    /// Makes entries whatever the settings say, where it has a scorer.
    pub(super) fn switched_on(self) -> Self {
        let entries = match self.entries {
            Entries::SwitchedOff => Entries::On,
            other => other,
        };
        Self { entries, ..self }
    }

    /// Says why it makes no entries; `None` where it may.
    pub fn why_no_entries(&self) -> Option<&'static str> {
        match self.entries {
            Entries::On => None,
            Entries::SwitchedOff => Some("switched off in the settings"),
            Entries::Unscored => Some("its scorer is not loaded"),
        }
    }

    /// Returns the hash of its text and of the overrides used, in hex.
    pub fn hash(&self) -> &str {
        &self.script.hash
    }

    /// Returns its numeric constants with the values used.
    pub fn constants(&self) -> &BTreeMap<String, f64> {
        self.script.constants.numbers()
    }

    /// Returns its constants of every type, for evaluating a part of a rule.
    pub fn all_constants(&self) -> &Constants {
        &self.script.constants
    }

    /// Returns the distance of the stop, in 14-day average true ranges.
    pub fn stop_atr_mult(&self) -> f64 {
        self.parts.stop_atr_mult
    }

    /// Returns the distance of the target over that of the stop.
    pub fn reward_risk(&self) -> f64 {
        self.parts.reward_risk
    }

    /// Returns the largest order as a fraction of the 20-day dollar volume.
    pub fn max_adv_fraction(&self) -> f64 {
        self.parts.max_adv_fraction
    }

    /// Returns one of its functions; only [`Rule::Stop`] may be absent.
    pub fn function(&self, rule: Rule) -> Option<&Function> {
        self.parts.functions.get(&rule)
    }

    /// Returns why a function of it is interpreted; `None` for one that runs in columns.
    pub fn why_not_columns(&self, function: &Function) -> Option<&WhyNot> {
        self.programs.why_not(function)
    }

    /// Returns its functions as written.
    pub fn program(&self) -> &Program {
        &self.script.program
    }

    /// Returns every feature that it reads, required or not; not its scorer's.
    pub fn features(&self) -> BTreeSet<Feature> {
        self.parts.features()
    }

    /// Asks which rows are eligible.
    pub fn eligible(&self, rows: &Rows, index: &[u32], budget: &mut Budget) -> Verdicts<bool> {
        let Some(call) = self.call(Rule::Eligible) else { return Verdicts::silent(index) };
        call.rows(rows, index, budget, verdict)
    }

    /// Asks which rows trigger an entry: `Some(None)` is no signal.
    pub fn entry(
        &self,
        rows: &Rows,
        index: &[u32],
        budget: &mut Budget,
    ) -> Verdicts<Option<ImmutableString>> {
        let Some(call) = self.call(Rule::Entry) else { return Verdicts::silent(index) };
        call.rows(rows, index, budget, trigger)
    }

    /// Asks which positions to sell, `positions[i]` being held at row `index[i]`: `Some(None)` is
    /// hold.
    pub fn exit(
        &self,
        rows: &Rows,
        index: &[u32],
        positions: &[PositionView],
        budget: &mut Budget,
    ) -> Verdicts<Option<ImmutableString>> {
        let Some(call) = self.call(Rule::Exit) else { return Verdicts::silent(index) };
        call.rows_with(rows, index, positions, budget, reason)
    }

    /// Asks for new stops: `Some(None)` keeps the stop. A strategy without the function keeps
    /// every stop. That a stop never moves down is the caller's to see to.
    pub fn stop(
        &self,
        rows: &Rows,
        index: &[u32],
        positions: &[PositionView],
        budget: &mut Budget,
    ) -> Verdicts<Option<f64>> {
        let Some(call) = self.call(Rule::Stop) else {
            return Verdicts { values: vec![Some(None); index.len()], errors: Vec::new() };
        };
        call.rows_with(rows, index, positions, budget, new_stop)
    }

    /// Traces `eligible` or `entry` on a row; `None` for a rule that is asked about positions.
    ///
    /// # Errors
    /// [`Unexplained`] where the steps do not come to what the rule gave.
    pub fn trace(&self, rule: Rule, rows: &Rows, row: u32) -> Option<Result<Trace, Unexplained>> {
        let call = self.call(rule)?;
        match rule {
            Rule::Eligible => Some(trace::of_row(&call, rows, row, |answer| verdict(answer).map(drop))),
            Rule::Entry => Some(trace::of_row(&call, rows, row, |answer| trigger(answer).map(drop))),
            Rule::Stop | Rule::Exit => None,
        }
    }

    /// Traces `stop` or `exit` for a position held at a row; `None` for another rule, and where
    /// the strategy has no `stop`.
    ///
    /// # Errors
    /// As [`Strategy::trace`].
    pub fn trace_held(
        &self,
        rule: Rule,
        rows: &Rows,
        row: u32,
        position: PositionView,
    ) -> Option<Result<Trace, Unexplained>> {
        let call = self.call(rule)?;
        match rule {
            Rule::Stop => {
                Some(trace::of_row_with(&call, rows, row, position, |answer| new_stop(answer).map(drop)))
            }
            Rule::Exit => {
                Some(trace::of_row_with(&call, rows, row, position, |answer| reason(answer).map(drop)))
            }
            Rule::Eligible | Rule::Entry => None,
        }
    }

    /// Lists the conditions of its functions, as coverage counts them.
    pub fn conditions(&self) -> Conditions {
        trace::conditions(&self.script.text, &self.script.program, &self.script.constants)
    }

    /// Returns its text as written.
    pub fn text(&self) -> &str {
        &self.script.text
    }

    fn call(&self, rule: Rule) -> Option<Call<'_>> {
        let function = self.parts.functions.get(&rule)?;
        let program = self.programs.get(function);
        Some(Call { host: &self.host, script: &self.script, function, program })
    }
}

#[inline]
fn verdict(answer: Answer) -> Result<bool, String> {
    match answer {
        Answer::Truth(truth) => Ok(truth),
        other => Err(format!("gave {}; it must give true or false", other.told())),
    }
}

#[inline]
fn trigger(answer: Answer) -> Result<Option<ImmutableString>, String> {
    word(answer, "() for no signal, or the signal's type")
}

#[inline]
fn reason(answer: Answer) -> Result<Option<ImmutableString>, String> {
    word(answer, "() to hold, or the reason to sell")
}

#[inline]
fn new_stop(answer: Answer) -> Result<Option<f64>, String> {
    match (&answer, answer.as_number()) {
        (Answer::Nothing, _) => Ok(None),
        (_, Some(price)) if price.is_finite() => Ok(Some(price)),
        _ => Err(format!("gave {}; it must give () to keep the stop, or a price", answer.told())),
    }
}

/// Reads () or a short word, which goes into file names of charts, tables and JSON.
#[inline]
fn word(answer: Answer, wanted: &str) -> Result<Option<ImmutableString>, String> {
    match answer {
        Answer::Nothing => Ok(None),
        Answer::Text(word) if is_word(&word) => Ok(Some(word)),
        other => Err(format!(
            "gave {}; it must give {wanted}: small letters, digits and `_`, at most {MAX_WORD_LENGTH}",
            other.told()
        )),
    }
}

fn is_word(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !text.is_empty() && text.len() <= MAX_WORD_LENGTH && text.bytes().all(is_legal)
}
