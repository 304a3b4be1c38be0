//! Worlds of a few bars, reckoned by hand.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::fixtures::{CASH, RULE, World, after_calm, after_calm_of, closes};
use super::{Backtest, Verifier, walks_differ};
use crate::domain::{AssetClass, ProblemKind};
use crate::performance::Trade;
use crate::settings::FillTime;
use crate::signals::fixtures::{day, every_day};

/// The trade of day 25 to 30: bought at 91, sold at 78.50 because of a close of 79.
const ROUND_TRIP: [Option<(f64, f64)>; 6] = [
    Some((90.0, 90.0)),
    Some((91.0, 92.0)),
    Some((92.0, 92.0)),
    Some((92.0, 93.0)),
    Some((93.0, 79.0)),
    Some((78.5, 78.0)),
];

#[track_caller]
fn check(number: f64, expected: f64) {
    assert!((number - expected).abs() < 1e-9 * expected.abs().max(1.0), "{number} for {expected}");
}

#[track_caller]
fn only(result: &Backtest) -> &Trade {
    let [trade] = &result.trades[..] else { panic!("one trade: {:#?}", result.trades) };
    trade
}

#[track_caller]
fn final_equity(result: &Backtest, expected: f64) {
    check(result.days.last().expect("a day").equity, expected);
}

fn told(result: &Backtest, kind: ProblemKind) -> Vec<String> {
    result.problems.iter().filter(|own| own.kind == kind).map(ToString::to_string).collect()
}

#[test]
fn a_close_decides_and_the_next_open_fills() {
    let result = World::of(vec![after_calm("A", &ROUND_TRIP)]).run();
    let trade = only(&result);
    assert_eq!((trade.symbol.as_str(), trade.strategy.as_str(), trade.trigger.as_str()), ("A", "rule", "up"));
    assert_eq!((trade.decided, trade.entry_date, trade.exit_date), (day(25), day(26), day(30)));
    assert_eq!((trade.entry_price, trade.exit_price, trade.quantity), (91.0, 78.5, 75.0));
    check(trade.stop_price, 80.0);
    assert_eq!((trade.exit_reason.as_str(), trade.bars_held, trade.open), ("down", 4, false));
    assert_eq!((trade.score, trade.costs), (9.0, 0.0));
    check(trade.pnl(), -937.5);
    check(trade.r_multiple().expect("it lay above its stop"), -12.5 / 11.0);
    let day_of = |offset: usize| result.days[offset];
    assert_eq!(result.days.len(), 31);
    assert_eq!((day_of(25).equity, day_of(25).invested, day_of(25).traded), (CASH, 0.0, 0.0));
    check(day_of(26).equity, CASH + 75.0);
    assert_eq!((day_of(26).invested, day_of(26).traded), (75.0 * 92.0, 75.0 * 91.0));
    check(day_of(29).equity, CASH - 75.0 * 12.0);
    assert_eq!((day_of(30).invested, day_of(30).traded), (0.0, 75.0 * 78.5));
    final_equity(&result, CASH - 937.5);
    assert_eq!((result.counts.ordered, result.counts.fills), (1, 2));
    assert!(result.counts.filtered >= 2, "what is held is filtered again: {:?}", result.counts);
    assert_eq!(result.counts.filtered_by, BTreeMap::from([("held", result.counts.filtered)]));
}

#[test]
fn the_close_of_the_next_bar_fills_where_that_is_asked() {
    let mut world = World::of(vec![after_calm("A", &ROUND_TRIP)]);
    world.fill = FillTime::NextClose;
    let result = world.run();
    let trade = only(&result);
    assert_eq!((trade.entry_date, trade.entry_price), (day(26), 92.0));
    assert_eq!((trade.exit_date, trade.exit_price), (day(30), 78.0));
    final_equity(&result, CASH - 14.0 * 75.0);
}

#[test]
fn a_window_ends_with_everything_sold_at_its_last_close_and_no_order_left() {
    let mut world = World::of(vec![after_calm("A", &ROUND_TRIP)]);
    world.to = Some(28);
    let result = world.sold();
    let trade = only(&result);
    assert_eq!((trade.exit_date, trade.exit_price, trade.bars_held), (day(28), 93.0, 2));
    assert_eq!((trade.exit_reason.as_str(), trade.open), ("window_end", false));
    let last = result.days.last().expect("a day");
    assert_eq!((last.date, last.invested, last.traded), (day(28), 0.0, 75.0 * 93.0));
    final_equity(&result, CASH + 150.0);
    assert_eq!((result.book.positions.len(), result.counts.fills, result.is_stopped()), (0, 2, false));

    let result = world.costly().sold();
    let costs = only(&result).costs;
    assert!(costs > 75.0 * (91.0 + 93.0) * 1e-4, "{costs}: a fee of 1 bp a side, and slippage");
    final_equity(&result, CASH + 150.0 - costs);

    let mut world = World::of(vec![after_calm("A", &ROUND_TRIP)]);
    world.to = Some(25);
    let result = world.sold();
    assert_eq!((result.counts.ordered, result.trades.len(), result.book.pending.len()), (0, 0, 0));
    final_equity(&result, CASH);
}

#[test]
fn each_side_pays_its_fee_and_slippage() {
    let result = World::of(vec![after_calm("A", &ROUND_TRIP)]).costly().run();
    // Both orders are far under a hundredth of the volume, which halves the slippage of 8 bp.
    let (bought, sold) = (75.0 * 91.0 * 5e-4, 75.0 * 78.5 * 5e-4);
    check(only(&result).costs, bought + sold);
    check(only(&result).pnl(), -937.5 - bought - sold);
    // Each side pays 1 bp as a fee and 4 as slippage.
    check(result.paid.fees, 75.0 * (91.0 + 78.5) * 1e-4);
    check(result.paid.slippage, 75.0 * (91.0 + 78.5) * 4e-4);
    check(result.days[26].equity, CASH + 75.0 - bought);
    final_equity(&result, CASH - 937.5 - bought - sold);
}

#[test]
fn a_falling_benchmark_doubles_the_slippage_of_the_fill_after_it() {
    let index = after_calm_of("IDX", 24, &closes(&[84.0, 82.0, 90.0, 90.0, 90.0, 90.0, 85.0]));
    let world = World::of(vec![after_calm("A", &ROUND_TRIP)]).with_benchmark(index).costly();
    // The week to day 25, which decided, lost 3.5 %; the one to the fill of day 26 did not.
    check(only(&world.run()).costs, 75.0 * 91.0 * 9e-4 + 75.0 * 78.5 * 5e-4);
}

#[test]
fn an_order_is_cut_to_what_the_cash_pays_for_with_its_cost() {
    let mut world = World::of(vec![after_calm("A", &ROUND_TRIP[..2])]).costly();
    let risk = &mut world.settings.risk;
    (risk.risk_per_trade, risk.max_position, risk.max_exposure) = (1.0, 1.0, 1.0);
    let result = world.run();
    // 1,115 are ordered at 90; at 91 with 5 bp the cash pays for 1,102.
    assert_eq!((only(&result).quantity, result.counts.cut), (1102.0, 1));
    check(result.book.cash, CASH - 1102.0 * 91.0 * (1.0 + 5e-4));
    // For nothing it pays for one more.
    world.has_costs = false;
    assert_eq!(only(&world.run()).quantity, 1103.0);
}

#[test]
fn an_open_at_or_under_the_stop_is_not_bought_and_is_told() {
    let world = World::of(vec![after_calm("A", &[Some((90.0, 90.0)), Some((79.9, 85.0))])]);
    let result = world.run();
    assert_eq!((result.trades.len(), result.book.pending.len(), result.counts.ordered), (0, 0, 1));
    let expected = "A: 2024-01-27: the order of rule of 2024-01-26 was not filled: it came at 79.90, at or under \
                    its stop of 80.00";
    assert_eq!(told(&result, ProblemKind::NotFilled), [expected]);
    final_equity(&result, CASH);
}

#[test]
fn a_gap_through_the_stop_fills_at_the_open_and_loses_more_than_was_risked() {
    let rows = [Some((90.0, 90.0)), Some((91.0, 91.0)), Some((91.0, 79.9)), Some((70.0, 70.0))];
    let without_exit = RULE.replace("row.close < 80.0", "row.close < 1.0");
    let result = World::ruled(&without_exit, vec![after_calm("A", &rows)]).run();
    let trade = only(&result);
    assert_eq!((trade.exit_reason.as_str(), trade.exit_price), ("hard_stop", 70.0));
    check(trade.r_multiple().expect("it lay above its stop"), -21.0 / 11.0);
}

#[test]
fn a_session_that_the_symbol_lacks_lets_an_order_lapse() {
    let rows = [Some((90.0, 90.0)), None, Some((91.0, 85.0)), Some((85.0, 85.0))];
    let other = after_calm("B", &closes(&[85.0; 4]));
    let result = World::of(vec![after_calm("A", &rows), other]).run();
    assert_eq!(result.trades, []);
    let expected = "A: 2024-01-27: the order of rule of 2024-01-26 was not filled: it found no bar";
    assert_eq!(told(&result, ProblemKind::NotFilled), [expected]);
}

#[test]
fn a_sale_without_a_bar_waits_for_the_next_one_whatever_that_closes_at() {
    let mut rows = ROUND_TRIP.to_vec();
    // The rule would hold it at the close of day 32.
    rows.splice(5.., [None, None, Some((77.0, 95.0)), Some((75.0, 75.0))]);
    let other = after_calm("B", &closes(&[85.0; 9]));
    let mut world = World::of(vec![after_calm("A", &rows), other]);
    let result = world.run();
    let trade = only(&result);
    assert_eq!((trade.exit_date, trade.exit_price, trade.bars_held), (day(32), 77.0, 4));
    assert_eq!(trade.exit_reason.as_str(), "down");
    let not_sold = |date: &str| {
        format!(
            "A: {date}: the sale of rule that 2024-01-30 decided found no bar on {date}: it waits for the next one"
        )
    };
    assert_eq!(told(&result, ProblemKind::NotFilled), [not_sold("2024-01-31"), not_sold("2024-02-01")]);
    world.fill = FillTime::NextClose;
    // Sold at that close, at which the rule buys anew what the next close fills.
    let result = world.run();
    assert_eq!((result.trades[0].exit_date, result.trades[0].exit_price), (day(32), 95.0));
}

#[test]
fn what_has_no_bar_for_twenty_sessions_is_sold_at_its_last_close() {
    let other = after_calm("B", &closes(&[85.0; 40]));
    let world = World::of(vec![after_calm("A", &ROUND_TRIP[..4]), other]).costly();
    let result = world.run();
    let trade = only(&result);
    assert_eq!((trade.exit_date, trade.exit_price, trade.exit_reason.as_str()), (day(28), 93.0, "delisted"));
    assert_eq!((trade.bars_held, trade.open), (2, false));
    check(trade.costs, 75.0 * (91.0 + 93.0) * 5e-4);
    // The money comes when nobody waits any more.
    assert_eq!((result.days[47].invested, result.days[48].invested), (75.0 * 93.0, 0.0));
    let named = told(&result, ProblemKind::Position);
    assert!(
        named.iter().any(|own| own.starts_with("A: 2024-01-29: its last bar: taken for delisted")),
        "{named:?}"
    );
}

#[test]
fn what_is_sold_on_suspect_bars_is_named_as_such() {
    let rows = [(90.0, 90.0), (91.0, 92.0), (40.0, 40.0), (40.0, 40.0)].map(Some);
    // Beside another one, with which it is asked about at once.
    let beside = after_calm("B", &closes(&[90.0, 91.0, 92.0, 92.0]));
    let result = World::of(vec![after_calm("A", &rows), beside]).run();
    assert_eq!((result.trades[0].symbol.as_str(), result.trades[0].exit_date), ("A", day(28)));
    let expected = "A: 2024-01-28: held since 2024-01-27: suspect bars: the close of 2024-01-28 is 0.43 times the one \
                    before: check for a split first";
    assert_eq!(told(&result, ProblemKind::Position), [expected]);
}

#[test]
fn what_is_still_held_at_the_end_is_marked_at_its_last_close() {
    let result = World::of(vec![after_calm("A", &ROUND_TRIP[..4])]).run();
    let trade = only(&result);
    assert!(trade.open);
    assert_eq!((trade.exit_date, trade.exit_price, trade.exit_reason.as_str()), (day(28), 93.0, "open"));
    assert_eq!((trade.bars_held, result.book.positions.len()), (2, 1));
    final_equity(&result, CASH + 150.0);
}

#[test]
fn what_the_last_session_orders_waits() {
    let result = World::of(vec![after_calm("A", &ROUND_TRIP[..1])]).run();
    assert_eq!((result.trades.len(), result.book.pending.len()), (0, 1));
    final_equity(&result, CASH);
}

#[test]
fn a_sale_frees_its_slot_for_what_is_bought_at_the_same_open() {
    let mut later = closes(&[85.0; 4]);
    later.extend([Some((90.0, 90.0)), Some((91.0, 91.0))]);
    let mut world = World::of(vec![after_calm("A", &ROUND_TRIP), after_calm("B", &later)]);
    world.settings.risk.max_positions = 1;
    let result = world.run();
    let dates: Vec<_> =
        result.trades.iter().map(|own| (own.symbol.as_str(), own.entry_date, own.exit_date)).collect();
    assert_eq!(dates, [("A", day(26), day(30)), ("B", day(30), day(30))]);
    assert!(result.trades[1].open);
}

/// The bars of the days on which New York trades; day 0 is a Monday.
fn weekdays(rows: &[Option<(f64, f64)>]) -> Vec<Option<(f64, f64)>> {
    let first = 25;
    let is_weekend = |offset: usize| (first + offset) % 7 >= 5;
    rows.iter().enumerate().map(|(offset, row)| row.filter(|_| !is_weekend(offset))).collect()
}

#[test]
fn equities_decide_before_coins_and_their_orders_hold_the_slot_over_a_weekend() {
    // Day 25 is a Friday.
    let rising = closes(&[90.0; 6]);
    let mut world =
        World::of(vec![after_calm("A", &weekdays(&rising))]).with_coins(vec![after_calm("C", &rising)]);
    world.settings.risk.max_positions = 1;
    let result = world.run();
    let trade = only(&result);
    assert_eq!((trade.symbol.as_str(), trade.entry_date), ("A", day(28)));
    assert_eq!(result.days.len(), 31, "the days of either class");
    world.settings.risk.max_positions = 2;
    let both = world.costly().run();
    let dates: Vec<_> = both.trades.iter().map(|own| (own.symbol.as_str(), own.entry_date)).collect();
    assert_eq!(dates, [("C", day(26)), ("A", day(28))]);
    // A coin's Saturday slips half as much again: 8 bp and 10 bp × 0.5 × 1.5.
    let coin = &both.trades[0];
    check(coin.costs, coin.quantity * 90.0 * (8e-4 + 7.5e-4));
    assert!(coin.quantity.fract() > 0.0, "coins come in parts: {}", coin.quantity);
}

#[test]
fn a_class_whose_bars_end_long_before_the_other_s_is_named() {
    let world = |coins: usize| {
        let rising = closes(&[90.0; 4]);
        let coin = after_calm("C", &closes(&vec![90.0; coins]));
        World::of(vec![after_calm("A", &rising)]).with_coins(vec![coin]).run()
    };
    assert_eq!(told(&world(11), ProblemKind::Stale), [""; 0], "a week is no long rest");
    let expected = format!(
        "equity: its bars end on {}, and the walk goes on to {} without it: once 20 sessions have passed, what is held of \
         it is sold at that close (data_end); `--to {}` ends the walk there",
        day(28),
        day(36),
        day(28)
    );
    assert_eq!(told(&world(12), ProblemKind::Stale), [expected]);
}

#[test]
fn a_coin_that_fills_first_leaves_an_order_the_cash_that_it_holds() {
    // Both are decided on Thursday, day 24: all of the cash is ordered, and everything opens a ninth higher.
    let rising = closes(&[90.0, 100.0, 100.0]);
    let mut world =
        World::of(vec![after_calm_of("A", 24, &rising)]).with_coins(vec![after_calm_of("C", 24, &rising)]);
    let risk = &mut world.settings.risk;
    (risk.risk_per_trade, risk.max_position, risk.max_exposure) = (1.0, 0.5, 1.0);
    let result = world.run();
    let quantity = |name: &str| {
        let trade = result.trades.iter().find(|own| own.symbol.as_str() == name);
        trade.expect("both are bought").quantity
    };
    // 557 of A are ordered at 90, and hold 50,130.
    check(quantity("C"), (CASH - 557.0 * 90.0) / 100.0);
    assert_eq!(quantity("A"), 501.0);
    // What fills first is the coin: with room for one, and no order before it, the coin alone is bought.
    let after_it = closes(&[85.0, 90.0, 100.0]);
    world.markets[1].bars = vec![after_calm_of("A", 24, &after_it)];
    world.settings.risk.max_positions = 1;
    assert_eq!(only(&world.run()).symbol.as_str(), "C");
}

#[test]
fn a_split_that_the_bars_show_is_carried_out_on_what_is_held() {
    let after_three = RULE.replace("row.close < 80.0", "position.bars_held >= 3");
    let rows = [
        Some((90.0, 90.0)),
        Some((91.0, 92.0)),
        Some((46.0, 46.5)),
        Some((46.5, 46.5)),
        Some((46.5, 46.5)),
        Some((47.0, 47.0)),
    ];
    let world = World::ruled(&after_three, vec![after_calm("A", &rows)]).with_split("A", 27, 2.0);
    let result = world.run();
    let trade = only(&result);
    // At the scale of the entry; without the split the stop of 80 would have sold on day 27.
    assert_eq!((trade.quantity, trade.entry_price, trade.exit_price), (75.0, 91.0, 94.0));
    assert_eq!((trade.exit_reason.as_str(), trade.exit_date), ("down", day(30)));
    final_equity(&result, CASH + 225.0);
    for (own, worth) in result.days[27..30].iter().map(|own| own.invested).zip([46.5; 3]) {
        check(own, 150.0 * worth);
    }
}

#[test]
fn a_split_between_the_decision_and_its_fill_is_carried_out_on_the_order() {
    let rows = [Some((90.0, 90.0)), Some((45.5, 45.5)), Some((46.0, 46.0))];
    let result = World::of(vec![after_calm("A", &rows)]).with_split("A", 26, 2.0).run();
    let trade = &result.trades[0];
    assert_eq!((trade.quantity, trade.entry_price), (150.0, 45.5));
    check(trade.stop_price, 40.0);
}

#[test]
fn an_erring_row_costs_its_strategy_that_session_alone() {
    let throws = RULE.replace("return \"up\";", "if row.volume == 7.0 { throw \"odd\"; }\n\"up\"");
    let odd = {
        let rows: Vec<_> = after_calm("B", &closes(&[90.0, 85.0, 85.0])).iter().collect();
        let rows = rows.into_iter().map(|bar| match bar.date == day(25) {
            true => crate::domain::Bar { volume: 7.0, ..bar },
            false => bar,
        });
        crate::bars::check(crate::signals::fixtures::symbol("B"), rows.collect(), day(99)).0
    };
    let steady = after_calm("A", &closes(&[90.0, 90.0, 90.0]));
    let result = World::ruled(&throws, vec![steady, odd]).run();
    assert_eq!(only(&result).decided, day(26), "the session after the error");
    let [told] = &told(&result, ProblemKind::ScriptRun)[..] else { panic!("{:?}", result.problems) };
    for part in ["rule: 2024-01-26: rule.rhai:4:", "`entry`: odd on B, 2024-01-26", "no entries from rule"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn only_the_sessions_of_the_span_are_decided_and_earlier_bars_are_warm_up() {
    let mut world = World::of(vec![after_calm("A", &closes(&[90.0; 10]))]);
    (world.from, world.to) = (Some(28), Some(31));
    let result = world.run();
    assert_eq!(result.days.iter().map(|own| own.date).collect::<Vec<_>>(), [28, 29, 30, 31].map(day));
    assert_eq!((only(&result).decided, only(&result).exit_date), (day(28), day(31)));
    (world.from, world.to) = (Some(90), None);
    let nothing = world.run();
    assert_eq!((nothing.days.len(), nothing.trades.len(), nothing.dates), (0, 0, 0));
    assert_eq!(nothing.book.cash, CASH);
}

#[test]
fn one_bar_and_one_symbol_are_enough_to_walk() {
    let result = World::of(vec![after_calm_of("A", 1, &[])]).run();
    assert_eq!((result.days.len(), result.trades.len()), (1, 0));
    assert_eq!(told(&result, ProblemKind::ScriptRun), [""; 0]);
}

#[test]
fn a_price_that_falls_by_nine_tenths_is_followed_and_no_longer_bought() {
    let mut rows = ROUND_TRIP[..3].to_vec();
    rows.extend(closes(&[9.0, 9.0, 90.0, 90.0, 90.0]));
    let result = World::of(vec![after_calm("A", &rows)]).run();
    let trade = only(&result);
    assert_eq!((trade.exit_price, trade.exit_date), (9.0, day(29)));
    let jumps = told(&result, ProblemKind::Suspect);
    assert!(jumps.len() == 2 && jumps[1].contains("is 10.00 times the one before"), "{jumps:?}");
}

#[test]
fn the_best_few_alone_are_bought_where_that_is_asked() {
    let rising = closes(&[90.0, 90.0]);
    let better = closes(&[91.0, 91.0]);
    let mut world = World::of(vec![after_calm("A", &rising), after_calm("B", &better)]);
    world.settings.signals.max_recommendations = 1;
    assert_eq!(world.run().counts.ordered, 2);
    world.settings.backtest.limit_recommendations = true;
    let limited = world.run();
    assert_eq!(limited.trades[0].symbol.as_str(), "B");
    assert_eq!(limited.trades.len(), 1, "A is bought on the next session, and not filled in the span");
}

#[test]
fn a_class_whose_bars_end_is_sold_and_leaves_its_slot_to_the_other() {
    let mut later = closes(&[85.0; 40]);
    later.extend(closes(&[90.0, 91.0, 92.0]));
    let mut world = World::of(vec![after_calm("A", &closes(&[90.0, 91.0, 92.0]))])
        .with_coins(vec![after_calm("C", &later)]);
    world.settings.risk.max_positions = 1;
    let result = world.run();
    let trades: Vec<_> = result
        .trades
        .iter()
        .map(|own| (own.symbol.as_str(), own.entry_date, own.exit_date, own.exit_reason.as_str()))
        .collect();
    assert_eq!(trades, [("A", day(26), day(27), "data_end"), ("C", day(66), day(67), "open")]);
    assert_eq!(result.trades[0].exit_price, 92.0);
    let expected = "equity: its bars end on 2024-01-28, and the walk goes on to 2024-03-08 without it: once 20 \
                    sessions have passed, what is held of it is sold at that close (data_end); `--to 2024-01-28` ends the \
                    walk there";
    assert_eq!(told(&result, ProblemKind::Stale), [expected]);
    // The twentieth of New York's sessions after that Sunday is a Monday, with a holiday before it.
    assert_eq!(result.days[56].date.to_string(), "2024-02-26");
    assert!(result.days[55].invested > 0.0 && result.days[56].invested == 0.0, "{:?}", &result.days[54..58]);

    world.to = Some(40);
    assert_eq!(only(&world.run()).exit_reason.as_str(), "open");
}

#[test]
fn an_order_of_a_class_whose_bars_end_is_told_as_not_filled() {
    let coin = after_calm("C", &closes(&[85.0; 43]));
    let world = World::of(vec![after_calm("A", &closes(&[85.0, 90.0]))]).with_coins(vec![coin]);
    let result = world.run();
    assert_eq!((result.trades.len(), result.counts.ordered, result.book.pending.len()), (0, 1, 0));
    let expected = "A: 2024-02-04: the order of rule of 2024-01-27 was not filled: it found no bar";
    assert_eq!(told(&result, ProblemKind::NotFilled), [expected]);
}

#[test]
fn an_order_of_a_class_whose_bars_end_leaves_its_slot_after_a_week() {
    let mut later = closes(&[85.0; 10]);
    later.extend(closes(&[90.0, 91.0, 92.0]));
    let coin = after_calm("C", &later);
    let mut world = World::of(vec![after_calm("A", &closes(&[85.0, 90.0]))]).with_coins(vec![coin]);
    world.settings.risk.max_positions = 1;
    let result = world.run();
    assert_eq!((only(&result).symbol.as_str(), only(&result).decided), ("C", day(35)));
}

#[test]
fn what_trades_again_after_a_halt_was_not_sold_at_the_close_before_it() {
    let mut rows = ROUND_TRIP[..4].to_vec();
    rows.extend([None; 25]);
    rows.extend([Some((20.0, 20.0)), Some((19.0, 19.0))]);
    let other = after_calm("B", &closes(&[85.0; 31]));
    let mut world = World::of(vec![after_calm("A", &rows), other]);
    let result = world.run();
    let trade = only(&result);
    assert_eq!((trade.exit_reason.as_str(), trade.exit_date, trade.exit_price), ("down", day(55), 19.0));
    assert_eq!(result.days[53].invested, 75.0 * 93.0, "it is held through the halt");
    final_equity(&result, CASH - 72.0 * 75.0);
    // Of what lies behind the span nothing is known.
    world.to = Some(52);
    assert_eq!(only(&world.run()).exit_reason.as_str(), "delisted");
}

#[test]
fn nothing_is_bought_at_the_close_at_which_a_window_sells_everything() {
    let mut world = World::of(vec![after_calm("A", &ROUND_TRIP)]);
    (world.fill, world.to) = (FillTime::NextClose, Some(26));
    let result = world.sold();
    assert_eq!((result.counts.ordered, result.trades.len()), (1, 0));
    let expected = "A: 2024-01-27: the order of rule of 2024-01-26 was not filled: its window ended before";
    assert_eq!(told(&result, ProblemKind::NotFilled), [expected]);
    final_equity(&result, CASH);
}

#[test]
fn from_its_eve_on_a_span_is_traded_by_every_class_and_nothing_before_it() {
    let mut stocks = closes(&[85.0, 85.0, 85.0, 85.0, 90.0]);
    stocks.extend([None, None]);
    stocks.extend(closes(&[91.0, 92.0]));
    let coins = closes(&[85.0, 85.0, 85.0, 85.0, 90.0, 90.0, 90.0, 91.0, 92.0]);
    let mut world = World::of(vec![after_calm("A", &stocks)]).with_coins(vec![after_calm("C", &coins)]);
    world.from = Some(32);
    let bought = |result: &Backtest| -> Vec<(String, chrono::NaiveDate, chrono::NaiveDate)> {
        result.trades.iter().map(|own| (own.symbol.to_string(), own.decided, own.entry_date)).collect()
    };
    let result = world.since_eve();
    let expected = [("A".to_owned(), day(29), day(32)), ("C".to_owned(), day(31), day(32))];
    assert_eq!(bought(&result), expected);
    let dates: Vec<_> = result.days.iter().map(|own| own.date).collect();
    assert_eq!(dates, [day(31), day(32), day(33)]);
    assert_eq!((result.days[0].equity, result.days[0].invested, result.dates), (CASH, 0.0, 3));
    // Decided in the span alone, they are bought a session later.
    assert!(bought(&world.run()).iter().all(|(_, _, entry)| *entry == day(33)));
    // A class without a session for weeks before it is no class of the span.
    world.from = Some(60);
    assert_eq!(bought(&world.since_eve()), []);
}

#[test]
fn the_risk_follows_the_volatility_where_that_is_asked() {
    let wild: Vec<f64> =
        (0..330).map(|n| 100.0 + if n < 300 { f64::from(n % 2) } else { f64::from(n % 2) * 20.0 }).collect();
    let index = after_calm_of("IDX", 0, &closes(&wild));
    let late = after_calm_of("A", 325, &ROUND_TRIP[..2]);
    let mut world = World::of(vec![late]).with_benchmark(index);
    assert_eq!(only(&world.run()).quantity, 75.0);
    world.settings.backtest.volatility_scaling = true;
    // A third of the risk: 0.33 × 75.3.
    assert_eq!(only(&world.run()).quantity, 24.0);
}

#[test]
fn the_same_world_gives_the_same_bytes() {
    let world = World::of(vec![after_calm("A", &ROUND_TRIP), after_calm("B", &closes(&[90.0; 6]))])
        .with_coins(vec![after_calm("C", &ROUND_TRIP)])
        .costly();
    assert_eq!(format!("{:?}", world.run()), format!("{:?}", world.run()));
}

#[test]
fn a_walk_that_is_stopped_tells_how_far_it_came() {
    let world = World::of(vec![after_calm("A", &ROUND_TRIP)]);
    let whole = world.run();
    let part = world.watched(|step| {
        assert_eq!(step.total, 31);
        if step.session == day(27) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(part.is_stopped() && !whole.is_stopped());
    assert_eq!((part.days.as_slice(), part.dates), (&whole.days[..28], 31));
    assert!(only(&part).open);
}

/// Walks a world and has each decision verified against these markets.
fn verified(world: &World, markets: &[crate::decide::MarketBars]) -> (usize, Option<super::Difference>) {
    let verifier = Verifier::new(markets, &world.scripts, |_, after, before| every_day(after, before));
    let (mut decisions, mut found) = (0, None);
    world.watched(|step| {
        decisions += 1;
        found = verifier.check(step).expect("the bars are stacked as before");
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    (decisions, found)
}

#[test]
fn a_run_on_each_day_decides_what_the_backtest_did() {
    let world = World::of(vec![after_calm("A", &ROUND_TRIP), after_calm("B", &closes(&[90.0; 6]))])
        .with_coins(vec![after_calm("C", &ROUND_TRIP)])
        .costly();
    assert_eq!(world.symbols().len(), 3);
    assert_eq!(verified(&world, &world.markets), (62, None));
}

#[test]
fn a_walk_that_trades_otherwise_is_found_by_its_first_trade_or_its_first_day() {
    let walk = |bars| World::of(vec![after_calm("A", bars)]).run();
    let whole = walk(&ROUND_TRIP);
    assert_eq!(walks_differ(&whole, &whole), None);
    let mut other = ROUND_TRIP;
    other[5] = Some((78.0, 78.0));
    let found = walks_differ(&whole, &walk(&other)).expect("it was sold at 78 and not at 78.50");
    assert_eq!((found.session, found.symbol.as_str(), found.field.as_str()), (day(25), "A", "the trade"));
    let found = walks_differ(&whole, &walk(&ROUND_TRIP[..1])).expect("one of them bought nothing");
    assert_eq!((found.session, found.backtest.as_str()), (day(25), "None"));
    let mut account = whole.clone();
    account.days[9].equity += 1.0;
    let found = walks_differ(&whole, &account).expect("the account differs");
    assert_eq!((found.session, found.field.as_str()), (day(9), "the account"));
}

#[test]
fn the_first_difference_is_named_with_its_symbol_field_and_both_values() {
    let world = World::of(vec![after_calm("A", &ROUND_TRIP), after_calm("B", &closes(&[85.0; 6]))]);
    let mut other = world.markets.clone();
    let mut rows = ROUND_TRIP;
    rows[0] = Some((90.0, 90.5));
    other[0].bars[0] = after_calm("A", &rows);
    let (decisions, found) = verified(&world, &other);
    let found = found.expect("the close of day 25 is another");
    assert_eq!((decisions, found.session, found.asset_class), (26, day(25), AssetClass::Equity));
    let named = (found.symbol.as_str(), found.field.as_str());
    assert_eq!(named, ("A", "recommendations.0.adv20"), "{found}");
    assert_eq!((found.backtest.as_str(), found.live.as_str()), ("85250000.0", "85275000.0"));
}
