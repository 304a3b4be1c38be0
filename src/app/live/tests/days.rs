//! Whole days of the market, the tails that stand in for them, and bars that are seen again.

use super::*;

#[tokio::test]
async fn a_closure_that_the_calendar_does_not_know_freezes_nothing() {
    let (trial, symbols) = held("2026-11-18").await;
    let vendor = |until| Vendor::polygon(until).with(|own| own.closed = vec![day("2026-11-19")]);
    let closed = vendor("2026-11-19");
    let live = trial.ask(THURSDAY, &[&closed], &symbols).await;
    assert_eq!(closed.asked(), ["market 2026-11-19"]);
    assert_eq!(lacking(&live, &symbols), "ABCDEFGH");

    let open = vendor("2026-11-20");
    let live = trial.ask(FRIDAY, &[&open], &symbols).await;
    assert_eq!(open.asked(), ["market 2026-11-19", "market 2026-11-20", "splits all"]);
    assert_eq!((lacking(&live, &symbols), live.failures.len()), (String::new(), 0));

    let next = vendor("2026-11-23");
    let live = trial.ask(MONDAY, &[&next], &symbols).await;
    assert_eq!(next.asked(), ["market 2026-11-23", "splits all"]);
    assert_eq!(lacking(&live, &symbols), "");
}

#[tokio::test]
async fn what_is_refused_for_the_market_is_asked_for_symbol_by_symbol() {
    let (day, splits) = ("market 2026-11-20", "splits all");
    for (call, shared) in [("market", vec![day]), ("splits", vec![day, splits])] {
        for error in [refused(), unavailable(), transport(), busy()] {
            let (trial, symbols) = held("2026-11-19").await;
            let vendor = Vendor::polygon("2026-11-20").failing(call, error);
            let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
            let asked = vendor.asked();
            assert_eq!(split_up(&asked), (shared.clone(), 8));
            assert!(asked.contains(&"daily H 2026-11-13".to_owned()), "a tail with its overlap: {asked:?}");
            assert_eq!((lacking(&live, &symbols), live.failures.len()), (String::new(), 0), "{call}");
        }
    }
}

#[tokio::test]
async fn a_symbol_whose_row_of_the_market_cannot_be_read_is_asked_for_by_itself() {
    let (trial, symbols) = held("2026-11-19").await;
    let vendor = Vendor::polygon("2026-11-20").with(|own| own.unread = vec!["C"]);
    let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
    assert_eq!(vendor.asked(), ["market 2026-11-20", "splits all", "daily C 2026-11-13"]);
    assert_eq!(lacking(&live, &symbols), "");
}

#[tokio::test]
async fn the_days_that_came_before_one_failed_are_kept() {
    let (trial, symbols) = held("2026-11-18").await;
    let vendor = Vendor::polygon("2026-11-20")
        .failing("market 2026-11-20", unavailable())
        .failing("daily", unavailable());
    let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
    let shared = vec!["market 2026-11-19", "market 2026-11-20", "splits all"];
    assert_eq!(split_up(&vendor.asked()), (shared, 2));
    assert_eq!(last(&live, &symbols[7]), Some(day("2026-11-19")));
}

#[tokio::test]
async fn a_newest_day_without_a_bar_is_not_there_yet_and_the_days_before_it_are_kept() {
    let (mut trial, symbols) = held("2026-11-18").await;
    let free = Vendor::polygon("2026-11-19");
    let live = trial.ask(FRIDAY, &[&free], &symbols).await;
    assert_eq!(free.asked(), ["market 2026-11-19", "market 2026-11-20", "splits all"]);
    assert_eq!(last(&live, &symbols[7]), Some(day("2026-11-19")));
    let told = &live.problems[0].message;
    assert!(told.contains("does not have it yet") && told.ends_with("(8 symbols)"), "{told}");
    // For ten minutes that is believed, but for the scheduler's own retry.
    trial.ask(MINUTES_LATER, &[&free], &symbols).await;
    assert_eq!(free.asked(), [""; 0]);
    trial.patience = Patience::Ignored;
    trial.ask(MINUTES_LATER, &[&free], &symbols).await;
    assert_eq!(free.asked(), ["market 2026-11-20"]);
}

#[tokio::test]
async fn expired_bars_are_seen_again_by_day_or_by_their_own_tail() {
    let days = |from: u32| (from..=20).map(|day| format!("market 2026-11-{day}")).collect::<Vec<_>>();
    let (trial, symbols) = held("2026-11-20").await;
    let same = Vendor::polygon("2026-11-20");
    let live = trial.ask(SATURDAY, &[&same], &symbols).await;
    assert_eq!((same.asked(), live.failures.len()), (days(16), 0));
    trial.ask(SATURDAY, &[&same], &symbols).await;
    assert_eq!(same.asked(), [""; 0], "seen again, they are fresh again");

    let (trial, symbols) = held("2026-11-20").await;
    trial.ask(SATURDAY, &[&same], &symbols[..1]).await;
    assert_eq!(same.asked(), ["daily A 2026-11-16"]);

    // Days cut short are not taken for bars that vanished.
    let (trial, symbols) = held("2026-11-20").await;
    let torn = Vendor::polygon("2026-11-20").failing("market 2026-11-18", unavailable());
    let live = trial.ask(SATURDAY, &[&torn], &symbols).await;
    let asked = torn.asked();
    assert_eq!(split_up(&asked), (vec!["market 2026-11-16", "market 2026-11-17", "market 2026-11-18"], 8));
    assert!(asked.contains(&"daily A 2026-11-16".to_owned()), "{asked:?}");
    assert_eq!((live.problems, lacking_of(&trial, &symbols).await), (Vec::new(), String::new()));
}

async fn lacking_of(trial: &Trial, symbols: &[Symbol]) -> String {
    lacking(&trial.ask(SATURDAY, &[], symbols).await, symbols)
}

#[tokio::test]
async fn a_price_that_changed_has_the_history_fetched_again() {
    let (trial, symbols) = held("2026-11-20").await;
    let scaled = Vendor::polygon("2026-11-20").with(|own| own.scale = 0.5);
    let live = trial.ask(SATURDAY, &[&scaled], &symbols).await;
    let asked = scaled.asked();
    assert_eq!(split_up(&asked).1, 8);
    assert!(asked.contains(&"daily C 2026-06-01".to_owned()), "{asked:?}");
    assert!(live.problems[0].message.contains("its whole history is fetched again"), "{:?}", live.problems);
    let closes: Vec<f64> = live.bars(&symbols[0]).expect("bars").iter().map(|bar| bar.close).collect();
    assert!(closes.iter().all(|close| *close < 40.0), "all of them at the new scale");
}

#[tokio::test]
async fn a_history_that_is_only_appended_to_is_seen_again_after_a_week() {
    let (trial, symbols) = held("2026-11-13").await;
    for number in 16..=19 {
        let vendor = Vendor::polygon(&format!("2026-11-{number}"));
        trial.ask(&format!("2026-11-{number}T22:00:00Z"), &[&vendor], &symbols).await;
        assert_eq!(vendor.asked(), [format!("market 2026-11-{number}"), "splits all".to_owned()]);
    }
    // A correction that no list of splits tells of.
    let corrected = Vendor::polygon("2026-11-20").with(|own| own.scale = 1.01);
    let live = trial.ask(FRIDAY, &[&corrected], &symbols).await;
    let asked = corrected.asked();
    let days = ["13", "16", "17", "18", "19", "20"].map(|day| format!("market 2026-11-{day}"));
    assert_eq!(split_up(&asked), (days.iter().map(String::as_str).collect(), 8), "and each history whole");
    assert_eq!(lacking(&live, &symbols), "");
    let next = Vendor::polygon("2026-11-23").with(|own| own.scale = 1.01);
    trial.ask(MONDAY, &[&next], &symbols).await;
    assert_eq!(next.asked(), ["market 2026-11-23", "splits all"]);
}

#[tokio::test]
async fn what_is_wrong_with_the_newest_bar_is_said_until_the_next_answer_alone() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let notes = |live: &Live| live.cached(&one[0]).expect("held").meta.notes.len();
    let unsound = |date| Vendor::polygon("2026-11-20").with(|own| own.unsound = vec![day(date)]);
    let live = trial.ask(FRIDAY, &[&unsound("2026-11-20")], one).await;
    assert_eq!((live.problems.len(), notes(&live)), (1, 0), "{:?}", live.problems);
    let later = "2026-11-20T22:11:00Z";
    let live = trial.ask(later, &[&Vendor::polygon("2026-11-20")], one).await;
    assert_eq!((live.problems.len(), notes(&live)), (0, 0), "{:?}", live.problems);
    // One that is over is not asked for again.
    let (trial, one) = (Trial::new(), many(1));
    let live = trial.ask(FRIDAY, &[&unsound("2026-11-18")], &one).await;
    assert_eq!((live.problems.len(), live.cached(&one[0]).expect("held").meta.notes.len()), (1, 1));
}
