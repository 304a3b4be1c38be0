//! Decides all asset classes of a run over one book, as one desk would.
//!
//! The classes go one after the other: the orders of the first hold their slots and cash before
//! the second. What they recommend together is ranked and cut once more, and a recommendation that
//! this last cut drops must not have kept anything else out.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::splits::misfit;
use super::{Decision, Prepared, Recommendation, decide, order, rescale};
use crate::domain::{Book, Position, Problem, Symbol};
use crate::filters;
use crate::scripts::Scripts;
use crate::settings::Settings;

/// One asset class, ready to be decided on a session.
#[derive(Clone, Debug)]
pub struct Ready {
    pub prepared: Prepared,
    pub session: NaiveDate,
}

/// Every class decided, and what they recommend together.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// In the order of the classes.
    pub decisions: Vec<Decision>,
    /// Of all classes, ranked and cut to the settings' most.
    pub recommendations: Vec<Recommendation>,
    pub problems: Vec<Problem>,
}

/// Makes the book of an account worth `equity` from positions as they were traded: brought to the
/// scale of the bars and marked at the last close up to each class's session. One that does not fit
/// its bars stays at what it cost.
pub fn book_of(equity: f64, positions: &[Position], classes: &[Ready]) -> Book {
    let mut positions = positions.to_vec();
    for Ready { prepared, session } in classes {
        positions = rescale(&positions, prepared, *session);
        let panel = prepared.columns.panel();
        for position in positions.iter_mut().filter(|own| own.asset_class == panel.asset_class()) {
            if misfit(position, panel).is_some() {
                continue;
            }
            let rows = panel.position(&position.symbol).map(|place| panel.rows(place)).unwrap_or_default();
            let until = rows.start + panel.dates()[rows.clone()].partition_point(|date| date <= session);
            if until > rows.start {
                position.last_close = panel.close()[until - 1];
            }
        }
    }
    Book::of_positions(equity, positions)
}

/// Decides the classes in their order, each cut to `max_recommendations`, and the merged list too.
///
/// Where the last cut drops something, the classes are decided again without it, until nothing more
/// is dropped.
pub fn decide_round(classes: &[Ready], scripts: &Scripts, settings: &Settings, book: &Book) -> Round {
    let mut dropped = BTreeSet::new();
    loop {
        let round = decide_without(&dropped, classes, scripts, settings, book);
        let kept: BTreeSet<Uuid> = round.recommendations.iter().map(|own| own.id).collect();
        let ordered = round.decisions.iter().flat_map(|decision| &decision.recommendations);
        let before = dropped.len();
        dropped.extend(ordered.map(|own| own.id).filter(|id| !kept.contains(id)));
        if dropped.len() == before {
            return round;
        }
    }
}

fn decide_without(
    dropped: &BTreeSet<Uuid>,
    classes: &[Ready],
    scripts: &Scripts,
    settings: &Settings,
    book: &Book,
) -> Round {
    let max = settings.signals.max_recommendations;
    let newest = classes.iter().map(|class| class.session).max();
    let mut book = book.clone();
    let mut round = Round { decisions: Vec::new(), recommendations: Vec::new(), problems: Vec::new() };
    for Ready { prepared, session } in classes {
        let class = prepared.columns.panel().asset_class();
        // What the other class bought later takes no slot of a past session.
        let mut known = book.clone();
        known.positions.retain(|own| own.asset_class == class || Some(own.entry_date) <= newest);
        let (mut decision, problems) = decide(prepared, scripts, settings, &known, *session);
        round.problems.extend(problems);
        // Best first, so that what an earlier round dropped stands at the end.
        decision.recommendations.sort_by_key(|own| dropped.contains(&own.id));
        let left = decision.recommendations.iter().filter(|own| !dropped.contains(&own.id)).count();
        decision.filtered.extend(filters::cut(&mut decision.recommendations, left.min(max), name));
        book = order(book, &decision);
        round.recommendations.extend(decision.recommendations.iter().cloned());
        round.decisions.push(decision);
    }
    round.recommendations.sort_by(Recommendation::rank);
    round.recommendations.truncate(max);
    round
}

fn name(recommendation: &Recommendation) -> (Symbol, String) {
    (recommendation.symbol.clone(), recommendation.strategy_name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::{Bars, Split};
    use crate::decide::fixtures::position;
    use crate::decide::{MarketBars, PositionStatus, prepare};
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, day, every_day, flat, scripts, series, symbol};

    /// Equities and coins, both bought always, on day 29.
    fn classes(scripts: &Scripts, equities: Vec<Bars>, coins: Vec<Bars>) -> Vec<Ready> {
        [(AssetClass::Equity, equities), (AssetClass::Crypto, coins)]
            .into_iter()
            .map(|(class, bars)| {
                let prepared =
                    prepare(MarketBars::of(class, bars), scripts, every_day).expect("distinct symbols");
                Ready { prepared, session: day(29) }
            })
            .collect()
    }

    fn both() -> Scripts {
        let coins = ALWAYS.replace("equity", "crypto");
        scripts(&[("always", ALWAYS), ("coins", &coins)])
    }

    fn names(round: &Round) -> Vec<&str> {
        round.recommendations.iter().map(|own| own.symbol.as_str()).collect()
    }

    #[test]
    fn the_best_of_all_classes_are_kept_and_what_the_cut_drops_takes_no_slot() {
        let scripts = both();
        let classes =
            classes(&scripts, vec![flat("A", 65.0), flat("B", 85.0)], vec![flat("C", 75.0), flat("D", 70.0)]);
        let mut settings = Settings::defaults();
        settings.signals.max_recommendations = 2;
        settings.risk.max_positions = 3;
        let round = decide_round(&classes, &scripts, &settings, &Book::of_cash(1e5));
        assert_eq!(names(&round), ["B", "C"]);
        let reasons = |class: usize| -> Vec<(&str, &str)> {
            let filtered = &round.decisions[class].filtered;
            filtered.iter().map(|own| (own.symbol.as_str(), own.reason.as_str())).collect()
        };
        let outranked = "outranked: signals.max_recommendations allows no more";
        assert_eq!(reasons(0), [("A", outranked)]);
        // Not for want of a slot: A, which is not bought, has given back its own.
        assert_eq!(reasons(1), [("D", outranked)]);
    }

    #[test]
    fn a_position_bought_later_takes_no_slot_of_a_past_session() {
        let scripts = both();
        let long = series("H", 0, &[95.0; 60]);
        let classes = classes(&scripts, vec![flat("A", 85.0), long], vec![flat("C", 75.0)]);
        let mut settings = Settings::defaults();
        settings.risk.max_positions = 3;
        let held = |name: &str, asset_class, entry: usize| Position {
            asset_class,
            entry_date: day(entry),
            ..position(name, "gone", 50.0)
        };
        let bought = |entry: usize| {
            let positions = [held("H", AssetClass::Equity, entry), held("C", AssetClass::Crypto, entry)];
            let round = decide_round(&classes, &scripts, &settings, &book_of(1e5, &positions, &classes));
            names(&round).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(bought(40), ["H", "A", "C"]);
        assert_eq!(bought(20), ["A"]);
    }

    /// Ten of X bought at 410 on day 5 with a stop at 380; four for one since `split`.
    fn after_split(closes: &[f64], split: Option<usize>, entry_price: f64) -> (Round, Book) {
        let scripts = both();
        let mut market = MarketBars::of(AssetClass::Equity, vec![series("X", 0, closes)]);
        market.universe.clear();
        market.splits.extend(split.map(|date| Split { symbol: symbol("X"), date: day(date), ratio: 4.0 }));
        let prepared = prepare(market, &scripts, every_day).expect("distinct symbols");
        let classes = [Ready { prepared, session: day(closes.len() - 1) }];
        let stop_price = entry_price * 380.0 / 410.0;
        let position = Position { entry_price, stop_price, ..position("X", "always", 0.0) };
        let book = book_of(1e5, &[position], &classes);
        (decide_round(&classes, &scripts, &Settings::defaults(), &book), book)
    }

    #[test]
    fn a_split_after_the_entry_sells_nothing_and_is_shown() {
        let adjusted = [102.5; 30];
        let mut unadjusted = [410.0; 30];
        unadjusted[20..].fill(102.5);
        for (closes, session) in [(&adjusted[..], 29), (&unadjusted[..], 29), (&adjusted[..15], 14)] {
            let (round, book) = after_split(closes, Some(20), 410.0);
            let held = &round.decisions[0].held[0];
            assert_eq!(held.status, PositionStatus::Hold, "{session}: {held:?}");
            assert_eq!((held.entry_price, held.stop_price, held.quantity), (102.5, 95.0, 40.0));
            assert!(held.pnl.is_some_and(|pnl| pnl.abs() < 1e-9), "{held:?}");
            let told = "stop 7.3% below the close; rescaled by 4 for the splits since the entry: bought as 10 at 410.00";
            assert_eq!(held.note, told);
            assert_eq!(book.positions[0].market_value(), 4100.0);
        }
    }

    #[test]
    fn a_position_that_fits_its_adjusted_bars_is_not_rescaled_again() {
        let (round, _) = after_split(&[102.5; 30], Some(20), 102.5);
        assert_eq!(round.decisions[0].held[0].quantity, 10.0);
        // Before the split, bars that still show it are at the scale of the entry.
        let mut unadjusted = [410.0; 30];
        unadjusted[20..].fill(102.5);
        let (round, _) = after_split(&unadjusted, Some(5), 410.0);
        assert_eq!(
            round.decisions[0].held[0].quantity, 10.0,
            "a split on the day of the entry is in its price"
        );
    }

    #[test]
    fn an_entry_far_from_its_bars_is_named_and_not_sold_at_its_stop() {
        let (round, book) = after_split(&[102.5; 30], None, 410.0);
        assert_eq!(book.positions[0].market_value(), 1000.0, "what its fixture was last worth");
        let held = &round.decisions[0].held[0];
        assert_eq!((held.status, held.pnl, held.stop_price), (PositionStatus::Unchecked, None, 380.0));
        assert_eq!(round.decisions[0].exits, []);
        let told: Vec<String> = round.problems.iter().map(ToString::to_string).collect();
        let part = "its entry of 410.00 lies far from the bar of that session, 101.47 to 103.53: a split, or";
        assert!(told.len() == 1 && told[0].contains(part), "{told:?}");
    }

    #[test]
    fn a_sale_that_holds_at_either_scale_is_made_with_its_doubt() {
        let mut closes = [102.5; 30];
        closes[29] = 131.0;
        let (round, _) = after_split(&closes, None, 410.0);
        let [exit] = &round.decisions[0].exits[..] else { panic!("{round:?}") };
        assert_eq!(exit.signal_type, "too_high");
        assert!(exit.reasoning.contains("stop 380.00. Its entry of 410.00 lies far"), "{}", exit.reasoning);
    }
}
