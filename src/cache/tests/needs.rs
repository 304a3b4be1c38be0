//! What one symbol needs from a source, given what is held of it.

use super::super::{Ask, Need, NotYet, Patience, need};
use super::planning::{ask, holding};
use super::*;

#[test]
fn needs_follow_from_what_is_held() {
    let missing = |days: &[&str]| Need::Tail { missing: days.iter().map(|text| day(text)).collect() };
    let thursday = holding("X", "2026-11-19");
    assert_eq!(need(None, &ask()), Need::Whole);
    assert_eq!(need(Some(&thursday), &ask()), missing(&["2026-11-20"]));
    assert_eq!(need(Some(&holding("X", "2026-11-20")), &ask()), Need::Nothing);
    let later = |now| Ask { now: instant(now), ..ask() };
    let friday = holding("X", "2026-11-20");
    assert_eq!(need(Some(&friday), &later("2026-11-21T21:59:59Z")), Need::Nothing);
    assert_eq!(need(Some(&friday), &later("2026-11-21T22:00:00Z")), missing(&[]));
    // An earlier session is decided again.
    let earlier = Ask { last_finished: day("2026-11-10"), ..ask() };
    assert_eq!(need(Some(&friday), &earlier), Need::Nothing);
}

#[test]
fn an_entry_that_begins_too_late_is_fetched_whole() {
    let mut short = holding("X", "2026-11-20");
    short.meta.asked_from = day("2026-10-01");
    assert_eq!(need(Some(&short), &ask()), Need::Whole);
    let enough = Ask { from: day("2026-10-01"), ..ask() };
    assert_eq!(need(Some(&short), &enough), Need::Nothing);
    // A Saturday before the first session that is held lacks nothing.
    short.meta.asked_from = day("2026-10-05");
    let saturday = Ask { from: day("2026-10-03"), ..ask() };
    assert_eq!(need(Some(&short), &saturday), Need::Nothing);
    let raw = Ask { prices: Prices::Raw, source: "alpha_vantage", ..ask() };
    assert_eq!(need(Some(&short), &raw), Need::Nothing);
}

#[test]
fn a_source_that_had_nothing_yet_is_left_alone_for_ten_minutes_unless_told_otherwise() {
    let mut thursday = holding("X", "2026-11-19");
    let note = NotYet { source: "polygon".into(), session: day("2026-11-20"), asked_at: friday_evening() };
    thursday.meta.not_yet.push(note);
    let tail = Need::Tail { missing: vec![day("2026-11-20")] };
    let at = |now| Ask { now: instant(now), ..ask() };
    assert_eq!(need(Some(&thursday), &at("2026-11-20T22:09:59Z")), Need::Wait);
    assert_eq!(need(Some(&thursday), &at("2026-11-20T22:10:00Z")), tail);
    assert_eq!(need(Some(&thursday), &Ask { patience: Patience::Ignored, ..ask() }), tail);
    assert_eq!(need(Some(&thursday), &Ask { source: "alpha_vantage", ..ask() }), tail);
    // A session has finished since: the note is about an older one.
    let monday = Ask { last_finished: day("2026-11-23"), ..ask() };
    assert!(matches!(need(Some(&thursday), &monday), Need::Tail { missing } if missing.len() == 2));
}

#[test]
fn what_another_source_joined_is_replaced_when_the_historys_own_is_asked_again() {
    let mut joined = holding("X", "2026-11-19");
    joined.meta.joined = vec!["alpha_vantage".to_owned()];
    assert_eq!(need(Some(&joined), &ask()), Need::Whole);
    let raw = Ask { source: "alpha_vantage", prices: Prices::Raw, ..ask() };
    assert_eq!(need(Some(&joined), &raw), Need::Tail { missing: vec![day("2026-11-20")] });
    // Within the TTL, a run with everything cached asks nothing.
    joined.meta.end = day("2026-11-20");
    joined.meta.cached_at = friday_evening();
    assert_eq!(need(Some(&joined), &ask()), Need::Nothing);
    let later = Ask { now: instant("2026-11-21T22:00:00Z"), ..ask() };
    assert_eq!(need(Some(&joined), &later), Need::Whole);
}

#[test]
fn prices_as_traded_are_replaced_whole_by_a_source_that_adjusts() {
    let mut raw = holding("X", "2026-11-19");
    raw.meta.source = "alpha_vantage".to_owned();
    raw.meta.adjusted = false;
    assert_eq!(need(Some(&raw), &ask()), Need::Whole);
    let again = Ask { source: "alpha_vantage", prices: Prices::Raw, ..ask() };
    assert_eq!(need(Some(&raw), &again), Need::Tail { missing: vec![day("2026-11-20")] });
}

#[test]
fn what_is_known_to_be_wrong_is_asked_for_whole_whoever_is_asked() {
    let mut wrong = holding("X", "2026-11-20");
    wrong.meta.outdated = Some("a price differs".to_owned());
    assert_eq!(need(Some(&wrong), &ask()), Need::Whole);
    let raw = Ask { source: "alpha_vantage", prices: Prices::Raw, ..ask() };
    assert_eq!(need(Some(&wrong), &raw), Need::Whole);
}
