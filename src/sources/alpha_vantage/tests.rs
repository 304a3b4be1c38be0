//! How the source asks, against a server on this machine.
use std::time::Duration;

use serde_json::json;
use wiremock::Mock;
use wiremock::MockServer;
use wiremock::ResponseTemplate;
use wiremock::matchers::path;
use wiremock::matchers::query_param;

use super::*;
use crate::sources::test_server::Act;
use crate::sources::test_server::KEY;
use crate::sources::test_server::NOW;
use crate::sources::test_server::Server;
use crate::sources::test_server::counted;
use crate::sources::test_server::instant;
use crate::sources::test_server::request;
use crate::sources::test_server::vendor;

const PREMIUM: &str = "The outputsize=full parameter value is a premium feature for this API.";

fn alpha_vantage(base: &str, most_retries: usize) -> AlphaVantage {
    let key = Key::Query("apikey", SecretString::from(KEY));
    let mut own = vendor(NAME, base, key, Duration::from_secs(20));
    own.retry.most = most_retries;
    AlphaVantage::of_vendor(own, instant(NOW))
}

fn since(from: &str) -> Request {
    request(AssetClass::Equity, "IBM", from, "2026-11-20")
}

fn series() -> serde_json::Value {
    let row = json!({"1. open": "2", "2. high": "3", "3. low": "1", "4. close": "2", "5. volume": "10"});
    json!({"Time Series (Daily)": {"2026-11-20": row, "2026-11-19": row, "2026-11-18": row}})
}

async fn answering(body: serde_json::Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/query"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(&server)
        .await;
    server
}

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.expect("they are recorded").len()
}

#[tokio::test]
async fn the_series_is_cut_to_the_span_and_marked_as_raw() {
    let server = MockServer::start().await;
    Mock::given(path("/query"))
        .and(query_param("function", "TIME_SERIES_DAILY"))
        .and(query_param("symbol", "IBM"))
        .and(query_param("outputsize", "compact"))
        .and(query_param("datatype", "json"))
        .and(query_param("apikey", KEY))
        .respond_with(ResponseTemplate::new(200).set_body_json(series()))
        .mount(&server)
        .await;
    let source = alpha_vantage(&server.uri(), 0);
    let fetched = source.daily(&since("2026-11-19")).await.expect("a series");
    assert_eq!(fetched.bars.len(), 2);
    assert_eq!(source.prices(), Prices::Raw);
}

#[test]
fn the_full_series_is_asked_for_only_where_the_compact_one_ends_too_late() {
    let source = alpha_vantage("http://127.0.0.1:1", 0);
    for (from, expected) in [
        ("2026-11-19", Size::Compact),
        ("2026-07-02", Size::Compact), // the 100th session back, 2026-11-20 the first
        ("2026-07-01", Size::Full),
        ("1970-01-01", Size::Full),
    ] {
        let size = source.size(&since(from));
        let sessions = calendar::sessions(AssetClass::Equity, since(from).from, since(from).to).len();
        assert_eq!(size, expected, "{from}: {sessions} sessions");
    }
}

#[tokio::test]
async fn that_the_full_series_is_premium_is_learnt_once() {
    let server = answering(json!({"Information": PREMIUM})).await;
    let source = alpha_vantage(&server.uri(), 3);
    for _ in 0..3 {
        let error = source.daily(&since("1970-01-01")).await.expect_err("premium");
        assert!(error.to_string().starts_with(
            "alpha_vantage (IBM) refuses: a history of more than 100 bars needs a premium plan"
        ));
        assert!(!error.is_transient());
    }
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn the_days_quota_stops_the_day_and_its_message_shows_no_key() {
    let said = format!(
        "We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day. Please \
         subscribe to any of the premium plans to instantly remove all daily rate limits."
    );
    let server = answering(json!({ "Information": said })).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("quota.json");
    for _ in 0..2 {
        // A new source is a new run: it knows from the file.
        let source = counted(&server.uri(), 25, &file);
        let error = source.daily(&since("2026-11-19")).await.expect_err("spent");
        let expected = "alpha_vantage (IBM) allows no more requests now; wait 27000 s";
        assert_eq!(error.to_string(), expected, "until midnight in New York");
    }
    assert_eq!(calls(&server).await, 1);
    let kept = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(kept.trim_end(), r#"{"2026-11-20":25}"#);
}

#[tokio::test]
async fn calls_are_counted_before_they_are_made_and_across_runs() {
    let server = answering(series()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("quota.json");
    for call in 0..4 {
        let answer = counted(&server.uri(), 2, &file).daily(&since("2026-11-19")).await;
        assert_eq!(answer.is_ok(), call < 2);
    }
    assert_eq!(calls(&server).await, 2);
    let tomorrow = counted(&server.uri(), 2, &file).at(instant("2026-11-21T14:00:00Z"));
    assert!(tomorrow.daily(&since("2026-11-19")).await.is_ok());
}

#[tokio::test]
async fn a_dead_network_spends_nothing_of_the_day() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let folder = tempfile::tempdir().expect("a folder");
    let source = counted(&format!("http://{address}"), 25, &folder.path().join("quota.json"));
    for _ in 0..3 {
        let error = source.daily(&since("2026-11-19")).await.expect_err("nobody listens");
        assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
    }
    assert_eq!(source.limits().calls_left, Some(25));

    let cut = Server::start(Act::Break(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()));
    let source = counted(&cut.http(), 25, &folder.path().join("quota.json"));
    let error = source.daily(&since("2026-11-19")).await.expect_err("it breaks off");
    assert!(matches!(error, SourceError::Transport { .. }), "{error}");
    assert_eq!(source.limits().calls_left, Some(24), "what was sent may be counted over there");
}

#[tokio::test]
async fn a_count_that_cannot_be_kept_is_told_at_once_and_nothing_is_asked() {
    let server = answering(series()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let source = counted(&server.uri(), 25, folder.path());
    let error = source.daily(&since("2026-11-19")).await.expect_err("a folder is no file");
    let text = error.to_string();
    assert!(text.starts_with("alpha_vantage (IBM) was not asked, as its calls of today"), "{text}");
    assert!(!error.is_transient());
    assert_eq!(calls(&server).await, 0);
}

#[test]
fn any_history_is_one_call_and_the_calls_left_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = counted("http://127.0.0.1:1", 25, &folder.path().join("quota.json"));
    assert_eq!(source.calls(&since("1970-01-01")), 1);
    assert_eq!(source.limits().calls_left, Some(25));
}

#[tokio::test]
async fn calls_that_came_too_fast_are_made_again() {
    let server = MockServer::start().await;
    let fast = json!({"Information": "Please consider spreading out your requests (1 request per second)."});
    Mock::given(path("/query"))
        .respond_with(ResponseTemplate::new(200).insert_header("Retry-After", "0").set_body_json(fast))
        .up_to_n_times(2)
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path("/query"))
        .respond_with(ResponseTemplate::new(200).set_body_json(series()))
        .mount(&server)
        .await;
    assert!(alpha_vantage(&server.uri(), 2).daily(&since("2026-11-19")).await.is_ok());
}

#[tokio::test]
async fn each_refusal_is_of_its_kind() {
    for (field, said, expected) in [
        ("Error Message", "Invalid API call. Please retry or visit the documentation.", "IBM is not known"),
        (
            "Error Message",
            "the parameter apikey is invalid or missing.",
            "alpha_vantage (IBM) refuses: the key",
        ),
        (
            "Note",
            "We are moving house.",
            "alpha_vantage (IBM) answered with status 200: We are moving house.",
        ),
        (
            "Information",
            "This is a premium endpoint.",
            "alpha_vantage (IBM) refuses: the plan lacks this call",
        ),
    ] {
        let server = answering(json!({ field: said })).await;
        let error = alpha_vantage(&server.uri(), 3).daily(&since("2026-11-19")).await.expect_err(said);
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(calls(&server).await, 1, "it would be the same again");
    }
}
