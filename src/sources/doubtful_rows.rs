//! Rows of a good answer that cannot be true, or that are very many: each vendor hands over what it was
//! told, and the checks of the bars refuse what they must.

use chrono::Days;
use chrono::NaiveDate;
use chrono::NaiveTime;

use super::Fetched;
use super::bad_answers::PATIENT;
use super::test_server::Act;
use super::test_server::Server;
use super::test_server::answer;
use super::test_server::sources;
use crate::bars;

/// A body in each vendor's form, its rows of these days and closes as written.
fn body(vendor: &str, rows: &[(NaiveDate, &str)]) -> String {
    let each = rows.iter().map(|(date, close)| {
        let midnight = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
        match vendor {
            "polygon" => {
                let t = midnight + 5 * 3_600_000;
                format!("{{\"t\":{t},\"o\":10,\"h\":11,\"l\":9,\"c\":{close},\"v\":5}}")
            }
            "binance" => {
                let end = midnight + 86_399_999;
                format!("[{midnight},\"10\",\"11\",\"9\",{close},\"5\",{end},\"0\",1,\"0\",\"0\",\"0\"]")
            }
            _ => format!(
                "\"{date}\":{{\"1. open\":\"10\",\"2. high\":\"11\",\"3. low\":\"9\",\"4. close\":{close},\
                 \"5. volume\":\"5\"}}"
            ),
        }
    });
    let joined = each.collect::<Vec<_>>().join(",");
    match vendor {
        "polygon" => format!("{{\"status\":\"OK\",\"resultsCount\":{},\"results\":[{joined}]}}", rows.len()),
        "binance" => format!("[{joined}]"),
        _ => format!("{{\"Time Series (Daily)\":{{{joined}}}}}"),
    }
}

/// Has every vendor answer with these rows; returns what each gave, for a span that holds them all.
async fn told(rows: &[(NaiveDate, &str)]) -> Vec<Fetched> {
    let mut all = Vec::new();
    for vendor in 0..3 {
        let name = ["polygon", "binance", "alpha_vantage"][vendor];
        let server = Server::start(Act::Say(answer("200 OK", "", body(name, rows))));
        let (source, mut request) = sources(&server.http(), PATIENT).remove(vendor);
        request.from = NaiveDate::MIN.max(day("1800-01-01"));
        request.to = day("2030-01-01");
        all.push(source.daily(&request).await.expect(name));
    }
    all
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

#[tokio::test]
async fn rows_that_cannot_be_true_are_handed_over_and_refused_by_the_checks() {
    let good = day("2026-11-17");
    for (date, close, reason) in [
        ("2026-11-18", "0", "not a number over zero"),
        ("2026-11-18", "-10", "not a number over zero"),
        ("2026-11-18", "\"NaN\"", "not a number over zero"),
        ("2026-11-18", "99", "outside of low and high"),
        ("2026-11-17", "10.5", "already given"),
    ] {
        for fetched in told(&[(day(date), close), (good, "\"10.5\"")]).await {
            assert_eq!(fetched.bars.len(), 2, "{close}: {fetched:?}");
            let symbol = super::test_server::symbol("X");
            let (kept, problems) = bars::check(symbol, fetched.bars, day("2026-11-19"));
            assert_eq!((kept.len(), problems.len()), (1, 1), "{close}: {problems:?}");
            assert!(problems[0].message.contains(reason), "{problems:?}");
        }
    }
}

#[tokio::test]
async fn a_bar_of_the_future_never_passes() {
    for fetched in told(&[(day("2028-11-17"), "10"), (day("2026-11-17"), "10")]).await {
        let (kept, _) = bars::check(super::test_server::symbol("X"), fetched.bars, day("2026-11-19"));
        assert_eq!(kept.dates(), [day("2026-11-17")]);
    }
}

#[tokio::test]
async fn a_row_with_a_null_is_dropped_and_told() {
    for fetched in told(&[(day("2026-11-18"), "null"), (day("2026-11-17"), "10")]).await {
        assert_eq!(fetched.bars.len(), 1);
        assert!(
            fetched.problems[0].message.starts_with("dropped 1 row that could not be read: "),
            "{:?}",
            fetched.problems
        );
    }
}

#[tokio::test]
async fn sixty_thousand_rows_are_read() {
    let last = day("2026-11-19");
    // Each day twice: so many days alone would reach back further than any market.
    let rows: Vec<(NaiveDate, &str)> =
        (0..60_000).rev().map(|back| (last - Days::new(back / 2), "10")).collect();
    for fetched in told(&rows).await {
        assert_eq!(fetched.bars.len(), 60_000);
    }
}
