//! The figures as tables: the headline, all of them with how they are reckoned, and by group.
//!
//! Each cell has the number itself beside the text, so that a program reads from the page what the JSON has.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::format;
use crate::performance::{Figure, Figures, Interval, Kind, Undefined};
use crate::report::backtest::text::OF_BENCHMARK;
use crate::report::backtest::told;

/// What the headline shows, by the names of the JSON.
const HEADLINE: [&str; 8] =
    ["total_return", "cagr", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor", "expectancy"];

/// The columns of groups of trades: name in the JSON and head.
const OF_TRADES: [(&str, &str); 6] = [
    ("trades", "Trades"),
    ("win_rate", "Win rate"),
    ("profit_factor", "Profit factor"),
    ("expectancy", "Expectancy"),
    ("sqn", "SQN"),
    ("mean_holding", "Mean holding"),
];

/// The columns of years.
const OF_YEARS: [(&str, &str); 7] = [
    ("total_return", "Return"),
    ("max_drawdown", "Deepest drawdown"),
    ("sharpe", "Sharpe"),
    ("trades", "Trades"),
    ("win_rate", "Win rate"),
    ("profit_factor", "Profit factor"),
    ("expectancy", "Expectancy"),
];

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct FigureView {
    /// The name in the JSON.
    pub name: &'static str,
    pub label: &'static str,
    pub cell: Cell,
    /// The interval, or why there is no number.
    pub note: String,
    pub formula: &'static str,
}

/// A number as people read it, and as it is; without a value where it is not defined.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Cell {
    pub text: String,
    /// Every digit, for programs; empty where there is none.
    pub value: String,
}

impl Cell {
    fn of(kind: &Kind, figure: Figure) -> Self {
        match figure {
            Ok(value) => Self { text: told(kind.unit, value), value: value.to_string() },
            Err(_) => Self { text: format::MISSING.to_owned(), value: String::new() },
        }
    }
}

/// Groups of trades side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct GroupTable {
    pub title: &'static str,
    /// What a row is.
    pub of: &'static str,
    pub heads: Vec<&'static str>,
    pub rows: Vec<GroupRow>,
    /// Why cells are empty, a line for each reason.
    pub undefined: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct GroupRow {
    pub name: String,
    pub cells: Vec<Cell>,
}

/// Returns every figure. The intervals are by name: those that could be drawn. `part` is what the benchmark covers of
/// the account's days, where that is not all.
pub(super) fn all(
    figures: &Figures,
    intervals: &[(&str, Result<Interval, Undefined>)],
    part: Option<String>,
) -> Vec<FigureView> {
    let view = |(kind, figure): (&'static Kind, Figure)| {
        let interval = intervals.iter().find(|(name, _)| *name == kind.name).map(|(_, interval)| interval);
        let note = match (figure, interval) {
            (Err(why), _) => why.0.to_owned(),
            (Ok(_), Some(Ok(own))) => {
                let (low, high) = (told(kind.unit, own.low), told(kind.unit, own.high));
                format!("{} within {low} to {high}", format::percent(own.level, 0))
            }
            (Ok(_), Some(Err(why))) => format!("no interval: {}", why.0),
            (Ok(_), None) if OF_BENCHMARK.contains(&kind.name) => part.clone().unwrap_or_default(),
            (Ok(_), None) => String::new(),
        };
        FigureView {
            name: kind.name,
            label: kind.label,
            cell: Cell::of(kind, figure),
            note,
            formula: kind.formula,
        }
    };
    figures.iter().map(view).collect()
}

/// Returns those of the headline.
pub(super) fn headline(all: &[FigureView]) -> Vec<FigureView> {
    HEADLINE.iter().filter_map(|name| all.iter().find(|own| own.name == *name)).cloned().collect()
}

/// Lays groups of trades out; `None` without any.
pub(super) fn of_trades(
    title: &'static str,
    of: &'static str,
    groups: &BTreeMap<String, Figures>,
) -> Option<GroupTable> {
    table(title, of, &OF_TRADES, groups)
}

/// Lays years out; `None` without any.
pub(super) fn of_years(groups: &BTreeMap<String, Figures>) -> Option<GroupTable> {
    table("By year of the exit", "Year", &OF_YEARS, groups)
}

fn table(
    title: &'static str,
    of: &'static str,
    columns: &[(&'static str, &'static str)],
    groups: &BTreeMap<String, Figures>,
) -> Option<GroupTable> {
    if groups.is_empty() {
        return None;
    }
    let mut reasons: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
    let mut rows = Vec::new();
    for (name, figures) in groups {
        let mut cells = Vec::new();
        for (column, (figure, _)) in columns.iter().enumerate() {
            let Some((kind, own)) = figures.iter().find(|(kind, _)| kind.name == *figure) else { continue };
            if let Err(why) = own {
                reasons.entry((column, why.0)).or_default().push(name);
            }
            cells.push(Cell::of(kind, own));
        }
        rows.push(GroupRow { name: name.clone(), cells });
    }
    let because = |((column, why), names): ((usize, &str), Vec<&str>)| {
        format!("{} of {}: {why}", columns[column].1, names.join(", "))
    };
    let heads = columns.iter().map(|(_, head)| *head).collect();
    Some(GroupTable { title, of, heads, rows, undefined: reasons.into_iter().map(because).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_and_the_columns_are_figures_of_the_catalogue() {
        let names: Vec<&str> = crate::performance::catalogue().map(|kind| kind.name).collect();
        let columns = OF_TRADES.iter().chain(&OF_YEARS).map(|(name, _)| name);
        for name in HEADLINE.iter().chain(columns) {
            assert!(names.contains(name), "{name}");
        }
        let of_trades: Vec<&str> = Figures::of_trades(&[]).iter().map(|(kind, _)| kind.name).collect();
        assert!(OF_TRADES.iter().all(|(name, _)| of_trades.contains(name)));
    }

    #[test]
    fn a_figure_without_a_number_has_its_reason() {
        let none = Figures::of_trades(&[]);
        let expectancy = all(&none, &[], None).into_iter().find(|own| own.name == "expectancy").expect("one");
        assert_eq!((&expectancy.cell.text[..], &expectancy.cell.value[..]), ("–", ""));
        assert_eq!(expectancy.note, "no trade was closed");
        let groups = BTreeMap::from([("a".to_owned(), none.clone()), ("b".to_owned(), none)]);
        let table = of_trades("By", "x", &groups).expect("two groups");
        assert!(table.undefined.contains(&"Win rate of a, b: no trade was closed".to_owned()));
    }
}
