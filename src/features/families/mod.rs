//! The catalogue: one file a family, or a few that share a formula, and one line in the list.
//!
//! The list's order is the catalogue page's, and among equally near suggestions the first wins.

mod adv;
mod adx;
mod atr;
mod bar;
mod bollinger;
mod ema;
mod extremes;
mod ma;
mod macd;
mod roc;
mod rsi;
mod stddev;
mod volatility;
mod volume_ratio;

use super::column::Field;
use super::family::Family;

static CATALOGUE: &[Family] = &[
    bar::OPEN,
    bar::HIGH,
    bar::LOW,
    bar::CLOSE,
    bar::VOLUME,
    ma::MA,
    ma::MA_SLOPE,
    ema::FAMILY,
    atr::FAMILY,
    roc::ROC,
    roc::RETURNS,
    extremes::HIGHEST_CLOSE,
    extremes::LOWEST_CLOSE,
    extremes::HIGHEST_HIGH,
    extremes::LOWEST_LOW,
    adv::FAMILY,
    volume_ratio::FAMILY,
    stddev::STDDEV,
    stddev::ZSCORE,
    rsi::FAMILY,
    adx::FAMILY,
    macd::MACD,
    macd::MACD_SIGNAL,
    macd::MACD_HIST,
    bollinger::UPPER,
    bollinger::LOWER,
    volatility::FAMILY,
];

/// Returns every family of the catalogue.
pub fn catalogue() -> &'static [Family] {
    CATALOGUE
}

/// The column of the bars that a family is, if it is one: such a column is read, not computed.
pub(super) fn bar_field(family: &Family) -> Option<Field> {
    match family.pattern {
        "open" => Some(Field::Open),
        "high" => Some(Field::High),
        "low" => Some(Field::Low),
        "close" => Some(Field::Close),
        "volume" => Some(Field::Volume),
        _ => None,
    }
}
