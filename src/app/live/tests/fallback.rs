//! What one vendor fails to give, and what the next one may do about it.

use super::*;

#[tokio::test]
async fn what_another_vendor_topped_up_is_replaced_by_the_histories_own() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let down = Vendor::polygon("2026-11-20").failing("daily", refused());
    let fallback = Vendor::alpha_vantage("2026-11-20");
    let live = trial.ask(FRIDAY, &[&down, &fallback], one).await;
    assert_eq!(fallback.asked(), ["daily A 2026-11-13"]);
    let volume = |live: &Live| {
        let bars = live.bars(&one[0]).expect("bars");
        bars.iter().find(|bar| bar.date == day("2026-11-20")).map(|bar| bar.volume)
    };
    assert_eq!((lacking(&live, one), volume(&live)), (String::new(), Some(2e6)));
    let mut live = trial.ask(MINUTES_LATER, &[], one).await;
    let held = live.release(&one[0]).expect("bars");
    assert_eq!(
        (held.tellers, held.prices),
        (vec!["polygon".into(), "alpha_vantage".into()], Prices::SplitAdjusted)
    );

    let back = Vendor::polygon("2026-11-23");
    let mut live = trial.ask(MONDAY, &[&back], one).await;
    assert_eq!(back.asked(), ["daily A 2026-06-01"]);
    assert_eq!(volume(&live), Some(1e6));
    assert_eq!(live.release(&one[0]).expect("bars").tellers, ["polygon"]);
}

#[tokio::test]
async fn a_history_that_is_known_to_be_wrong_is_handed_to_nobody() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let split = || Vendor::polygon("2026-11-20").with(|own| own.scale = 0.5);
    let throttled = split().failing("daily A 2026-06-01", busy());
    let mut live = trial.ask(FRIDAY, &[&throttled], one).await;
    assert_eq!(throttled.asked(), ["daily A 2026-11-13", "daily A 2026-06-01"]);
    assert_eq!((lacking(&live, one), live.bars(&one[0])), ("A".to_owned(), None));
    assert!(live.release(&one[0]).is_none());
    let told = why(&live, &one[0]);
    assert!(
        told.contains("allows no more requests") && told.contains("known to be wrong: polygon: a price"),
        "{told}"
    );

    // A next run knows it too, even if nobody can be asked, and the vendor that had the session is not
    // said to have none yet.
    let down = Vendor::polygon("2026-11-20").failing("", transport());
    let mut live = trial.ask(MINUTES_LATER, &[&down], one).await;
    assert_eq!(down.asked(), ["daily A 2026-06-01"]);
    assert!(live.release(&one[0]).is_none());
    let back = split();
    let live = trial.ask(MINUTES_LATER, &[&back], one).await;
    assert_eq!((back.asked(), lacking(&live, one)), (vec!["daily A 2026-06-01".to_owned()], String::new()));
}

#[tokio::test]
async fn the_next_vendor_is_tried_for_a_history_that_is_known_to_be_wrong() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let throttled =
        Vendor::polygon("2026-11-20").with(|own| own.scale = 0.5).failing("daily A 2026-06-01", busy());
    let fallback = Vendor::alpha_vantage("2026-11-20");
    let live = trial.ask(FRIDAY, &[&throttled, &fallback], one).await;
    assert_eq!(fallback.asked(), ["daily A 2026-06-01"]);
    assert_eq!(lacking(&live, one), "");
}

#[tokio::test]
async fn only_what_a_vendor_did_not_have_is_remembered_as_not_there_yet() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let down = Vendor::polygon("2026-11-20").failing("daily", refused());
    // It has the session, and its closes do not fit.
    let other = Vendor::alpha_vantage("2026-11-20").with(|own| own.scale = 0.5);
    for now in [FRIDAY, MINUTES_LATER] {
        let live = trial.ask(now, &[&down, &other], one).await;
        assert_eq!(other.asked(), ["daily A 2026-11-13"], "{now}");
        assert!(why(&live, &one[0]).contains("cannot continue the cached bars"), "{now}");
    }
}

#[tokio::test]
async fn a_session_on_its_way_is_no_failure_and_costs_the_next_vendor_nothing() {
    let (trial, symbols) = held("2026-11-19").await;
    let three = &symbols[..3];
    let (free, fallback) = (Vendor::polygon("2026-11-19"), Vendor::alpha_vantage("2026-11-20"));
    for now in [FRIDAY, MINUTES_LATER] {
        let live = trial.ask(now, &[&free, &fallback], three).await;
        assert_eq!((fallback.asked(), lacking(&live, three)), (Vec::new(), "ABC".to_owned()), "{now}");
    }
    // A day later it is no longer on its way.
    let live = trial.ask(SATURDAY, &[&free, &fallback], three).await;
    assert_eq!((fallback.asked().len(), lacking(&live, three)), (3, String::new()));
}

#[tokio::test]
async fn a_symbol_that_lacks_the_session_others_have_is_tried_at_the_next_vendor() {
    let (trial, symbols) = held("2026-11-19").await;
    let three = &symbols[..3];
    let partial = Vendor::polygon("2026-11-20").with(|own| own.late = vec!["B"]);
    let fallback = Vendor::alpha_vantage("2026-11-20");
    let live = trial.ask(FRIDAY, &[&partial, &fallback], three).await;
    assert_eq!(
        (fallback.asked(), lacking(&live, three)),
        (vec!["daily B 2026-11-13".to_owned()], String::new())
    );
}

#[tokio::test]
async fn few_calls_go_to_the_first_symbols_and_the_others_are_named() {
    let trial = Trial::new();
    let symbols = symbols(&["D", "A", "C", "B"]);
    let few = Vendor::alpha_vantage("2026-11-20").with(|own| own.limits.calls_left = Some(2));
    let live = trial.ask(FRIDAY, &[&few], &symbols).await;
    assert_eq!(few.asked(), ["daily D 2026-06-01", "daily A 2026-06-01"]);
    for symbol in &symbols[2..] {
        assert_eq!(why(&live, symbol), "alpha_vantage was not asked: its 2 calls of today went to others");
    }
}

#[tokio::test]
async fn a_whole_history_that_is_cut_short_takes_no_longer_ones_place() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let down = Vendor::polygon("2026-11-20").failing("daily", refused());
    trial.ask(FRIDAY, &[&down, &Vendor::alpha_vantage("2026-11-20")], one).await;
    let cut = Vendor::polygon("2026-11-23").with(|own| own.since = day("2026-09-01"));
    let live = trial.ask(MONDAY, &[&cut], one).await;
    assert_eq!(cut.asked(), ["daily A 2026-06-01"]);
    let told = why(&live, &one[0]);
    assert!(
        told.contains("begins on 2026-09-01 now, and on 2026-06-01 before: it looks cut short"),
        "{told}"
    );
    assert_eq!(live.bars(&one[0]).and_then(|bars| bars.dates().first().copied()), Some(day("2026-06-01")));
}
