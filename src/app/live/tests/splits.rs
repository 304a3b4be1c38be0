//! What a run asks of splits evening by evening, and what it then makes of jumps and positions.

use super::*;

const TUESDAY: &str = "2026-11-24T22:00:00Z";

const THE_20TH: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date");

/// Symbols that are held up to Thursday.
async fn held(count: u8) -> (Trial, Vec<Symbol>) {
    let (trial, symbols) = (Trial::new(), many(count));
    trial.ask(THURSDAY, &[&Vendor::polygon("2026-11-19")], &symbols).await;
    (trial, symbols)
}

/// Has bars that jump on Friday by this, and lists nothing.
fn jumping(until: &str, ratio: f64) -> Arc<Vendor> {
    Vendor::polygon(until).with(|own| own.jump = Some((THE_20TH, ratio)))
}

fn split(symbol: &Symbol, ratio: f64) -> Split {
    Split { symbol: symbol.clone(), date: THE_20TH, ratio }
}

/// Lists a split of Friday.
fn listing(vendor: Arc<Vendor>, split: &Split) -> Arc<Vendor> {
    vendor.with(|own| own.splits = Some(vec![split.clone()]))
}

fn told(live: &Live) -> Vec<&str> {
    live.problems.iter().map(|problem| problem.message.as_str()).collect()
}

#[tokio::test]
async fn a_jump_like_a_split_is_in_doubt_until_a_list_of_two_sessions_later_is_without_it() {
    let (trial, one) = held(1).await;
    for (now, until, asked, real) in [
        (FRIDAY, "2026-11-20", vec!["daily A 2026-11-13", "splits A"], 0),
        (MINUTES_LATER, "2026-11-20", vec![], 0),
        (MONDAY, "2026-11-23", vec!["daily A 2026-11-16", "splits A"], 0),
        (TUESDAY, "2026-11-24", vec!["daily A 2026-11-17", "splits A"], 1),
        // What was said late enough holds, and is not asked again within the TTL.
        ("2026-11-24T22:05:00Z", "2026-11-24", vec![], 1),
    ] {
        let vendor = jumping(until, 0.5);
        let live = trial.ask(now, &[&vendor], &one).await;
        assert_eq!((vendor.asked(), live.real_moves.len()), (texts(&asked), real), "{now}");
        let is_told = told(&live).iter().any(|what| what.ends_with("lists no split of it: a real move"));
        assert_eq!(is_told, real == 1, "{now}: {:?}", live.problems);
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_jump_by_no_splits_ratio_is_a_real_move_at_once() {
    let (trial, one) = held(1).await;
    let vendor = jumping("2026-11-20", 0.37);
    let live = trial.ask(FRIDAY, &[&vendor], &one).await;
    assert_eq!(live.real_moves, BTreeSet::from([(one[0].clone(), THE_20TH)]));
}

#[tokio::test]
async fn a_split_that_is_listed_late_is_found() {
    let (trial, one) = held(1).await;
    trial.ask(FRIDAY, &[&jumping("2026-11-20", 0.5)], &one).await;
    let late = listing(jumping("2026-11-23", 0.5), &split(&one[0], 2.0));
    let live = trial.ask(MONDAY, &[&late], &one).await;
    assert_eq!(late.asked(), ["daily A 2026-11-16", "splits A", "daily A 2026-06-01"]);
    assert_eq!((live.real_moves.len(), live.splits()), (0, vec![split(&one[0], 2.0)]));
}

#[tokio::test]
async fn bars_that_show_a_listed_split_are_fetched_again_once_within_the_ttl() {
    let (trial, one) = held(1).await;
    let unadjusted = |call| listing(jumping("2026-11-20", 0.5), &split(&one[0], 2.0)).failing(call, busy());
    let throttled = unadjusted("daily A 2026-06-01");
    let live = trial.ask(FRIDAY, &[&throttled], &one).await;
    assert_eq!(throttled.asked(), ["daily A 2026-11-13", "splits A", "daily A 2026-06-01"]);
    assert_eq!(live.bars(&one[0]), None, "known to be wrong");
    // The history that was fetched for that is the one that still shows it.
    let vendor = unadjusted("never");
    let live = trial.ask(MINUTES_LATER, &[&vendor], &one).await;
    assert_eq!(vendor.asked(), ["daily A 2026-06-01"]);
    assert_eq!((live.real_moves.len(), live.splits()), (0, vec![split(&one[0], 2.0)]));
    trial.ask(MINUTES_LATER, &[&vendor], &one).await;
    assert_eq!(vendor.asked(), [""; 0]);
    // A day later once more; failing then costs nothing of what is held.
    let throttled = unadjusted("daily A 2026-06-01");
    let live = trial.ask(SATURDAY, &[&throttled], &one).await;
    assert_eq!(throttled.asked(), ["daily A 2026-11-16", "splits A", "daily A 2026-06-01"]);
    assert!(live.bars(&one[0]).is_some());
    let adjusted = listing(Vendor::polygon("2026-11-20"), &split(&one[0], 2.0));
    trial.ask("2026-11-22T23:30:00Z", &[&adjusted], &one).await;
    assert_eq!(
        adjusted.asked(),
        ["daily A 2026-11-16", "daily A 2026-06-01"],
        "its overlap is at the new scale"
    );
}

#[tokio::test]
async fn a_split_that_the_markets_list_named_is_known_in_every_later_run() {
    let (trial, symbols) = held(8).await;
    // Three for two is no jump by itself: only the list tells.
    let vendor = listing(jumping("2026-11-20", 1.0 / 1.5), &split(&symbols[2], 1.5));
    let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
    assert_eq!(vendor.asked(), ["market 2026-11-20", "splits all", "daily C 2026-06-01"]);
    assert_eq!(live.splits(), [split(&symbols[2], 1.5)]);
    let warm = trial.ask(MINUTES_LATER, &[&vendor], &symbols).await;
    assert_eq!((vendor.asked(), warm.splits()), (Vec::new(), vec![split(&symbols[2], 1.5)]));
}

#[tokio::test]
async fn a_history_that_was_fetched_again_for_a_split_is_not_fetched_again_the_day_after() {
    let (trial, symbols) = held(8).await;
    let split = split(&symbols[2], 2.0);
    let adjusted = |until: &str| listing(Vendor::polygon(until), &split);
    let first = adjusted("2026-11-20");
    trial.ask(FRIDAY, &[&first], &symbols).await;
    assert_eq!(first.asked(), ["market 2026-11-20", "splits all", "daily C 2026-06-01"]);
    for (now, until) in [(MONDAY, "2026-11-23"), (TUESDAY, "2026-11-24")] {
        let next = adjusted(until);
        let live = trial.ask(now, &[&next], &symbols).await;
        assert_eq!(next.asked(), [format!("market {until}"), "splits all".to_owned()]);
        assert_eq!(live.splits(), std::slice::from_ref(&split));
    }
}

#[tokio::test]
async fn what_is_held_is_asked_about_since_its_entry() {
    let (mut trial, one) = held(1).await;
    trial.held_since = BTreeMap::from([(one[0].clone(), day("2026-10-01"))]);
    // Split long before the cache was filled: no bar and no jump tells of it.
    let old = Split { date: day("2026-10-15"), ..split(&one[0], 3.0) };
    let vendor = listing(Vendor::polygon("2026-11-20"), &old);
    let live = trial.ask(FRIDAY, &[&vendor], &one).await;
    assert_eq!(
        (vendor.asked(), live.splits()),
        (texts(&["daily A 2026-11-13", "splits A"]), vec![old.clone()])
    );
    let live = trial.ask(MINUTES_LATER, &[&vendor], &one).await;
    assert_eq!((vendor.asked(), live.splits()), (Vec::new(), vec![old.clone()]));
    let next = listing(Vendor::polygon("2026-11-23"), &old);
    trial.ask(MONDAY, &[&next], &one).await;
    assert_eq!(next.asked(), ["daily A 2026-11-16", "splits A"], "once a session");
}

#[tokio::test]
async fn many_positions_cost_one_call_and_none_beside_the_markets_own() {
    let (mut trial, symbols) = held(8).await;
    trial.held_since = symbols[..4].iter().map(|own| (own.clone(), day("2026-10-01"))).collect();
    let own = Vendor::polygon("2026-11-19");
    trial.ask("2026-11-19T22:05:00Z", &[&own], &symbols).await;
    assert_eq!(own.asked(), ["splits all"]);
    // The market's list is asked for since the first entry.
    let market =
        listing(Vendor::polygon("2026-11-20"), &Split { date: day("2026-10-15"), ..split(&symbols[0], 3.0) });
    let live = trial.ask(FRIDAY, &[&market], &symbols).await;
    assert_eq!(market.asked(), ["market 2026-11-20", "splits all"]);
    assert_eq!(live.splits().len(), 1);
}

#[tokio::test]
async fn what_the_whole_markets_list_cannot_say_is_asked_of_each_position() {
    let (mut trial, symbols) = held(8).await;
    trial.held_since = symbols[..3].iter().map(|own| (own.clone(), day("2026-10-01"))).collect();
    let vendor = Vendor::polygon("2026-11-19").with(|own| own.nameless_splits = 1);
    let live = trial.ask("2026-11-19T22:05:00Z", &[&vendor], &symbols).await;
    assert_eq!(vendor.asked(), ["splits all", "splits A", "splits B", "splits C"]);
    let told = told(&live);
    assert!(told.len() == 3 && told[0].ends_with("a split that polygon lists could not be read"), "{told:?}");
}

#[tokio::test]
async fn a_vendor_is_asked_about_the_histories_that_it_told_alone() {
    let (mut trial, one) = (Trial::new(), many(1));
    trial.ask(THURSDAY, &[&Vendor::alpha_vantage("2026-11-19")], &one).await;
    trial.held_since = BTreeMap::from([(one[0].clone(), day("2026-10-01"))]);
    let refusing = Vendor::polygon("2026-11-19").failing("daily", refused());
    let fallback = Vendor::alpha_vantage("2026-11-19");
    let live = trial.ask("2026-11-19T22:05:00Z", &[&refusing, &fallback], &one).await;
    assert!(!refusing.asked().iter().any(|call| call.starts_with("splits")), "{:?}", live.problems);
}

#[tokio::test]
async fn a_split_without_a_name_costs_the_symbols_alone_that_may_be_meant() {
    let (trial, symbols) = held(8).await;
    let nameless = |vendor: Arc<Vendor>| vendor.with(|own| own.nameless_splits = 1);
    let calm = nameless(Vendor::polygon("2026-11-20"));
    let live = trial.ask(FRIDAY, &[&calm], &symbols).await;
    assert_eq!(calm.asked(), ["market 2026-11-20", "splits all"]);
    assert!(symbols.iter().all(|symbol| !live.lacks(symbol)));
    let (trial, symbols) = held(8).await;
    let moved = nameless(jumping("2026-11-20", 0.8));
    trial.ask(FRIDAY, &[&moved], &symbols).await;
    assert_eq!(moved.asked().iter().filter(|call| call.starts_with("daily")).count(), 8);
}

#[tokio::test]
async fn a_vendor_that_is_down_is_asked_about_splits_no_more_than_twice() {
    let (mut trial, symbols) = held(8).await;
    // Entries of long ago: the whole market's list would be as many calls.
    trial.held_since = symbols[..4].iter().map(|own| (own.clone(), day("2020-01-02"))).collect();
    let down = Vendor::polygon("2026-11-19").failing("splits", transport());
    let live = trial.ask("2026-11-19T22:05:00Z", &[&down], &symbols).await;
    assert_eq!(down.asked(), ["splits A", "splits B"]);
    let told = told(&live);
    assert_eq!(told.len(), 4);
    assert!(told[3].contains("it is held since 2020-01-02, and whether it was split could not be asked: polygon was not asked after it failed for others"), "{told:?}");
    // One that was given up for its bars is not asked at all.
    let down = Vendor::polygon("2026-11-20").failing("", transport());
    trial.ask(FRIDAY, &[&down], &symbols).await;
    assert!(!down.asked().iter().any(|call| call.starts_with("splits A")));
}

#[tokio::test]
async fn what_is_asked_about_splits_stands_in_the_plan_and_on_the_progress_line() {
    let (mut trial, one) = held(1).await;
    trial.held_since = BTreeMap::from([(one[0].clone(), day("2026-10-01"))]);
    let vendor = Vendor::polygon("2026-11-19");
    let mut live = trial.read("2026-11-19T22:05:00Z", &one).await;
    let mut plan = live.plan(&live.ask("polygon", vendor.as_ref()), &one);
    live.plan_checks(&mut plan, vendor.as_ref(), &one);
    assert_eq!(plan.calls(), 1);
    assert!(plan.to_string().contains("  splits     A          2026-10-01 to 2026-11-19\n"), "{plan}");
    let steps = std::sync::Mutex::new(Vec::new());
    let vendors: [Arc<dyn Source>; 1] = [vendor];
    live.check_splits(&vendors, &one, &|done, total| steps.lock().expect("no panic").push((done, total)))
        .await;
    assert_eq!(steps.into_inner().expect("no panic"), [(0, 1), (1, 1)]);
}

#[tokio::test]
async fn a_vendor_without_a_list_of_splits_leaves_the_jump_in_doubt() {
    let (trial, one) = (Trial::new(), many(1));
    let vendor = Vendor::alpha_vantage("2026-11-20").with(|own| own.jump = Some((THE_20TH, 0.5)));
    let live = trial.ask(FRIDAY, &[&vendor], &one).await;
    assert_eq!((vendor.asked().len(), live.real_moves.len()), (1, 0));
}
