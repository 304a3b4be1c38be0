//! What a run asks of its vendors evening by evening, and what it then goes by.

use super::super::scripted::*;
use super::*;
use crate::cache::Which;
use crate::sources::SourceError;

const WEDNESDAY: &str = "2026-11-18T22:00:00Z";
const THURSDAY: &str = "2026-11-19T22:00:00Z";
const FRIDAY: &str = "2026-11-20T22:00:00Z";
const MINUTES_LATER: &str = "2026-11-20T22:05:00Z";
const SATURDAY: &str = "2026-11-21T23:00:00Z";
const MONDAY: &str = "2026-11-23T22:00:00Z";

fn lacking(live: &Live, symbols: &[Symbol]) -> String {
    symbols.iter().filter(|symbol| live.lacks(symbol)).map(Symbol::as_str).collect()
}

fn why(live: &Live, symbol: &Symbol) -> String {
    live.failures.get(symbol).map(|reasons| reasons.join("; ")).unwrap_or_default()
}

fn last(live: &Live, symbol: &Symbol) -> Option<NaiveDate> {
    live.bars(symbol)?.dates().last().copied()
}

fn unavailable() -> SourceError {
    SourceError::Status { place: "polygon".into(), code: 503, what: "down".into() }
}

/// The calls for the market's days, and how many symbols had calls of their own.
fn split_up(asked: &[String]) -> (Vec<&str>, usize) {
    let is_own = |call: &&String| call.starts_with("daily");
    let shared = asked.iter().filter(|call| !is_own(call)).map(String::as_str).collect();
    (shared, asked.iter().filter(is_own).count())
}

/// Eight symbols that are held up to a day.
async fn held(until: &str) -> (Trial, Vec<Symbol>) {
    let (trial, symbols) = (Trial::new(), many(8));
    trial.ask(&format!("{until}T22:00:00Z"), &[&Vendor::polygon(until)], &symbols).await;
    (trial, symbols)
}

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
async fn a_vendor_that_is_down_is_given_up_after_two_failures() {
    let (trial, symbols) = held("2026-11-19").await;
    let vendor = Vendor::polygon("2026-11-20").failing("", transport());
    let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
    assert_eq!(vendor.asked(), ["market 2026-11-20", "daily A 2026-11-13", "daily B 2026-11-13"]);
    assert_eq!(why(&live, &symbols[1]), transport().to_string());
    let third = why(&live, &symbols[2]);
    assert!(third.contains("was not asked after it failed for others: polygon could not be read"), "{third}");
    // What is one symbol's own fault is not the vendor's.
    let (trial, symbols) = (Trial::new(), many(8));
    let unknown = SourceError::UnknownSymbol { symbol: symbols[0].clone(), hint: String::new() };
    let vendor = Vendor::polygon("2026-11-20").failing("daily", unknown);
    trial.ask(FRIDAY, &[&vendor], &symbols).await;
    assert_eq!(vendor.asked().len(), 8);
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

#[tokio::test]
async fn a_jump_that_no_list_has_is_a_real_move_and_asked_about_once() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let vendor = Vendor::polygon("2026-11-20").with(|own| own.jump = Some((day("2026-11-20"), 0.5)));
    let real = BTreeSet::from([(one[0].clone(), day("2026-11-20"))]);
    for (now, asked) in [(FRIDAY, vec!["daily A 2026-11-13", "splits A"]), (MINUTES_LATER, vec![])] {
        let live = trial.ask(now, &[&vendor], one).await;
        assert_eq!(
            (vendor.asked(), &live.real_moves),
            (asked.iter().map(ToString::to_string).collect(), &real)
        );
        assert!(live.problems[0].message.ends_with("polygon lists no split of it: a real move"), "{now}");
    }
}

#[tokio::test]
async fn a_jump_that_is_a_listed_split_has_the_history_fetched_again_once() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let split = Split { symbol: one[0].clone(), date: day("2026-11-20"), ratio: 2.0 };
    let vendor = |call| {
        let vendor = Vendor::polygon("2026-11-20").with(|own| {
            own.jump = Some((day("2026-11-20"), 0.5));
            own.splits = Some(vec![split.clone()]);
        });
        vendor.failing(call, busy())
    };
    let throttled = vendor("daily A 2026-06-01");
    let live = trial.ask(FRIDAY, &[&throttled], one).await;
    assert_eq!(throttled.asked(), ["daily A 2026-11-13", "splits A", "daily A 2026-06-01"]);
    assert_eq!(live.bars(&one[0]), None, "known to be wrong");

    let unadjusted = vendor("never");
    let live = trial.ask(MINUTES_LATER, &[&unadjusted], one).await;
    // Once because what is held is wrong, and once because it still shows the split.
    assert_eq!(unadjusted.asked(), ["daily A 2026-06-01", "daily A 2026-06-01"]);
    assert_eq!((live.real_moves.len(), live.splits.as_slice()), (0, [split.clone()].as_slice()));
    trial.ask(MINUTES_LATER, &[&unadjusted], one).await;
    assert_eq!(unadjusted.asked(), [""; 0]);
}

#[tokio::test]
async fn a_vendor_without_a_list_of_splits_leaves_the_jump_in_doubt() {
    let (trial, one) = (Trial::new(), many(1));
    let vendor = Vendor::alpha_vantage("2026-11-20").with(|own| own.jump = Some((day("2026-11-20"), 0.5)));
    let live = trial.ask(FRIDAY, &[&vendor], &one).await;
    assert_eq!((vendor.asked().len(), live.real_moves.len()), (1, 0));
}

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
async fn an_old_word_on_a_jump_proves_nothing_where_the_vendor_cannot_be_asked_again() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let vendor = || Vendor::polygon("2026-11-20").with(|own| own.jump = Some((day("2026-11-20"), 0.5)));
    assert_eq!(trial.ask(FRIDAY, &[&vendor()], one).await.real_moves.len(), 1);
    let throttled = vendor().failing("splits A", busy());
    assert_eq!(trial.ask(SATURDAY, &[&throttled], one).await.real_moves.len(), 0);
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
async fn as_many_are_asked_at_once_as_the_limit_bears() {
    for (per_minute, most) in [(Some(5), 1), (Some(20), 4), (None, 8)] {
        let (trial, symbols) = (Trial::new(), many(20));
        let vendor = Vendor::polygon("2026-11-20").with(|own| own.limits.requests_per_minute = per_minute);
        let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
        assert_eq!((vendor.asked().len(), lacking(&live, &symbols)), (20, String::new()));
        assert_eq!(vendor.most_at_once.load(std::sync::atomic::Ordering::SeqCst), most, "{per_minute:?}");
    }
}

#[tokio::test]
async fn what_the_disk_refuses_is_used_all_the_same() {
    let (trial, one) = (Trial::new(), many(1));
    std::fs::write(trial.cache.dir(), "a file where the folder should be").expect("a file");
    let mut live = trial.ask(WEDNESDAY, &[&Vendor::polygon("2026-11-18")], &one).await;
    assert_eq!(lacking(&live, &one), "");
    let is_told = live.problems.iter().any(|problem| problem.message.ends_with("this run goes on without"));
    assert!(is_told, "{:?}", live.problems);
    assert_eq!(live.release(&one[0]).expect("bars").tellers, ["polygon"]);
}
