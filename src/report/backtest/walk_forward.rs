//! A walk forward: what each window chose, and what became of it where it was not chosen on.
//!
//! The report that holds it is that of the joined test stretches.

use serde_json::{Value, json};

use super::aligned::aligned;
use super::sweep_text::shown;
use crate::backtest::{Lengths, Window, as_set};
use crate::domain::format::{count, fixed};
use crate::performance::Figure;

/// What a walk forward found.
#[derive(Clone, Debug)]
pub struct WalkForward {
    pub lengths: Lengths,
    /// All windows that the span has; more than `walked` where it was interrupted.
    pub windows: usize,
    pub walked: Vec<WalkedWindow>,
    /// The combinations that each window chose among.
    pub combinations: usize,
    /// Sharpe ratio of the joined tests / mean of the windows' in sample; undefined where there was nothing to choose.
    pub efficiency: Figure,
}

/// One window: its choice, on what it was chosen and what it did.
#[derive(Clone, Debug)]
pub struct WalkedWindow {
    pub window: Window,
    /// The constants that vary, as chosen: by the highest Sharpe ratio, the first of equals.
    pub chosen: Vec<(String, f64)>,
    /// Sharpe ratio of the choice on the training stretch.
    pub in_sample: Figure,
    /// Sharpe ratio on the test stretch.
    pub out_of_sample: Figure,
    /// The sessions of the test stretch; the last may have fewer than the others.
    pub sessions: usize,
    /// Trades of the test stretch, all closed by its end.
    pub trades: usize,
}

impl WalkForward {
    /// Says what it is in one line.
    pub(super) fn line(&self) -> String {
        let part = |number: usize| fixed(number as f64, 0);
        let interrupted = match self.windows - self.walked.len() {
            0 => String::new(),
            _ => format!("interrupted, {} of ", part(self.walked.len())),
        };
        format!(
            "Walk forward: {} sessions to choose on, then {} to trade; {interrupted}{}",
            part(self.lengths.train),
            part(self.lengths.test),
            count(self.windows, "window"),
        )
    }

    /// Renders what stands above the report of the joined tests.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n", self.line());
        text.push_str(&aligned(&self.table()));
        self.remarks().iter().for_each(|line| text.push_str(&format!("{line}\n")));
        text
    }

    /// Returns a head, and a row for each window that was walked.
    pub(super) fn table(&self) -> Vec<Vec<String>> {
        let header =
            ["chosen on", "to", "traded", "to", "sessions", "Sharpe in", "Sharpe out", "trades", "chosen"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for own in &self.walked {
            let Window { train_from, train_to, test_from, test_to } = own.window;
            let mut row: Vec<String> =
                [train_from, train_to, test_from, test_to].iter().map(ToString::to_string).collect();
            row.push(own.sessions.to_string());
            row.extend([own.in_sample, own.out_of_sample].map(|own| shown(own, |value| fixed(value, 2))));
            row.push(own.trades.to_string());
            row.push(if own.chosen.is_empty() { "–".to_owned() } else { as_set(&own.chosen) });
            rows.push(row);
        }
        rows
    }

    /// Says what is left of the choices, and how the windows were walked.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.combinations > 1 {
            lines.push(match self.efficiency {
                Ok(ratio) => format!(
                    "Efficiency: {}, the joined Sharpe ratio out of sample over the windows' mean in sample",
                    fixed(ratio, 2)
                ),
                Err(why) => format!("Efficiency: – ({})", why.0),
            });
            lines.push(format!(
                "Each window takes the one of {} with the highest Sharpe ratio in sample.",
                count(self.combinations, "combination")
            ));
        }
        lines.push(
            "At a window's end its positions are sold at the last close (window_end) and nothing is ordered."
                .to_owned(),
        );
        lines
    }

    /// Returns it for programs.
    pub(super) fn json(&self) -> Value {
        let window = |own: &WalkedWindow| {
            let Window { train_from, train_to, test_from, test_to } = own.window;
            json!({
                "train": { "from": train_from, "to": train_to },
                "test": { "from": test_from, "to": test_to, "sessions": own.sessions },
                "constants": own.chosen.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
                "in_sample_sharpe": own.in_sample.ok(),
                "out_of_sample_sharpe": own.out_of_sample.ok(),
                "trades": own.trades,
            })
        };
        json!({
            "train_sessions": self.lengths.train,
            "test_sessions": self.lengths.test,
            "windows": self.windows,
            "walked": self.walked.iter().map(window).collect::<Vec<_>>(),
            "combinations": self.combinations,
            "efficiency": self.efficiency.ok(),
            "undefined": self.efficiency.err().map(|why| why.0),
        })
    }
}
