//! The trades of one symbol on its closes: where it was bought, where sold, and the stop it was bought with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::Serialize;

use super::plot::{Height, Plot, number, percent, place};
use super::scale::Scale;
use crate::backtest::Backtest;
use crate::decide::Prepared;
use crate::domain::format;
use crate::domain::{AssetClass, Symbol};
use crate::performance::Trade;

/// The closes of a traded symbol within the walked span, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceHistory {
    pub asset_class: AssetClass,
    pub symbol: Symbol,
    pub dates: Vec<NaiveDate>,
    /// One a date, in the quote currency.
    pub closes: Vec<f64>,
}

impl PriceHistory {
    /// Reads the closes of the `most` traded symbols that moved the account furthest, either way: those whose
    /// results come to the largest sums without their signs.
    pub fn of_traded(classes: &[Prepared], result: &Backtest, most: usize) -> Vec<Self> {
        let (Some(first), Some(last)) = (result.days.first(), result.days.last()) else { return Vec::new() };
        let within = |date: &NaiveDate| (first.date..=last.date).contains(date);
        let read = |(class, symbol): &Traded| {
            let panel =
                classes.iter().map(|own| own.columns.panel()).find(|own| own.asset_class() == *class)?;
            let rows = panel.rows(panel.position(symbol)?);
            let (dates, closes) = (&panel.dates()[rows.clone()], &panel.close()[rows]);
            let kept = dates.iter().zip(closes).filter(|(date, _)| within(date));
            let (dates, closes) = kept.map(|(date, close)| (*date, *close)).unzip();
            Some(Self { asset_class: *class, symbol: symbol.clone(), dates, closes })
        };
        by_weight(&result.trades).iter().take(most).filter_map(read).collect()
    }
}

/// A ticker may be of both classes: a coin, and a fund of its name.
type Traded = (AssetClass, Symbol);

/// Returns every traded symbol, the one that moved the account furthest first.
fn by_weight(trades: &[Trade]) -> Vec<Traded> {
    let mut weights: BTreeMap<Traded, f64> = BTreeMap::new();
    for trade in trades {
        *weights.entry((trade.asset_class, trade.symbol.clone())).or_default() += trade.pnl().abs();
    }
    let mut ordered: Vec<(Traded, f64)> = weights.into_iter().collect();
    ordered.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| (&a.0.1, a.0.0).cmp(&(&b.0.1, b.0.0))));
    ordered.into_iter().map(|(traded, _)| traded).collect()
}

/// A chart and what stands over it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct PriceChart {
    pub symbol: String,
    /// How many trades, and what they came to.
    pub note: String,
    pub svg: String,
}

/// Draws the trades of each history's symbol, and returns with the charts the traded symbols that have none.
pub(super) fn price_charts(histories: &[PriceHistory], trades: &[Trade]) -> (Vec<PriceChart>, Vec<String>) {
    let all = by_weight(trades);
    let named = |class: AssetClass, symbol: &Symbol| {
        let is_of_both = all.iter().filter(|(_, other)| other == symbol).count() > 1;
        if is_of_both { format!("{symbol} ({class})") } else { symbol.to_string() }
    };
    let drawn: Vec<PriceChart> = histories
        .iter()
        .filter_map(|history| {
            let (class, symbol) = (history.asset_class, &history.symbol);
            let own = trades.iter().filter(|own| own.asset_class == class && own.symbol == *symbol);
            chart(named(class, symbol), history, &own.collect::<Vec<_>>())
        })
        .collect();
    let names = all.iter().map(|(class, symbol)| named(*class, symbol));
    let left_out = names.filter(|name| drawn.iter().all(|own| own.symbol != *name)).collect();
    (drawn, left_out)
}

/// Draws one; `None` for fewer than two closes.
fn chart(name: String, history: &PriceHistory, trades: &[&Trade]) -> Option<PriceChart> {
    let count = history.dates.len();
    if count < 2 {
        return None;
    }
    let levels = trades.iter().flat_map(|trade| [trade.entry_price, trade.exit_price, trade.stop_price]);
    let scale = Scale::around(history.closes.iter().copied().chain(levels))?;
    let mut plot = Plot::default();
    plot.y_axis(&scale, format::fixed);
    plot.date_axis(&history.dates);
    // A fill lies on a session of the symbol; what does not stands at the next one.
    let x = |date: NaiveDate| place(history.dates.partition_point(|own| *own < date).min(count - 1), count);
    for trade in trades {
        let (from, to) = (x(trade.entry_date), x(trade.exit_date));
        let stop = number(scale.y(trade.stop_price));
        plot.stretched(&format!(r#"<path class="first-stop" d="M{} {stop}H{}"/>"#, number(from), number(to)));
    }
    let closes = history.closes.iter().enumerate();
    let points: Vec<_> = closes.map(|(index, close)| (place(index, count), Some(scale.y(*close)))).collect();
    plot.line("price", &points);
    for trade in trades {
        let (from, to) = (x(trade.entry_date), x(trade.exit_date));
        let (bought, sold) = (scale.y(trade.entry_price), scale.y(trade.exit_price));
        let side = if trade.pnl() > 0.0 { "gain" } else { "loss" };
        plot.stretched(&format!(
            r#"<path class="held {side}" d="M{} {}L{} {}"/>"#,
            number(from),
            number(bought),
            number(to),
            number(sold)
        ));
        let mut marks = String::new();
        let _ = write!(
            marks,
            r##"<g><title>{}</title><use href="#in" x="{}%" y="{}%"/>"##,
            format::escape(&words(trade)),
            percent(from),
            percent(bought)
        );
        if !trade.open {
            let _ = write!(marks, r##"<use href="#{side}" x="{}%" y="{}%"/>"##, percent(to), percent(sold));
        }
        marks.push_str("</g>");
        plot.put(&marks);
    }
    let result: f64 = trades.iter().map(|trade| trade.pnl()).sum();
    let open = match trades.iter().filter(|trade| trade.open).count() {
        0 => String::new(),
        open => format!(", {} still held", format::fixed(open as f64, 0)),
    };
    let of_ratios = if scale.is_of_ratios() { ", logarithmic scale" } else { "" };
    let note = format!(
        "{}{open}: {}{of_ratios}",
        format::count(trades.len(), "trade"),
        format::signed_money(result)
    );
    let svg = plot.finish(Height::Low, &format!("Closes of {} with {note}", history.symbol));
    Some(PriceChart { symbol: name, note, svg })
}

/// A trade in a line.
fn words(trade: &Trade) -> String {
    let sold = if trade.open { "held, last" } else { "sold" };
    let r = trade.r_multiple().map(|r| format!(", {} R", format::fixed(r, 2))).unwrap_or_default();
    format::clean(&format!(
        "{}: bought {} at {}, stop {}, {sold} {} at {} ({}): {}{r}",
        trade.strategy,
        trade.entry_date,
        format::price(trade.entry_price),
        format::price(trade.stop_price),
        trade.exit_date,
        format::price(trade.exit_price),
        trade.exit_reason,
        format::signed_money(trade.pnl()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixtures::{day, symbol};

    fn trade(name: &str, pnl: f64) -> Trade {
        Trade {
            symbol: symbol(name),
            asset_class: AssetClass::Equity,
            strategy: "<i>".into(),
            trigger: "x".into(),
            score: 8.0,
            decided: day(1),
            regime: None,
            entry_date: day(2),
            entry_price: 10.0,
            quantity: 1.0,
            stop_price: 9.0,
            exit_date: day(5),
            exit_price: 10.0 + pnl,
            exit_reason: "too_high".into(),
            costs: 0.0,
            bars_held: 3,
            open: false,
        }
    }

    fn history(name: &str, closes: &[f64]) -> PriceHistory {
        PriceHistory {
            asset_class: AssetClass::Equity,
            symbol: symbol(name),
            dates: (0..closes.len()).map(day).collect(),
            closes: closes.to_vec(),
        }
    }

    #[test]
    fn what_has_no_chart_is_named() {
        let trades = [trade("A", 1.0), trade("B", -3.0), trade("C", 2.0), trade("A", 2.5)];
        let histories = [history("A", &[10.0; 8]), history("B", &[10.0])];
        let (drawn, left_out) = price_charts(&histories, &trades);
        let names: Vec<&str> = drawn.iter().map(|own| own.symbol.as_str()).collect();
        assert_eq!((names, left_out), (vec!["A"], vec!["B".to_owned(), "C".to_owned()]));
        assert_eq!(drawn[0].note, "2 trades: +3.50");
    }

    #[test]
    fn a_ticker_of_both_classes_has_a_chart_for_each() {
        let coin = Trade { asset_class: AssetClass::Crypto, ..trade("BTC", -5.0) };
        let own = |class: AssetClass| PriceHistory { asset_class: class, ..history("BTC", &[10.0; 8]) };
        let histories = AssetClass::ALL.map(own);
        let (drawn, left_out) = price_charts(&histories, &[trade("BTC", 1.0), coin]);
        let told: Vec<[&str; 2]> = drawn.iter().map(|own| [&own.symbol[..], &own.note[..]]).collect();
        assert_eq!(told, [["BTC (equity)", "1 trade: +1.00"], ["BTC (crypto)", "1 trade: −5.00"]]);
        assert_eq!(left_out, [""; 0]);
    }

    #[test]
    fn marks_stand_where_the_fills_were_and_cannot_inject() {
        let own = history("A", &[10.0, 10.0, 10.0, 11.0, 12.0, 12.0, 12.0, 12.0, 12.0]);
        let mut open = trade("A", 0.5);
        open.open = true;
        let (drawn, _) = price_charts(&[own], &[trade("A", 2.0), open]);
        let svg = &drawn[0].svg;
        assert!(
            svg.contains(r##"<use href="#in" x="25%""##) && svg.contains(r##"<use href="#gain" x="62.5%""##),
            "{svg}"
        );
        assert_eq!(svg.matches("<use").count(), 3, "what is held was not sold");
        assert!(!svg.contains("<i>") && svg.contains("&lt;i&gt;: bought 2024-01-03"), "{svg}");
    }
}
