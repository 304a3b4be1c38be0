//! The cards of the report: one for each BUY and each SELL.

use chrono::NaiveDate;
use serde::Serialize;

use super::run::Report;
use crate::decide::HeldPosition;
use crate::decide::Recommendation;
use crate::domain::format;
use crate::signals::Component;

/// One recommendation for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Card {
    pub id: String,
    pub symbol: String,
    /// The asset class, named only where the report covers more than one.
    pub class_tag: String,
    /// `HIGH`, `MEDIUM` or `LOW`; empty for a SELL.
    pub conviction: String,
    /// The same in lower case, for a style sheet.
    pub conviction_class: String,
    pub signal_type: String,
    pub strategy: String,
    /// `8.42`, out of ten; empty for a SELL. Two decimals, so that 7.96 does not read as the 8
    /// that HIGH needs.
    pub score: String,
    /// Two rows of three values.
    pub facts: [[Fact; 3]; 2],
    /// Says that the open at which it would have been filled has passed, and what to do; empty where it has not.
    pub late: String,
    pub reason: String,
    /// The cap that bound the size, as a sentence; empty where none did.
    pub cap: String,
    pub components: Vec<ComponentBar>,
    /// The chart as SVG, filled by the HTML rendering where it draws charts in place.
    pub chart_svg: String,
    /// The chart's Content-ID, filled where the picture travels beside the HTML.
    pub chart_cid: String,
    pub chart_alt: String,
}

/// A named value with what puts it in proportion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    pub name: &'static str,
    pub value: String,
    pub note: String,
    /// `up`, `down` or empty.
    pub tone: &'static str,
}

/// One part of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentBar {
    pub name: String,
    /// `8.4`, out of ten.
    pub score: String,
    pub weight: String,
    /// The bar's length in whole percent, 0 to 100.
    pub width: u8,
    /// The bar in ten characters.
    pub cells: String,
}

/// Where a BUY and a SELL fill, as notes of the facts.
const BUY_AT: &str = "at the next open";
const SELL_AT: &str = "sell at next open";

impl Card {
    /// Says that the open of a session has passed, and no longer that it is the next one.
    pub(super) fn miss_open(&mut self, open: NaiveDate, act: &str) {
        let day = format::day(open);
        self.late = format!("The open of {day} has passed: look at today's price before you {act}.");
        for fact in self.facts.iter_mut().flatten() {
            if [BUY_AT, SELL_AT].contains(&fact.note.as_str()) {
                fact.note = "that open has passed".to_owned();
            }
        }
    }
}

/// Makes the cards of the BUYs, the best first.
pub fn buys(report: &Report) -> Vec<Card> {
    report.recommendations.iter().map(|r| card(report, r, buy_facts(r))).collect()
}

/// Makes the cards of the SELLs.
pub fn sells(report: &Report) -> Vec<Card> {
    report.exits.iter().map(|r| card(report, r, sell_facts(r, held(report, r)))).collect()
}

/// Finds the position that an exit sells.
fn held<'a>(report: &'a Report, exit: &Recommendation) -> Option<&'a HeldPosition> {
    report
        .decisions
        .iter()
        .filter(|d| d.asset_class == exit.asset_class)
        .flat_map(|d| &d.held)
        .find(|position| position.symbol == exit.symbol && position.strategy == exit.strategy_name)
}

fn card(report: &Report, r: &Recommendation, facts: [[Fact; 3]; 2]) -> Card {
    let conviction = r.conviction.map_or("", |c| c.as_str());
    let class_tag = if report.decisions.len() > 1 { r.asset_class.as_str() } else { "" };
    Card {
        id: r.id.to_string(),
        symbol: r.symbol.to_string(),
        class_tag: class_tag.to_owned(),
        conviction: conviction.to_owned(),
        conviction_class: conviction.to_lowercase(),
        signal_type: format::clean(&r.signal_type),
        strategy: format::clean(&r.strategy_name),
        score: r.combined_score.map(|s| format::fixed(s, 2)).unwrap_or_default(),
        facts,
        late: String::new(),
        reason: format::clean(&r.reasoning),
        cap: r.size_cap.map(|cap| format!("Size held down by {}.", format::clean(cap))).unwrap_or_default(),
        components: r.components.iter().map(component).collect(),
        chart_svg: String::new(),
        chart_cid: String::new(),
        chart_alt: String::new(),
    }
}

fn buy_facts(r: &Recommendation) -> [[Fact; 3]; 2] {
    let from_entry = |price: f64| format::signed_percent(price / r.entry_price - 1.0, 2);
    let target = r.target_price.map(format::price).unwrap_or_else(|| format::MISSING.to_owned());
    [
        [
            fact("Entry", format::price(r.entry_price), BUY_AT.to_owned()),
            Fact { tone: "up", ..fact("Target", target, r.target_price.map(from_entry).unwrap_or_default()) },
            Fact { tone: "down", ..fact("Stop", format::price(r.stop_price), from_entry(r.stop_price)) },
        ],
        [
            fact("Size", format::percent(r.position_size_pct, 1), "of equity".to_owned()),
            fact("Quantity", format::quantity(r.quantity), "units".to_owned()),
            fact("Risk", format::percent(r.risk_pct, 2), "of equity".to_owned()),
        ],
    ]
}

fn sell_facts(r: &Recommendation, held: Option<&HeldPosition>) -> [[Fact; 3]; 2] {
    let missing = || format::MISSING.to_owned();
    // A position whose numbers do not fit its bars has no result.
    let result = held.map_or(Some(r.current_price / r.entry_price - 1.0), |h| h.pnl_pct);
    let percent = result.map_or_else(missing, |result| format::signed_percent(result, 2));
    let money = held.and_then(|h| h.pnl).map(format::signed_money).unwrap_or_default();
    let sessions = held.and_then(|h| h.bars_held).map(|n| format::count(n, "session"));
    let since = held.map(|h| format!("since {}", format::short_day(h.entry_date))).unwrap_or_default();
    [
        [
            fact("Close", format::price(r.current_price), SELL_AT.to_owned()),
            fact("Entry", format::price(r.entry_price), since),
            Fact { tone: result.map_or("", tone), ..fact("P&L", percent, money) },
        ],
        [
            fact("Quantity", format::quantity(r.quantity), "all of it".to_owned()),
            fact("Held", sessions.unwrap_or_else(missing), String::new()),
            fact("Stop", format::price(r.stop_price), String::new()),
        ],
    ]
}

fn fact(name: &'static str, value: String, note: String) -> Fact {
    Fact { name, value, note, tone: "" }
}

/// Names the colour of a gain or a loss.
pub(super) fn tone(value: f64) -> &'static str {
    if value > 0.0 {
        "up"
    } else if value < 0.0 {
        "down"
    } else {
        ""
    }
}

fn component(component: &Component) -> ComponentBar {
    let width = (component.score * 10.0).round().clamp(0.0, 100.0) as u8;
    ComponentBar {
        name: format::clean(&component.name),
        score: format::fixed(component.score, 1),
        weight: format::percent(component.weight, 0),
        width,
        cells: format::cells(component.score),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    fn value<'a>(card: &'a Card, name: &str) -> (&'a str, &'a str) {
        card.facts.iter().flatten().find(|f| f.name == name).map_or(("", ""), |f| (&f.value, &f.note))
    }

    #[test]
    fn distances_are_from_the_entry() {
        let cards = buys(&example::full());
        assert_eq!(value(&cards[1], "Target"), ("198.40", "+5.98%"));
        assert_eq!(value(&cards[1], "Stop"), ("181.60", "−2.99%"));
    }

    #[test]
    fn a_sell_tells_the_result_of_its_own_position() {
        let mut report = example::full();
        let cards = sells(&report);
        assert_eq!(value(&cards[0], "P&L"), ("−3.30%", "−338.40"));
        assert_eq!(value(&cards[0], "Held"), ("9 sessions", ""));
        report.decisions[0].held.clear();
        assert_eq!(value(&sells(&report)[0], "P&L"), ("−3.30%", ""));
    }

    #[test]
    fn bars_stay_inside_their_frame() {
        for (score, width) in [(8.44, 84), (12.0, 100), (-1.0, 0), (f64::NAN, 0)] {
            let bar = component(&Component { name: "x".into(), score, weight: 0.6 });
            assert_eq!(bar.width, width, "{score}");
        }
    }
}
