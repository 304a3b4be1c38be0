//! Every function run once on rows that the market may bring: typical, young, flat, extreme.
//!
//! The rows are computed by the program's own formulas from made-up bars, so no row holds what
//! no bar could give. A function that fails on one will fail on the day that such a bar comes,
//! and take the strategy's entries of that day with it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::Days;
use chrono::NaiveDate;
use rhai::ASTNode;
use rhai::Expr;

use super::nodes::for_each_node;
use crate::bars::Bars;
use crate::bars::Panel;
use crate::bars::check;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Symbol;
use crate::features::Columns;
use crate::features::Feature;
use crate::scripts::Budget;
use crate::scripts::Function;
use crate::scripts::PositionView;
use crate::scripts::RowError;
use crate::scripts::Rows;
use crate::scripts::Rule;
use crate::scripts::Scorer;
use crate::scripts::ScriptError;
use crate::scripts::Scripts;
use crate::scripts::SignalView;
use crate::scripts::Strategy;

/// A failure, with the row that brought it about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    pub error: ScriptError,
    /// What kind of row it was, with the values that the function read.
    pub row: String,
}

/// Made-up markets, one a symbol: what a bar's close is of the one before, and what they are
/// called in messages.
const MARKETS: [(&str, &str, f64); 5] = [
    ("CALM", "a typical row", 1.0005),
    ("CRASH", "a price that falls every day", 0.98),
    ("FLAT", "a price that never moved", 1.0),
    ("JUMP", "a tenfold price", 1.0),
    ("SOAR", "a price that rises every day", 1.02),
];
const CALM: usize = 0;
const FLAT: usize = 2;
const BENCHMARK: &str = "BENCH";
/// Values that a message names, at most.
const MAX_VALUES: usize = 4;

/// The rows of the made-up markets, as one set of scripts sees them.
pub(super) struct World {
    rows: Rows,
    columns: Columns,
    /// Each row with its market.
    index: Vec<(u32, usize)>,
}

/// Runs every function of every script, and returns what failed.
pub(super) fn smoke(scripts: &Scripts, world: &World) -> Vec<Failure> {
    let mut failures = Vec::new();
    for strategy in scripts.strategies() {
        failures.extend(run_strategy(scripts, world, strategy));
    }
    for scorer in scripts.scorers() {
        failures.extend(run_scorer(scripts, world, scorer));
    }
    // One place fails on many rows in the same way.
    let mut seen = BTreeSet::new();
    failures.retain(|failure| {
        seen.insert((failure.error.path.clone(), failure.error.line, failure.error.column))
    });
    failures
}

fn run_strategy(scripts: &Scripts, world: &World, strategy: &Strategy) -> Vec<Failure> {
    let mut failures = Vec::new();
    let all: Vec<u32> = world.index.iter().map(|(row, _)| *row).collect();
    let budget = || Budget::for_positions(all.len());
    let eligible = strategy.eligible(&world.rows, &all, &mut budget());
    failures.extend(world.told(strategy.function(Rule::Eligible), eligible.errors));
    // Only eligible rows are shown to `entry`; a typical one is, so that it is run at all.
    let shown: Vec<u32> = world
        .index
        .iter()
        .zip(&eligible.values)
        .filter(|((_, market), is_eligible)| *market == CALM || **is_eligible == Some(true))
        .map(|((row, _), _)| *row)
        .collect();
    let entry = strategy.entry(&world.rows, &shown, &mut budget());
    failures.extend(world.told(strategy.function(Rule::Entry), entry.errors));
    for (at_entry, bars_held) in [(1.0, 0), (0.5, 10), (50.0, 2_000)] {
        let position = |row: &u32| world.position(*row, at_entry, bars_held);
        let positions: Vec<PositionView> = all.iter().map(position).collect();
        let exit = strategy.exit(&world.rows, &all, &positions, &mut budget());
        failures.extend(world.told(strategy.function(Rule::Exit), exit.errors));
        let stop = strategy.stop(&world.rows, &all, &positions, &mut budget());
        failures.extend(world.told(strategy.function(Rule::Stop), stop.errors));
    }
    for rule in [Rule::Eligible, Rule::Entry, Rule::Exit, Rule::Stop] {
        let Some(function) = strategy.function(rule) else { continue };
        let rows = world.bare(scripts, function);
        let positions = [world.position(all[0], 1.0, 0); 2];
        let index = [0, 1];
        let errors = match rule {
            Rule::Eligible => strategy.eligible(&rows, &index, &mut budget()).errors,
            Rule::Entry => strategy.entry(&rows, &index, &mut budget()).errors,
            Rule::Exit => strategy.exit(&rows, &index, &positions, &mut budget()).errors,
            Rule::Stop => strategy.stop(&rows, &index, &positions, &mut budget()).errors,
        };
        failures.extend(bare_failures(errors));
    }
    failures
}

fn run_scorer(scripts: &Scripts, world: &World, scorer: &Scorer) -> Vec<Failure> {
    let users: Vec<&Strategy> =
        scripts.strategies().iter().filter(|strategy| strategy.scorer_name() == scorer.name()).collect();
    let mut triggers: BTreeSet<String> = users.iter().flat_map(|strategy| triggers(strategy)).collect();
    if triggers.is_empty() {
        triggers.insert("signal".to_owned());
    }
    let strategy = users.first().map_or("strategy", |strategy| strategy.name());
    // A price that never moved triggers nothing.
    let shown: Vec<u32> =
        world.index.iter().filter(|(_, market)| *market != FLAT).map(|(row, _)| *row).collect();
    let mut failures = Vec::new();
    for trigger in triggers {
        let signal = SignalView { trigger: trigger.into(), strategy: strategy.into() };
        let signals = vec![signal; shown.len()];
        for (component, function) in scorer.functions().iter().enumerate() {
            let budget = || Budget::for_positions(shown.len());
            let graded = scorer.component(component, &world.rows, &shown, &signals, &mut budget());
            failures.extend(world.told(Some(function), graded.errors));
            let bare = world.bare(scripts, function);
            let graded = scorer.component(component, &bare, &[0, 1], &signals, &mut budget());
            failures.extend(bare_failures(graded.errors));
        }
    }
    failures
}

/// Every text that stands in `entry`.
fn triggers(strategy: &Strategy) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(body) = strategy.program().function("entry", 1) {
        for_each_node(&body.statements, &mut |node| {
            if let ASTNode::Expr(Expr::StringConstant(text, _)) = node {
                found.push(text.to_string());
            }
        });
    }
    found
}

fn bare_failures(errors: Vec<RowError>) -> impl Iterator<Item = Failure> {
    errors.into_iter().map(|failed| {
        let row =
            if failed.row == 0 { "a row without any value" } else { "a row that lacks what may be missing" };
        Failure { error: failed.error, row: row.to_owned() }
    })
}

impl World {
    /// Computes what the scripts read on the made-up markets; `None` for scripts that are none.
    pub(super) fn new(scripts: &Scripts) -> Option<Self> {
        let wanted: BTreeSet<Feature> = scripts
            .strategies()
            .iter()
            .flat_map(Strategy::features)
            .chain(scripts.scorers().iter().flat_map(Scorer::features))
            .collect();
        let longest = wanted.iter().map(Feature::first_bar).max().unwrap_or(0);
        let length = longest + 8;
        let mut series: Vec<Bars> =
            MARKETS.iter().filter_map(|(symbol, _, growth)| market(symbol, *growth, length)).collect();
        series.extend(market(BENCHMARK, 1.001, length));
        let universe: BTreeSet<Symbol> = series
            .iter()
            .map(|bars| bars.symbol().clone())
            .filter(|symbol| symbol.as_str() != BENCHMARK)
            .collect();
        let benchmark = Symbol::new(BENCHMARK).ok()?;
        let panel = Panel::stack(AssetClass::Equity, series).ok()?;
        let columns = Columns::compute(panel, &universe, Some(&benchmark), &wanted);
        let mut index = Vec::new();
        for (place, (symbol, ..)) in MARKETS.iter().enumerate() {
            let rows = columns.panel().rows(columns.panel().position(&Symbol::new(symbol).ok()?)?);
            // The first bar of all, one on which some windows are full, and the last.
            for bar in [0, length / 2, length - 1] {
                index.push((u32::try_from(rows.start + bar).ok()?, place));
            }
        }
        let rows = scripts.bind(&columns);
        Some(Self { rows, columns, index })
    }

    /// The rows as the scripts see them.
    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Every row, and its close.
    pub(super) fn closes(&self) -> (Vec<u32>, Vec<f64>) {
        let closes = self.columns.panel().close();
        self.index.iter().map(|(row, _)| (*row, closes[*row as usize])).unzip()
    }

    /// A position that was bought at so many times the row's close.
    pub(super) fn position(&self, row: u32, at_entry: f64, bars_held: u32) -> PositionView {
        let close = self.columns.panel().close()[row as usize];
        PositionView {
            entry_price: close * at_entry,
            stop_price: close * at_entry * 0.9,
            entry_date: self.columns.panel().dates()[row as usize],
            bars_held,
            highest_close: close * at_entry.max(1.0),
            quantity: 10.0,
        }
    }

    /// A row without any value, and a typical one without those that may be missing.
    fn bare(&self, scripts: &Scripts, function: &Function) -> Rows {
        let typical =
            self.index.iter().filter(|(_, market)| *market == CALM).map(|(row, _)| *row).next_back();
        let value = |feature: &Feature| self.rows.value(feature, typical?);
        let required = function.required().iter();
        let given: BTreeMap<Feature, f64> =
            required.filter_map(|feature| Some((feature.clone(), value(feature)?))).collect();
        scripts.rows(&[BTreeMap::new(), given])
    }

    /// Tells the failures with the rows that brought them about.
    fn told(&self, function: Option<&Function>, errors: Vec<RowError>) -> Vec<Failure> {
        let market = |row: u32| {
            self.index.iter().find(|(own, _)| *own == row).map_or("a row", |(_, at)| MARKETS[*at].1)
        };
        let reads: BTreeSet<&Feature> =
            function.into_iter().flat_map(Function::reads).map(|read| &read.feature).collect();
        errors
            .into_iter()
            .map(|failed| {
                let value = |feature: &&Feature| {
                    let value = self.rows.value(feature, failed.row);
                    format!("{feature} {}", value.map_or_else(|| "()".to_owned(), short))
                };
                let values: Vec<String> = reads.iter().take(MAX_VALUES).map(value).collect();
                let row = match &values[..] {
                    [] => market(failed.row).to_owned(),
                    values => format!("{} ({})", market(failed.row), values.join(", ")),
                };
                Failure { error: failed.error, row }
            })
            .collect()
    }
}

/// Writes a value so that it is short, however large or small.
fn short(value: f64) -> String {
    let is_plain = value == 0.0 || (1e-3..1e9).contains(&value.abs());
    if !is_plain {
        return format!("{value:.2e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bars of a market whose close grows by a factor a day, with a wobble unless it is flat.
fn market(symbol: &str, growth: f64, length: usize) -> Option<Bars> {
    let first = NaiveDate::from_ymd_opt(2000, 1, 3)?;
    let is_flat = symbol == "FLAT";
    let mut close = 100.0;
    let mut bars = Vec::with_capacity(length);
    for day in 0..length {
        // A whole number from −3 to 3 that follows no pattern of a few days.
        let wobble = if is_flat { 0.0 } else { ((day * day * 7 + day * 3) % 7) as f64 - 3.0 };
        close *= growth;
        let is_jump = symbol == "JUMP" && day + 1 == length;
        let level = close * if is_jump { 10.0 } else { 1.0 } * (1.0 + 0.002 * wobble);
        let spread = if is_flat { 0.0 } else { level * 0.01 };
        bars.push(Bar {
            date: first.checked_add_days(Days::new(day as u64))?,
            open: level,
            high: level + spread,
            low: level - spread,
            close: level,
            volume: if is_flat { 0.0 } else { 1e6 * (4.0 + wobble) },
        });
    }
    let last = bars.last()?.date;
    Some(check(Symbol::new(symbol).ok()?, bars, last).0)
}
