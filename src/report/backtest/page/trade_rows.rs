//! The trades as rows of text, the newest first.

use serde::Serialize;

use crate::domain::format;
use crate::performance::Trade;

/// So many trades at most are listed: a browser sorts them at once, and the page stays within some megabytes.
pub(super) const LISTED: usize = 5_000;

/// One trade.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct TradeRow {
    pub symbol: String,
    pub strategy: String,
    pub trigger: String,
    pub bought: String,
    pub entry: String,
    pub units: String,
    pub stop: String,
    /// Of one that is still held: nothing.
    pub sold: String,
    /// Of one that is still held: the last close.
    pub exit: String,
    pub costs: String,
    pub result: String,
    /// `up`, `down` or empty.
    pub tone: &'static str,
    pub r: String,
    pub bars: String,
    pub reason: String,
}

impl TradeRow {
    fn of(trade: &Trade) -> Self {
        let pnl = trade.pnl();
        Self {
            symbol: trade.symbol.to_string(),
            strategy: format::clean(&trade.strategy),
            trigger: format::clean(&trade.trigger),
            bought: trade.entry_date.to_string(),
            entry: format::price(trade.entry_price),
            units: format::quantity(trade.quantity),
            stop: format::price(trade.stop_price),
            sold: if trade.open { format::MISSING.to_owned() } else { trade.exit_date.to_string() },
            exit: format::price(trade.exit_price),
            costs: format::fixed(trade.costs, 2),
            result: format::signed_money(pnl),
            tone: match pnl {
                pnl if pnl > 0.0 => "up",
                pnl if pnl < 0.0 => "down",
                _ => "",
            },
            r: trade.r_multiple().map_or(format::MISSING.to_owned(), |r| format::fixed(r, 2)),
            bars: trade.bars_held.to_string(),
            reason: if trade.open { "still held".to_owned() } else { format::clean(&trade.exit_reason) },
        }
    }
}

/// Lists the trades by exit, the newest first and those still held before them; at most [`LISTED`].
pub(super) fn newest_first<'a>(trades: impl Iterator<Item = &'a Trade>) -> Vec<TradeRow> {
    let mut ordered: Vec<&Trade> = trades.collect();
    ordered.sort_by(|a, b| {
        let key = |own: &Trade| (own.open, own.exit_date, own.entry_date);
        key(b).cmp(&key(a)).then_with(|| a.symbol.cmp(&b.symbol))
    });
    ordered.into_iter().take(LISTED).map(TradeRow::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::backtest::fixtures::example;

    #[test]
    fn what_is_held_stands_first_and_has_no_sale() {
        let rows = newest_first(example(34).result.trades.iter());
        let told: Vec<_> = rows.iter().map(|row| (&row.symbol[..], &row.sold[..], &row.reason[..])).collect();
        assert_eq!(told[0], ("B", "–", "still held"));
        let sales: Vec<&str> = rows[1..].iter().map(|row| &row.sold[..]).collect();
        assert!(sales.len() > 1 && sales.is_sorted_by(|a, b| a >= b), "{sales:?}");
    }

    #[test]
    fn a_gain_has_its_sign_and_its_tone_and_nothing_has_none() {
        let rows = newest_first(example(34).result.trades.iter());
        let toned = |result: &str| rows.iter().find(|row| row.result == result).map(|row| row.tone);
        assert_eq!((toned("+4,048.00"), toned("0.00")), (Some("up"), Some("")));
    }
}
