//! The name of an entry: whose bars they are, and the dates of the first and the last.
//!
//! The same bars always make the same key, and a file's name alone says it back. A symbol holds
//! no `_`, so the parts of a name never run together.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::domain::AssetClass;
use crate::domain::Symbol;

/// What an entry's two files are called, less their extensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub asset_class: AssetClass,
    pub symbol: Symbol,
    /// The session of the first bar.
    pub start: NaiveDate,
    /// The session of the last bar.
    pub end: NaiveDate,
}

/// A text that names no entry.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` names no cache entry; one is named like equity_AAPL_2024-01-02_2026-11-20")]
pub struct InvalidKey(pub String);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}_{}", self.asset_class, self.symbol, self.start, self.end)
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = || {
            let mut parts = text.split('_');
            let asset_class = parts.next()?.parse().ok()?;
            let symbol = Symbol::new(parts.next()?).ok()?;
            let start = parts.next()?.parse().ok()?;
            let end = parts.next()?.parse().ok()?;
            parts.next().is_none().then_some(Key { asset_class, symbol, start, end })
        };
        // Only the exact spelling counts: lower case or `2024-1-2` would be a second name of one entry.
        key().filter(|key| key.to_string() == text).ok_or_else(|| InvalidKey(text.to_owned()))
    }
}

/// The files that an entry consists of, and those that stand beside it while it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    Parquet,
    Meta,
    /// The meta of a Parquet file that is about to be put in place.
    PendingMeta,
    ParquetTemporary,
    MetaTemporary,
}

impl Part {
    const ALL: [Part; 5] =
        [Part::Parquet, Part::Meta, Part::PendingMeta, Part::ParquetTemporary, Part::MetaTemporary];

    fn extension(self) -> &'static str {
        match self {
            Part::Parquet => ".parquet",
            Part::Meta => ".meta.json",
            Part::PendingMeta => ".meta.json.pending",
            Part::ParquetTemporary => ".parquet.tmp",
            Part::MetaTemporary => ".meta.json.tmp",
        }
    }
}

impl Key {
    /// Returns the name of one of the entry's files.
    pub(super) fn file(&self, part: Part) -> String {
        format!("{self}{}", part.extension())
    }

    /// Reads a file's name back; `None` for a file that is no entry's.
    pub(super) fn of_file(name: &str) -> Option<(Key, Part)> {
        // No extension ends with another, so at most one fits.
        Part::ALL.into_iter().find_map(|part| {
            let stem = name.strip_suffix(part.extension())?;
            Some((stem.parse().ok()?, part))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(class: AssetClass, symbol: &str) -> Key {
        Key {
            asset_class: class,
            symbol: Symbol::new(symbol).expect("a symbol"),
            start: NaiveDate::from_ymd_opt(2024, 1, 2).expect("a date"),
            end: NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date"),
        }
    }

    #[test]
    fn a_name_says_its_key_back() {
        for (class, symbol) in [(AssetClass::Equity, "BRK.B"), (AssetClass::Crypto, "1INCH-X")] {
            let key = key(class, symbol);
            assert_eq!(key.to_string().parse(), Ok(key.clone()));
            for part in Part::ALL {
                assert_eq!(Key::of_file(&key.file(part)), Some((key.clone(), part)));
            }
        }
        let file = key(AssetClass::Equity, "AAPL").file(Part::Parquet);
        assert_eq!(file, "equity_AAPL_2024-01-02_2026-11-20.parquet");
    }

    #[test]
    fn only_one_spelling_names_an_entry() {
        for text in [
            "",
            "equity_AAPL_2024-01-02",
            "equity_aapl_2024-01-02_2026-11-20",
            "equity_AAPL_2024-1-2_2026-11-20",
            "stock_AAPL_2024-01-02_2026-11-20",
            "equity_AAPL_2024-01-02_2026-11-20_x",
            "equity_A/B_2024-01-02_2026-11-20",
        ] {
            assert_eq!(text.parse::<Key>(), Err(InvalidKey(text.to_owned())));
        }
    }
}
