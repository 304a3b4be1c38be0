//! Replay equality: cutting the bars at a session and deciding it live gives what the backtest decided that day.
//!
//! Nothing is trusted of what the backtest prepared: the features are computed anew from the cut bars, as a run on
//! that day would have. What is compared are the bytes of the decision and of its problems.

use std::fmt;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::fold::Step;
use super::result::Backtest;
use crate::bars::PanelError;
use crate::decide::{MarketBars, decide, prepare_since};
use crate::domain::AssetClass;
use crate::scripts::Scripts;

/// The first place where a run would have decided something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub asset_class: AssetClass,
    pub session: NaiveDate,
    /// The symbol that it is about; empty for the session as a whole.
    pub symbol: String,
    /// Where in the decision, like `recommendations.0.stop_price`.
    pub field: String,
    pub backtest: String,
    pub live: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asset_class, session, symbol, field, backtest, live } = self;
        let whose = if symbol.is_empty() { "the session" } else { symbol };
        write!(
            f,
            "{session} ({asset_class}), {whose}: {field}\n  in the backtest: {backtest}\n  decided live:    {live}"
        )
    }
}

/// Decides sessions again from bars that end with them.
#[derive(Debug)]
pub struct Verifier<'a, F> {
    /// The bars that the backtest was prepared from.
    markets: &'a [MarketBars],
    scripts: &'a Scripts,
    /// Counts the sessions of a class strictly between two dates.
    missing_between: F,
}

impl<'a, F: Fn(AssetClass, NaiveDate, NaiveDate) -> usize + Sync> Verifier<'a, F> {
    /// Takes the bars, the scripts and the calendar that the backtest had.
    pub fn new(markets: &'a [MarketBars], scripts: &'a Scripts, missing_between: F) -> Self {
        Self { markets, scripts, missing_between }
    }

    /// Decides the step's session again, on its book, and returns the first difference. A step without its decision has
    /// none: the walk must tell words.
    ///
    /// # Errors
    /// As [`prepare_since`]; never for bars that could be prepared whole.
    pub fn check(&self, step: &Step<'_>) -> Result<Option<Difference>, PanelError> {
        let market = self.markets.iter().find(|own| own.asset_class == step.asset_class);
        let (Some(market), Some(then)) = (market, step.decision) else { return Ok(None) };
        let class = step.asset_class;
        let held = step.book.positions.iter().filter(|own| own.asset_class == class);
        let since = held.map(|own| own.stop_session).fold(step.session, NaiveDate::min);
        let known = MarketBars {
            asset_class: class,
            bars: market.bars.iter().map(|bars| bars.up_to(step.session)).collect(),
            universe: market.universe.clone(),
            benchmark: market.benchmark.clone(),
            splits: market.splits.clone(),
            real_moves: market.real_moves.clone(),
        };
        let missing_between = |after, before| (self.missing_between)(class, after, before);
        let prepared = prepare_since(known, self.scripts, since, missing_between)?;
        let live = decide(&prepared, self.scripts, step.settings, step.book, step.session);
        let (decision, problems) = (&live.0, &live.1);
        // The debug form tells every digit, and a NaN that JSON would hide as null.
        let is_same = format!("{then:?}{:?}", step.problems) == format!("{decision:?}{problems:?}");
        if is_same {
            return Ok(None);
        }
        let then = document(json!(then), json!(step.problems));
        let now = document(json!(decision), json!(problems));
        let found = differs("", "", &then, &now);
        let (symbol, field, backtest, live) = found.unwrap_or_else(|| {
            let unseen = "a digit that JSON does not show".to_owned();
            (String::new(), "the bytes".to_owned(), unseen.clone(), unseen)
        });
        Ok(Some(Difference { asset_class: class, session: step.session, symbol, field, backtest, live }))
    }
}

/// Returns the first trade that two walks over the same bars do not share: the one whose decisions were compared with
/// live ones, and the one that tells no words, by which `ts backtest` makes its figures. Without one, the first day on
/// which their accounts differ.
pub fn walks_differ(worded: &Backtest, quick: &Backtest) -> Option<Difference> {
    let longest = worded.trades.len().max(quick.trades.len());
    let trade = (0..longest).map(|place| (worded.trades.get(place), quick.trades.get(place)));
    let trade = trade.into_iter().find(|(one, other)| one != other).and_then(|(one, other)| {
        let own = one.or(other)?;
        Some(Difference {
            asset_class: own.asset_class,
            session: own.decided,
            symbol: own.symbol.to_string(),
            field: "the trade".to_owned(),
            backtest: format!("{other:?}"),
            live: format!("{one:?}"),
        })
    });
    trade.or_else(|| {
        let mut days = worded.days.iter().zip(&quick.days);
        let (one, other) = days.find(|(one, other)| one != other)?;
        Some(Difference {
            asset_class: worded.trades.first().map_or(AssetClass::Equity, |own| own.asset_class),
            session: one.date,
            symbol: String::new(),
            field: "the account".to_owned(),
            backtest: format!("{other:?}"),
            live: format!("{one:?}"),
        })
    })
}

/// The parts of a decision, in the order in which they are told.
fn document(decision: Value, problems: Value) -> Value {
    let mut document = decision;
    document["problems"] = problems;
    document
}

/// The first leaf that differs: its symbol, its path, and both values.
fn differs(symbol: &str, path: &str, then: &Value, now: &Value) -> Option<(String, String, String, String)> {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let none = Value::Null;
    match (then, now) {
        _ if then == now => None,
        (Value::Object(fields), Value::Object(others)) => {
            let own = fields.get("symbol").and_then(Value::as_str).unwrap_or(symbol);
            let names = fields.keys().chain(others.keys().filter(|name| !fields.contains_key(*name)));
            let field = |name: &String| fields.get(name).unwrap_or(&none);
            let other = |name: &String| others.get(name).unwrap_or(&none);
            names.into_iter().find_map(|name| differs(own, &below(name), field(name), other(name)))
        }
        (Value::Array(items), Value::Array(others)) => (0..items.len().max(others.len())).find_map(|place| {
            let (item, other) = (items.get(place), others.get(place));
            differs(symbol, &below(&place.to_string()), item.unwrap_or(&none), other.unwrap_or(&none))
        }),
        _ => {
            let named = [then, now].into_iter().find_map(|value| value.get("symbol")?.as_str());
            let told = |value: &Value| match value {
                Value::Null => "nothing".to_owned(),
                other => other.to_string(),
            };
            Some((named.unwrap_or(symbol).to_owned(), path.to_owned(), told(then), told(now)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(then: Value, now: Value, expected: Option<[&str; 4]>) {
        let found = differs("", "", &then, &now).map(|(a, b, c, d)| [a, b, c, d]);
        let expected = expected.map(|own| own.map(str::to_owned));
        assert_eq!(found, expected, "{then} {now}");
    }

    #[test]
    fn the_first_value_that_differs_is_named_with_its_symbol() {
        let buy = |symbol: &str, stop: f64| json!({"symbol": symbol, "stop": stop, "parts": [1, 2]});
        check(json!({"a": [buy("X", 1.0)]}), json!({"a": [buy("X", 1.0)]}), None);
        check(
            json!({"a": [buy("X", 1.0), buy("Y", 2.0)]}),
            json!({"a": [buy("X", 1.0), buy("Y", 3.0)]}),
            Some(["Y", "a.1.stop", "2.0", "3.0"]),
        );
        let whole = r#"{"parts":[1,2],"stop":1.0,"symbol":"X"}"#;
        check(json!({"a": []}), json!({"a": [buy("X", 1.0)]}), Some(["X", "a.0", "nothing", whole]));
        check(json!({"n": null}), json!({"n": "why"}), Some(["", "n", "nothing", "\"why\""]));
    }
}
