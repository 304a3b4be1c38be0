use uuid::Uuid;

use super::*;
use crate::bars::{Bars, Split, check};
use crate::decide::{MarketBars, Prepared, prepare};
use crate::domain::{AssetClass, Bar};
use crate::scripts::Scripts;
use crate::signals::fixtures::{ALWAYS, day, every_day, scripts, series, symbol};

/// Told on day 29 at a close of 100, with its stop at 90 and its target at 120.
fn told() -> Told {
    Told {
        id: Uuid::from_u128(7),
        run: Uuid::nil(),
        symbol: symbol("A"),
        asset_class: AssetClass::Equity,
        strategy: "rule".to_owned(),
        session: day(29),
        close: 100.0,
        stop_price: 90.0,
        target_price: Some(120.0),
        quantity: 10.0,
    }
}

/// A's thirty flat days of 100, then these bars of open, high, low and close from day 30 on; a day without is `None`.
fn bars(later: &[Option<[f64; 4]>]) -> Bars {
    let mut rows: Vec<Bar> = series("A", 0, &[100.0; 30]).iter().collect();
    rows.extend(later.iter().enumerate().filter_map(|(offset, prices)| {
        let [open, high, low, close] = (*prices)?;
        Some(Bar { date: day(30 + offset), open, high, low, close, volume: 1e6 })
    }));
    let (bars, problems) = check(symbol("A"), rows, day(10_000));
    assert_eq!(problems, []);
    bars
}

/// A market of A and of B, which trades on every day up to day 99.
fn market(a: Bars, splits: Vec<Split>, scripts: &Scripts) -> Prepared {
    let market =
        MarketBars { splits, ..MarketBars::of(AssetClass::Equity, vec![a, series("B", 0, &[50.0; 100])]) };
    prepare(market, scripts, every_day).expect("distinct symbols")
}

fn rules() -> Scripts {
    scripts(&[("rule", ALWAYS)])
}

/// Follows to day 30 + the number of bars − 1.
fn followed(later: &[Option<[f64; 4]>]) -> Followed {
    let scripts = rules();
    let prepared = market(bars(later), Vec::new(), &scripts);
    one(&prepared, &scripts, Followed::waiting(told()), 29 + later.len())
}

fn one(prepared: &Prepared, scripts: &Scripts, own: Followed, until: usize) -> Followed {
    let (mut all, problems) = follow(prepared, scripts, vec![own], day(until));
    assert_eq!(problems, []);
    all.pop().expect("what was given comes back")
}

const FLAT: Option<[f64; 4]> = Some([100.0, 101.0, 99.0, 100.0]);
/// A close over 130, at which the rule sells.
const HIGH: Option<[f64; 4]> = Some([130.0, 132.0, 129.0, 131.0]);

/// A stage, the result in R and the words.
fn check_end(later: &[Option<[f64; 4]>], stage: &str, r: Option<f64>, words: &str) {
    let own = followed(later);
    assert_eq!((own.stage_name(), own.told_outcome().as_str()), (stage, words), "{later:?}");
    match (own.r_multiple(), r) {
        (Some(found), Some(r)) => assert!((found - r).abs() < 1e-12, "{later:?}: {found}"),
        (found, expected) => assert_eq!(found, expected, "{later:?}"),
    }
}

#[test]
fn each_comes_to_its_end() {
    check_end(&[], "waiting", None, "waits for the next open");
    let at_stop = Some([90.0, 91.0, 89.0, 90.0]);
    check_end(
        &[at_stop],
        "not_filled",
        None,
        "not filled: it opened at 90.00, at or under its stop of 90.00",
    );
    check_end(&[FLAT, FLAT], "open", Some(0.0), "open after 1 bar");
    // The risk is that of the fill, not of the close that was told: 2 / (110 − 90).
    check_end(&[Some([110.0, 113.0, 109.0, 112.0])], "open", Some(0.1), "open after 0 bars");
    check_end(
        &[FLAT, HIGH],
        "open",
        Some(3.1),
        "open after 1 bar; sells at the next open: too_high; target touched 1 Feb",
    );
    check_end(
        &[FLAT, HIGH, Some([125.0, 126.0, 80.0, 81.0])],
        "closed",
        Some(2.5),
        "sold 2 Feb after 1 bar: too_high; target touched 1 Feb",
    );
    check_end(&[None, FLAT], "not_filled", None, "not filled: it had no bar on 2024-01-31");
}

#[test]
fn a_gap_through_the_stop_costs_more_than_the_risk() {
    let under = Some([92.0, 93.0, 88.0, 89.0]);
    let gap = Some([80.0, 81.0, 79.0, 80.0]);
    let words = "sold 2 Feb after 1 bar: hard_stop; stop touched 1 Feb";
    check_end(&[FLAT, under, gap], "closed", Some(-2.0), words);
}

#[test]
fn a_bar_that_reaches_both_counts_as_stopped_first_and_says_so() {
    let both = Some([100.0, 121.0, 89.0, 100.0]);
    let words = "open after 2 bars; stop and target both touched 1 Feb, counted as stop first";
    check_end(&[FLAT, both, FLAT], "open", Some(0.0), words);
    let stop = Some([92.0, 93.0, 89.5, 92.0]);
    let target = Some([118.0, 120.0, 117.0, 118.0]);
    check_end(&[FLAT, stop, target], "open", Some(1.8), "open after 2 bars; stop touched 1 Feb");
    // Touched at the price itself.
    check_end(&[FLAT, target], "open", Some(1.8), "open after 1 bar; target touched 1 Feb");
}

#[test]
fn a_sale_without_a_bar_waits_for_the_next_one() {
    let back = Some([129.0, 130.0, 120.0, 122.0]);
    // Who was told to sell has sold at its open, though the rule would hold it at its close.
    let sold = "sold 3 Feb after 1 bar: too_high; target touched 1 Feb";
    check_end(&[FLAT, HIGH, None, back], "closed", Some(2.9), sold);
    // Late bars are waited for: nothing is taken back before the next one is there.
    check_end(
        &[FLAT, HIGH, None],
        "open",
        Some(3.1),
        "open after 1 bar; sells at the next open: too_high; target touched 1 Feb",
    );
}

#[test]
fn a_symbol_without_bars_for_a_month_is_counted_at_its_last_close() {
    let last = Some([100.0, 101.0, 94.0, 95.0]);
    let scripts = rules();
    let prepared = market(bars(&[FLAT, last]), Vec::new(), &scripts);
    let until = |until| one(&prepared, &scripts, Followed::waiting(told()), until);
    assert_eq!(until(31 + DELISTED_AFTER - 1).stage, Stage::Open);
    let own = until(31 + DELISTED_AFTER);
    assert_eq!((own.stage.clone(), own.r_multiple()), (Stage::Delisted, Some(-0.5)));
    assert_eq!(own.exit, Some(Fill { session: day(31), price: 95.0 }));
    assert_eq!(records(&[own], day(31))[0].all.losses, 1, "it is a loss like any other");
    // One that never traded again was never bought.
    let prepared = market(bars(&[]), Vec::new(), &scripts);
    let never = one(&prepared, &scripts, Followed::waiting(told()), 29 + DELISTED_AFTER);
    assert_eq!(never.told_outcome(), "not filled: no bar came after 2024-01-30");
}

#[test]
fn of_a_strategy_that_is_gone_the_stop_is_still_checked() {
    let other = scripts(&[("other", ALWAYS)]);
    let prepared = market(bars(&[FLAT, HIGH]), Vec::new(), &other);
    let own = one(&prepared, &other, Followed::waiting(told()), 31);
    assert_eq!(own.stage, Stage::StrategyGone);
    assert!(own.told_outcome().contains("its strategy is gone, only its stop is checked"));
    let under = Some([92.0, 93.0, 88.0, 89.0]);
    let prepared = market(bars(&[FLAT, under, FLAT]), Vec::new(), &other);
    let own = one(&prepared, &other, Followed::waiting(told()), 32);
    assert_eq!((own.stage, own.exit_reason.as_deref()), (Stage::Closed, Some("hard_stop")));
}

#[test]
fn a_split_changes_no_result() {
    // 4:1 on day 32, by which the vendor has adjusted all bars.
    let whole = [FLAT, Some([100.0, 112.0, 99.0, 110.0]), HIGH, Some([125.0, 126.0, 124.0, 125.0])];
    let plain = followed(&whole);
    let split = Split { symbol: symbol("A"), date: day(32), ratio: 4.0 };
    let scripts = scripts(&[("rule", &ALWAYS.replace("130.0", "130.0 / 4.0"))]);
    let plain_bars = bars(&whole);
    let adjusted = plain_bars.iter().map(|bar| Bar {
        open: bar.open / 4.0,
        high: bar.high / 4.0,
        low: bar.low / 4.0,
        close: bar.close / 4.0,
        ..bar
    });
    let (adjusted, _) = check(symbol("A"), adjusted.collect(), day(10_000));
    let prepared = market(adjusted.clone(), vec![split], &scripts);
    let own = one(&prepared, &scripts, Followed::waiting(told()), 33);
    assert_eq!(own, plain);
    // Held open over the split: followed on the plain bars before it, then on the adjusted ones.
    let plainly = market(bars(&whole[..2]), Vec::new(), &rules());
    let before = one(&plainly, &rules(), Followed::waiting(told()), 31);
    assert_eq!(one(&prepared, &scripts, before, 33), plain);
    // Where no list names it, nothing is guessed.
    let unlisted = market(adjusted, Vec::new(), &scripts);
    let (own, problems) = follow(&unlisted, &scripts, vec![Followed::waiting(told())], day(33));
    assert_eq!(own, [Followed::waiting(told())]);
    assert!(problems[0].message.contains("a split that no list names"), "{problems:?}");
}

#[test]
fn day_by_day_it_comes_to_the_same_as_at_once_and_later_bars_have_no_influence() {
    let raising = ALWAYS.to_owned() + "fn stop(row, position) { return row.close * 0.97; }";
    let scripts = scripts(&[("rule", &raising)]);
    let walk = [
        FLAT,
        Some([101.0, 104.0, 100.0, 103.0]),
        None,
        Some([103.0, 109.0, 102.0, 108.0]),
        Some([107.0, 108.0, 106.0, 107.0]),
        Some([105.0, 106.0, 103.0, 104.0]),
        Some([103.0, 104.0, 102.0, 103.0]),
    ];
    let whole = market(bars(&walk), Vec::new(), &scripts);
    let mut daily = Followed::waiting(told());
    for until in 30..=36 {
        let known = market(bars(&walk[..until - 29]), Vec::new(), &scripts);
        daily = one(&known, &scripts, daily, until);
        let at_once = one(&whole, &scripts, Followed::waiting(told()), until);
        // A day without a bar is looked at when the next one has come.
        assert_eq!(daily, at_once, "up to day {until}");
    }
    assert_eq!(daily.stage, Stage::Closed);
    assert_eq!(daily.stop_price, 108.0 * 0.97, "never lowered");
    // Fill at 100, stop touched by the low of 103 of day 35, sold at the open of day 36.
    assert_eq!(daily.told_outcome(), "sold 6 Feb after 4 bars: hard_stop; stop touched 5 Feb");
}

#[test]
fn an_edit_takes_back_no_sale_that_was_told() {
    let walk = [FLAT, HIGH, Some([125.0, 126.0, 124.0, 125.0])];
    let prepared = market(bars(&walk[..2]), Vec::new(), &rules());
    let told_to_sell = one(&prepared, &rules(), Followed::waiting(told()), 31);
    let edited = scripts(&[("rule", &ALWAYS.replace("130.0", "500.0"))]);
    let prepared = market(bars(&walk), Vec::new(), &edited);
    let own = one(&prepared, &edited, told_to_sell, 32);
    assert_eq!((own.stage, own.exit_reason.as_deref()), (Stage::Closed, Some("too_high")));
}

fn ended(strategy: &str, exit: usize, price: f64) -> Followed {
    Followed {
        told: Told { strategy: strategy.to_owned(), ..told() },
        stage: Stage::Closed,
        entry: Some(Fill { session: day(30), price: 100.0 }),
        exit: Some(Fill { session: day(exit), price }),
        ..Followed::waiting(told())
    }
}

#[test]
fn the_record_counts_every_loser_and_break_evens_against_the_rate() {
    let mut past = vec![
        ended("b", 31, 120.0),
        ended("b", 33, 80.0),
        ended("b", 60, 100.0),
        ended("b", 61, 85.0),
        ended("a", 31, 110.0),
    ];
    past.push(Followed { stage: Stage::Open, exit: None, last_close: Some(105.0), ..ended("b", 0, 0.0) });
    past.push(Followed { told: Told { strategy: "b".to_owned(), ..told() }, ..Followed::waiting(told()) });
    let records = records(&past, day(62));
    let names: Vec<&str> = records.iter().map(|own| own.strategy.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    let b = &records[1];
    assert_eq!((b.all.closed, b.all.wins, b.all.losses, b.all.break_evens), (4, 1, 2, 1));
    assert_eq!((b.all.win_rate, b.all.sum_r, b.all.mean_r), (Some(0.25), Some(-1.5), Some(-0.375)));
    assert_eq!((b.all.worst_r, b.all.best_r), (Some(-2.0), Some(2.0)));
    // Day 60 and on is March; the open one is in neither.
    assert_eq!((b.month.closed, b.month.sum_r), (2, Some(-1.5)));
    assert_eq!((b.open, b.open_r, b.waiting, b.not_filled), (1, Some(0.5), 1, 0));
    assert_eq!(b.no_figures(), None);
}

#[test]
fn of_nothing_there_is_no_figure_and_a_reason() {
    let waiting = &records(&[Followed::waiting(told())], day(40))[0];
    assert_eq!(waiting.all, Figures::default());
    assert_eq!((waiting.all.win_rate, waiting.all.mean_r, waiting.open_r), (None, None, None));
    assert_eq!(waiting.no_figures(), Some("none is closed yet"));
    let never = Followed { stage: Stage::NotFilled(String::new()), ..Followed::waiting(told()) };
    assert_eq!(records(&[never], day(40))[0].no_figures(), Some("none was filled"));
    assert_eq!(records(&[], day(40)), []);
}
