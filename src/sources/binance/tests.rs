//! How the source asks, against a server on this machine.
use std::time::Duration;

use wiremock::Mock;
use wiremock::MockServer;
use wiremock::Respond;
use wiremock::ResponseTemplate;
use wiremock::matchers::path;

use super::*;
use crate::sources::test_server::NOW;
use crate::sources::test_server::instant;
use crate::sources::test_server::request;
use crate::sources::test_server::vendor;

/// Answers as Binance does: the candles of the pair within the span, the first thousand of them, and
/// today's that is still forming. MATICUSDT stopped and goes on as frozen candles, POLUSDT began later.
struct Exchange;

impl Respond for Exchange {
    fn respond(&self, call: &wiremock::Request) -> ResponseTemplate {
        let asked = |name: &str| {
            let value =
                call.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            value.expect("a parameter")
        };
        assert_eq!((asked("interval"), asked("limit")), ("1d".to_owned(), "1000".to_owned()));
        let begin = match asked("symbol").as_str() {
            "BTCUSDT" => ms("2020-01-01"),
            "MATICUSDT" => ms("2019-04-26"),
            "POLUSDT" => ms("2024-09-13"),
            _ => {
                let body = serde_json::json!({"code": -1121, "msg": "Invalid symbol."});
                return ResponseTemplate::new(400).set_body_json(body);
            }
        };
        let number = |name: &str| asked(name).parse::<i64>().expect("milliseconds");
        let today = ms("2026-11-20");
        let mut open = begin;
        let mut rows = Vec::new();
        while open <= number("endTime").min(today) && rows.len() < 1_000 {
            if open >= number("startTime") {
                rows.push(serde_json::json!([
                    open,
                    "2.0",
                    "3.0",
                    "1.0",
                    "2.5",
                    "10.0",
                    open + DAY_MS - 1,
                    "0",
                    1,
                    "0",
                    "0",
                    "0"
                ]));
            }
            open += DAY_MS;
        }
        ResponseTemplate::new(200).set_body_json(rows)
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn ms(text: &str) -> i64 {
    first_instant(day(text))
}

fn binance(base: &str) -> Binance {
    Binance::of_vendor(vendor(NAME, base, Key::None, Duration::from_secs(20)), instant(NOW))
}

async fn exchange() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/api/v3/klines")).respond_with(Exchange).mount(&server).await;
    server
}

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.expect("they are recorded").len()
}

fn dates(fetched: &Fetched) -> Vec<NaiveDate> {
    fetched.bars.iter().map(|bar| bar.date).collect()
}

#[tokio::test]
async fn a_long_span_is_asked_for_a_thousand_candles_at_a_time() {
    let server = exchange().await;
    let request = request(AssetClass::Crypto, "BTC", "1960-01-01", "2026-11-20");
    let fetched = binance(&server.uri()).daily(&request).await.expect("three pages");
    let expected: Vec<NaiveDate> =
        day("2020-01-01").iter_days().take_while(|date| *date < day("2026-11-20")).collect();
    assert_eq!(dates(&fetched), expected, "today's candle is still forming");
    assert_eq!(calls(&server).await, 3);
    assert!(fetched.problems.is_empty());
}

#[tokio::test]
async fn a_span_that_is_not_over_asks_for_nothing() {
    let server = exchange().await;
    let request = request(AssetClass::Crypto, "BTC", "2026-11-20", "2026-12-31");
    let source = binance(&server.uri());
    assert_eq!(source.daily(&request).await, Ok(Fetched::default()));
    assert_eq!(calls(&server).await, 0);
    let later = source.at(instant("2026-11-21T00:01:00Z"));
    assert_eq!(later.daily(&request).await.map(|fetched| dates(&fetched)), Ok(vec![day("2026-11-20")]));
}

#[tokio::test]
async fn matic_is_stitched_openly_and_its_gap_stays_one() {
    let server = exchange().await;
    let request = request(AssetClass::Crypto, "MATIC", "2024-09-08", "2024-09-15");
    let fetched = binance(&server.uri()).daily(&request).await.expect("two pairs");
    let expected = ["08", "09", "10", "13", "14", "15"].map(|d| day(&format!("2024-09-{d}")));
    assert_eq!(dates(&fetched), expected);
    let note = "binance has it as MATICUSDT to 2024-09-10 and as POLUSDT from 2024-09-13 (renamed, one \
                for one); it did not trade in between";
    assert_eq!((fetched.notes, fetched.problems), (vec![note.to_owned()], Vec::new()));
}

#[tokio::test]
async fn the_calls_of_a_renamed_asset_are_those_of_both_its_names() {
    for (name, from, to, expected) in [
        ("MATIC", "2024-09-08", "2024-09-15", 2),
        ("MATIC", "2021-01-01", "2026-11-19", 3), // two pages of the old name, one of the new
        ("MATIC", "2026-11-12", "2026-11-19", 1),
        ("BTC", "2024-09-08", "2024-09-15", 1),
        ("BTC", "2020-01-01", "2024-01-01", 2),
        ("BTC-USD", "2024-09-08", "2024-09-15", 0),
    ] {
        let server = exchange().await;
        let source = binance(&server.uri());
        let request = request(AssetClass::Crypto, name, from, to);
        let counted = source.calls(&request);
        // It may fail: what counts is what is asked.
        let _ = source.daily(&request).await;
        assert_eq!((counted, calls(&server).await), (expected, expected), "{name} from {from} to {to}");
    }
}

#[tokio::test]
async fn a_tail_after_the_rename_has_no_note() {
    let server = exchange().await;
    let request = request(AssetClass::Crypto, "MATIC", "2026-11-12", "2026-11-19");
    let fetched = binance(&server.uri()).daily(&request).await.expect("a tail");
    assert_eq!((fetched.bars.len(), fetched.notes, fetched.problems), (8, Vec::new(), Vec::new()));
}

#[tokio::test]
async fn an_unknown_pair_says_how_pairs_are_written() {
    let server = exchange().await;
    for (name, expected) in [
        (
            "NOPE",
            "NOPE is not known; binance has no such pair; write an asset like BTC or a pair like BTCUSDT",
        ),
        ("BTC-USD", "BTC-USD is not known; binance writes an asset like BTC and a pair like BTCUSDT"),
    ] {
        let request = request(AssetClass::Crypto, name, "2024-01-01", "2024-01-02");
        let error = binance(&server.uri()).daily(&request).await.expect_err(name);
        assert_eq!(error.to_string(), expected);
    }
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/api/v3/klines")).respond_with(template).mount(&server).await;
    server
}

fn two_days() -> Request {
    request(AssetClass::Crypto, "BTC", "2024-01-01", "2024-01-02")
}

#[tokio::test]
async fn a_ban_is_told_at_once_and_no_call_follows_it() {
    for wait in [Some("86400"), None] {
        let mut template = ResponseTemplate::new(418);
        if let Some(wait) = wait {
            template = template.insert_header("Retry-After", wait);
        }
        let server = answering(template).await;
        let source = binance(&server.uri());
        for _ in 0..3 {
            let error = source.daily(&two_days()).await.expect_err("a ban");
            assert!(matches!(error, SourceError::RateLimited { wait: Some(_), .. }), "{error}");
        }
        assert_eq!(calls(&server).await, 1);
    }
}

#[tokio::test]
async fn refusals_of_a_place_or_a_machine_are_plain() {
    for (status, expected) in [(451, "does not serve the place"), (403, "firewall refuses this machine")] {
        let server = answering(ResponseTemplate::new(status).set_body_string("<html>")).await;
        let error = binance(&server.uri()).daily(&two_days()).await.expect_err("refused").to_string();
        assert!(error.contains(expected) && error.starts_with("binance (BTC)"), "{error}");
    }
}

#[tokio::test]
async fn calls_pause_before_the_weight_is_used_up() {
    for (weight, is_paused) in [("4799", false), ("4800", true)] {
        let template = ResponseTemplate::new(200)
            .insert_header("X-MBX-USED-WEIGHT-1M", weight)
            .insert_header("Date", "Fri, 20 Nov 2026 21:30:15 GMT")
            .set_body_string("[]");
        let server = answering(template).await;
        let source = binance(&server.uri());
        source.daily(&two_days()).await.expect("the answer itself is good");
        assert_eq!(source.vendor.limiter.pause_left() > Duration::from_secs(40), is_paused, "{weight}");
        assert!(source.vendor.limiter.pause_left() <= Duration::from_secs(45));
    }
}

#[tokio::test]
async fn equities_are_not_its_business() {
    let request = request(AssetClass::Equity, "BTC", "2024-01-01", "2024-01-02");
    let error = binance("http://127.0.0.1:1").daily(&request).await.expect_err("equities");
    assert_eq!(error.to_string(), "binance has no request for equities");
}
