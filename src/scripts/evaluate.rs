//! Runs one function of a script over a block of rows.
//!
//! This is the one way in which a script is asked anything. Columns answer where the function was
//! translated; what they leave, the interpreter here answers row by row. Neither depends on the
//! order of the rows.

use rhai::CallFnOptions;
use rhai::Dynamic;
use rhai::EvalAltResult;
use rhai::Scope;

use super::answer::Answer;
use super::budget::Budget;
use super::columns;
use super::columns::Engine;
use super::columns::Given;
use super::columns::Program;
use super::columns::Tell;
use super::compile::Compiled;
use super::engine::counted;
use super::engine::pool;
use super::function::Function;
use super::host::Host;
use super::row::PositionView;
use super::row::Row;
use super::row::SignalView;
use super::script_error::ScriptError;
use super::view::Rows;

/// What a function answered for each row of a block, in the order of the block.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts<T> {
    /// `None` where the row lacks a required feature, or the function failed.
    pub values: Vec<Option<T>>,
    /// The rows where the function failed, in the order of the block.
    pub errors: Vec<RowError>,
}

/// The failure of a function on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    pub row: u32,
    pub error: ScriptError,
}

impl<T> Verdicts<T> {
    /// Returns the values of a block in which no row failed.
    ///
    /// # Errors
    /// The failed rows, where there are any: a script that errs has said nothing about the
    /// others either.
    pub fn complete(self) -> Result<Vec<Option<T>>, Vec<RowError>> {
        if self.errors.is_empty() { Ok(self.values) } else { Err(self.errors) }
    }

    /// Answers nothing for every row, without an error.
    pub(super) fn silent(index: &[u32]) -> Self {
        Self { values: index.iter().map(|_| None).collect(), errors: Vec::new() }
    }
}

/// A function of a script, with all that is needed to call it.
pub(super) struct Call<'a> {
    pub host: &'a Host,
    pub script: &'a Compiled,
    pub function: &'a Function,
    /// The function in columns, where it could be translated.
    ///
    /// Such a function has no loop and a bounded size, so its operations are not charged, by
    /// whichever engine it runs: whether a budget ends does not depend on the engine.
    pub program: Option<&'a Program>,
}

/// A second argument of a script's function, beside the row.
pub(super) trait Argument: Clone + Send + Sync + 'static {
    /// Shows a block of them to columns.
    fn given(arguments: &[Self]) -> Given<'_>;
}

impl Argument for PositionView {
    fn given(arguments: &[Self]) -> Given<'_> {
        Given::Positions(arguments)
    }
}

impl Argument for SignalView {
    fn given(arguments: &[Self]) -> Given<'_> {
        Given::Signals(arguments)
    }
}

/// What a block's calls came to so far, by their places in the block.
struct Found<T> {
    values: Vec<Option<T>>,
    errors: Vec<(usize, ScriptError)>,
}

impl<T> Found<T> {
    fn verdicts(mut self, index: &[u32]) -> Verdicts<T> {
        self.errors.sort_by_key(|(place, _)| *place);
        let errors = self.errors.into_iter().map(|(place, error)| RowError { row: index[place], error });
        Verdicts { errors: errors.collect(), values: self.values }
    }
}

/// Reads what columns tell straight into what was found.
struct Reading<'f, 'c, T, R> {
    found: &'f mut Found<T>,
    read: R,
    call: &'c Call<'c>,
}

impl<T: Clone, R: Fn(Answer) -> Result<T, String>> Tell for Reading<'_, '_, T, R> {
    // Called once a row, from a loop for each kind of answer, which it must be a part of.
    #[inline(always)]
    fn tell(&mut self, place: usize, answer: Answer) {
        match (self.read)(answer) {
            Ok(value) => self.found.values[place] = Some(value),
            Err(message) => self.found.errors.push((place, self.call.told(message))),
        }
    }

    fn tell_few(
        &mut self,
        first: usize,
        is_told: &[bool],
        few: &[Answer],
        which: impl Iterator<Item = usize>,
    ) {
        let few: Vec<Result<T, String>> = few.iter().cloned().map(&self.read).collect();
        let Found { values, errors } = &mut *self.found;
        let told = values[first..].iter_mut().zip(is_told).zip(which).enumerate();
        for (lane, ((value, _), which)) in told.filter(|(_, ((_, is_told), _))| **is_told) {
            match &few[which] {
                Ok(own) => *value = Some(own.clone()),
                Err(message) => errors.push((first + lane, self.call.told(message.as_str()))),
            }
        }
    }
}

impl Tell for Vec<Option<Dynamic>> {
    fn tell(&mut self, place: usize, answer: Answer) {
        self[place] = Some(answer.into_dynamic());
    }

    fn tell_few(
        &mut self,
        first: usize,
        is_told: &[bool],
        few: &[Answer],
        which: impl Iterator<Item = usize>,
    ) {
        let told = (first..).zip(is_told).zip(which).filter(|((_, is_told), _)| **is_told);
        told.for_each(|((place, _), which)| self.tell(place, few[which].clone()));
    }
}

impl Call<'_> {
    /// Calls the function with each row alone.
    pub fn rows<T: Clone + Send>(
        &self,
        rows: &Rows,
        index: &[u32],
        budget: &mut Budget,
        read: impl Fn(Answer) -> Result<T, String> + Sync,
    ) -> Verdicts<T> {
        self.block(rows, index, Given::Nothing, budget, read, |row, _| self.invoke((row,)))
    }

    /// Calls the function with each row and the argument that stands at the same place.
    ///
    /// A block with too few arguments answers nothing for the rows that lack one.
    pub fn rows_with<A: Argument, T: Clone + Send>(
        &self,
        rows: &Rows,
        index: &[u32],
        arguments: &[A],
        budget: &mut Budget,
        read: impl Fn(Answer) -> Result<T, String> + Sync,
    ) -> Verdicts<T> {
        self.block(rows, index, A::given(arguments), budget, read, |row, place| {
            let Some(argument) = arguments.get(place) else {
                return Err("no position or signal was given for the row".into());
            };
            self.invoke((row, argument.clone()))
        })
    }

    fn invoke(&self, arguments: impl rhai::FuncArgs) -> Result<Dynamic, Box<EvalAltResult>> {
        let options = CallFnOptions::new().eval_ast(false);
        let mut scope = Scope::new();
        let name = self.function.name();
        self.host.interpreter.call_fn_with_options(options, &mut scope, &self.script.ast, name, arguments)
    }

    fn block<T: Clone + Send>(
        &self,
        rows: &Rows,
        index: &[u32],
        given: Given,
        budget: &mut Budget,
        read: impl Fn(Answer) -> Result<T, String> + Sync,
        call: impl Fn(Row, usize) -> Result<Dynamic, Box<EvalAltResult>> + Sync,
    ) -> Verdicts<T> {
        if !rows.view.is_of(&self.host.layout) {
            return self
                .refused(index, self.told("the rows were bound to other scripts; bind them to these"));
        }
        if budget.is_exceeded() {
            return self.refused(index, self.told(exceeded(budget)));
        }
        let mut found = Found { values: index.iter().map(|_| None).collect(), errors: Vec::new() };
        let mut of_columns: Vec<Option<Dynamic>> = Vec::new();
        let left = match (self.host.engine, self.program) {
            (Engine::Columns, Some(program)) => {
                let mut told = Reading { found: &mut found, read: &read, call: self };
                columns::run(program, &rows.view, index, given, &mut told)
            }
            (Engine::Verify, Some(program)) => {
                of_columns.resize(index.len(), None);
                columns::run(program, &rows.view, index, given, &mut of_columns);
                (0..index.len()).collect()
            }
            (Engine::Interpreter, _) | (_, None) => (0..index.len()).collect(),
        };
        if left.is_empty() {
            return found.verdicts(index);
        }
        let interpreted = pool().install(|| {
            self.interpret(rows, index, left, budget, &call, |place, outcome| {
                let different = of_columns.get(place).and_then(Option::as_ref).and_then(|columns| {
                    let failed = outcome.as_ref().map_err(|error| error.message.as_str());
                    columns::differs(columns, failed)
                });
                let answer = match different {
                    Some(difference) => Err(self.told(difference)),
                    None => {
                        outcome.and_then(|value| read(value.into()).map_err(|message| self.told(message)))
                    }
                };
                match answer {
                    Ok(value) => found.values[place] = Some(value),
                    Err(error) => found.errors.push((place, error)),
                }
            })
        });
        match interpreted {
            Ok(()) => found.verdicts(index),
            Err(error) => self.refused(index, error),
        }
    }

    /// Calls the function at these places of a block, and tells what each call came to. What lacks a
    /// required feature is not called.
    ///
    /// # Errors
    /// The budget is used up: the whole block has no answer.
    fn interpret(
        &self,
        rows: &Rows,
        index: &[u32],
        mut places: Vec<usize>,
        budget: &mut Budget,
        call: impl Fn(Row, usize) -> Result<Dynamic, Box<EvalAltResult>>,
        mut tell: impl FnMut(usize, Result<Dynamic, ScriptError>),
    ) -> Result<(), ScriptError> {
        // In the order of the rows, whatever the block's, so that where a budget ends is the same.
        places.sort_by_key(|place| index[*place]);
        let required: Vec<usize> =
            self.function.required().iter().filter_map(|feature| self.host.layout.slot(feature)).collect();
        let gathered: Vec<u32> = places.iter().map(|place| index[*place]).collect();
        let Rows { view } = rows.gather(self.function.reads(), &gathered);

        let mut endless: Option<ScriptError> = None;
        for (at, place) in places.into_iter().enumerate() {
            let at = at as u32;
            if required.iter().any(|slot| view.value(*slot, at).is_none()) {
                continue;
            }
            let (outcome, operations) = counted(|| call(Row { view: view.clone(), index: at }, place));
            if self.program.is_none() {
                budget.charge(operations);
            }
            let outcome = outcome.map_err(|error| {
                let is_endless = ScriptError::is_endless(&error);
                let error = self.placed(ScriptError::from_rhai(self.function, *error), is_endless);
                if is_endless {
                    endless.get_or_insert_with(|| error.clone());
                }
                error
            });
            if budget.is_exceeded() {
                return Err(endless.unwrap_or_else(|| self.told(exceeded(budget))));
            }
            tell(place, outcome);
        }
        Ok(())
    }

    /// Places an error of too many operations at the loop that must have used them.
    fn placed(&self, mut error: ScriptError, is_endless: bool) -> ScriptError {
        if is_endless && let Some(place) = self.script.program.only_loop(&error.function) {
            error.line = place.line().unwrap_or(error.line);
            error.column = place.position().unwrap_or(1);
        }
        error
    }

    fn told(&self, message: impl Into<String>) -> ScriptError {
        ScriptError::of(self.function, message)
    }

    /// Answers nothing for the whole block, with one error. A budget that runs out must not
    /// favour the rows that happened to come first.
    fn refused<T>(&self, index: &[u32], error: ScriptError) -> Verdicts<T> {
        let first = index.iter().min().map(|row| RowError { row: *row, error });
        Verdicts { values: index.iter().map(|_| None).collect(), errors: first.into_iter().collect() }
    }
}

fn exceeded(budget: &Budget) -> String {
    format!(
        "the strategy used more than its {} operations of the session; look for a loop that does needless work",
        budget.allowed()
    )
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use crate::scripts::Budget;
    use crate::scripts::PositionView;
    use crate::scripts::Rule;
    use crate::scripts::Scripts;
    use crate::scripts::SignalView;
    use crate::scripts::Verdicts;
    use crate::scripts::fixtures::HEAD;
    use crate::scripts::fixtures::eligible;
    use crate::scripts::fixtures::options;
    use crate::scripts::fixtures::rows;
    use crate::scripts::fixtures::source;
    use crate::scripts::fixtures::strategy;
    use crate::scripts::not_ready;

    /// Evaluates an `eligible` over rows with these closes and means.
    fn run(body: &str, values: &[&[(&str, f64)]], index: &[u32]) -> Verdicts<bool> {
        let (scripts, strategy) = strategy(&eligible(body));
        let rows = rows(&scripts, values);
        strategy.eligible(&rows, index, &mut Budget::for_rows(100))
    }

    fn fails(body: &str, expected: &str) {
        let verdicts = run(body, &[&[("close", 5.0)]], &[0]);
        assert_eq!(verdicts.values, [None], "{body}");
        assert_eq!(verdicts.errors.len(), 1, "{body}");
        let told = verdicts.errors[0].error.to_string();
        assert!(told.contains(expected), "{body}: {told}");
    }

    #[test]
    fn a_row_without_a_required_feature_is_not_shown() {
        let body = "if row.close > 0.0 { row.ma50 < row.close } else { true }";
        let verdicts =
            run(body, &[&[("close", 5.0), ("ma50", 4.0)], &[("close", 5.0)], &[("ma50", 4.0)]], &[2, 0, 1]);
        assert_eq!(verdicts.values, [None, Some(true), None]);
        assert_eq!(verdicts.errors, []);
    }

    #[test]
    fn a_value_that_is_not_finite_is_missing() {
        let values: [&[(&str, f64)]; 2] = [&[("close", f64::NAN)], &[("close", f64::INFINITY)]];
        assert_eq!(run("row.close > 1.0", &values, &[0, 1]).values, [None, None]);
    }

    #[test]
    fn an_optional_feature_reads_as_nothing() {
        let verdicts = run("row.ma50 == () && (row.ma20 ?? 7.0) == 7.0", &[&[]], &[0]);
        assert_eq!(verdicts.values, [Some(true)]);
    }

    #[test]
    fn what_is_missing_is_named_with_the_bars_that_it_needs() {
        let (scripts, strategy) = strategy(&eligible("row.close > row.ma200 && row.ma50_slope > 0.0"));
        let rows = rows(&scripts, &[&[("close", 5.0)]]);
        let function = strategy.function(Rule::Eligible).expect("every strategy has one");
        let missing = function.missing(&rows, 0);
        assert_eq!(
            not_ready(&missing, 143),
            "ma200 needs 200 bars, has 143; ma50_slope has no value on that session"
        );
    }

    #[test]
    fn wrong_values_are_errors_with_their_place() {
        fails(
            "row.close",
            "strategies/probe.rhai:3:1: in `eligible`: gave 5.0 (a number); it must give true or false",
        );
        fails("if row.close > 9.0 { true }", "gave () (nothing)");
        fails("\"yes\"", "gave \"yes\" (text)");
        fails("row.close > 1.0 && #{ a: 1 }.b", "3:");
        fails("throw \"no\"", "no");
        fails("1 / 0 > 1", "ivision by zero");
    }

    #[test]
    fn an_error_in_a_helper_names_the_helper() {
        let text = eligible("helper(row)") + "fn helper(r) {\n  abs(\"x\") > r.close\n}";
        let (scripts, strategy) = strategy(&text);
        let rows = rows(&scripts, &[&[("close", 5.0)]]);
        let error = &strategy.eligible(&rows, &[0], &mut Budget::for_rows(1)).errors[0].error;
        assert_eq!((error.function.as_str(), error.line), ("helper", 7), "{error}");
    }

    #[test]
    fn hostile_scripts_end_as_errors() {
        fails("loop { }", "more than 20000 operations");
        fails("while true { } true", "more than 20000 operations");
        fails("let n = 0; for i in 0..9223372036854775807 { n += 1; } true", "more than 20000 operations");
        fails("let s = \"x\"; loop { s += s; }", "too large");
        fails("let s = \"x\"; loop { s = s + s; }", "too large");
        fails("let s = \"x\"; loop { s = `${s}${s}`; }", "too large");
        fails("let a = [1]; loop { a += a; }", "too large");
        fails("let a = [1]; loop { a = [a, a]; }", "too large");
        fails("let a = [1]; loop { a = a + a; }", "too large");
        fails("let m = #{ a: 1 }; loop { m = #{ a: m, b: m }; }", "too large");
        fails("9223372036854775807 + 1 > 0", "overflow");
        fails("[1][5] > 0", "out of bounds");
    }

    #[test]
    fn a_function_that_calls_itself_ends_as_an_error() {
        let (scripts, strategy) =
            strategy(&(eligible("again(row, 0)") + "fn again(r, n) { again(r, n + 1) }"));
        let rows = rows(&scripts, &[&[("close", 5.0)]]);
        let verdicts = strategy.eligible(&rows, &[0], &mut Budget::for_rows(1));
        assert!(verdicts.errors[0].error.message.contains("nested deeper than 8"), "{:?}", verdicts.errors);
    }

    #[test]
    fn an_endless_loop_is_told_with_its_place() {
        fails("\n  loop { }", "strategies/probe.rhai:4:3: in `eligible`: more than");
        fails("let n = 0;\n while n >= 0 { n += 1; }\n true", "strategies/probe.rhai:4:2: in `eligible`");
        let text = eligible("helper(row) > 1.0") + "fn helper(r) {\n  do { } while true;\n r.close\n}";
        let (scripts, strategy) = strategy(&text);
        let rows = rows(&scripts, &[&[("close", 5.0)], &[("close", 6.0)]]);
        let verdicts = strategy.eligible(&rows, &[1, 0], &mut Budget::for_rows(2));
        assert_eq!(verdicts.errors.len(), 1, "{:?}", verdicts.errors);
        assert_eq!((verdicts.errors[0].row, verdicts.errors[0].error.line), (0, 7), "{:?}", verdicts.errors);
    }

    #[test]
    fn a_budget_that_runs_out_favours_no_row() {
        let body = "let n = 0; if row.close > 2.0 { for i in 0..3000 { n += 1; } } true";
        let (scripts, strategy) = strategy(&eligible(body));
        let rows =
            rows(&scripts, &[&[("close", 1.0)], &[("close", 3.0)], &[("close", 3.0)], &[("close", 3.0)]]);
        let orders: [[u32; 4]; 3] = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]];
        for index in orders {
            let mut budget = Budget::for_rows(4);
            let verdicts = strategy.eligible(&rows, &index, &mut budget);
            assert!(budget.used() > 6_000, "{budget:?}");
            if budget.is_exceeded() {
                assert_eq!(verdicts.values, [None; 4]);
                assert_eq!(verdicts.errors.len(), 1);
                assert_eq!(verdicts.errors[0].row, 0);
            } else {
                assert_eq!(verdicts.values, [Some(true); 4]);
            }
        }
        let short = strategy.eligible(&rows, &[2, 1], &mut Budget::for_rows(1));
        assert_eq!((short.values, short.errors[0].row), (vec![None, None], 1));
    }

    #[test]
    fn the_order_of_rows_changes_no_answer() {
        let values: Vec<[(&str, f64); 2]> =
            (0..50).map(|n| [("close", f64::from(n * 7 % 50)), ("ma50", 25.0)]).collect();
        let values: Vec<&[(&str, f64)]> = values.iter().map(|row| &row[..]).collect();
        let forward: Vec<u32> = (0..50).collect();
        let backward: Vec<u32> = (0..50).rev().collect();
        let body = "if row.close == 21.0 { throw \"odd\"; } row.close > row.ma50";
        let (ahead, mut behind) = (run(body, &values, &forward), run(body, &values, &backward));
        behind.values.reverse();
        behind.errors.reverse();
        assert_eq!(ahead, behind);
        assert_eq!(ahead.errors.len(), 1);
    }

    #[test]
    fn forty_conditions_are_not_too_many() {
        let body = vec!["row.close > 1.0"; 40].join(" && ");
        assert_eq!(run(&body, &[&[("close", 5.0)]], &[0]).values, [Some(true)]);
    }

    #[test]
    fn rows_of_other_scripts_are_refused() {
        let (_, first) = strategy(&eligible("row.close > 1.0"));
        let (other, _) = strategy(&eligible("row.ma50 > 1.0"));
        let rows = rows(&other, &[&[("ma50", 5.0)]]);
        let verdicts = first.eligible(&rows, &[0], &mut Budget::for_rows(1));
        assert!(verdicts.errors[0].error.message.contains("bound to other scripts"));
    }

    fn position() -> PositionView {
        let entry_date = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
        PositionView {
            entry_price: 100.0,
            stop_price: 90.0,
            entry_date,
            bars_held: 4,
            highest_close: 111.5,
            quantity: 10.0,
        }
    }

    #[test]
    fn a_position_shows_every_field() {
        let text = format!(
            "{HEAD}fn eligible(row) {{ true }}\nfn entry(row) {{ }}\nfn exit(row, position) {{\n\
             if position.entry_price == 100.0 && position.stop_price == 90.0 && position.entry_date == \"2026-03-02\"\n\
             && position.bars_held == 4 && position.highest_close == 111.5 && position.quantity == 10.0 {{ \"all\" }} }}\n\
             fn stop(row, position) {{ if row.close > 1.0 {{ position.entry_price - 2 * row.close }} }}"
        );
        let (scripts, strategy) = strategy(&text);
        let rows = rows(&scripts, &[&[("close", 5.0)], &[("close", 0.5)]]);
        let held = [position(), position()];
        let budget = &mut Budget::for_rows(2);
        let exits = strategy.exit(&rows, &[0, 1], &held, budget);
        assert_eq!(exits.values, [Some(Some("all".into())), Some(Some("all".into()))]);
        assert_eq!(strategy.stop(&rows, &[0, 1], &held, budget).values, [Some(Some(90.0)), Some(None)]);
        let lacking = strategy.exit(&rows, &[0, 1], &held[..1], budget);
        assert_eq!((lacking.values[1].clone(), lacking.errors.len()), (None, 1));
    }

    #[test]
    fn words_are_short_and_plain() {
        for (word, legal) in [
            ("\"breakout_20d\"", true),
            ("()", true),
            ("\"\"", false),
            ("\"Two words\"", false),
            ("\"<b>\"", false),
            ("1", false),
            ("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", false),
        ] {
            let text = format!(
                "{HEAD}fn eligible(row) {{ true }}\nfn entry(row) {{ {word} }}\nfn exit(row, position) {{ }}"
            );
            let (scripts, strategy) = strategy(&text);
            let rows = rows(&scripts, &[&[]]);
            let verdicts = strategy.entry(&rows, &[0], &mut Budget::for_rows(1));
            assert_eq!(verdicts.errors.is_empty(), legal, "{word}");
        }
    }

    #[test]
    fn a_component_is_between_0_and_10() {
        for (body, expected) in
            [("10", Some(10.0)), ("0.0", Some(0.0)), ("10.5", None), ("-1", None), ("()", None)]
        {
            let text = format!("const WEIGHTS = #{{ only: 1 }};\nfn only(row, signal) {{ {body} }}");
            let (scripts, errors) = Scripts::check(&[source("flat", &text)], &options());
            assert_eq!(errors, []);
            let rows = rows(&scripts, &[&[]]);
            let signals = [SignalView { trigger: "t".into(), strategy: "s".into() }];
            let scorer = scripts.scorer("flat").expect("it was loaded");
            let verdicts = scorer.component(0, &rows, &[0], &signals, &mut Budget::for_rows(1));
            assert_eq!(verdicts.values, [expected], "{body}");
        }
    }

    #[test]
    fn a_call_from_another_pool_is_answered() {
        let (scripts, strategy) = strategy(&eligible("row.close > 1.0"));
        let rows = rows(&scripts, &[&[("close", 5.0)]]);
        let answer = || strategy.eligible(&rows, &[0], &mut Budget::for_rows(1)).values;
        assert_eq!(crate::scripts::pool().install(answer), [Some(true)]);
        assert_eq!(rayon::join(answer, answer), (vec![Some(true)], vec![Some(true)]));
    }
}
