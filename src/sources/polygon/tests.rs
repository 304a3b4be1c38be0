//! How the source asks, against a server on this machine.
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use wiremock::Mock;
use wiremock::MockServer;
use wiremock::ResponseTemplate;
use wiremock::matchers::header;
use wiremock::matchers::method;
use wiremock::matchers::path;
use wiremock::matchers::query_param;
use wiremock::matchers::query_param_is_missing;

use super::*;
use crate::bars::Split;
use crate::sources::Unread;
use crate::sources::test_server::KEY;
use crate::sources::test_server::NOW;
use crate::sources::test_server::instant;
use crate::sources::test_server::request;
use crate::sources::test_server::symbol;
use crate::sources::test_server::vendor;

const RANGE: &str = "/v2/aggs/ticker/AAPL/range/1/day/2026-11-16/2026-11-20";
/// 2026-11-16, a Monday, at 00:00 in New York.
const MONDAY: i64 = 1_794_805_200_000;
const DAY_MS: i64 = 86_400_000;

fn polygon(base: &str, most_retries: usize) -> Polygon {
    let key = Key::Bearer(SecretString::from(KEY));
    let mut own = vendor(NAME, base, key, Duration::from_secs(20));
    own.retry.most = most_retries;
    Polygon::of_vendor(own, instant(NOW))
}

fn week(name: &str) -> Request {
    request(AssetClass::Equity, name, "2026-11-16", "2026-11-20")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A page of bars on these days of the week, Monday 0.
fn page(days: &[i64], next: Option<String>) -> serde_json::Value {
    let row = |day: &i64| json!({"t": MONDAY + day * DAY_MS, "o": 2, "h": 3, "l": 1, "c": 2, "v": 10.5});
    let results: Vec<_> = days.iter().map(row).collect();
    let mut page = json!({"status": "OK", "ticker": "AAPL", "resultsCount": days.len(), "results": results});
    if let Some(next) = next {
        page["next_url"] = json!(next);
    }
    page
}

fn bearer() -> String {
    format!("Bearer {KEY}")
}

async fn answers(server: &MockServer, status: u16, body: serde_json::Value) {
    let template = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method("GET")).respond_with(template).mount(server).await;
}

#[tokio::test]
async fn pages_are_followed_with_the_key_in_the_header_alone() {
    let server = MockServer::start().await;
    let next = format!("{}{RANGE}?cursor=c2", server.uri());
    Mock::given(path(RANGE))
        .and(header("authorization", bearer()))
        .and(header("user-agent", concat!("ts/", env!("CARGO_PKG_VERSION"))))
        .and(query_param("adjusted", "true"))
        .and(query_param("sort", "asc"))
        .and(query_param("limit", "50000"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(&[0, 1, 2], Some(next))))
        .mount(&server)
        .await;
    Mock::given(path(RANGE))
        .and(header("authorization", bearer()))
        .and(query_param("cursor", "c2"))
        .and(query_param_is_missing("adjusted"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(&[3, 4, 5], None)))
        .mount(&server)
        .await;
    let fetched = polygon(&server.uri(), 0).daily(&week("AAPL")).await.expect("two pages");
    let dates: Vec<NaiveDate> = fetched.bars.iter().map(|bar| bar.date).collect();
    assert_eq!(dates, (16..=20).map(|d| day(&format!("2026-11-{d}"))).collect::<Vec<_>>());
    assert!(fetched.problems.is_empty(), "{:?}", fetched.problems);
    for call in server.received_requests().await.expect("they are recorded") {
        assert!(!call.url.as_str().contains("s3cr3t"), "{}", call.url);
    }
}

#[tokio::test]
async fn a_next_page_elsewhere_gets_no_key() {
    let (server, thief) = (MockServer::start().await, MockServer::start().await);
    answers(&server, 200, page(&[0], Some(format!("{}/next?cursor=x", thief.uri())))).await;
    let error = polygon(&server.uri(), 0).daily(&week("AAPL")).await.expect_err("another host");
    let expected = "polygon (AAPL): its next page is on another host, which gets no key; check base_url";
    assert_eq!(error.to_string(), expected);
    assert_eq!(thief.received_requests().await.expect("they are recorded").len(), 0);
}

#[tokio::test]
async fn a_cursor_that_runs_in_a_circle_ends() {
    let server = MockServer::start().await;
    answers(&server, 200, page(&[0], Some(format!("{}{RANGE}?cursor=same", server.uri())))).await;
    let error = polygon(&server.uri(), 0).daily(&week("AAPL")).await.expect_err("no end");
    assert_eq!(error.to_string(), "polygon (AAPL): more than 200 pages");
}

#[test]
fn either_of_the_vendors_names_stands_for_the_base() {
    let own = |base: &str, next: &str| {
        let http = Http::new(NAME, base, Key::None, Duration::from_secs(1)).expect("a client");
        http.own(next, HOSTS).map(String::from)
    };
    let massive = "https://api.massive.com";
    let renamed = own(massive, "https://api.polygon.io/v2/x?cursor=1");
    assert_eq!(renamed.as_deref(), Some("https://api.massive.com/v2/x?cursor=1"));
    for other in [
        "http://api.massive.com/x",
        "https://api.massive.com.evil.example/x",
        "https://api.massive.com:444/x",
        "https://user@evil.example/x",
        "/x",
        "data:,x",
    ] {
        assert_eq!(own(massive, other), None, "{other}");
    }
    assert_eq!(own("https://mirror.example", "https://api.polygon.io/x"), None);
}

#[tokio::test]
async fn an_unknown_ticker_is_an_empty_answer() {
    let server = MockServer::start().await;
    let body =
        json!({"ticker": "NOPE", "queryCount": 0, "resultsCount": 0, "adjusted": true, "status": "OK"});
    answers(&server, 200, body).await;
    assert_eq!(polygon(&server.uri(), 0).daily(&week("NOPE")).await, Ok(Fetched::default()));
}

#[tokio::test]
async fn a_class_share_is_asked_for_as_it_is_written() {
    let server = MockServer::start().await;
    Mock::given(path("/proxy/v2/aggs/ticker/BRK.B/range/1/day/2026-11-16/2026-11-20"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"status": "DELAYED", "resultsCount": 0})),
        )
        .expect(1)
        .mount(&server)
        .await;
    let base = format!("{}/proxy/", server.uri());
    assert!(polygon(&base, 0).daily(&week("BRK.B")).await.is_ok());
}

#[tokio::test]
async fn what_the_plan_holds_back_is_explained() {
    let early = "Attempted to request today's data before end of day. Please upgrade your plan.";
    let old = "Your plan doesn't include this data timeframe. Please upgrade.";
    let rows = [
        (
            403,
            json!({"status": "NOT_AUTHORIZED", "message": early}),
            "polygon (AAPL) does not have it yet: the plan gives a session's bars after midnight in New York; \
             run again then, or decide the session before with --date",
        ),
        (
            403,
            json!({"status": "NOT_AUTHORIZED", "message": old}),
            "polygon (AAPL) refuses: the plan does not include 2026-11-16, the earliest day asked for (the free \
             plan reaches back two years); Your plan doesn't include this data timeframe. Please upgrade.",
        ),
        (
            401,
            json!({"status": "ERROR", "error": "Unknown API Key"}),
            "polygon (AAPL) refuses: the key is not accepted (Unknown API Key); set POLYGON_API_KEY",
        ),
        (
            429,
            json!({"status": "ERROR", "error": "You've exceeded the maximum requests per minute"}),
            "polygon (AAPL) allows no more requests now",
        ),
    ];
    for (status, body, expected) in rows {
        let server = MockServer::start().await;
        answers(&server, status, body).await;
        let error = polygon(&server.uri(), 0).daily(&week("AAPL")).await.expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn todays_missing_bar_is_noted() {
    let server = MockServer::start().await;
    answers(&server, 200, page(&[0, 1, 2, 3], None)).await;
    let source = polygon(&server.uri(), 0);
    let fetched = source.daily(&week("AAPL")).await.expect("four bars");
    assert_eq!((fetched.problems.len(), fetched.for_now.len()), (0, 1), "it is true of the hour alone");
    assert!(fetched.for_now[0].message.starts_with("polygon has no bar of 2026-11-20 yet"));
    let later = source.at(instant("2026-11-21T12:00:00Z")).daily(&week("AAPL")).await.expect("four bars");
    assert!(later.for_now.is_empty(), "on the day after, the bar is merely missing");
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again() {
    let server = MockServer::start().await;
    Mock::given(path(RANGE))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .with_priority(1)
        .mount(&server)
        .await;
    answers(&server, 200, page(&[0, 1, 2, 3, 4], None)).await;
    let fetched = polygon(&server.uri(), 2).daily(&week("AAPL")).await.expect("the third try");
    assert_eq!(fetched.bars.len(), 5);
}

#[tokio::test]
async fn the_whole_market_is_one_call() {
    let server = MockServer::start().await;
    let row = |ticker: &str, t: i64| json!({"T": ticker, "t": t, "o": 2, "h": 3, "l": 1, "c": 2, "v": 10});
    let close = MONDAY + 16 * 3_600_000;
    let results = [row("AAPL", close), row("BRK.B", close), row("LATE", close - DAY_MS)];
    let body = json!({"status": "OK", "resultsCount": 3, "adjusted": true, "results": results});
    Mock::given(path("/v2/aggs/grouped/locale/us/market/stocks/2026-11-16"))
        .and(query_param("adjusted", "true"))
        .and(header("authorization", bearer()))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(&server)
        .await;
    let source = polygon(&server.uri(), 0);
    let market = source.market(AssetClass::Equity, day("2026-11-16")).await.expect("a market");
    let names: Vec<&str> = market.bars.iter().map(|(symbol, _)| symbol.as_str()).collect();
    assert_eq!(names, ["AAPL", "BRK.B"], "a bar of another session is no bar of this one");
    assert_eq!(source.limits().whole_market, WholeMarket::ByDay);
    assert!(matches!(
        source.market(AssetClass::Crypto, day("2026-11-16")).await,
        Err(SourceError::Unsupported { .. })
    ));
}

#[tokio::test]
async fn splits_come_by_symbol_and_by_days_page_after_page() {
    let server = MockServer::start().await;
    let row = |ticker: &str, date: &str| json!({"ticker": ticker, "execution_date": date, "split_from": 1, "split_to": 4});
    let next = format!("{}/v3/reference/splits?cursor=c2", server.uri());
    let first = json!({"status": "OK", "results": [row("NVDA", "2024-06-10")], "next_url": next});
    let second = json!({"status": "OK", "results": [row("AAPL", "2020-08-31"), row("OLD", "1990-01-02")]});
    Mock::given(path("/v3/reference/splits"))
        .and(query_param("execution_date.gte", "2020-01-01"))
        .and(query_param("execution_date.lte", "2024-12-31"))
        .and(query_param_is_missing("ticker"))
        .respond_with(ResponseTemplate::new(200).set_body_json(first))
        .mount(&server)
        .await;
    Mock::given(query_param("cursor", "c2"))
        .and(header("authorization", bearer()))
        .respond_with(ResponseTemplate::new(200).set_body_json(second))
        .mount(&server)
        .await;
    Mock::given(query_param("ticker", "AAPL"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"status": "OK", "results": [row("AAPL", "2020-08-31")]})),
        )
        .mount(&server)
        .await;
    let source = polygon(&server.uri(), 0);
    let (from, to) = (day("2020-01-01"), day("2024-12-31"));
    let all = source.splits(None, from, to).await.expect("two pages");
    let named: Vec<(&str, NaiveDate)> =
        all.splits.iter().map(|split| (split.symbol.as_str(), split.date)).collect();
    assert_eq!(named, [("AAPL", day("2020-08-31")), ("NVDA", day("2024-06-10"))]);
    let own = source.splits(Some(&symbol("AAPL")), from, to).await.expect("one page");
    assert_eq!(own.splits, [Split { symbol: symbol("AAPL"), date: day("2020-08-31"), ratio: 4.0 }]);
}

#[tokio::test]
async fn splits_that_cannot_be_read_are_known_of_every_page() {
    let server = MockServer::start().await;
    let row = |ticker: &str, date: &str| json!({"ticker": ticker, "execution_date": date, "split_from": 1, "split_to": 4});
    let next = format!("{}/v3/reference/splits?cursor=c2", server.uri());
    let first =
        json!({"status": "OK", "results": [row("NVDA", ""), row("AAPL", "2020-08-31")], "next_url": next});
    let second = json!({"status": "OK", "results": [row("MSFT", "soon"), row("AAPL", "2020-08-31"), null]});
    Mock::given(query_param("cursor", "c2"))
        .respond_with(ResponseTemplate::new(200).set_body_json(second))
        .with_priority(1)
        .mount(&server)
        .await;
    answers(&server, 200, first).await;
    let (from, to) = (day("2020-01-01"), day("2024-12-31"));
    let all = polygon(&server.uri(), 0).splits(None, from, to).await.expect("two pages");
    assert_eq!(all.splits.len(), 2);
    assert_eq!(all.unread, Unread { symbols: [symbol("MSFT"), symbol("NVDA")].into(), nameless: 1 });
    let own = polygon(&server.uri(), 0).splits(Some(&symbol("MSFT")), from, to).await.expect("two pages");
    assert_eq!(own.unread, Unread { symbols: [symbol("MSFT")].into(), nameless: 1 });
}

#[tokio::test]
async fn the_latest_bar_is_the_previous_close_unless_an_earlier_day_is_meant() {
    let server = MockServer::start().await;
    Mock::given(path("/v2/aggs/ticker/AAPL/prev"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(&[3], None)))
        .mount(&server)
        .await;
    Mock::given(path("/v2/aggs/ticker/AAPL/range/1/day/2026-11-04/2026-11-18"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(&[0, 1, 2], None)))
        .mount(&server)
        .await;
    let source = polygon(&server.uri(), 0);
    for (until, expected, calls) in [("2026-11-20", "2026-11-19", 1), ("2026-11-18", "2026-11-18", 3)] {
        let bar = source.latest(AssetClass::Equity, &symbol("AAPL"), day(until)).await.expect("a bar");
        assert_eq!(bar.map(|bar| bar.date), Some(day(expected)));
        assert_eq!(server.received_requests().await.expect("they are recorded").len(), calls);
    }
}

#[tokio::test]
async fn whether_the_market_trades_is_a_call_of_its_own() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/marketstatus/now"))
        .and(header("authorization", bearer()))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"market": "closed"})))
        .mount(&server)
        .await;
    assert_eq!(polygon(&server.uri(), 0).market_status().await, Ok(MarketStatus::Closed));
}
