//! What Polygon's plans hold back, recognised and put in a sentence that says what to do.
//!
//! The free plan gives about two years, and a session's bar only after midnight in New York. It says
//! so plainly for the whole market; of one symbol it silently leaves the bars out. Which plan a key has
//! is not told, so no note claims to know it.

use chrono::DateTime;
use chrono::Months;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;

use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Bar;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::sources::Request;
use crate::sources::SourceError;
use crate::sources::answer::Answer;

/// How far a plan's history reaches, where it is limited.
const PLAN_YEARS: [u32; 3] = [2, 5, 10];
/// How near to a plan's edge the first bar must be for the edge to be the reason.
const EDGE: TimeDelta = TimeDelta::days(7);

/// Explains an answer with a status other than 200; `day` is the earliest day asked for.
pub(super) fn refusal(answer: &Answer, day: Option<NaiveDate>) -> SourceError {
    let said = answer.said(&["error", "message"]);
    let text = said.as_deref().unwrap_or_default().to_lowercase();
    let place = answer.place.clone();
    if answer.status == 403 && text.contains("before end of day") {
        let what = "the plan gives a session's bars after midnight in New York; run again then, or decide \
                    the session before with --date";
        return SourceError::NotYet { place, what: what.to_owned() };
    }
    if answer.status == 403 && (text.contains("plan") || text.contains("timeframe")) {
        let day = day.map_or_else(|| "this".to_owned(), |day| format!("{day}, the earliest day asked for"));
        let what = format!(
            "the plan does not include {day} (the free plan reaches back two years); {}",
            said.unwrap_or_default()
        );
        return SourceError::Unauthorised { place, what };
    }
    if answer.status == 401 {
        let said = said.unwrap_or_else(|| "no reason given".to_owned());
        let what = format!("the key is not accepted ({said}); set POLYGON_API_KEY");
        return SourceError::Unauthorised { place, what };
    }
    answer.failure(said)
}

/// Says why the bars of a range begin later than was asked for: the plan's history does. Nothing is said
/// of a symbol that merely began later.
pub(super) fn held_back(request: &Request, bars: &[Bar], now: DateTime<Utc>) -> Option<String> {
    let first = bars.iter().map(|bar| bar.date).min()?;
    let years = clipped(request.from, first, now)?;
    Some(format!("the plan seems to reach back {years} years"))
}

/// Says that the bars of a range lack today's session, finished as it is, because of the plan.
pub(super) fn late_note(request: &Request, bars: &[Bar], now: DateTime<Utc>) -> Option<Problem> {
    let last = bars.iter().map(|bar| bar.date).max()?;
    let today = calendar::local_date(AssetClass::Equity, now);
    let is_wanted = request.to >= today && calendar::is_session(AssetClass::Equity, today);
    let is_finished = calendar::close_instant(AssetClass::Equity, today) <= now;
    let text = format!(
        "polygon has no bar of {today} yet: some plans, the free one among them, give it only after \
         midnight in New York"
    );
    (is_wanted && is_finished && last < today)
        .then(|| Problem::new(&request.symbol, ProblemKind::Source, text))
}

/// Returns the years of the plan whose edge the first bar lies on, where more was asked for.
fn clipped(from: NaiveDate, first: NaiveDate, now: DateTime<Utc>) -> Option<u32> {
    if calendar::sessions_between(AssetClass::Equity, from.max(first - EDGE), first) == 0 {
        return None;
    }
    let today = calendar::local_date(AssetClass::Equity, now);
    PLAN_YEARS.into_iter().find(|years| {
        let edge = today.checked_sub_months(Months::new(12 * years));
        edge.is_some_and(|edge| (first - edge).abs() <= EDGE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Symbol;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// Asks from `from` to 2026-11-20, a Friday, gets bars from `first` to `last`, at `now`.
    fn check(from: &str, first: &str, last: &str, now: &str, expected: &[&str]) {
        let symbol = Symbol::new("AAPL").expect("a symbol");
        let request =
            Request { asset_class: AssetClass::Equity, symbol, from: day(from), to: day("2026-11-20") };
        let bar = |date| Bar { date, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 1.0 };
        let bars = [bar(day(first)), bar(day(last))];
        let now = now.parse().expect("an instant");
        let late = late_note(&request, &bars, now).map(|problem| problem.message);
        let notes: Vec<String> = held_back(&request, &bars, now).into_iter().chain(late).collect();
        assert_eq!(notes.len(), expected.len(), "{notes:?}");
        for (note, expected) in notes.iter().zip(expected) {
            assert!(note.contains(expected), "{note}");
        }
    }

    #[test]
    fn a_missing_bar_of_today_is_the_plans_doing_only_after_the_close() {
        let none: &[&str] = &[];
        check(
            "2026-11-02",
            "2026-11-02",
            "2026-11-19",
            "2026-11-20T21:30:00Z",
            &["no bar of 2026-11-20 yet"],
        );
        check("2026-11-02", "2026-11-02", "2026-11-20", "2026-11-20T21:30:00Z", none);
        check("2026-11-02", "2026-11-02", "2026-11-19", "2026-11-20T18:00:00Z", none);
        check("2026-11-02", "2026-11-02", "2026-11-19", "2026-11-21T13:00:00Z", none);
    }

    #[test]
    fn no_plan_is_taken_for_the_free_one() {
        let now = "2026-11-20T21:30:00Z";
        check("2026-11-02", "2026-11-02", "2026-11-19", now, &["some plans, the free one among them"]);
    }

    #[test]
    fn a_clipped_window_is_told_from_a_later_listing() {
        let now = "2026-11-20T21:30:00Z";
        check("1970-01-01", "2024-11-20", "2026-11-20", now, &["reach back 2 years"]);
        check("1970-01-01", "2016-11-22", "2026-11-20", now, &["10 years"]);
        check("1970-01-01", "2019-05-10", "2026-11-20", now, &[]);
        check("2024-11-18", "2024-11-18", "2026-11-20", now, &[]);
        check("2024-11-16", "2024-11-18", "2026-11-20", now, &[]); // a weekend
    }
}
