//! Which calls a plan makes, and how it shows them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Ask, Holding, Need, NotYet, Patience, Plan};
use super::*;
use crate::sources::{Limits, WholeMarket};

const MARKET: Limits = Limits {
    requests_per_minute: Some(5),
    largest_page: Some(50_000),
    whole_market: WholeMarket::ByDay,
    calls_left: None,
};

/// Asks polygon on Friday evening for everything up to Friday.
pub(super) fn ask() -> Ask<'static> {
    Ask {
        asset_class: AssetClass::Equity,
        from: day("1970-01-01"),
        last_finished: day("2026-11-20"),
        source: "polygon",
        prices: Prices::SplitAdjusted,
        limits: MARKET,
        ttl_hours: 24,
        patience: Patience::Kept,
        now: friday_evening(),
    }
}

/// What is held of a symbol whose last bar is that of `end`, stored that evening.
pub(super) fn holding(name: &str, end: &str) -> Holding {
    let stored = day(end).and_hms_opt(22, 0, 0).expect("a time").and_utc();
    kept(&entry(bars_between(name, "2026-10-01", end)), stored).holding()
}

fn names(count: usize) -> Vec<Symbol> {
    (0..count).map(|number| symbol(&format!("S{number:03}"))).collect()
}

fn held(symbols: &[Symbol], end: &str) -> BTreeMap<Symbol, Holding> {
    let one = holding("S", end);
    symbols.iter().map(|symbol| (symbol.clone(), one.clone())).collect()
}

#[test]
fn everything_cached_makes_no_call() {
    let symbols = names(30);
    let plan = Plan::new(&ask(), &symbols, &held(&symbols, "2026-11-20"));
    assert_eq!((plan.hits.len(), plan.calls(), plan.fetch_count()), (30, 0, 0));
    assert_eq!(plan.log_line(), "Cache hits: 30, API fetches: 0");
    assert_eq!(plan.time(), Duration::ZERO);
}

#[test]
fn five_hundred_symbols_with_one_missing_day_cost_two_calls() {
    let symbols = names(500);
    let plan = Plan::new(&ask(), &symbols, &held(&symbols, "2026-11-19"));
    assert_eq!(plan.calls(), 2);
    assert_eq!(plan.days, [day("2026-11-20")]);
    assert_eq!(plan.by_day, symbols);
    assert_eq!(plan.splits, Some((day("2026-11-19"), day("2026-11-20"))));
    assert!(plan.fetches.is_empty());
    assert_eq!(plan.log_line(), "Cache hits: 0, API fetches: 2");
}

#[test]
fn five_hundred_expired_symbols_are_seen_again_by_day_with_their_overlap() {
    let symbols = names(500);
    let saturday = Ask { now: instant("2026-11-21T23:00:00Z"), ..ask() };
    let plan = Plan::new(&saturday, &symbols, &held(&symbols, "2026-11-20"));
    assert_eq!(plan.days.len(), 5);
    assert_eq!((plan.days[0], plan.days[4]), (day("2026-11-16"), day("2026-11-20")));
    // The days overlap the histories, so that no list of splits is needed.
    assert_eq!((plan.splits, plan.calls()), (None, 5));
}

#[test]
fn few_symbols_or_many_days_have_calls_of_their_own() {
    let check = |count, end, calls, days| {
        let symbols = names(count);
        let plan = Plan::new(&ask(), &symbols, &held(&symbols, end));
        assert_eq!((plan.calls(), plan.days.len()), (calls, days), "{count} since {end}");
    };
    check(1, "2026-11-19", 1, 0);
    // As many calls either way: the tails show whether the histories still hold.
    check(2, "2026-11-19", 2, 0);
    check(3, "2026-11-19", 2, 1);
    check(4, "2026-11-16", 4, 0);
    check(6, "2026-11-16", 5, 4);
}

#[test]
fn a_symbol_that_lacks_much_does_not_make_all_others_ask_for_many_days() {
    let symbols = names(41);
    let mut held = held(&symbols, "2026-11-19");
    held.insert(symbols[7].clone(), holding("S007", "2026-10-16"));
    held.remove(&symbols[8]);
    let plan = Plan::new(&ask(), &symbols, &held);
    assert_eq!((plan.calls(), plan.days.len(), plan.by_day.len()), (4, 1, 39));
    let own: Vec<(&Symbol, bool)> =
        plan.fetches.iter().map(|fetch| (&fetch.request.symbol, fetch.need == Need::Whole)).collect();
    assert_eq!(own, [(&symbols[8], true), (&symbols[7], false)]);
}

#[test]
fn only_its_own_adjusted_history_is_filled_by_day() {
    let symbols = names(20);
    let mut held = held(&symbols, "2026-11-19");
    for holding in held.values_mut() {
        holding.meta.source = "elsewhere".into();
    }
    assert_eq!(Plan::new(&ask(), &symbols, &held).fetches.len(), 20);
    let without = Limits { whole_market: WholeMarket::Unavailable, ..MARKET };
    let held = self::held(&symbols, "2026-11-19");
    assert_eq!(Plan::new(&Ask { limits: without, ..ask() }, &symbols, &held).fetches.len(), 20);
}

#[test]
fn a_tail_begins_at_the_fifth_last_bar_and_a_history_at_the_first_day_ever_asked_for() {
    let symbols = [symbol("X")];
    let held = BTreeMap::from([(symbol("X"), holding("X", "2026-11-19"))]);
    let plan = Plan::new(&ask(), &symbols, &held);
    let request = &plan.fetches[0].request;
    assert_eq!((request.from, request.to), (day("2026-11-13"), day("2026-11-20")));
    let later = Ask { from: day("2026-11-01"), last_finished: day("2026-11-10"), ..ask() };
    let whole = super::super::Fetch::whole(&later, &symbols[0], held.get(&symbols[0]));
    assert_eq!((whole.request.from, whole.request.to), (day("1970-01-01"), day("2026-11-19")));
}

#[test]
fn pages_count_as_calls_and_calls_take_time() {
    let binance = Limits {
        requests_per_minute: Some(20),
        largest_page: Some(1_000),
        whole_market: WholeMarket::Unavailable,
        calls_left: None,
    };
    let ask = Ask {
        asset_class: AssetClass::Crypto,
        from: day("2020-01-01"),
        source: "binance",
        limits: binance,
        ..ask()
    };
    let plan = Plan::new(&ask, &names(10), &BTreeMap::new());
    assert_eq!((plan.calls(), plan.fetch_count()), (30, 10));
    assert_eq!(plan.time(), Duration::from_secs(60));
    let minutes = |count| Plan::new(&self::ask(), &names(count), &BTreeMap::new()).time().as_secs() / 60;
    assert_eq!([minutes(1), minutes(5), minutes(6), minutes(500)], [0, 0, 1, 99]);
}

#[test]
fn a_plan_is_shown_as_a_table() {
    let mut symbols = names(4);
    symbols.push(symbol("NEW"));
    symbols.push(symbol("OLD"));
    symbols.push(symbol("SLOW"));
    let mut held = held(&symbols[..4], "2026-11-19");
    held.insert(symbol("OLD"), holding("OLD", "2026-11-20"));
    let mut slow = holding("SLOW", "2026-11-19");
    let note = NotYet { source: "polygon".into(), session: day("2026-11-20"), asked_at: friday_evening() };
    slow.meta.not_yet.push(note);
    held.insert(symbol("SLOW"), slow);
    let plan = Plan::new(&ask(), &symbols, &held);
    let shown = "\
polygon: 7 symbols, 3 calls, at once at 5 a minute
  cached     1 symbol
  waiting    SLOW: not there yet, asked minutes ago
  history    NEW        1970-01-01 to 2026-11-20
  market     all        2026-11-20, for 4 symbols
  splits     all        2026-11-19 to 2026-11-20
";
    assert_eq!(plan.to_string(), shown);
    assert_eq!(plan.log_line(), "Cache hits: 1, API fetches: 3, not there yet: 1");
}

#[test]
fn a_history_that_was_not_seen_for_a_week_is_seen_again_although_a_day_is_missing() {
    let symbols = names(500);
    let mut held = held(&symbols, "2026-11-19");
    for holding in held.values_mut() {
        holding.meta.overlap_agreed_at = instant("2026-11-13T22:00:00Z");
    }
    let plan = Plan::new(&ask(), &symbols, &held);
    assert_eq!((plan.days.first(), plan.days.len()), (Some(&day("2026-11-13")), 6));
    assert_eq!((plan.splits, plan.calls()), (None, 6));
    let earlier = Ask { now: instant("2026-11-20T21:59:59Z"), ..ask() };
    assert_eq!(Plan::new(&earlier, &symbols, &held).calls(), 2);
}

#[test]
fn few_calls_go_to_the_symbols_that_come_first() {
    let symbols = ["Z", "M", "A", "B"].map(symbol);
    let few = |left| Ask { limits: Limits { calls_left: Some(left), ..MARKET }, ..ask() };
    let plan = Plan::new(&few(2), &symbols, &BTreeMap::new());
    let asked: Vec<&str> = plan.fetches.iter().map(|fetch| fetch.request.symbol.as_str()).collect();
    assert_eq!((asked, plan.left_out.as_slice()), (vec!["Z", "M"], &symbols[2..]));
    assert!(plan.to_string().contains("left out   A, B: too few calls are left today"), "{plan}");
    assert_eq!(Plan::new(&few(4), &symbols, &BTreeMap::new()).left_out, []);
    // The market's days come out of the same calls.
    let mut held = held(&names(9), "2026-11-19");
    let all: Vec<Symbol> = names(9).into_iter().chain(symbols).collect();
    held.remove(&all[0]);
    let plan = Plan::new(&few(3), &all, &held);
    assert_eq!((plan.calls(), plan.fetches[0].request.symbol.as_str()), (3, "S000"));
}

#[test]
fn the_plan_is_the_cheapest_however_many_symbols_lack_however_much() {
    let ends = ["2026-11-19", "2026-11-18", "2026-11-16", "2026-11-10"];
    let lacks = [1, 2, 4, 8];
    let holdings = ends.map(|end| holding("S", end));
    for counts in [[0, 0, 0, 0], [1, 1, 1, 1], [3, 2, 0, 7], [9, 9, 9, 9], [40, 0, 3, 1], [2, 0, 0, 30]] {
        let symbols = names(counts.iter().sum());
        let of_each =
            counts.iter().zip(&holdings).flat_map(|(count, held)| std::iter::repeat_n(held, *count));
        let held = symbols.iter().cloned().zip(of_each.cloned()).collect();
        // So many days are asked for, and a call for the splits; who lacks more has a call of its own.
        let by_days = |days: usize| {
            let own: usize = lacks.iter().zip(counts).filter(|(lack, _)| **lack > days).map(|(_, n)| n).sum();
            own + if days == 0 { 0 } else { days + 1 }
        };
        let cheapest = (0..=8).map(by_days).min().unwrap_or_default();
        assert_eq!(Plan::new(&ask(), &symbols, &held).calls(), cheapest, "{counts:?}");
    }
}

#[test]
fn a_market_of_ten_thousand_is_planned_as_well() {
    let symbols = names(10_000);
    let plan = Plan::new(&ask(), &symbols, &held(&symbols, "2026-11-19"));
    assert_eq!((plan.calls(), plan.by_day.len()), (2, 10_000));
}
