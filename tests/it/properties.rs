//! What must hold of a decision whatever the market: generated walks with jumps, gaps, short
//! histories and ties, decided by the shipped scripts.
//!
//! Few cases by default, to keep the run short; `PROPTEST_CASES` raises their number.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use ts::bars::{Bars, check};
use ts::calendar;
use ts::decide::{Decision, MarketBars, Prepared};
use ts::decide::{bars_needed, decide, fill, mark, order, prepare, prepare_since};
use ts::domain::{AssetClass, Bar, Book, Position, Problem};
use ts::scripts::{Scripts, embedded};
use ts::settings::Settings;

use crate::market::{compile, missing_between, shipped, symbol};

const DEFAULT_CASES: u32 = 8;

pub fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(DEFAULT_CASES);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A market to be, small enough to be shrunk.
#[derive(Clone, Debug)]
pub struct Plan {
    pub class: AssetClass,
    pub seed: u64,
    pub symbols: usize,
    pub sessions: usize,
}

pub fn plans(sessions: std::ops::Range<usize>) -> impl Strategy<Value = Plan> {
    let class = prop_oneof![Just(AssetClass::Equity), Just(AssetClass::Crypto)];
    (class, any::<u64>(), 2..9_usize, sessions).prop_map(|(class, seed, symbols, sessions)| Plan {
        class,
        seed,
        symbols,
        sessions,
    })
}

/// A generator of numbers that a test may repeat: a linear congruence, its high bits used.
struct Dice(u64);

impl Dice {
    /// From 0 to 1, without the 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn under(&mut self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }
}

impl Plan {
    fn benchmark(&self) -> &'static str {
        match self.class {
            AssetClass::Equity => "SPY",
            AssetClass::Crypto => "BTC",
        }
    }

    pub fn dates(&self) -> Vec<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(2022, 1, 3).expect("a date");
        let last = first + chrono::Days::new(2 * self.sessions as u64 + 20);
        let mut dates = calendar::sessions(self.class, first, last);
        dates.truncate(self.sessions);
        dates
    }

    pub fn series(&self) -> Vec<Bars> {
        let dates = self.dates();
        let mut dice = Dice(self.seed);
        let mut all: Vec<(String, Vec<Bar>)> =
            vec![(self.benchmark().to_owned(), walk(&dates, &mut dice, 0.0))];
        for number in 0..self.symbols {
            let rows = if number > 0 && dice.unit() < 0.15 {
                // A tie: the same bars under another name.
                all[number].1.clone()
            } else {
                let trouble = if dice.unit() < 0.4 { 0.03 } else { 0.0 };
                let start = if dice.unit() < 0.2 { dice.under(dates.len()) } else { 0 };
                walk(&dates[start..], &mut dice, trouble)
            };
            all.push((format!("S{number}"), rows));
        }
        let last = dates.last().copied().unwrap_or_default();
        let bars = |(name, rows): (String, Vec<Bar>)| {
            let (bars, problems) = check(symbol(&name), rows, last);
            assert_eq!(problems, []);
            bars
        };
        all.into_iter().map(bars).collect()
    }

    pub fn market(&self, series: Vec<Bars>) -> MarketBars {
        let is_bought = |bars: &&Bars| self.class == AssetClass::Crypto || bars.symbol().as_str() != "SPY";
        let universe = series.iter().filter(is_bought).map(|bars| bars.symbol().clone()).collect();
        let benchmark = Some(symbol(self.benchmark()));
        MarketBars { universe, benchmark, ..MarketBars::of(self.class, series) }
    }

    fn prepare(&self, series: Vec<Bars>, scripts: &Scripts) -> Prepared {
        prepare(self.market(series), scripts, missing_between(self.class)).expect("distinct symbols")
    }

    /// Positions in some symbols, some of them of a strategy that is gone; the rest is cash.
    fn book(&self, series: &[Bars]) -> Book {
        let mut dice = Dice(!self.seed);
        let mut positions = Vec::new();
        for bars in series.iter().filter(|bars| !bars.is_empty()) {
            if dice.unit() > 0.4 {
                continue;
            }
            let Some(entry) = bars.get(dice.under(bars.len())) else { continue };
            let strategy = match (self.class, dice.under(4)) {
                (_, 0) => "deleted",
                (AssetClass::Equity, 1) => "equity_mean_reversion",
                (AssetClass::Equity, 2) => "equity_rotation",
                (AssetClass::Equity, _) => "equity_momentum",
                (AssetClass::Crypto, _) => "crypto_momentum",
            };
            positions.push(Position {
                symbol: bars.symbol().clone(),
                asset_class: self.class,
                strategy: strategy.into(),
                entry_date: entry.date,
                entry_price: entry.open,
                quantity: (10_000.0 * dice.unit() / entry.open).floor() + 1.0,
                stop_price: entry.open * (0.8 + 0.15 * dice.unit()),
                stop_session: entry.date.pred_opt().unwrap_or(entry.date),
                last_close: entry.close,
                split_factor: 1.0,
            });
        }
        Book::of_positions(100_000.0, positions)
    }
}

/// Prices that drift in spells of a month; now and then they stand still, jump or have no bar,
/// each session with the probability `trouble`.
fn walk(dates: &[NaiveDate], dice: &mut Dice, trouble: f64) -> Vec<Bar> {
    let mut close = 5.0 + 200.0 * dice.unit();
    let mut drift = 0.0;
    let mut rows = Vec::with_capacity(dates.len());
    for (number, date) in dates.iter().enumerate() {
        if number % 20 == 0 {
            drift = 0.012 * (dice.unit() - 0.35);
        }
        let open = close * (1.0 + 0.004 * (dice.unit() - 0.5));
        close = open * (1.0 + drift + 0.02 * (dice.unit() - 0.5));
        if dice.unit() < trouble {
            match dice.under(4) {
                0 => close = open,
                1 => close *= 0.4 + 2.0 * dice.unit(),
                _ => continue,
            }
        }
        let high = open.max(close) * (1.0 + 0.01 * dice.unit());
        let low = open.min(close) * (1.0 - 0.01 * dice.unit());
        let volume = if dice.unit() < trouble { 0.0 } else { (1e6 * (0.2 + dice.unit())).round() };
        rows.push(Bar { date: *date, open, high, low, close, volume });
    }
    rows
}

type Decided = (Decision, Vec<Problem>);

/// Every byte of it: the debug form tells all digits, and a NaN that JSON would hide as null.
fn bytes(decided: &Decided) -> String {
    format!("{decided:#?}")
}

fn decide_on(prepared: &Prepared, scripts: &Scripts, book: &Book, session: NaiveDate) -> Decided {
    decide(prepared, scripts, &Settings::defaults(), book, session)
}

/// A few sessions of the plan, the last among them.
fn some_sessions(plan: &Plan) -> Vec<NaiveDate> {
    let dates = plan.dates();
    let last = dates.len() - 1;
    [last / 2, last * 3 / 4, last - 7, last].map(|place| dates[place]).into()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn later_bars_never_change_an_earlier_decision(plan in plans(60..300)) {
        let scripts = shipped();
        let series = plan.series();
        let book = plan.book(&series);
        let whole = plan.prepare(series.clone(), &scripts);
        for session in some_sessions(&plan) {
            let known = series.iter().map(|bars| bars.up_to(session)).collect();
            let then = plan.prepare(known, &scripts);
            let [now, then] = [&whole, &then].map(|own| decide_on(own, &scripts, &book, session));
            prop_assert_eq!(bytes(&now), bytes(&then));
        }
    }

    #[test]
    fn what_is_prepared_for_one_session_decides_it_as_the_whole_history_does(plan in plans(60..300)) {
        let scripts = shipped();
        let series = plan.series();
        let book = plan.book(&series);
        let whole = plan.prepare(series.clone(), &scripts);
        for session in some_sessions(&plan) {
            let oldest = book.positions.iter().map(|own| own.stop_session).fold(session, NaiveDate::min);
            let market = plan.market(series.clone());
            let alone = prepare_since(market, &scripts, oldest, missing_between(plan.class)).expect("distinct");
            let [whole, alone] = [&whole, &alone].map(|own| decide_on(own, &scripts, &book, session));
            prop_assert_eq!(bytes(&whole), bytes(&alone));
        }
    }

    #[test]
    fn the_order_of_symbols_and_scripts_does_not_matter(plan in plans(60..300)) {
        let mut series = plan.series();
        let book = plan.book(&series);
        let scripts = shipped();
        let one = plan.prepare(series.clone(), &scripts);
        series.reverse();
        let mut sources = embedded();
        sources.reverse();
        let other_scripts = compile(&sources);
        let other = plan.prepare(series, &other_scripts);
        let mut other_book = book.clone();
        other_book.positions.reverse();
        for session in some_sessions(&plan) {
            let first = decide_on(&one, &scripts, &book, session);
            let second = decide_on(&other, &other_scripts, &other_book, session);
            prop_assert_eq!(bytes(&first), bytes(&second));
        }
    }

    #[test]
    fn deciding_twice_gives_the_same_bytes(plan in plans(60..300)) {
        let scripts = shipped();
        let prepare = || plan.prepare(plan.series(), &scripts);
        let book = plan.book(&plan.series());
        let (one, two) = (prepare(), prepare());
        for session in some_sessions(&plan) {
            let first = bytes(&decide_on(&one, &scripts, &book, session));
            prop_assert_eq!(&first, &bytes(&decide_on(&one, &scripts, &book, session)));
            prop_assert_eq!(&first, &bytes(&decide_on(&two, &scripts, &book, session)));
        }
    }

    #[test]
    fn every_number_is_within_its_limits(plan in plans(60..300)) {
        let scripts = shipped();
        let series = plan.series();
        let prepared = plan.prepare(series.clone(), &scripts);
        for book in [Book::of_cash(100_000.0), plan.book(&series)] {
            for session in some_sessions(&plan) {
                let decided = decide_on(&prepared, &scripts, &book, session);
                check_numbers(&decided)?;
                check_limits(&decided.0, &book)?;
            }
        }
    }

    #[test]
    fn a_portfolio_walked_through_history_stays_sound(plan in plans(120..260)) {
        let scripts = shipped();
        let series = plan.series();
        let prepared = plan.prepare(series.clone(), &scripts);
        let dates = plan.dates();
        let mut book = Book::of_cash(100_000.0);
        for pair in dates[80..].windows(2) {
            let (session, next) = (pair[0], pair[1]);
            let closes = bars_of(&series, session, |bar| bar.close);
            mark(&mut book, plan.class, |_, own| closes.get(&own.symbol).copied());
            let decided = decide_on(&prepared, &scripts, &book, session);
            check_numbers(&decided)?;
            check_limits(&decided.0, &book)?;
            let before: BTreeMap<_, f64> =
                book.positions.iter().map(|own| (own.symbol.clone(), own.stop_price)).collect();
            let (filled, _) = fill(order(book, &decided.0), &decided.0, &bars_of(&series, next, |bar| bar));
            book = filled;
            prop_assert!(book.cash >= 0.0 && book.pending.is_empty());
            prop_assert!(book.positions.len() <= Settings::defaults().risk.max_positions);
            for position in &book.positions {
                let stop = before.get(&position.symbol);
                prop_assert!(stop.is_none_or(|stop| *stop <= position.stop_price), "{position:?}");
                prop_assert!(position.quantity > 0.0 && position.stop_price > 0.0);
            }
        }
    }

    #[test]
    fn the_bars_needed_decide_as_the_whole_history_does(plan in plans(500..560)) {
        let scripts = shipped();
        let needed = bars_needed(&scripts, plan.class);
        let series = plan.series();
        let session = plan.dates()[plan.sessions - 1];
        let cut: Vec<Bars> = series.iter().map(|bars| bars.newest(needed)).collect();
        prop_assert!(cut[0].len() < series[0].len());
        let book = Book::of_cash(100_000.0);
        let [long, short] =
            [series, cut].map(|own| decide_on(&plan.prepare(own, &scripts), &scripts, &book, session));
        let numbers = |decided: &Decided| {
            let (decision, _) = decided;
            let json = serde_json::to_value((&decision.recommendations, &decision.market)).expect("plain data");
            let mut leaves = Vec::new();
            flatten("", &json, &mut leaves);
            leaves
        };
        let (long_leaves, short_leaves) = (numbers(&long), numbers(&short));
        prop_assert_eq!(long_leaves.len(), short_leaves.len());
        for ((path, long), (other, short)) in long_leaves.iter().zip(&short_leaves) {
            prop_assert_eq!(path, other);
            match (long.as_f64(), short.as_f64()) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-9 * a.abs(), "{path}: {a} {b}"),
                _ => prop_assert!(long == short, "{path}: {long} {short}"),
            }
        }
        let symbols = |decided: &Decided| -> Vec<String> {
            decided.0.filtered.iter().map(|own| format!("{} {}", own.symbol, own.strategy)).collect()
        };
        prop_assert_eq!(symbols(&long), symbols(&short));
    }
}

/// The bars of a session by symbol.
fn bars_of<T>(
    series: &[Bars],
    session: NaiveDate,
    pick: impl Fn(Bar) -> T,
) -> BTreeMap<ts::domain::Symbol, T> {
    let bar = |bars: &Bars| bars.get(bars.dates().binary_search(&session).ok()?);
    series.iter().filter_map(|bars| Some((bars.symbol().clone(), pick(bar(bars)?)))).collect()
}

/// The leaves of a JSON value with their paths.
fn flatten(path: &str, value: &serde_json::Value, leaves: &mut Vec<(String, serde_json::Value)>) {
    match value {
        serde_json::Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                flatten(&format!("{path}/{place}"), item, leaves);
            }
        }
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                flatten(&format!("{path}/{name}"), field, leaves);
            }
        }
        leaf => leaves.push((path.to_owned(), leaf.clone())),
    }
}

/// No number of a decision is NaN, infinite or a negative zero.
fn check_numbers(decided: &Decided) -> Result<(), TestCaseError> {
    let text = format!("{decided:?}");
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    for token in text.split(|c| !is_part(c)) {
        prop_assert!(!["NaN", "-NaN", "inf", "-inf", "-0.0"].contains(&token), "{token} in {text}");
    }
    Ok(())
}

fn check_limits(decision: &Decision, book: &Book) -> Result<(), TestCaseError> {
    let settings = Settings::defaults();
    let risk = &settings.risk;
    let mut exposure = 0.0;
    let mut slots = 0;
    // What was bought later is no part of the session's book.
    let held_then = || book.positions.iter().filter(|own| own.entry_date <= decision.session);
    for position in held_then() {
        let is_sold = decision
            .exits
            .iter()
            .any(|exit| exit.symbol == position.symbol && exit.strategy_name == position.strategy);
        if !is_sold {
            exposure += position.market_value();
            slots += 1;
        }
    }
    let mut symbols = std::collections::BTreeSet::new();
    for buy in &decision.recommendations {
        let target = buy.target_price.unwrap_or_default();
        prop_assert!(0.0 < buy.stop_price, "{buy:?}");
        prop_assert!(buy.stop_price < buy.entry_price && buy.entry_price < target, "{buy:?}");
        prop_assert!(buy.position_size_pct <= risk.max_position, "{buy:?}");
        prop_assert!(buy.risk_pct <= risk.risk_per_trade * (1.0 + 1e-12), "{buy:?}");
        // What is told of the size is of the order, whose shares are whole.
        let notional = buy.quantity * buy.entry_price;
        let told = buy.position_size_pct * book.equity;
        prop_assert!(notional > 0.0 && (notional - told).abs() <= told * 1e-12, "{buy:?}");
        let at_stop = buy.quantity * (buy.entry_price - buy.stop_price) / book.equity;
        prop_assert!((buy.risk_pct - at_stop).abs() <= at_stop * 1e-9, "{buy:?}");
        let wanted = risk.risk_per_trade * buy.entry_price / (buy.entry_price - buy.stop_price);
        prop_assert_eq!(buy.size_cap.is_some(), wanted > risk.max_position);
        prop_assert!(buy.conviction >= Some(settings.signals.min_conviction));
        prop_assert!(symbols.insert(&buy.symbol), "{} twice", buy.symbol);
        let is_held =
            held_then().any(|held| held.asset_class == decision.asset_class && held.symbol == buy.symbol);
        prop_assert!(!is_held, "{} is held", buy.symbol);
        exposure += notional;
        slots += 1;
        prop_assert!(exposure <= risk.max_exposure * book.equity * (1.0 + 1e-12), "{exposure}");
        prop_assert!(slots <= risk.max_positions);
    }
    for held in &decision.held {
        let own = book.positions.iter().find(|position| position.symbol == held.symbol);
        prop_assert!(own.is_some_and(|own| held.stop_price >= own.stop_price), "{held:?}");
        if held.close.is_some_and(|close| close <= held.stop_price) {
            let exit = decision.exits.iter().find(|exit| exit.symbol == held.symbol);
            prop_assert!(exit.is_some(), "{held:?}");
        }
    }
    Ok(())
}

/// Guards the properties against markets in which nothing happens.
#[test]
fn the_generated_markets_are_worth_deciding() {
    let scripts = shipped();
    let mut seen: BTreeMap<(&str, AssetClass), usize> = BTreeMap::new();
    for class in AssetClass::ALL {
        for seed in 0..12 {
            let plan = Plan { class, seed: seed * 7_919, symbols: 8, sessions: 300 };
            let series = plan.series();
            let prepared = plan.prepare(series.clone(), &scripts);
            let book = plan.book(&series);
            for session in plan.dates().into_iter().skip(220).step_by(8) {
                let (free, _) = decide_on(&prepared, &scripts, &Book::of_cash(100_000.0), session);
                let (held, problems) = decide_on(&prepared, &scripts, &book, session);
                let mut add = |what, count: usize| *seen.entry((what, class)).or_default() += count;
                add("buys", free.recommendations.len());
                add("filtered", free.filtered.len());
                add("exits", held.exits.len());
                add("held", held.held.len());
                add("problems", problems.len());
            }
        }
    }
    assert!(seen.values().all(|count| *count > 20), "{seen:?}");
    assert_eq!(seen.len(), 10);
}
