//! By what the functions of scripts are evaluated. The answers are the same.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

/// By what the functions of scripts are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Block by block where a function can be translated, else by the interpreter.
    #[default]
    Columns,
    /// Row by row, as Rhai does it.
    Interpreter,
    /// Both; where they differ, the row is an error that tells both answers.
    Verify,
}

/// A word that names no engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no engine; there are: columns, interpreter, verify")]
pub struct UnknownEngine(String);

impl Engine {
    pub const ALL: [Self; 3] = [Self::Columns, Self::Interpreter, Self::Verify];

    /// Returns the word by which it is chosen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Interpreter => "interpreter",
            Self::Verify => "verify",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|own| own.as_str() == word).ok_or_else(|| UnknownEngine(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_is_chosen_by_its_own_word() {
        for engine in Engine::ALL {
            assert_eq!(engine.to_string().parse(), Ok(engine));
        }
        let told = "grain".parse::<Engine>().expect_err("no engine is called so").to_string();
        assert_eq!(told, "`grain` is no engine; there are: columns, interpreter, verify");
    }
}
