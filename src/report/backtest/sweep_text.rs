//! A sweep as text and JSON: a row a combination, the heat map, and what its best one is worth.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::aligned::aligned;
use super::sweep::{HeatMap, Sweep, Trial};
use crate::backtest::{Flatness, as_set};
use crate::domain::format::{count, fixed, percent};
use crate::performance::Figure;

/// Combinations that the text has: more than these nobody reads line by line.
const LISTED: usize = 50;

impl Sweep {
    /// Renders what stands above the report of the best combination.
    pub(super) fn text(&self) -> String {
        let combinations = count(self.grid.len(), "combination");
        let mut text = match self.done() {
            done if done == self.grid.len() => {
                format!("Sweep of {combinations}, each over the same sessions\n")
            }
            done => format!("Sweep, interrupted: {} of {combinations} done\n", fixed(done as f64, 0)),
        };
        text.push_str(&aligned(&self.listed()));
        if let Some(more) = self.done().checked_sub(LISTED).filter(|more| *more > 0) {
            let more = count(more, "combination");
            text.push_str(&format!("The best {LISTED} by Sharpe ratio; {more} more: --format json\n"));
        }
        text.push_str(
            "Near: the mean and the worst Sharpe ratio of the combinations one step away in one constant. A best one \
             far above them is more likely luck.\n",
        );
        if let Some(map) = self.heat_map() {
            text.push_str(&told_map(&map));
        }
        text.push('\n');
        text.push_str(&self.verdict());
        text
    }

    /// The table as far as a person reads it: all of a small grid in its order, the best ones of a large grid.
    fn listed(&self) -> Vec<Vec<String>> {
        let table = self.table();
        if self.done() <= LISTED {
            return table;
        }
        let walked = self.trials.iter().zip(self.sharpes()).filter(|(trial, _)| trial.is_some());
        let mut ranked: Vec<(usize, Option<f64>)> = walked.map(|(_, sharpe)| sharpe).enumerate().collect();
        ranked.sort_by(|(_, one), (_, other)| {
            let worth = |own: &Option<f64>| own.unwrap_or(f64::NEG_INFINITY);
            worth(other).total_cmp(&worth(one))
        });
        let best = ranked.into_iter().take(LISTED).map(|(place, _)| table[place + 1].clone());
        table[..1].iter().cloned().chain(best).collect()
    }

    /// Returns a head, and a row for each combination that was walked.
    pub(super) fn table(&self) -> Vec<Vec<String>> {
        let mut header: Vec<String> = self.grid.varying().iter().map(|axis| axis.name.clone()).collect();
        header.extend(
            ["trades", "CAGR", "Sharpe", "drawdown", "expectancy", "profit factor", "near", "worst near"]
                .map(str::to_owned),
        );
        let has_failed = self.failed() > 0;
        if has_failed {
            header.push("failed".to_owned());
        }
        let mut rows = vec![header];
        let all = self.trials.iter().zip(self.flatness()).enumerate();
        for (index, (trial, near)) in
            all.filter_map(|(index, (own, near))| Some((index, (own.as_ref()?, near))))
        {
            let mut row: Vec<String> =
                self.grid.chosen(index).iter().map(|(_, value)| value.to_string()).collect();
            row.extend(cells(trial, near));
            if has_failed {
                row.push(trial.failed_scripts());
            }
            rows.push(row);
        }
        rows
    }

    /// What the best one is, and how much of it the number of trials explains.
    pub(super) fn verdict(&self) -> String {
        let best = as_set(&self.grid.chosen(self.best));
        let tried = self.ratios_tried().len();
        let with_ratio = self.sharpes().iter().flatten().count();
        let trials = match with_ratio - tried {
            0 => count(tried, "trial"),
            _ => format!(
                "{} ({} with a ratio, the same curves counted once)",
                count(tried, "trial"),
                count(with_ratio, "combination")
            ),
        };
        let mut verdict = match self.deflated_sharpe {
            Ok(probability) => format!(
                "Best by Sharpe ratio: {best}\nAs the best of {trials}, its true Sharpe ratio is above 0 with a \
                 probability of {} (deflated Sharpe ratio; Bailey, López de Prado 2014)\n",
                percent(probability, 1)
            ),
            Err(why) if tried == 0 => {
                format!("No combination has a Sharpe ratio ({}); shown is {best}\n", why.0)
            }
            Err(why) => {
                format!(
                    "Best by Sharpe ratio: {best}\nWhat is left of it after {trials} cannot be told: {}\n",
                    why.0
                )
            }
        };
        if self.failed() > 0 {
            verdict.push_str(&format!(
                "A script failed with {}: what such a row tells is of what was left to trade.\n",
                count(self.failed(), "combination")
            ));
        }
        for axis in self.idle() {
            let values = fixed(axis.values.len() as f64, 0);
            verdict.push_str(&format!(
                "{} changes nothing: all {values} values give the same trades.\n",
                axis.name
            ));
        }
        verdict
    }

    /// Returns it for programs: `trials` in the grid's order, null where one was not walked.
    pub(super) fn json(&self) -> Value {
        let named = |index: usize| -> Value {
            let own = self.grid.combination(index);
            own.into_iter()
                .map(|(name, value)| (name, json!(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let flatness = self.flatness();
        let trial = |(index, own): (usize, &Option<Trial>)| {
            let Some(own) = own else { return Value::Null };
            let Flatness { neighbours, mean, worst } = flatness[index];
            json!({
                "constants": named(index),
                "figures": own.figures,
                "neighbourhood": { "neighbours": neighbours, "mean_sharpe": mean, "worst_sharpe": worst },
                "script_failures": own.failures,
            })
        };
        json!({
            "grid": self.grid.varying().iter().map(|axis| json!({ "name": axis.name, "values": axis.values }))
                .collect::<Vec<_>>(),
            "combinations": self.grid.len(),
            "done": self.done(),
            "trials": self.trials.iter().enumerate().map(trial).collect::<Vec<_>>(),
            "best": {
                "index": self.best,
                "constants": named(self.best),
                "trials": self.ratios_tried().len(),
                "deflated_sharpe": self.deflated_sharpe.ok(),
                "undefined": self.deflated_sharpe.err().map(|why| why.0),
            },
            "changes_nothing": self.idle().iter().map(|axis| &axis.name).collect::<Vec<_>>(),
            "heat_map": self.heat_map().map(|map| json!({
                "down": map.down.name,
                "across": map.across.name,
                "sharpe": map.sharpes,
            })),
        })
    }
}

impl Trial {
    /// Names the scripts that failed.
    fn failed_scripts(&self) -> String {
        let names: BTreeSet<&str> = self.failures.iter().map(|own| own.symbol.as_str()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}

fn cells(trial: &Trial, near: Flatness) -> [String; 8] {
    let told = |name: &str, show: fn(f64) -> String| shown(trial.figure(name), show);
    let ratio = |value: f64| fixed(value, 2);
    let optional = |value: Option<f64>| value.map_or("–".to_owned(), ratio);
    [
        told("trades", |value| fixed(value, 0)),
        told("cagr", |value| percent(value, 2)),
        told("sharpe", ratio),
        told("max_drawdown", |value| percent(value, 2)),
        told("expectancy", |value| format!("{} R", fixed(value, 2))),
        told("profit_factor", ratio),
        optional(near.mean),
        optional(near.worst),
    ]
}

/// A figure, or a dash where it is not defined.
pub(super) fn shown(figure: Figure, show: fn(f64) -> String) -> String {
    figure.map_or("–".to_owned(), show)
}

fn told_map(map: &HeatMap<'_>) -> String {
    let mut header = vec![String::new()];
    header.extend(map.across.values.iter().map(ToString::to_string));
    let mut rows = vec![header];
    for (value, sharpes) in map.down.values.iter().zip(&map.sharpes) {
        let mut row = vec![value.to_string()];
        row.extend(sharpes.iter().map(|own| own.map_or("–".to_owned(), |value| fixed(value, 2))));
        rows.push(row);
    }
    format!("\nSharpe ratio by {} (down) and {} (across)\n{}", map.down.name, map.across.name, aligned(&rows))
}
