//! Which fresh bars join a history, and which make it one of the past.

use super::super::merge::{Disagreement, Fresh, Verdict, cut_short, fill, join};
use super::*;
use crate::bars::Split;

fn history() -> Cached {
    kept(&entry(bars_between("AAPL", "2026-10-01", "2026-11-18")), friday_evening())
}

/// The tail that a plan asks for: five bars of overlap and two new ones.
fn tail() -> Bars {
    bars_between("AAPL", "2026-11-12", "2026-11-20")
}

fn scaled(bars: &Bars, factor: f64) -> Bars {
    changed(bars, |bar| Bar {
        open: bar.open * factor,
        high: bar.high * factor,
        low: bar.low * factor,
        close: bar.close * factor,
        volume: bar.volume / factor,
        ..bar
    })
}

fn changed(bars: &Bars, change: impl Fn(Bar) -> Bar) -> Bars {
    Bars::for_tests(bars.symbol().clone(), &bars.iter().map(change).collect::<Vec<_>>())
}

fn without(bars: &Bars, date: &str) -> Bars {
    let rows: Vec<Bar> = bars.iter().filter(|bar| bar.date != day(date)).collect();
    Bars::for_tests(bars.symbol().clone(), &rows)
}

fn polygon(bars: &Bars) -> Fresh<'_> {
    Fresh { bars, source: "polygon", prices: Prices::SplitAdjusted }
}

fn raw(bars: &Bars) -> Fresh<'_> {
    Fresh { bars, source: "alpha_vantage", prices: Prices::Raw }
}

fn split(name: &str, date: &str) -> Split {
    Split { symbol: symbol(name), date: day(date), ratio: 4.0 }
}

#[test]
fn a_tail_that_agrees_is_joined() {
    let expected = bars_between("AAPL", "2026-10-01", "2026-11-20");
    assert_eq!(join(&history(), polygon(&tail()), &[]), Verdict::Joined(expected));
}

#[test]
fn a_tail_with_nothing_new_leaves_the_history() {
    let history = history();
    let same = bars_between("AAPL", "2026-11-12", "2026-11-18");
    assert_eq!(join(&history, polygon(&same), &[]), Verdict::Joined(history.bars.clone()));
}

#[test]
fn a_split_or_a_corrected_price_makes_the_history_one_of_the_past() {
    let refetched = |fresh: &Bars| match join(&history(), polygon(fresh), &[]) {
        Verdict::Refetch(Disagreement::Price { date, .. }) => date,
        other => panic!("{other:?}"),
    };
    assert_eq!(refetched(&scaled(&tail(), 0.25)), day("2026-11-12"));
    assert_eq!(refetched(&scaled(&tail(), 1.0 / 1.01)), day("2026-11-12"));
    // One cent, on one price of the last cached day.
    let corrections: [fn(&mut Bar); 4] =
        [|bar| bar.open += 0.01, |bar| bar.high += 0.01, |bar| bar.low -= 0.01, |bar| bar.close -= 0.01];
    for correct in corrections {
        let fresh = changed(&tail(), |mut bar| {
            if bar.date == day("2026-11-18") {
                correct(&mut bar);
            }
            bar
        });
        assert_eq!(refetched(&fresh), day("2026-11-18"));
    }
}

#[test]
fn rounding_is_no_correction() {
    let fresh = scaled(&tail(), 1.0 + 1e-9);
    assert!(matches!(join(&history(), polygon(&fresh), &[]), Verdict::Joined(_)));
}

#[test]
fn a_corrected_volume_and_a_late_bar_are_taken_over() {
    let gapped = Entry { bars: without(&history().bars, "2026-11-16"), ..entry(tail()) };
    let history = kept(&gapped, friday_evening());
    let fresh = changed(&bars_between("AAPL", "2026-11-11", "2026-11-20"), |bar| Bar { volume: 5.0, ..bar });
    let Verdict::Joined(joined) = join(&history, polygon(&fresh), &[]) else { panic!("not joined") };
    assert_eq!(joined.dates(), bars_between("AAPL", "2026-10-01", "2026-11-20").dates());
    let cached = history.bars.iter().filter(|bar| bar.date < day("2026-11-11"));
    assert_eq!(joined.iter().collect::<Vec<_>>(), cached.chain(fresh.iter()).collect::<Vec<_>>());
}

#[test]
fn a_cached_bar_that_is_no_longer_told_is_a_correction() {
    let fresh = without(&tail(), "2026-11-17");
    let vanished = Disagreement::Vanished(day("2026-11-17"));
    assert_eq!(join(&history(), polygon(&fresh), &[]), Verdict::Refetch(vanished));
}

#[test]
fn less_than_five_bars_prove_nothing_unless_the_history_is_as_short() {
    let clipped = bars_between("AAPL", "2026-11-13", "2026-11-20");
    let short = Disagreement::Overlap { bars: 4, needed: 5 };
    assert_eq!(join(&history(), polygon(&clipped), &[]), Verdict::Refetch(short));
    let late = bars_between("AAPL", "2026-11-19", "2026-11-20");
    let none = Disagreement::Overlap { bars: 0, needed: 5 };
    assert_eq!(join(&history(), polygon(&late), &[]), Verdict::Refetch(none));
    let young = kept(&entry(bars_between("AAPL", "2026-11-17", "2026-11-18")), friday_evening());
    let fresh = bars_between("AAPL", "2026-11-17", "2026-11-20");
    assert_eq!(join(&young, polygon(&fresh), &[]), Verdict::Joined(fresh.clone()));
}

#[test]
fn a_source_that_gives_nothing_changes_nothing() {
    let nothing = Bars::for_tests(symbol("AAPL"), &[]);
    assert_eq!(join(&history(), polygon(&nothing), &[]), Verdict::Refused(Disagreement::Nothing));
}

#[test]
fn a_raw_tail_joins_adjusted_history_only_where_five_closes_agree() {
    let history = history();
    // Another vendor rounds otherwise, and counts other volumes.
    let fresh = changed(&tail(), |bar| Bar { close: bar.close * 1.0005, volume: 3.0, ..bar });
    let Verdict::Joined(joined) = join(&history, raw(&fresh), &[]) else { panic!("not joined") };
    let new = fresh.iter().filter(|bar| bar.date > day("2026-11-18"));
    assert_eq!(joined.iter().collect::<Vec<_>>(), history.bars.iter().chain(new).collect::<Vec<_>>());

    let split_since = scaled(&tail(), 4.0);
    assert!(matches!(join(&history, raw(&split_since), &[]), Verdict::Refused(Disagreement::Price { .. })));
    let four = bars_between("AAPL", "2026-11-13", "2026-11-20");
    let short = Disagreement::Overlap { bars: 4, needed: 5 };
    assert_eq!(join(&history, raw(&four), &[]), Verdict::Refused(short));
    let young = kept(&entry(bars_between("AAPL", "2026-11-17", "2026-11-18")), friday_evening());
    let fresh = bars_between("AAPL", "2026-11-17", "2026-11-20");
    let short = Disagreement::Overlap { bars: 2, needed: 5 };
    assert_eq!(join(&young, raw(&fresh), &[]), Verdict::Refused(short));
}

#[test]
fn a_raw_tail_with_a_split_after_its_overlap_is_refused() {
    let refused = Disagreement::Split { date: day("2026-11-20"), ratio: 4.0 };
    let splits = [split("MSFT", "2026-11-19"), split("AAPL", "2026-11-20")];
    assert_eq!(join(&history(), raw(&tail()), &splits), Verdict::Refused(refused));
    assert!(matches!(join(&history(), raw(&tail()), &splits[..1]), Verdict::Joined(_)));
}

#[test]
fn joining_another_source_is_written_down_once() {
    let later = instant("2026-11-25T22:00:00Z");
    let history = history();
    let once = history.joined(history.bars.clone(), "alpha_vantage", later);
    assert_eq!(
        (once.source.as_str(), once.joined.as_slice()),
        ("polygon", ["alpha_vantage".to_owned()].as_slice())
    );
    let again = kept(&once, friday_evening());
    assert_eq!(again.joined(again.bars.clone(), "alpha_vantage", later), once);
    assert_eq!(again.joined(again.bars.clone(), "polygon", friday_evening()), once);
    assert_eq!(once.asked_from, day("1970-01-01"));
}

#[test]
fn only_the_historys_own_source_shows_that_it_still_holds() {
    let (history, later) = (history(), instant("2026-11-25T22:00:00Z"));
    let bars = || history.bars.clone();
    assert_eq!(history.joined(bars(), "polygon", later).overlap_agreed_at, later);
    assert_eq!(history.joined(bars(), "alpha_vantage", later).overlap_agreed_at, friday_evening());
    assert_eq!(history.filled(bars()).overlap_agreed_at, friday_evening());
}

#[test]
fn a_whole_history_that_lost_its_beginning_or_its_end_is_cut_short() {
    let history = history();
    let check = |from, to, today, expected: Option<Disagreement>| {
        let fresh = bars_between("AAPL", from, to);
        assert_eq!(cut_short(&history, &fresh, day(today)), expected, "{from} to {to}");
    };
    let begins = Disagreement::Begins { cached: day("2026-10-01"), fresh: day("2026-10-02") };
    check("2026-10-01", "2026-11-18", "2026-11-20", None);
    check("2026-09-01", "2026-11-20", "2026-11-20", None);
    check("2026-10-02", "2026-11-20", "2026-11-20", Some(begins.clone()));
    // Two years on, a plan of two years begins there; a week more and it does not.
    check("2026-10-02", "2026-11-20", "2028-10-09", None);
    check("2026-10-02", "2026-11-20", "2028-10-10", Some(begins.clone()));
    let ends = Disagreement::Ends { cached: day("2026-11-18"), fresh: day("2026-11-17") };
    check("2026-10-01", "2026-11-17", "2026-11-20", Some(ends));
    // What is known to be wrong may be longer than the truth, but not older.
    let mut wrong = history.clone();
    wrong.meta.outdated = Some("a price differs".to_owned());
    let cut = |from| cut_short(&wrong, &bars_between("AAPL", from, "2026-11-17"), day("2026-11-20"));
    assert_eq!((cut("2026-10-01"), cut("2026-10-02")), (None, Some(begins)));
}

#[test]
fn days_of_the_whole_market_are_appended_where_no_split_came_between() {
    let days = [day("2026-11-19"), day("2026-11-20")];
    let fresh = bars_between("AAPL", "2026-11-19", "2026-11-20");
    let filled = Verdict::Filled(bars_between("AAPL", "2026-10-01", "2026-11-20"));
    assert_eq!(fill(&history(), &days, polygon(&fresh), &[]), filled);
    let elsewhere = [split("MSFT", "2026-11-19"), split("AAPL", "2026-11-17")];
    assert_eq!(fill(&history(), &days, polygon(&fresh), &elsewhere), filled);
    for date in ["2026-11-18", "2026-11-19", "2026-11-20"] {
        let since = Verdict::Refetch(Disagreement::Split { date: day(date), ratio: 4.0 });
        assert_eq!(fill(&history(), &days, polygon(&fresh), &[split("AAPL", date)]), since);
    }
}

#[test]
fn a_filled_day_never_skips_a_session_that_nobody_asked_for() {
    let fresh = bars_between("AAPL", "2026-11-20", "2026-11-20");
    let unasked = Verdict::Refused(Disagreement::Unasked(day("2026-11-19")));
    assert_eq!(fill(&history(), &[day("2026-11-20")], polygon(&fresh), &[]), unasked);
    // Asked for, and the symbol did not trade: a gap that the bars' health tells of.
    let days = [day("2026-11-20"), day("2026-11-19")];
    let Verdict::Filled(joined) = fill(&history(), &days, polygon(&fresh), &[]) else { panic!("not joined") };
    assert_eq!(joined.len(), history().bars.len() + 1);
    // Not traded at all: nothing new, and the entry still lacks the sessions.
    let nothing = Bars::for_tests(symbol("AAPL"), &[]);
    assert_eq!(fill(&history(), &days, polygon(&nothing), &[]), Verdict::Filled(history().bars));
}

#[test]
fn a_day_of_another_source_never_fills() {
    let fresh = bars_between("AAPL", "2026-11-19", "2026-11-19");
    let days = [day("2026-11-19")];
    let other = Fresh { source: "elsewhere", ..polygon(&fresh) };
    let cached = || "polygon".to_owned();
    let refetch = Verdict::Refetch(Disagreement::OtherSource { cached: cached() });
    assert_eq!(fill(&history(), &days, other, &[]), refetch);
    let refused = Verdict::Refused(Disagreement::OtherSource { cached: cached() });
    assert_eq!(fill(&history(), &days, raw(&fresh), &[]), refused);
}

#[test]
fn disagreements_are_told_in_words() {
    let price = Disagreement::Price { date: day("2026-11-18"), cached: 100.0, fresh: 25.0 };
    assert_eq!(price.to_string(), "a price of 2026-11-18 was 100 and is 25 now");
    let split = Disagreement::Split { date: day("2026-11-19"), ratio: 4.0 };
    assert_eq!(split.to_string(), "split 4 for 1 on 2026-11-19");
}
