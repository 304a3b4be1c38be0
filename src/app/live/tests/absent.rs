//! What vendors do not have: told, left unsaid, remembered and forgotten.

use super::*;
use crate::cache::Which;

#[tokio::test]
async fn a_ticker_that_a_vendor_does_not_have_costs_one_call_a_day() {
    let trial = Trial::new();
    let two = symbols(&["A", "Z"]);
    let vendor = Vendor::polygon("2026-11-20").with(|own| own.gone = vec!["Z"]);
    trial.ask(FRIDAY, &[&vendor], &two).await;
    assert_eq!(vendor.asked().len(), 2);
    let live = trial.ask(MINUTES_LATER, &[&vendor], &two).await;
    assert_eq!(vendor.asked(), [""; 0]);
    let told = why(&live, &two[1]);
    assert!(told.contains("asked on 2026-11-20 22:00 UTC") && told.contains("`ts cache clear Z`"), "{told}");
    assert_eq!(trial.cache.absent(instant(FRIDAY)).len(), 1);

    trial.cache.clear(&Which::Symbol(AssetClass::Equity, two[1].clone())).expect("writable");
    trial.ask(MINUTES_LATER, &[&vendor], &two).await;
    assert_eq!(vendor.asked(), ["daily Z 2026-06-01"]);
    trial.ask(SATURDAY, &[&vendor], &two).await;
    assert_eq!(vendor.asked(), ["daily A 2026-11-16", "daily Z 2026-06-01"]);
}

#[tokio::test]
async fn one_refusal_takes_nothing_back_of_a_held_history() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let vendor = Vendor::polygon("2026-11-20").with(|own| own.gone = vec!["A"]);
    trial.ask(FRIDAY, &[&vendor], one).await;
    assert_eq!(trial.cache.absent(instant(FRIDAY)), []);
    let back = Vendor::polygon("2026-11-20");
    assert_eq!(lacking(&trial.ask(MINUTES_LATER, &[&back], one).await, one), "");
}

#[tokio::test]
async fn what_was_absent_is_asked_for_again_on_the_next_session_however_long_the_memory() {
    let trial = Trial::new();
    let two = symbols(&["A", "Z"]);
    let vendor = Vendor::polygon("2026-11-19").with(|own| own.gone = vec!["Z"]);
    trial.ask("2026-11-19T23:00:00Z", &[&vendor], &two).await;
    let listed = Vendor::polygon("2026-11-20");
    // Less than a day later.
    assert_eq!(lacking(&trial.ask(FRIDAY, &[&listed], &two).await, &two), "");
}

#[tokio::test]
async fn the_silence_of_a_vendor_that_gives_nobody_anything_is_not_believed() {
    let trial = Trial::new();
    let two = symbols(&["A", "Z"]);
    let silent = Vendor::polygon("2026-11-20").with(|own| own.gone = vec!["A", "Z"]);
    for now in [FRIDAY, MINUTES_LATER] {
        trial.ask(now, &[&silent], &two).await;
        assert_eq!(silent.asked().len(), 2, "{now}");
    }
}

#[tokio::test]
async fn silence_on_the_market_says_nothing_of_other_symbols() {
    let (trial, mut symbols) = held("2026-11-19").await;
    symbols.extend(crate::app::scripted::symbols(&["ZZZ"]));
    // An empty day, and no bar of the symbol that is not held.
    let silent = Vendor::polygon("2026-11-20").with(|own| {
        own.closed = vec![day("2026-11-20")];
        own.gone = vec!["ZZZ"];
    });
    trial.ask(FRIDAY, &[&silent], &symbols).await;
    assert_eq!(silent.asked(), ["market 2026-11-20", "daily ZZZ 2026-06-01"]);
    assert_eq!(trial.cache.absent(instant(FRIDAY)), [], "it gave a bar of nobody");
}

#[tokio::test]
async fn a_symbol_that_the_market_is_silent_about_is_not_written_again() {
    let (trial, symbols) = held("2026-11-19").await;
    let vendor = Vendor::polygon("2026-11-20").with(|own| own.late = vec!["B"]);
    trial.ask(FRIDAY, &[&vendor], &symbols).await;
    let cached_at = |symbol: &Symbol| {
        let (cached, _) = trial.cache.get(AssetClass::Equity, symbol, instant(FRIDAY));
        cached.expect("held").meta.cached_at
    };
    assert_eq!(cached_at(&symbols[0]), instant(FRIDAY));
    assert_eq!(cached_at(&symbols[1]), instant(THURSDAY), "nothing was told of it");
    // It is asked about again in minutes, not at once.
    trial.ask(MINUTES_LATER, &[&vendor], &symbols).await;
    assert_eq!(vendor.asked().iter().filter(|call| call.contains("daily")).count(), 0);
}
