//! Proves what the simulated market promises: the same numbers, sound bars, a sane price, and
//! a signal worth a mail on every session.

use chrono::Datelike;
use sha2::Digest;
use sha2::Sha256;

use super::*;

const STOCKS: &str = "AAPL MSFT GOOGL AMZN NVDA META TSLA BRK.B JPM V UNH XOM JNJ WMT MA PG HD CVX MRK ABBV \
                      KO PEP COST AVGO MCD CSCO ADBE CRM NFLX AMD";
const COINS: &str = "BTC ETH BNB XRP ADA SOL DOT MATIC LTC LINK";

fn weekdays(asset_class: AssetClass, day: NaiveDate) -> bool {
    asset_class == AssetClass::Crypto || day.weekday().number_from_monday() <= 5
}

/// Eleven weekdays a year closed: about what an exchange's holidays take away.
fn weekdays_with_holidays(asset_class: AssetClass, day: NaiveDate) -> bool {
    weekdays(asset_class, day) && (asset_class == AssetClass::Crypto || day.ordinal() % 24 != 1)
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

fn request(asset_class: AssetClass, symbol: &str, from: NaiveDate, to: NaiveDate) -> Request {
    Request { asset_class, symbol: Symbol::new(symbol).expect("a symbol"), from, to }
}

fn whole(asset_class: AssetClass, symbol: &str) -> Vec<Bar> {
    Simulated::new(SEED, weekdays).bars(&request(asset_class, symbol, EPOCH, day(2035, 12, 31)))
}

fn everything() -> impl Iterator<Item = (AssetClass, &'static str, Vec<Bar>)> {
    let stocks = STOCKS.split(' ').chain(["SPY", "ZZZ"]).map(|symbol| (AssetClass::Equity, symbol));
    let coins = COINS.split(' ').chain(["ZZZ"]).map(|symbol| (AssetClass::Crypto, symbol));
    stocks.chain(coins).map(|(class, symbol)| (class, symbol, whole(class, symbol)))
}

#[test]
fn the_numbers_are_the_same_on_every_machine() {
    let mut hash = Sha256::new();
    for (class, symbol) in
        [(AssetClass::Equity, "AAPL"), (AssetClass::Equity, "SPY"), (AssetClass::Crypto, "XRP")]
    {
        for bar in
            Simulated::new(SEED, weekdays).bars(&request(class, symbol, day(2020, 1, 1), day(2026, 6, 30)))
        {
            hash.update(bar.date.to_string());
            for value in [bar.open, bar.high, bar.low, bar.close, bar.volume] {
                hash.update(value.to_bits().to_le_bytes());
            }
        }
    }
    let text: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, "63611093581acffdf052daf832cb1a9d198c756a63c474d9b7a18508035c397f");
}

#[test]
fn a_bar_does_not_depend_on_the_span_asked_for() {
    for (class, symbol) in [(AssetClass::Equity, "AAPL"), (AssetClass::Crypto, "BTC")] {
        let all = whole(class, symbol);
        let (from, to) = (day(2022, 3, 5), day(2022, 4, 9));
        let some = Simulated::new(SEED, weekdays).bars(&request(class, symbol, from, to));
        let expected: Vec<Bar> = all.into_iter().filter(|bar| from <= bar.date && bar.date <= to).collect();
        assert!(!some.is_empty());
        assert_eq!(some, expected);
    }
}

#[test]
fn a_span_before_the_epoch_or_back_to_front_is_empty() {
    let market = Simulated::new(SEED, weekdays);
    for (from, to) in [(day(2000, 1, 1), day(2015, 1, 1)), (day(2024, 2, 1), day(2024, 1, 1))] {
        assert_eq!(market.bars(&request(AssetClass::Crypto, "BTC", from, to)), []);
    }
    let first = market.bars(&request(AssetClass::Crypto, "BTC", day(2000, 1, 1), day(2015, 1, 3)));
    assert_eq!(first.iter().map(|bar| bar.date).collect::<Vec<_>>(), [EPOCH, day(2015, 1, 3)]);
}

#[test]
fn seed_class_and_symbol_each_make_another_history() {
    let closes = |seed, class, symbol| {
        let bars = Simulated::new(seed, |_, _| true).bars(&request(class, symbol, EPOCH, day(2015, 3, 1)));
        bars.into_iter().map(|bar| bar.close).collect::<Vec<_>>()
    };
    let one = closes(SEED, AssetClass::Crypto, "ETH");
    assert_ne!(one, closes(SEED + 1, AssetClass::Crypto, "ETH"));
    assert_ne!(one, closes(SEED, AssetClass::Equity, "ETH"));
    assert_ne!(one, closes(SEED, AssetClass::Crypto, "ETC"));
}

#[test]
fn every_bar_is_sound_and_never_looks_like_a_split() {
    for (class, symbol, bars) in everything() {
        for bar in &bars {
            let is_sound = 0.0 < bar.low
                && bar.low <= bar.open.min(bar.close)
                && bar.high >= bar.open.max(bar.close)
                && bar.volume >= 1.0
                && bar.volume == bar.volume.round();
            assert!(is_sound && weekdays(class, bar.date), "{symbol} {bar:?}");
        }
        for pair in bars.windows(2) {
            let ratio = pair[1].close / pair[0].close;
            assert!((0.75..1.35).contains(&ratio), "{symbol} {}: {ratio}", pair[1].date);
        }
    }
}

#[test]
fn twenty_years_stay_within_sane_bounds() {
    for (class, symbol, bars) in everything() {
        let least_dollars = match class {
            AssetClass::Equity => 50e6,
            AssetClass::Crypto => 20e6,
        };
        for bar in &bars {
            let multiple = bar.close / bars[0].close;
            assert!((0.2..6.0).contains(&multiple), "{class} {symbol} {}: {multiple}", bar.date);
            assert!(bar.close * bar.volume >= least_dollars, "{class} {symbol} {bar:?}");
        }
    }
}

#[test]
fn symbols_move_with_their_benchmark_and_less_with_each_other() {
    let returns = |class, symbol| -> Vec<f64> {
        whole(class, symbol).windows(2).map(|pair| pair[1].close / pair[0].close - 1.0).collect()
    };
    for (class, benchmark, symbols) in
        [(AssetClass::Equity, "SPY", "AAPL JPM XOM KO NVDA"), (AssetClass::Crypto, "BTC", "ETH XRP SOL")]
    {
        let benchmark = returns(class, benchmark);
        let symbols: Vec<Vec<f64>> = symbols.split(' ').map(|symbol| returns(class, symbol)).collect();
        let with_benchmark = symbols.iter().map(|symbol| correlation(symbol, &benchmark)).sum::<f64>();
        assert!(with_benchmark / symbols.len() as f64 > 0.03, "{class}: {with_benchmark}");
        for (place, one) in symbols.iter().enumerate() {
            for other in &symbols[..place] {
                assert!(correlation(one, other) < 0.6);
            }
        }
    }
}

/// The shipped rules, computed naively: eligible, a 20-day breakout with a half percent of
/// clearance, and a technical score of 6 at least.
fn check_that_every_session_has_a_signal(
    class: AssetClass,
    symbols: &str,
    calendar: fn(AssetClass, NaiveDate) -> bool,
) {
    let (first, last) = (day(2024, 1, 1), day(2035, 12, 31));
    let market = Simulated::new(SEED, calendar);
    let mut qualifying = std::collections::BTreeMap::new();
    for symbol in symbols.split(' ') {
        let bars = market.bars(&request(class, symbol, EPOCH, last));
        let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
        let mean = |t: usize, n: usize| closes[t + 1 - n..=t].iter().sum::<f64>() / n as f64;
        let mut atr = None;
        for t in 1..bars.len() {
            let (bar, before) = (bars[t], closes[t - 1]);
            let range = (bar.high - bar.low).max((bar.high - before).abs()).max((bar.low - before).abs());
            let atr14 = atr.map_or(range, |atr: f64| atr + (range - atr) / 14.0);
            atr = Some(atr14);
            if bar.date < first {
                continue;
            }
            let is_eligible = match class {
                AssetClass::Equity => bar.close > mean(t, 50) && mean(t, 50) / mean(t - 20, 50) - 1.0 > 0.005,
                AssetClass::Crypto => bar.close > mean(t, 200),
            };
            let level = closes[t - 20..t].iter().copied().fold(0.0, f64::max);
            let breakout = ((bar.close - level) / atr14 * 10.0).clamp(0.0, 10.0);
            let momentum = ((bar.close / closes[t - 60] - 1.0) * 50.0).clamp(0.0, 10.0);
            let is_medium = 0.6 * breakout + 0.4 * momentum >= 6.0;
            let signals = usize::from(is_eligible && bar.close >= level * 1.005 && is_medium);
            *qualifying.entry(bar.date).or_insert(0) += signals;
        }
    }
    let without: Vec<_> = qualifying.iter().filter(|(_, count)| **count == 0).collect();
    assert!(qualifying.len() > 2_900);
    assert!(without.is_empty(), "{} sessions of {}: {without:?}", without.len(), qualifying.len());
}

#[test]
fn every_session_has_a_stock_worth_a_mail() {
    check_that_every_session_has_a_signal(AssetClass::Equity, STOCKS, weekdays);
}

#[test]
fn holidays_do_not_take_the_signals_away() {
    check_that_every_session_has_a_signal(AssetClass::Equity, STOCKS, weekdays_with_holidays);
}

#[test]
fn every_session_has_a_coin_worth_a_mail() {
    check_that_every_session_has_a_signal(AssetClass::Crypto, COINS, weekdays);
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
    };
    product(a, mean_a, b, mean_b) / (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt()
}
