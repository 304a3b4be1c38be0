//! What the account gained in each month, years downwards and months across, with each year's total.
//!
//! The cells carry signed text; their shade only repeats it.

use serde::Serialize;

use crate::domain::format;
use crate::performance::{Breakdown, Month};

/// The gains from which a cell is of the next darker shade.
const SHADES: [f64; 3] = [0.01, 0.03, 0.06];

/// One year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct HeatRow {
    pub year: String,
    /// `None` where the year's gain is not defined.
    pub total: Option<HeatCell>,
    /// January to December; `None` for months outside the span.
    pub months: Vec<Option<HeatCell>>,
}

/// A gain in percent, without the sign of percent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct HeatCell {
    pub text: String,
    /// The same for narrow screens.
    pub short: String,
    /// `gain1` to `gain4`, `loss1` to `loss4`, or empty for no change.
    pub shade: String,
    /// The gain as a fraction, whole.
    pub value: f64,
}

/// Lays the months out. The totals are the years' own figures.
pub(super) fn heat_map(months: &[Month], breakdown: &Breakdown) -> Vec<HeatRow> {
    let row = |months: &[Month]| {
        let year = months[0].year.to_string();
        let total = breakdown.by_year.get(&year).and_then(|own| own.get("total_return")?.ok()).map(cell);
        let mut cells = vec![None; 12];
        for month in months {
            cells[month.month as usize - 1] = Some(cell(month.gain));
        }
        HeatRow { year, total, months: cells }
    };
    months.chunk_by(|a, b| a.year == b.year).map(row).collect()
}

fn cell(gain: f64) -> HeatCell {
    let signed = |decimals: usize| format::signed_percent(gain, decimals).trim_end_matches('%').to_owned();
    let text = signed(1);
    let is_change = text.contains(|c: char| ('1'..='9').contains(&c));
    let depth = 1 + SHADES.iter().filter(|shade| gain.abs() >= **shade).count();
    let side = if gain > 0.0 { "gain" } else { "loss" };
    let shade = if is_change { format!("{side}{depth}") } else { String::new() };
    HeatCell { text, short: signed(0), shade, value: gain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_its_sign_in_text_and_its_size_in_shade() {
        for (gain, text, short, shade) in [
            (0.0234, "+2.3", "+2", "gain2"),
            (-0.0001, "0.0", "0", ""),
            (-0.12, "−12.0", "−12", "loss4"),
            (0.004, "+0.4", "0", "gain1"),
        ] {
            let own = cell(gain);
            assert_eq!((&own.text[..], &own.short[..], &own.shade[..]), (text, short, shade), "{gain}");
        }
    }

    #[test]
    fn months_outside_the_span_stay_empty() {
        let breakdown = Breakdown {
            by_strategy: [].into(),
            by_trigger: [].into(),
            by_year: [].into(),
            sessions_per_year_by_year: [].into(),
            by_regime: [].into(),
        };
        let months = [Month { year: 2025, month: 12, gain: 0.1 }, Month { year: 2026, month: 1, gain: 0.0 }];
        let rows = heat_map(&months, &breakdown);
        let filled: Vec<(&str, usize)> =
            rows.iter().map(|row| (row.year.as_str(), row.months.iter().flatten().count())).collect();
        assert_eq!(filled, [("2025", 1), ("2026", 1)]);
        assert!(rows[0].months[11].is_some() && rows[1].months[0].is_some());
        assert_eq!(rows[0].total, None, "no figure, no total");
    }
}
