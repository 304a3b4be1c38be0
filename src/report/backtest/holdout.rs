//! Sessions that were kept out of everything else: a line that says so, or, where they were asked for, what became
//! of them, and how often they had been looked at before.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::BenchmarkCloses;
use crate::backtest::{Backtest, as_set};
use crate::domain::format::{count, fixed, percent};
use crate::performance::{Figures, Year};

/// A span that the rest of the report does not cover.
#[derive(Clone, Debug)]
pub struct Holdout {
    /// The first date of it, a session or not.
    pub from: NaiveDate,
    /// How many sessions of the span it keeps out.
    pub sessions: usize,
    pub looks: Looks,
    /// `None` where it stays hidden.
    pub shown: Option<Shown>,
}

/// How often sessions of it were shown before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// By the journal.
    Before(usize),
    /// Simulated bars can be had without end, so that looking at them is not counted.
    NotCounted,
    /// The journal could not be read.
    Unknown,
}

/// By what the constants of a holdout were chosen: the highest Sharpe ratio, the first of equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Those that it was chosen among.
    pub combinations: usize,
    /// The sessions right before the holdout that it was chosen on; `None` for all of the span.
    pub sessions: Option<usize>,
}

impl Choice {
    fn line(self) -> String {
        let on =
            self.sessions.map_or("all sessions".to_owned(), |last| format!("the {}", count(last, "session")));
        format!(
            "Chosen: of {} the one with the highest Sharpe ratio on {on} before it.\n",
            count(self.combinations, "combination")
        )
    }
}

/// A holdout that was traded.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The first and the last session that was traded.
    pub sessions: (NaiveDate, NaiveDate),
    /// The constants that it was traded with, as far as they were set.
    pub constants: Vec<(String, f64)>,
    /// How they were chosen; `None` where there was nothing to choose.
    pub choice: Option<Choice>,
    /// What it is compared with.
    pub benchmark: Option<BenchmarkCloses>,
    /// What returns are annualised by.
    pub year: Year,
    pub figures: Figures,
    /// Of an account of its own. Its first day is the session before, at whose close it begins to decide.
    pub result: Backtest,
}

impl Holdout {
    /// Returns the line that says what it is, and how often it was seen.
    pub(super) fn line(&self) -> String {
        let looks = match (self.looks, &self.shown) {
            (Looks::NotCounted, Some(_)) => "The bars are simulated: this look is not recorded.".to_owned(),
            (Looks::NotCounted, None) => "The bars are simulated: looks are not recorded.".to_owned(),
            (Looks::Unknown, _) => "How often it was revealed before is not known.".to_owned(),
            (Looks::Before(0), _) => "No --reveal showed a session of it before.".to_owned(),
            (Looks::Before(times), _) => format!(
                "Sessions of it were revealed {} before (by --reveal; a plain run over them is not counted): the more often, \
                 the less it proves.",
                count(times, "time")
            ),
        };
        match &self.shown {
            None if self.sessions == 0 => {
                format!("Holdout from {} on: it has no session, so nothing was kept out.\n", self.from)
            }
            None => format!(
                "Holdout from {} on: {} kept out of all of this; --reveal shows it. {looks}\n",
                self.from,
                count(self.sessions, "session")
            ),
            Some(Shown { sessions: (first, last), constants, choice, .. }) => {
                let with =
                    if constants.is_empty() { String::new() } else { format!(" with {}", as_set(constants)) };
                let chosen = choice.map(Choice::line).unwrap_or_default();
                format!(
                    "Holdout, {first} to {last}{with}, by an account of its own that begins in cash\n{chosen}{looks}\n"
                )
            }
        }
    }

    /// Returns a head and the row of its main figures; nothing where it is hidden.
    pub(super) fn table(&self) -> Vec<Vec<String>> {
        let Some(own) = &self.shown else { return Vec::new() };
        let told = |name: &str, show: fn(f64) -> String| {
            own.figures.get(name).and_then(Result::ok).map_or_else(|| "–".to_owned(), show)
        };
        let heads = ["total return", "CAGR", "Sharpe", "drawdown", "trades"].map(str::to_owned);
        let row = vec![
            told("total_return", |value| percent(value, 2)),
            told("cagr", |value| percent(value, 2)),
            told("sharpe", |value| fixed(value, 2)),
            told("max_drawdown", |value| percent(value, 2)),
            told("trades", |value| fixed(value, 0)),
        ];
        vec![heads.to_vec(), row]
    }

    /// Returns it for programs.
    pub(super) fn json(&self) -> Value {
        let shown = self.shown.as_ref().map(|own| {
            let curve = own.result.days.iter().map(|day| json!({ "date": day.date, "equity": day.equity }));
            json!({
                "from": own.sessions.0,
                "to": own.sessions.1,
                "constants": own.constants.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
                "chosen_among": own.choice.map(|choice| choice.combinations),
                "chosen_by": own.choice.map(|_| "sharpe"),
                "chosen_on_sessions": own.choice.and_then(|choice| choice.sessions),
                "sessions_per_year": own.year.sessions(),
                "sessions_per_year_basis": own.year.as_str(),
                "figures": own.figures,
                "equity_curve": curve.collect::<Vec<_>>(),
                "trades": own.result.trades.iter().map(super::json::Row::of).collect::<Vec<_>>(),
            })
        });
        let before = match self.looks {
            Looks::Before(times) => Some(times),
            Looks::NotCounted | Looks::Unknown => None,
        };
        json!({ "from": self.from, "sessions": self.sessions, "revealed_before": before, "shown": shown })
    }
}
