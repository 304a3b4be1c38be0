//! A value as a script saw it.

use rhai::Dynamic;
use serde::Serialize;

use super::super::constants::as_number;
use crate::domain::format::{fixed, price};

/// A value as a script saw it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Seen {
    /// `()`: no signal, hold, or a feature that is missing.
    Nothing(()),
    Truth(bool),
    Whole(i64),
    Number(f64),
    /// Text, or whatever else in Rhai's own writing.
    Text(String),
}

impl Seen {
    pub(super) fn of(value: &Dynamic) -> Self {
        if value.is_unit() {
            return Seen::Nothing(());
        }
        if let Ok(truth) = value.as_bool() {
            return Seen::Truth(truth);
        }
        if let Ok(whole) = value.as_int() {
            return Seen::Whole(whole);
        }
        match as_number(value) {
            // JSON has no other numbers.
            Some(number) if number.is_finite() => Seen::Number(number),
            _ => Seen::Text(value.to_string()),
        }
    }

    /// Returns the number that it is.
    pub fn number(&self) -> Option<f64> {
        match self {
            Seen::Whole(whole) => Some(*whole as f64),
            Seen::Number(number) => Some(*number),
            Seen::Nothing(()) | Seen::Truth(_) | Seen::Text(_) => None,
        }
    }

    /// Returns the value as people read it.
    pub fn words(&self) -> String {
        match self {
            Seen::Nothing(()) => "missing".to_owned(),
            Seen::Truth(truth) => truth.to_string(),
            Seen::Whole(whole) => fixed(*whole as f64, 0),
            Seen::Number(number) => price(*number),
            Seen::Text(text) => format!("{text:?}"),
        }
    }

    /// Returns the value with all its digits, for two that look alike.
    pub(super) fn exactly(&self) -> String {
        match self {
            Seen::Number(number) => number.to_string(),
            other => other.words(),
        }
    }
}
