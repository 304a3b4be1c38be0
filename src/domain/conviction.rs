//! Conviction: the combined score in three words.

use serde::{Deserialize, Serialize};

/// How strongly the score speaks for a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Conviction {
    Low,
    Medium,
    High,
}

impl Conviction {
    /// Reads a combined score, 0 to 10: HIGH from 8, MEDIUM from 6, else LOW.
    pub fn of_score(score: f64) -> Self {
        if score >= 8.0 {
            Conviction::High
        } else if score >= 6.0 {
            Conviction::Medium
        } else {
            Conviction::Low
        }
    }

    /// Returns the word that settings, mail and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            Conviction::Low => "LOW",
            Conviction::Medium => "MEDIUM",
            Conviction::High => "HIGH",
        }
    }
}
