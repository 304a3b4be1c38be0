//! What a function is given beside the row, as columns see it.

use crate::scripts::row::PositionView;
use crate::scripts::row::SignalView;

/// The second arguments of a block of calls, at the places of the rows.
#[derive(Clone, Copy, Debug)]
pub(in crate::scripts) enum Given<'a> {
    Nothing,
    Positions(&'a [PositionView]),
    Signals(&'a [SignalView]),
}

impl Given<'_> {
    /// Returns how many of the first `rows` calls have what they need.
    pub fn covers(&self, rows: usize) -> usize {
        match self {
            Given::Nothing => rows,
            Given::Positions(own) => own.len().min(rows),
            Given::Signals(own) => own.len().min(rows),
        }
    }
}

/// A number of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PositionField {
    EntryPrice,
    StopPrice,
    HighestClose,
    Quantity,
    /// A whole number.
    BarsHeld,
}

impl PositionField {
    /// The entry's date is text that is made for each position anew, so it is none of them.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "entry_price" => Self::EntryPrice,
            "stop_price" => Self::StopPrice,
            "highest_close" => Self::HighestClose,
            "quantity" => Self::Quantity,
            "bars_held" => Self::BarsHeld,
            _ => return None,
        })
    }

    /// Reads it as a broken number.
    pub fn of_position(self, position: &PositionView) -> f64 {
        match self {
            Self::EntryPrice => position.entry_price,
            Self::StopPrice => position.stop_price,
            Self::HighestClose => position.highest_close,
            Self::Quantity => position.quantity,
            Self::BarsHeld => f64::from(position.bars_held),
        }
    }
}

/// A text of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalField {
    Trigger,
    Strategy,
}

impl SignalField {
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "trigger" => Some(Self::Trigger),
            "strategy" => Some(Self::Strategy),
            _ => None,
        }
    }
}
