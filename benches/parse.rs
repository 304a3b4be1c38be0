//! What it takes to read the largest answers of the vendors, from bytes to bars, and to plan the calls for
//! 10,000 symbols.
//!
//! The answers are written to a folder, which is printed, so that `parse_reference.py` reads the same
//! bytes. `benches/run` runs both and prints one table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Utc;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use ts::cache::Ask;
use ts::cache::Holding;
use ts::cache::Meta;
use ts::cache::Patience;
use ts::cache::Plan;
use ts::domain::AssetClass;
use ts::domain::Bar;
use ts::domain::Symbol;
use ts::sources::Limits;
use ts::sources::Prices;
use ts::sources::WholeMarket;
use ts::sources::binance;
use ts::sources::polygon;

/// Polygon's largest page, and about as many tickers as trade.
const RANGE_ROWS: usize = 50_000;
const TICKERS: usize = 12_500;
/// Binance's largest page.
const CANDLES: usize = 1_000;
const PLANNED: usize = 10_000;
const DAY_MS: i64 = 86_400_000;
/// 2025-11-19 at 00:00 in New York. So many days would reach back before any market: they go round.
const FIRST_MS: i64 = 1_763_528_400_000;

fn parsing(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parse");
    fs::create_dir_all(&folder).expect("the build's own folder is writable");
    println!("parse bodies: {}", folder.display());
    let now: DateTime<Utc> = "2026-11-20T22:00:00Z".parse().expect("an instant");
    let symbol = Symbol::new("AAPL").expect("a symbol");
    let range = |body: &[u8]| polygon::parse::bars("polygon", &symbol, body).expect("a page").bars;
    let grouped = |body: &[u8]| {
        let market = polygon::parse::market("polygon", body).expect("a market");
        market.bars.into_iter().map(|(_, bar)| bar).collect()
    };
    let candles = |body: &[u8]| binance::parse::candles("binance", now, body).expect("a page").bars;
    measure(criterion, &folder, "polygon_range", &range_body(), range);
    measure(criterion, &folder, "polygon_grouped", &grouped_body(), grouped);
    measure(criterion, &folder, "binance_page", &binance_body(), candles);
}

fn measure(
    criterion: &mut Criterion,
    folder: &Path,
    name: &str,
    body: &str,
    read: impl Fn(&[u8]) -> Vec<Bar>,
) {
    fs::write(folder.join(format!("{name}.json")), body).expect("the folder is writable");
    let bars = read(body.as_bytes());
    // The reference must find as many, of as much worth.
    let worth: f64 = bars.iter().map(|bar| bar.close).sum();
    println!("parse/{name}: {} bars, closes of {worth:.2}, {} bytes", bars.len(), body.len());
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function(name, |bencher| bencher.iter(|| read(black_box(body.as_bytes()))));
    group.finish();
}

fn range_body() -> String {
    let mut draw = draws();
    let rows = (0..RANGE_ROWS).map(|row| {
        let t = FIRST_MS + (row as i64 % 200) * DAY_MS;
        polygon_row(&mut draw, &format!("\"t\":{t}"))
    });
    polygon_body("\"ticker\":\"AAPL\",", RANGE_ROWS, rows)
}

fn grouped_body() -> String {
    let mut draw = draws();
    let close = FIRST_MS + 16 * 3_600_000;
    let rows = (0..TICKERS).map(|row| polygon_row(&mut draw, &format!("\"T\":\"T{row:05}\",\"t\":{close}")));
    polygon_body("", TICKERS, rows)
}

fn polygon_body(head: &str, count: usize, rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    format!(
        "{{{head}\"queryCount\":{count},\"resultsCount\":{count},\"adjusted\":true,\"results\":[{}],\
         \"status\":\"OK\",\"request_id\":\"6a7e466379af0a71039d60cc78e72282\",\"count\":{count}}}",
        rows.join(",")
    )
}

/// A row as Polygon writes it; `known` holds what is not drawn.
fn polygon_row(draw: &mut impl FnMut() -> f64, known: &str) -> String {
    let [open, high, low, close] = prices(draw);
    let (volume, number) = ((draw() * 1e8).round(), (draw() * 1e6).round());
    format!(
        "{{\"v\":{volume},\"vw\":{:.4},\"o\":{open:.2},\"c\":{close:.4},\"h\":{high:.2},\"l\":{low:.2},{known},\
         \"n\":{number}}}",
        (open + close) / 2.0
    )
}

fn binance_body() -> String {
    let mut draw = draws();
    let mut body = String::from("[");
    for row in 0..CANDLES {
        let [open, high, low, close] = prices(&mut draw);
        let begin = 1_672_531_200_000 + row as i64 * DAY_MS;
        let (volume, comma) = (draw() * 1e5, if row == 0 { "" } else { "," });
        write!(
            body,
            "{comma}[{begin},\"{open:.8}\",\"{high:.8}\",\"{low:.8}\",\"{close:.8}\",\"{volume:.8}\",{},\
             \"{:.8}\",1126646,\"{:.8}\",\"{:.8}\",\"0\"]",
            begin + DAY_MS - 1,
            volume * close,
            volume / 2.0,
            volume * close / 2.0
        )
        .expect("a text takes any text");
    }
    body + "]"
}

fn prices(draw: &mut impl FnMut() -> f64) -> [f64; 4] {
    let (open, close) = (10.0 + 500.0 * draw(), 10.0 + 500.0 * draw());
    [open, open.max(close) * 1.01, open.min(close) * 0.99, close]
}

/// Draws from 0 to under 1, the same for every body.
fn draws() -> impl FnMut() -> f64 {
    let mut state = 7_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    }
}

/// 10,000 symbols with histories of Polygon that end the day before, or months before, or with none.
fn planning(criterion: &mut Criterion) {
    let symbols: Vec<Symbol> =
        (0..PLANNED).map(|number| Symbol::new(&format!("S{number:05}")).expect("a symbol")).collect();
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let ask = Ask {
        asset_class: AssetClass::Equity,
        from: day("2016-11-21"),
        last_finished: day("2026-11-20"),
        source: "polygon",
        prices: Prices::SplitAdjusted,
        limits: Limits {
            requests_per_minute: Some(5),
            largest_page: Some(50_000),
            whole_market: WholeMarket::ByDay,
            calls_left: None,
        },
        ttl_hours: 24,
        patience: Patience::Kept,
        now: "2026-11-20T22:00:00Z".parse().expect("an instant"),
    };
    let held = |end: NaiveDate, overlap_from: NaiveDate| -> BTreeMap<Symbol, Holding> {
        let holding = |symbol: &Symbol| (symbol.clone(), Holding { meta: meta(symbol, end), overlap_from });
        symbols.iter().map(holding).collect()
    };
    let mut group = criterion.benchmark_group("plan");
    for (name, held, calls) in [
        ("10000_one_day_behind", held(day("2026-11-19"), day("2026-11-13")), 2),
        // 111 sessions, and five more that show whether histories this old still hold.
        ("10000_months_behind", held(day("2026-06-15"), day("2026-06-09")), 116),
        ("10000_from_nothing", BTreeMap::new(), PLANNED),
    ] {
        let made = Plan::new(&ask, &symbols, &held);
        assert_eq!(made.calls(), calls, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| Plan::new(&ask, black_box(&symbols), &held)));
    }
    group.finish();
}

fn meta(symbol: &Symbol, end: NaiveDate) -> Meta {
    Meta {
        format_version: 1,
        asset_class: AssetClass::Equity,
        symbol: symbol.clone(),
        start: NaiveDate::from_ymd_opt(2016, 11, 21).expect("a date"),
        end,
        asked_from: NaiveDate::from_ymd_opt(2016, 11, 21).expect("a date"),
        cached_at: end.and_time(NaiveTime::MIN).and_utc(),
        ttl_hours: 24,
        source: "polygon".to_owned(),
        joined: Vec::new(),
        adjusted: true,
        row_count: 2_500,
        checksum: String::new(),
        not_yet: Vec::new(),
        overlap_agreed_at: end.and_time(NaiveTime::MIN).and_utc(),
        outdated: None,
        notes: Vec::new(),
        held_back: None,
    }
}

criterion_group! {
    name = parse;
    config = Criterion::default().sample_size(20).without_plots();
    targets = parsing, planning
}
criterion_main!(parse);
