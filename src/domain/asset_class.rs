//! The two kinds of market that `ts` trades, and what differs between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A market with its own calendar, benchmark, sources and schedule.
///
/// Ordered as the core decides them: equities before crypto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssetClass {
    Equity,
    Crypto,
}

impl AssetClass {
    /// Every class, in the order in which the core decides them.
    pub const ALL: [AssetClass; 2] = [AssetClass::Equity, AssetClass::Crypto];

    /// Returns the word that settings, scripts, file names and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            AssetClass::Equity => "equity",
            AssetClass::Crypto => "crypto",
        }
    }

    /// Returns the sessions in a year by which daily figures are annualised: 252 for
    /// equities, 365 for crypto.
    pub fn sessions_per_year(self) -> f64 {
        match self {
            AssetClass::Equity => 252.0,
            AssetClass::Crypto => 365.0,
        }
    }
}

impl fmt::Display for AssetClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no asset class.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown asset class `{0}`; use `equity` or `crypto`")]
pub struct UnknownAssetClass(pub String);

impl FromStr for AssetClass {
    type Err = UnknownAssetClass;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == word)
            .ok_or_else(|| UnknownAssetClass(word.to_owned()))
    }
}
