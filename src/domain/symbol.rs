//! A ticker, checked once at the edge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest ticker accepted; Binance's longest pairs have fewer letters.
const MAX_LENGTH: usize = 24;

/// A ticker in upper case: letters, digits, `.` and `-`, beginning with a letter or digit.
///
/// The alphabet keeps a symbol safe as a part of a file name, a URL and a mail header.
/// Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol(Arc<str>);

/// A text that is no ticker.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a symbol; use letters, digits, `.` and `-`, at most {MAX_LENGTH}, like `BRK.B`")]
pub struct InvalidSymbol(pub String);

impl Symbol {
    /// Reads a ticker; surrounding space is cut and lower case is raised.
    ///
    /// # Errors
    /// [`InvalidSymbol`] for an empty or overlong text, or one with other characters.
    pub fn new(text: &str) -> Result<Self, InvalidSymbol> {
        let ticker = text.trim().to_ascii_uppercase();
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        let begins_well = ticker.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins_well || ticker.len() > MAX_LENGTH || !ticker.chars().all(legal) {
            return Err(InvalidSymbol(text.to_owned()));
        }
        Ok(Self(ticker.into()))
    }

    /// Returns the ticker as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({})", self.0)
    }
}

impl FromStr for Symbol {
    type Err = InvalidSymbol;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for Symbol {
    type Error = InvalidSymbol;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_space_are_normalised() {
        assert_eq!(Symbol::new(" brk.b ").map(String::from), Ok("BRK.B".to_owned()));
    }

    #[test]
    fn what_could_leave_a_folder_or_a_header_is_refused() {
        for text in ["", " ", "../X", "A/B", "A B", "A\nB", ".HIDDEN", "<B>", "ABCDEFGHIJKLMNOPQRSTUVWXY"] {
            assert_eq!(Symbol::new(text), Err(InvalidSymbol(text.to_owned())), "{text:?}");
        }
    }
}
