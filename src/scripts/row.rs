//! What a script is given: a row of features, a held position, a signal.
//!
//! Each is a handle with one getter for each field, never a map built for the call: that costs a
//! fifth.

use std::sync::Arc;

use chrono::NaiveDate;
use rhai::Dynamic;
use rhai::Engine;
use rhai::ImmutableString;

use super::view::Layout;
use super::view::View;

/// One row of the view, as the parameter `row` of a script.
#[derive(Clone)]
pub(super) struct Row {
    pub view: Arc<View>,
    pub index: u32,
}

/// A held position as a script sees it, as of the session being decided.
///
/// Prices are in the quote currency, as traded; `bars_held` counts sessions since the entry;
/// `highest_close` is the highest close since then, the entry session's own included; it may
/// lie under the entry price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PositionView {
    pub entry_price: f64,
    pub stop_price: f64,
    pub entry_date: NaiveDate,
    pub bars_held: u32,
    pub highest_close: f64,
    pub quantity: f64,
}

/// A signal as a scorer sees it. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalView {
    /// What `entry` returned, like `breakout_20d`.
    pub trigger: ImmutableString,
    /// The name of the strategy.
    pub strategy: ImmutableString,
}

/// Adds the fields of positions and signals to an engine.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Row>("row")
        .register_type_with_name::<PositionView>("position")
        .register_get("entry_price", |position: &mut PositionView| position.entry_price)
        .register_get("stop_price", |position: &mut PositionView| position.stop_price)
        .register_get("entry_date", |position: &mut PositionView| position.entry_date.to_string())
        .register_get("bars_held", |position: &mut PositionView| i64::from(position.bars_held))
        .register_get("highest_close", |position: &mut PositionView| position.highest_close)
        .register_get("quantity", |position: &mut PositionView| position.quantity)
        .register_type_with_name::<SignalView>("signal")
        .register_get("trigger", |signal: &mut SignalView| signal.trigger.clone())
        .register_get("strategy", |signal: &mut SignalView| signal.strategy.clone());
}

/// Adds the features of a layout to an engine; a missing one reads as `()`.
pub(super) fn register_features(engine: &mut Engine, layout: &Layout) {
    for (slot, feature) in layout.features().iter().enumerate() {
        engine.register_get(feature.to_string(), move |row: &mut Row| {
            row.view.value(slot, row.index).map_or(Dynamic::UNIT, Dynamic::from_float)
        });
    }
}
