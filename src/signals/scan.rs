//! Asks every enabled strategy about every tradable symbol on one session.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use std::sync::Arc;

use chrono::NaiveDate;

use super::Signal;
use super::found::{Found, Lacking, Market};
use super::score::Scores;
use crate::domain::Symbol;
use crate::domain::format::{count, price};
use crate::domain::{Problem, ProblemKind};
use crate::features::Columns;
use crate::features::Feature;
use crate::scripts::Scripts;
use crate::scripts::not_ready;
use crate::scripts::{Budget, RowError, Rows, Rule, Scorer, Strategy};

/// What the scripts said on one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// By strategy, then by symbol.
    pub signals: Vec<Signal>,
    pub not_ready: Vec<NotReady>,
    pub problems: Vec<Problem>,
}

/// A symbol that a strategy was not shown, because a feature it requires has too few bars.
#[derive(Clone, Debug, PartialEq)]
pub struct NotReady {
    pub symbol: Symbol,
    pub strategy: Arc<str>,
    pub missing: Vec<Feature>,
    /// The symbol's bars up to the session.
    pub bars: usize,
}

impl NotReady {
    /// Returns the problem that tells the reader what is missing, and how much of it.
    pub fn problem(&self) -> Problem {
        let missing: Vec<&Feature> = self.missing.iter().collect();
        let message = format!("not ready for {}: {}", self.strategy, not_ready(&missing, self.bars));
        Problem::new(&self.symbol, ProblemKind::NotReady, message)
    }
}

/// Evaluates the scripts on one session.
///
/// `rows` must be `columns` bound to the same `scripts`. `only` names the strategies, disabled or
/// not; empty means all that are enabled. A strategy that errs on any row makes no signal on the
/// session, and a problem names the script, line, symbol and values.
pub fn scan(columns: &Columns, scripts: &Scripts, rows: &Rows, session: NaiveDate, only: &[String]) -> Scan {
    let market = Market::new(columns, scripts, rows);
    let found = market.find(&[session], only).pop().unwrap_or_default();
    market.told(found)
}

impl Market<'_> {
    /// Asks every strategy on each of the sessions, which ascend, as [`scan`] does on one.
    pub fn find(&self, sessions: &[NaiveDate], only: &[String]) -> Vec<Found> {
        let class = self.columns.panel().asset_class();
        let found = |session: &NaiveDate| Found { session: *session, ..Found::default() };
        let mut found: Vec<Found> = sessions.iter().map(found).collect();
        let together = Block::of(self.columns, sessions);
        for (place, strategy) in (0_u32..).zip(self.scripts.strategies()) {
            let is_asked = match only {
                [] => strategy.is_enabled(),
                names => names.iter().any(|name| name == strategy.name()),
            };
            if is_asked && strategy.asset_class() == class {
                self.ask_each((place, strategy), (sessions, &together), &mut found);
            }
        }
        found
    }

    /// Asks a strategy about sessions, whose rows are also given together, and adds what it said of each.
    fn ask_each(
        &self,
        strategy: (u32, &Strategy),
        (sessions, together): (&[NaiveDate], &Block),
        found: &mut [Found],
    ) {
        // Together is the same as one by one, and quicker, where no row errs and no budget counts.
        if sessions.len() > 1 && self.is_uncounted(strategy.1) && self.ask(strategy, together, found).is_ok()
        {
            return;
        }
        for (session, found) in sessions.iter().zip(found) {
            let alone = Block::of(self.columns, slice::from_ref(session));
            if let Err(errors) = self.ask(strategy, &alone, slice::from_mut(found)) {
                let (_, strategy) = strategy;
                let consequence = format!("no entries from {} on this session", strategy.name());
                let told = script_failures(self.columns, self.scripts, strategy, &errors, &consequence);
                found.problems.extend(told);
            }
        }
    }

    /// Tells whether no function that is asked for an entry charges a budget.
    fn is_uncounted(&self, strategy: &Strategy) -> bool {
        let mut rules = [Rule::Eligible, Rule::Entry].into_iter().filter_map(|rule| strategy.function(rule));
        let scorer = self.scripts.scorer_of(strategy);
        rules.all(|function| strategy.why_not_columns(function).is_none())
            && scorer.is_none_or(|scorer| {
                scorer.functions().iter().all(|function| scorer.why_not_columns(function).is_none())
            })
    }

    /// Asks a strategy about a block at once, with the budget of one session that has all its rows, and adds what it
    /// said to what was found on each of the block's sessions. Nothing is added where a row errs.
    fn ask(
        &self,
        (place, strategy): (u32, &Strategy),
        block: &Block,
        found: &mut [Found],
    ) -> Result<(), Vec<RowError>> {
        let rows = self.rows;
        let budget = &mut Budget::for_rows(block.index.len());
        let eligible = strategy.eligible(rows, &block.index, budget).complete()?;
        let shown = block.picked(|at| eligible[at] == Some(true));
        let triggers = strategy.entry(rows, &shown.index, budget).complete()?;
        let triggered = shown.picked(|at| matches!(triggers[at], Some(Some(_))));
        let names = names(triggers.iter().flatten().flatten());
        let scores = Scores::ask(self, (place, strategy), (&triggered.index, &names), budget)?;
        for (rule, block, silent) in [
            (Rule::Eligible, block, block.places(|at| eligible[at].is_none())),
            (Rule::Entry, &shown, shown.places(|at| triggers[at].is_none())),
        ] {
            // A rule that is not there is silent on every row, and needs nothing.
            if strategy.function(rule).is_some() {
                for at in silent {
                    let lacking = self.lacking(block.index[at], place, rule);
                    found[block.sessions[at] as usize].lacking.push(lacking);
                }
            }
        }
        if let Some(scores) = scores {
            for (at, session) in triggered.sessions.iter().enumerate() {
                scores.add(at, (triggered.index[at], &names[at]), &mut found[*session as usize]);
            }
        }
        Ok(())
    }

    fn lacking(&self, row: u32, strategy: u32, rule: Rule) -> Lacking {
        Lacking { row, owner: self.columns.panel().owner(row as usize) as u32, strategy, rule }
    }
}

/// Rows of some sessions, symbol by symbol as they lie in memory, each with the place of its session.
#[derive(Debug, Default)]
struct Block {
    index: Vec<u32>,
    sessions: Vec<u32>,
}

impl Block {
    /// Takes the rows of the universe on these sessions, which ascend.
    fn of(columns: &Columns, sessions: &[NaiveDate]) -> Self {
        let (Some(first), Some(last)) = (sessions.first(), sessions.last()) else { return Self::default() };
        if first == last {
            let index: Vec<u32> = columns.tradable_on(*first).collect();
            return Self { sessions: vec![0; index.len()], index };
        }
        let panel = columns.panel();
        let mut block = Self::default();
        for position in (0..panel.symbols().len()).filter(|position| columns.is_tradable(*position)) {
            let rows = panel.rows(position);
            let start = rows.start;
            let begin = panel
                .row(position, *first)
                .unwrap_or_else(|| start + panel.dates()[rows.clone()].partition_point(|date| date < first));
            // Nearly always there is a bar on each of them.
            let whole = begin..begin + sessions.len();
            if whole.end <= rows.end && panel.dates()[whole.clone()] == *sessions {
                block.index.extend(whole.start as u32..whole.end as u32);
                block.sessions.extend(0..sessions.len() as u32);
                continue;
            }
            let mut next = (0_u32..).zip(sessions).peekable();
            for row in begin..rows.end {
                let date = panel.dates()[row];
                while next.next_if(|(_, session)| **session < date).is_some() {}
                match next.peek() {
                    Some((place, session)) if **session == date => {
                        block.index.push(row as u32);
                        block.sessions.push(*place);
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        }
        block
    }

    /// The places of the rows of which something holds.
    fn places(&self, holds: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.index.len()).filter(|at| holds(*at)).collect()
    }

    /// Those rows alone.
    fn picked(&self, holds: impl Fn(usize) -> bool) -> Self {
        let mut picked = Self::default();
        for at in (0..self.index.len()).filter(|at| holds(*at)) {
            picked.index.push(self.index[at]);
            picked.sessions.push(self.sessions[at]);
        }
        picked
    }
}

/// The names of triggers: few, each made once.
fn names<'a, T: AsRef<str> + 'a>(triggers: impl Iterator<Item = &'a T>) -> Vec<Arc<str>> {
    let mut known: Vec<Arc<str>> = Vec::new();
    let name = |trigger: &'a T| {
        let trigger = trigger.as_ref();
        let place = known.iter().position(|name| **name == *trigger).unwrap_or_else(|| {
            known.push(trigger.into());
            known.len() - 1
        });
        Arc::clone(&known[place])
    };
    triggers.map(name).collect()
}

/// Tells of a strategy, or its scorer, that erred: one problem for each place in the script, with
/// the symbol and values of the first row and the number of the others, and the consequence.
pub fn script_failures(
    columns: &Columns,
    scripts: &Scripts,
    strategy: &Strategy,
    errors: &[RowError],
    consequence: &str,
) -> Vec<Problem> {
    let mut by_place: BTreeMap<_, Vec<&RowError>> = BTreeMap::new();
    for error in errors {
        let own = &error.error;
        by_place.entry((&own.path, own.line, own.column)).or_default().push(error);
    }
    let problem = |errors: Vec<&RowError>| {
        let rows: BTreeSet<u32> = errors.iter().map(|error| error.row).collect();
        let more = match rows.len() - 1 {
            0 => String::new(),
            more => format!(" and {}", count(more, "more symbol")),
        };
        let seen = seen(columns, scripts, strategy, errors[0]);
        let message = format!("{} on {seen}{more}; {consequence}", errors[0].error);
        Problem::new(strategy.name(), ProblemKind::ScriptRun, message)
    };
    by_place.into_values().map(problem).collect()
}

/// The symbol, session and values that a script saw where it erred.
fn seen(columns: &Columns, scripts: &Scripts, strategy: &Strategy, error: &RowError) -> String {
    let panel = columns.panel();
    let row = error.row as usize;
    let symbol = &panel.symbols()[panel.owner(row)];
    // The one that erred is the strategy or its scorer.
    let read = scripts.scorer(&error.error.script).map_or_else(|| strategy.features(), Scorer::features);
    let values: Vec<String> = read
        .iter()
        .map(|feature| match columns.value(feature, row) {
            Some(value) => format!("{feature} {}", price(value)),
            None => format!("{feature} missing"),
        })
        .collect();
    let values = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
    format!("{symbol}, {}{values}", panel.dates()[row])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, columns, day, flat, options, scripts, scripts_with, series};

    fn scan_on(scripts: &Scripts, series: Vec<crate::bars::Bars>, session: usize) -> Scan {
        let columns = columns(AssetClass::Equity, series, scripts);
        scan(&columns, scripts, &scripts.bind(&columns), day(session), &[])
    }

    fn found(scan: &Scan) -> Vec<String> {
        scan.signals.iter().map(|signal| format!("{} {}", signal.strategy, signal.symbol)).collect()
    }

    fn messages(scan: &Scan) -> Vec<String> {
        scan.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn signals_come_by_strategy_and_symbol_whatever_the_order_given() {
        let one = scripts(&[("b_rule", ALWAYS), ("a_rule", ALWAYS)]);
        let two = scripts(&[("a_rule", ALWAYS), ("b_rule", ALWAYS)]);
        let expected = ["a_rule X", "a_rule Y", "b_rule X", "b_rule Y"];
        let there = scan_on(&one, vec![flat("X", 70.0), flat("Y", 80.0)], 29);
        let back = scan_on(&two, vec![flat("Y", 80.0), flat("X", 70.0)], 29);
        assert_eq!(found(&there), expected);
        assert_eq!(there, back);
    }

    #[test]
    fn a_script_that_errs_on_one_row_signals_nothing_and_says_where() {
        let text =
            ALWAYS.replace("return \"always\";", "if row.close == 80.0 { throw \"odd\"; }\n\"always\"");
        let scripts = scripts(&[("broken", &text), ("sound", ALWAYS)]);
        let scan = scan_on(&scripts, vec![flat("X", 70.0), flat("Y", 80.0), flat("Z", 90.0)], 29);
        assert_eq!(found(&scan), ["sound X", "sound Y", "sound Z"]);
        let expected = "broken: broken.rhai:4:40: in `entry`: odd on Y, 2024-01-30 (close 80.00); \
                        no entries from broken on this session";
        assert_eq!(messages(&scan), [expected]);
        assert_eq!(scan.problems[0].kind, ProblemKind::ScriptRun);
    }

    #[test]
    fn one_mistake_is_told_once_however_many_symbols_meet_it() {
        let text = ALWAYS.replace("return \"always\";", "throw `odd ${row.close}`;");
        let bars = vec![flat("X", 70.0), flat("Y", 80.123_456_789), flat("Z", 90.0)];
        let told = messages(&scan_on(&scripts(&[("broken", &text)]), bars, 29));
        assert_eq!(told.len(), 1, "{told:?}");
        let expected = "on X, 2024-01-30 (close 70.00) and 2 more symbols; no entries from broken";
        assert!(told[0].contains(expected), "{told:?}");
    }

    #[test]
    fn a_scorer_that_errs_silences_the_strategy_and_shows_what_it_read() {
        let text = ALWAYS.replace("\"equity\"", "\"equity\", scorer: \"wild\"");
        let wild = "const WEIGHTS = #{ a: 1.0 };\nfn a(row, signal) {\n  row.adv20 }";
        let scripts = scripts(&[("rule", &text), ("wild", wild)]);
        let scan = scan_on(&scripts, vec![flat("X", 70.0)], 29);
        assert!(scan.signals.is_empty());
        let message = &messages(&scan)[0];
        for part in ["wild.rhai:2:1", "on X", "adv20 70,000,000", "no entries from rule"] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn a_short_history_is_not_ready_and_says_how_short() {
        let text = ALWAYS.replace("row.close > 1.0", "row.close > row.ma50 * 0.5");
        let scan = scan_on(&scripts(&[("rule", &text)]), vec![flat("X", 70.0)], 29);
        assert!(scan.signals.is_empty() && scan.problems.is_empty());
        let told: Vec<String> = scan.not_ready.iter().map(|own| own.problem().to_string()).collect();
        assert_eq!(told, ["X: not ready for rule: ma50 needs 50 bars, has 30"]);
    }

    #[test]
    fn only_enabled_strategies_of_the_class_are_asked() {
        let mut options = options();
        options.disabled = BTreeSet::from(["off".to_owned()]);
        let crypto = ALWAYS.replace("equity", "crypto");
        let scripts = scripts_with(&[("off", ALWAYS), ("on", ALWAYS), ("coin", &crypto)], &options);
        assert_eq!(found(&scan_on(&scripts, vec![flat("X", 70.0)], 29)), ["on X"]);
    }

    #[test]
    fn strategies_can_be_picked_by_name() {
        let scripts = scripts(&[("a", ALWAYS), ("b", ALWAYS)]);
        let columns = columns(AssetClass::Equity, vec![flat("X", 70.0)], &scripts);
        let picked = scan(&columns, &scripts, &scripts.bind(&columns), day(29), &["b".to_owned()]);
        assert_eq!(found(&picked), ["b X"]);

        let mut options = options();
        options.disabled = BTreeSet::from(["b".to_owned()]);
        let scripts = scripts_with(&[("a", ALWAYS), ("b", ALWAYS)], &options);
        let picked = scan(&columns, &scripts, &scripts.bind(&columns), day(29), &["b".to_owned()]);
        assert_eq!(found(&picked), ["b X"], "who names a disabled strategy wants to see it");
    }

    #[test]
    fn an_old_bar_is_never_signalled() {
        let scan =
            scan_on(&scripts(&[("rule", ALWAYS)]), vec![flat("X", 70.0), series("Y", 0, &[80.0; 29])], 29);
        assert_eq!(found(&scan), ["rule X"]);
    }
}
