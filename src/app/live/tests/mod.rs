//! What a run asks of its vendors evening by evening, and what it then goes by.

mod absent;
mod days;
mod fallback;
mod splits;

use super::super::scripted::*;
use super::*;
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

#[tokio::test]
async fn a_vendor_that_answers_everyone_with_the_same_nonsense_is_given_up() {
    let page = SourceError::Malformed {
        file: "polygon".into(),
        line: None,
        column: None,
        what: "the answer is a web page".into(),
    };
    let missing = SourceError::Status { place: "polygon".into(), code: 404, what: "nothing here".into() };
    for error in [page, missing] {
        let (trial, symbols) = (Trial::new(), many(20));
        let vendor = Vendor::polygon("2026-11-20").failing("daily", error);
        let live = trial.ask(FRIDAY, &[&vendor], &symbols).await;
        assert_eq!(vendor.asked().len(), 5);
        assert!(why(&live, &symbols[19]).contains("was not asked after it failed for others"));
    }
}

#[tokio::test]
async fn bars_are_used_although_their_writer_breaks_down() {
    let (trial, one) = (Trial::new(), many(1));
    let live = trial.ask(WEDNESDAY, &[&Vendor::polygon("2026-11-18")], &one).await;
    let history = live.cached(&one[0]).expect("held").clone();
    let entry = history.filled(history.bars.clone());
    let mut live = Live { cached: BTreeMap::new(), ..live };
    live.keep_by(vec![entry], "polygon", |_| std::panic::panic_any("a writer that breaks down")).await;
    assert!(live.problems.iter().any(|problem| problem.message.contains("broke down")));
    assert_eq!(live.release(&one[0]).expect("bars").bars, history.bars);
}

#[tokio::test]
async fn what_another_process_wrote_meanwhile_stays_and_costs_this_run_nothing() {
    let (trial, symbols) = held("2026-11-19").await;
    let one = &symbols[..1];
    let mut ours = trial.read(FRIDAY, one).await;
    trial.ask(FRIDAY, &[&Vendor::polygon("2026-11-20")], one).await;
    let history = ours.cached(&one[0]).expect("held").clone();
    ours.keep(vec![history.filled(history.bars.clone())], "polygon").await;
    assert_eq!((last(&ours, &one[0]), ours.problems.len()), (Some(day("2026-11-19")), 0));
    let theirs = trial.read(FRIDAY, one).await;
    assert_eq!(last(&theirs, &one[0]), Some(day("2026-11-20")));
    // Nor is a verdict on the older bars one on theirs.
    ours.distrust(&one[0], "a price differs".to_owned());
    ours.note_outdated(one).await;
    assert_eq!(lacking(&trial.read(FRIDAY, one).await, one), "");
}
