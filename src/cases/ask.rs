//! Asks a script what a case asks, and compares.

use super::coverage::Coverage;
use super::file::{Answer, Case, Question};
use super::run::Failure;
use crate::features::{Feature, Modifier};
use crate::scripts::trace::{Outcome, Seen};
use crate::scripts::{Rows, Rule, Scorer, Scripts, SignalView, Strategy, Trace, Unexplained};

/// How close a number must come to the expected one: cases write few digits.
const TOLERANCE: f64 = 1e-6;

/// The script that cases are about.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Strategy(&'a Strategy),
    Scorer(&'a Scorer),
}

/// One row that a case is asked about.
pub(super) struct Asked<'a> {
    pub scripts: &'a Scripts,
    pub subject: Subject<'a>,
    pub rows: &'a Rows,
    pub row: u32,
    pub coverage: &'a mut Coverage,
}

/// What a script answered, with how it came to it.
struct Told {
    answer: Answer,
    traces: Vec<Trace>,
    /// The row is one of bars.
    of_bars: bool,
}

impl Asked<'_> {
    /// Asks one question of a case: what failed, or `None`.
    pub fn question(&mut self, case: &Case, question: &Question, expected: &Answer) -> Option<Failure> {
        let what = match question {
            Question::Eligible => "eligible".to_owned(),
            Question::Trigger => "trigger".to_owned(),
            Question::Stop => "stop".to_owned(),
            Question::Exit => "exit".to_owned(),
            Question::Component(name) => format!("component {name}"),
            Question::Score => "score".to_owned(),
        };
        let told = match question {
            Question::Eligible => self.rule(Rule::Eligible, case),
            Question::Trigger => self.rule(Rule::Entry, case),
            Question::Stop => self.rule(Rule::Stop, case),
            Question::Exit => self.rule(Rule::Exit, case),
            Question::Component(name) => self.component(name, case),
            Question::Score => self.score(case),
        };
        compare(what, expected, told)
    }

    /// Asks for the signal of a row: `entry` where the row is eligible, as a session does.
    pub fn signal(&mut self, what: String, expected: &Answer) -> Option<Failure> {
        let told = self.of_session();
        compare(what, expected, told)
    }

    fn of_session(&mut self) -> Result<Told, String> {
        let Subject::Strategy(strategy) = self.subject else {
            return Err("only a strategy has signals".to_owned());
        };
        let mut traces = Vec::new();
        for rule in [Rule::Eligible, Rule::Entry] {
            let trace = self.traced(strategy.name(), strategy.trace(rule, self.rows, self.row))?;
            let answer = answer(&trace.outcome);
            traces.push(trace);
            if answer != Answer::Truth(true) || rule == Rule::Entry {
                return Ok(Told { answer, traces, of_bars: true });
            }
        }
        Err("nothing was asked".to_owned())
    }

    fn rule(&mut self, rule: Rule, case: &Case) -> Result<Told, String> {
        let Subject::Strategy(strategy) = self.subject else {
            return Err("a scorer has no such function; ask for `components`".to_owned());
        };
        let traced = match (rule, case.position) {
            (Rule::Eligible | Rule::Entry, _) => strategy.trace(rule, self.rows, self.row),
            (_, Some(position)) => strategy.trace_held(rule, self.rows, self.row, position),
            (_, None) => None,
        };
        let is_asked = case
            .expected
            .iter()
            .any(|(question, answer)| matches!(question, Question::Stop) && *answer != Answer::Truth(false));
        if traced.is_none() && rule == Rule::Stop && is_asked && strategy.function(rule).is_none() {
            return Err("the strategy has no `stop`".to_owned());
        }
        if traced.is_none() && rule == Rule::Stop {
            return Ok(Told { answer: Answer::Truth(false), traces: Vec::new(), of_bars: false });
        }
        let trace = self.traced(strategy.name(), traced)?;
        Ok(Told { answer: answer(&trace.outcome), traces: vec![trace], of_bars: false })
    }

    fn component(&mut self, name: &str, case: &Case) -> Result<Told, String> {
        let (scorer, signal) = self.scored(case)?;
        let number = scorer.weights().iter().position(|(own, _)| **own == *name);
        let Some(number) = number else {
            let names: Vec<&str> = scorer.weights().iter().map(|(name, _)| &**name).collect();
            return Err(format!(
                "scorer {} has no component `{name}`; it has {}",
                scorer.name(),
                names.join(", ")
            ));
        };
        let trace = self.traced(scorer.name(), scorer.trace(number, self.rows, self.row, signal))?;
        Ok(Told { answer: answer(&trace.outcome), traces: vec![trace], of_bars: false })
    }

    fn score(&mut self, case: &Case) -> Result<Told, String> {
        let (scorer, signal) = self.scored(case)?;
        let (mut sum, mut traces) = (0.0, Vec::new());
        for (number, (_, weight)) in scorer.weights().iter().enumerate() {
            let trace =
                self.traced(scorer.name(), scorer.trace(number, self.rows, self.row, signal.clone()))?;
            let part = answer(&trace.outcome);
            traces.push(trace);
            let Answer::Number(part) = part else {
                return Ok(Told { answer: part, traces, of_bars: false });
            };
            sum += weight * part;
        }
        Ok(Told { answer: Answer::Number(sum), traces, of_bars: false })
    }

    /// The scorer of the case, and the signal that it is asked to grade.
    fn scored(&self, case: &Case) -> Result<(Scorer, SignalView), String> {
        let expected = case.expected.iter().find_map(|(question, answer)| match (question, answer) {
            (Question::Trigger, Answer::Word(word)) => Some(word.clone()),
            _ => None,
        });
        let Some(trigger) = case.signal.clone().or(expected) else {
            return Err("a score is of a signal; state `signal = \"…\"`".to_owned());
        };
        let (scorer, strategy) = match self.subject {
            Subject::Scorer(scorer) => (scorer, "test"),
            Subject::Strategy(strategy) => {
                let scorer = self.scripts.scorer_of(strategy);
                (
                    scorer.ok_or_else(|| format!("its scorer {} is not loaded", strategy.scorer_name()))?,
                    strategy.name(),
                )
            }
        };
        let signal = SignalView { trigger: trigger.as_str().into(), strategy: strategy.into() };
        Ok((scorer.clone(), signal))
    }

    fn traced(&mut self, script: &str, traced: Option<Result<Trace, Unexplained>>) -> Result<Trace, String> {
        let trace = traced
            .ok_or("the script has no such function")?
            .map_err(|unexplained| unexplained.to_string())?;
        self.coverage.note(script, &trace);
        Ok(trace)
    }
}

fn answer(outcome: &Outcome) -> Answer {
    match outcome {
        Outcome::NotReady(_) => Answer::Word(Answer::NOT_READY.to_owned()),
        Outcome::Failed(_) => Answer::Word(Answer::ERROR.to_owned()),
        Outcome::Gave(Seen::Truth(truth)) => Answer::Truth(*truth),
        Outcome::Gave(Seen::Nothing(())) => Answer::Truth(false),
        Outcome::Gave(Seen::Text(word)) => Answer::Word(word.clone()),
        Outcome::Gave(number) => Answer::Number(number.number().unwrap_or(f64::NAN)),
    }
}

fn compare(what: String, expected: &Answer, told: Result<Told, String>) -> Option<Failure> {
    match told {
        Err(why) => Some(Failure { what, expected: None, got: why, traces: Vec::new() }),
        Ok(told) if is_same(expected, &told.answer) => None,
        Ok(told) => {
            let why = told.traces.last().and_then(|trace| match &trace.outcome {
                Outcome::Failed(error) => Some(format!(": {error}")),
                Outcome::NotReady(missing) => {
                    let names: Vec<&str> = missing.iter().map(Feature::as_str).collect();
                    let ranked = missing.iter().any(|own| own.modifiers().contains(&Modifier::Rank));
                    let why = if ranked && told.of_bars {
                        " (bars are of one symbol, which has no rank: give it in a row of a `[[case]]`)"
                    } else {
                        ""
                    };
                    Some(format!(": {} missing{why}", names.join(", ")))
                }
                Outcome::Gave(_) => None,
            });
            let got = format!("{}{}", told.answer.words(), why.unwrap_or_default());
            Some(Failure { what, expected: Some(expected.words()), got, traces: told.traces })
        }
    }
}

fn is_same(expected: &Answer, got: &Answer) -> bool {
    match (expected, got) {
        (Answer::Number(a), Answer::Number(b)) => (a - b).abs() <= TOLERANCE * a.abs().max(1.0),
        _ => expected == got,
    }
}
