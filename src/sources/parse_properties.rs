//! The parsers meet any bytes: they answer or refuse, and never panic.

use proptest::prelude::*;

use super::alpha_vantage;
use super::binance;
use super::polygon;
use super::test_server::NOW;
use super::test_server::instant;
use super::test_server::symbol;

const POLYGON: &str = r#"{"ticker":"AAPL","resultsCount":1,"adjusted":true,"results":[
    {"v":70790813.5,"o":130.4,"c":130.1,"h":133.4,"l":129.8,"t":1673240400000,"T":"AAPL",
    "execution_date":"2020-08-31","split_from":1,"split_to":4,"ticker":"AAPL"}],"status":"OK",
    "next_url":"https://api.massive.com/x"}"#;
const BINANCE: &str = r#"[[1704067200000,"42283.5","44184.1","42180.7","44179.5","27174.2",1704153599999,
    "1169995682.9",1126646,"13982.6","602219178.9","0"]]"#;
const ALPHA_VANTAGE: &str = r#"{"Meta Data":{"2. Symbol":"IBM"},"Time Series (Daily)":{"2024-01-05":
    {"1. open":"159.0","2. high":"160.5","3. low":"158.1","4. close":"159.1","5. volume":"3174890"}},
    "Note":"5 requests per minute"}"#;

/// What a vendor might come to write where something else stood.
const PIECES: &[&str] = &[
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "1e308",
    "1e999",
    "-9223372036854775809",
    "9e18",
    "NaN",
    "\"NaN\"",
    "\"inf\"",
    "0.1",
    "\\u0000",
    "\u{feff}",
    ",",
    ":",
    "[[",
    "}}",
    "8640000000000000000",
    "-8334601315200000",
    "-8334601228800000",
    "8210266876799000",
    "\"2024-13-45\"",
    "\"262143-12-31\"",
];

fn parse_all(bytes: &[u8]) {
    let _ = polygon::parse::bars("p", &symbol("AAPL"), bytes);
    let _ = polygon::parse::market("p", bytes);
    let _ = polygon::parse::splits("p", bytes);
    let _ = polygon::parse::market_status("p", bytes);
    let _ = binance::parse::candles("b", instant(NOW), bytes);
    let _ = binance::parse::refusal(bytes);
    let _ = alpha_vantage::parse::daily("a", bytes);
}

/// A valid body of one of the vendors with a few cuts, bytes and pieces put in.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::sample::select(vec![POLYGON, BINANCE, ALPHA_VANTAGE]);
    let piece = prop_oneof![
        prop::sample::select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, piece), 1..5);
    (body, edits).prop_map(|(body, edits)| {
        let mut bytes = body.as_bytes().to_vec();
        for (at, length, piece) in edits {
            let begin = at.index(bytes.len() + 1);
            let end = (begin + length).min(bytes.len());
            bytes.splice(begin..end, piece);
        }
        bytes
    })
}

/// A valid body with one of its values replaced, so that the shape stays good and the value is odd.
fn odd_value() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::sample::select(vec![POLYGON, BINANCE, ALPHA_VANTAGE]);
    (body, any::<prop::sample::Index>(), prop::sample::select(PIECES.to_vec())).prop_map(
        |(body, at, piece)| {
            let values: Vec<_> = body.match_indices([':', '[', ',']).map(|(begin, _)| begin + 1).collect();
            let begin = values[at.index(values.len())];
            let end = body[begin..].find([',', '}', ']']).map_or(body.len(), |end| begin + end);
            format!("{}{piece}{}", &body[..begin], &body[end..]).into_bytes()
        },
    )
}

proptest! {
    #[test]
    fn any_bytes_are_answered_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parse_all(&bytes);
    }

    #[test]
    fn a_broken_body_is_answered_or_refused(bytes in mutated()) {
        parse_all(&bytes);
    }

    #[test]
    fn an_odd_value_is_answered_or_refused(bytes in odd_value()) {
        parse_all(&bytes);
    }
}

#[test]
fn the_bodies_are_valid_before_they_are_broken() {
    assert_eq!(
        polygon::parse::bars("p", &symbol("AAPL"), POLYGON.as_bytes()).map(|page| page.bars.len()),
        Ok(1)
    );
    assert_eq!(polygon::parse::splits("p", POLYGON.as_bytes()).map(|page| page.page.splits.len()), Ok(1));
    assert_eq!(polygon::parse::market("p", POLYGON.as_bytes()).map(|market| market.bars.len()), Ok(1));
    let page = binance::parse::candles("b", instant(NOW), BINANCE.as_bytes());
    assert_eq!(page.map(|page| page.bars.len()), Ok(1));
    let series = alpha_vantage::parse::daily("a", ALPHA_VANTAGE.as_bytes());
    assert!(matches!(series, Ok(alpha_vantage::parse::Answered::Bars { bars, .. }) if bars.len() == 1));
}
