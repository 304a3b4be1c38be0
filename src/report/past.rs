//! How earlier recommendations did: the newer ones in a list, and the record of every strategy over all of them.
//!
//! A list has an end and could hide what stands behind it, so the record counts every one that was ever told, and
//! names its worst beside its best.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cards::tone;
use super::sections::{ROWS_SHOWN, more};
use crate::domain::AssetClass;
use crate::domain::format;
use crate::outcomes::{Figures, Followed, StrategyRecord};

/// What the report says of earlier recommendations; empty without a journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// The newer ones, the newest first.
    pub recommendations: Vec<PastRecommendation>,
    /// All of them, by strategy.
    pub record: Vec<StrategyRecord>,
}

/// An earlier BUY and what became of it, followed as if it had been filled. Prices are at the scale at which it was
/// told; fractions are fractions of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastRecommendation {
    pub id: Uuid,
    /// The session that decided it.
    pub session: NaiveDate,
    pub symbol: String,
    pub asset_class: AssetClass,
    pub strategy: String,
    /// `waiting`, `not_filled`, `open`, `strategy_gone`, `closed` or `delisted`.
    pub state: String,
    /// The session of the fill; `None` where there was none yet.
    pub entry_date: Option<NaiveDate>,
    /// The fill's price; without one the close that was told.
    pub entry_price: f64,
    /// As told.
    pub stop_price: f64,
    pub exit_date: Option<NaiveDate>,
    /// The exit's price, or the last close while it is open.
    pub last_price: Option<f64>,
    /// The result so far, a fraction of the entry.
    pub result_pct: Option<f64>,
    /// The same in units of the risk at the fill.
    pub r_multiple: Option<f64>,
    /// The first sessions that traded at the target and at the stop.
    pub target_touched: Option<NaiveDate>,
    pub stop_touched: Option<NaiveDate>,
    /// In words: `open after 3 bars`, `sold 12 Nov: ma20_cross` …
    pub outcome: String,
}

impl PastRecommendation {
    /// Tells what became of a followed one.
    pub fn of(own: &Followed) -> Self {
        Self {
            id: own.told.id,
            session: own.told.session,
            symbol: own.told.symbol.to_string(),
            asset_class: own.told.asset_class,
            strategy: own.told.strategy.clone(),
            state: own.stage_name().to_owned(),
            entry_date: own.entry.map(|entry| entry.session),
            entry_price: own.entry.map_or(own.told.close, |entry| entry.price),
            stop_price: own.told.stop_price,
            exit_date: own.exit.map(|exit| exit.session),
            last_price: own.last_price(),
            result_pct: own.result(),
            r_multiple: own.r_multiple(),
            target_touched: own.target_touched,
            stop_touched: own.stop_touched,
            outcome: own.told_outcome(),
        }
    }

    /// Lists every number that it says, by name.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (String, f64)> {
        let fields = [
            ("entry_price", Some(self.entry_price)),
            ("stop_price", Some(self.stop_price)),
            ("last_price", self.last_price),
            ("result_pct", self.result_pct),
            ("r_multiple", self.r_multiple),
        ];
        fields.into_iter().filter_map(|(name, n)| Some((format!("{} {name}", self.symbol), n?)))
    }
}

/// One earlier recommendation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PastRow {
    pub date: String,
    pub symbol: String,
    pub entry: String,
    pub last: String,
    pub result: String,
    /// The result in R: `+1.25 R`.
    pub r: String,
    pub tone: &'static str,
    pub outcome: String,
}

/// The record of one strategy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordRow {
    pub strategy: String,
    /// Trades that are over.
    pub closed: String,
    pub win_rate: String,
    pub mean_r: String,
    pub mean_tone: &'static str,
    pub sum_r: String,
    pub sum_tone: &'static str,
    /// The sum of this month, with the number of trades.
    pub month: String,
    pub month_tone: &'static str,
    /// Losers and winners, the worst and the best, and what is not closed.
    pub note: String,
}

/// Lists earlier recommendations, and says how many more there are.
pub fn rows(past: &[PastRecommendation]) -> (Vec<PastRow>, String) {
    let missing = || format::MISSING.to_owned();
    let row = |past: &PastRecommendation| PastRow {
        date: format::short_day(past.session),
        symbol: format::clean(&past.symbol),
        entry: format::price(past.entry_price),
        last: past.last_price.map_or_else(missing, format::price),
        result: past.result_pct.map_or_else(missing, |r| format::signed_percent(r, 2)),
        r: in_r(past.r_multiple),
        tone: past.result_pct.map_or("", tone),
        outcome: format::clean(&past.outcome),
    };
    (past.iter().take(ROWS_SHOWN).map(row).collect(), more(past.len(), ROWS_SHOWN))
}

/// Tells the record of each strategy, none left out.
pub fn record(records: &[StrategyRecord]) -> Vec<RecordRow> {
    records.iter().map(row).collect()
}

fn row(own: &StrategyRecord) -> RecordRow {
    let all = &own.all;
    RecordRow {
        strategy: format::clean(&own.strategy),
        closed: all.closed.to_string(),
        win_rate: all.win_rate.map_or_else(|| format::MISSING.to_owned(), |rate| format::percent(rate, 0)),
        mean_r: in_r(all.mean_r),
        mean_tone: all.mean_r.map_or("", tone),
        sum_r: in_r(all.sum_r),
        sum_tone: all.sum_r.map_or("", tone),
        month: match own.month.sum_r {
            Some(_) => format!("{} ({})", in_r(own.month.sum_r), own.month.closed),
            None => format::MISSING.to_owned(),
        },
        month_tone: own.month.sum_r.map_or("", tone),
        note: note(own),
    }
}

fn note(own: &StrategyRecord) -> String {
    let Figures { wins, losses, break_evens, worst_r, best_r, .. } = &own.all;
    let mut parts = Vec::new();
    match own.no_figures() {
        Some(reason) => parts.push(format!("no figures: {reason}")),
        None => {
            let even = if *break_evens > 0 { format!(", {break_evens} even") } else { String::new() };
            parts.push(format!("{wins} won, {losses} lost{even}"));
            parts.push(format!("worst {}, best {}", in_r(*worst_r), in_r(*best_r)));
        }
    }
    if own.open > 0 {
        let at = own.open_r.map_or_else(String::new, |_| format!(" at {}", in_r(own.open_r)));
        parts.push(format!("{} open{at}, not counted", own.open));
    }
    if own.waiting > 0 {
        parts.push(format!("{} waiting for the open", own.waiting));
    }
    if own.not_filled > 0 {
        parts.push(format!("{} not filled", own.not_filled));
    }
    parts.join("; ")
}

fn in_r(value: Option<f64>) -> String {
    let Some(value) = value else { return format::MISSING.to_owned() };
    let fixed = format::fixed(value, 2);
    let sign = if value > 0.0 && fixed.chars().any(|c| ('1'..='9').contains(&c)) { "+" } else { "" };
    format!("{sign}{fixed} R")
}

/// Lists every number of the record, by name.
pub fn record_numbers(own: &StrategyRecord) -> Vec<(String, f64)> {
    let of = |figures: &Figures| {
        [
            ("win_rate", figures.win_rate),
            ("mean_r", figures.mean_r),
            ("sum_r", figures.sum_r),
            ("worst_r", figures.worst_r),
            ("best_r", figures.best_r),
        ]
    };
    let all = of(&own.all).into_iter().chain(of(&own.month)).chain([("open_r", own.open_r)]);
    all.filter_map(|(name, n)| Some((format!("{} {name}", own.strategy), n?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn the_record_shows_the_worst_beside_the_best_and_says_why_there_is_none() {
        let rows = record(&example::full().past.record);
        let told: Vec<(&str, &str, &str, &str)> = rows
            .iter()
            .map(|row| (row.closed.as_str(), row.win_rate.as_str(), row.sum_r.as_str(), row.note.as_str()))
            .collect();
        let momentum = "5 won, 8 lost, 1 even; worst −2.14 R, best +4.80 R; 2 open at +0.91 R, not counted; \
             1 not filled";
        assert_eq!(told[0], ("14", "36%", "+3.92 R", momentum));
        assert_eq!(told[1], ("0", "–", "–", "no figures: none is closed yet; 1 waiting for the open"));
    }

    #[test]
    fn zero_has_no_sign() {
        let told: Vec<String> = [0.0, -0.0, 0.001, -0.001, 1.0, -1.0].map(|r| in_r(Some(r))).into();
        assert_eq!(told, ["0.00 R", "0.00 R", "0.00 R", "0.00 R", "+1.00 R", "−1.00 R"]);
        assert_eq!(in_r(None), "–");
    }
}
