//! The record and the backtest cannot disagree: following each recommendation by itself makes the same trades as a
//! book that is folded over the sessions.

use std::collections::BTreeMap;
use std::mem;

use chrono::NaiveDate;
use ts::bars::{Bars, check};
use ts::calendar;
use ts::decide::{FillOutcome, PositionStatus, Prepared, Recommendation};
use ts::decide::{decide, fill, mark, order};
use ts::domain::{AssetClass, Bar, Book, Symbol};
use ts::outcomes::{Fill, Followed, Told, follow};
use ts::scripts::Scripts;
use ts::settings::Settings;
use ts::sources::{Request, Simulated};
use uuid::Uuid;

use crate::market::{prepared, shipped};

/// A trade as both ways tell it: how it began and how it ended, where it did.
#[derive(Debug, PartialEq)]
struct Trade {
    entry: Option<Fill>,
    exit: Option<(Fill, String)>,
    /// Of one that is still held, as raised.
    stop_price: Option<f64>,
}

/// Settings under which no recommendation waits for another.
fn roomy() -> Settings {
    let mut settings = Settings::defaults();
    settings.risk.account_equity = 1e6;
    settings.risk.risk_per_trade = 0.000_75;
    settings.risk.max_position = 0.015;
    settings.risk.max_positions = 1_000;
    settings.risk.max_exposure = 1e3;
    settings.risk.correlation_guard = false;
    settings
}

fn bars_on<T>(series: &[Bars], session: NaiveDate, pick: impl Fn(Bar) -> T) -> BTreeMap<Symbol, T> {
    let bar = |bars: &Bars| bars.get(bars.dates().binary_search(&session).ok()?);
    series.iter().filter_map(|bars| Some((bars.symbol().clone(), pick(bar(bars)?)))).collect()
}

/// Folds the three functions over the sessions, and writes down what became of each recommendation.
fn folded(
    prepared: &Prepared,
    scripts: &Scripts,
    series: &[Bars],
    sessions: &[NaiveDate],
) -> Vec<(Recommendation, Trade)> {
    let class = prepared.columns.panel().asset_class();
    let settings = roomy();
    let mut book = Book::of_cash(settings.risk.account_equity);
    let mut trades: Vec<(Recommendation, Trade)> = Vec::new();
    // The trade of what is held, by symbol and strategy.
    let mut held: BTreeMap<(Symbol, String), usize> = BTreeMap::new();
    // Why it is to be sold.
    let mut sales: BTreeMap<(Symbol, String), String> = BTreeMap::new();
    for pair in sessions.windows(2) {
        let (session, next) = (pair[0], pair[1]);
        let closes = bars_on(series, session, |bar| bar.close);
        mark(&mut book, class, |_, own| closes.get(&own.symbol).copied());
        let (mut decision, _) = decide(prepared, scripts, &settings, &book, session);
        for exit in &decision.exits {
            let key = (exit.symbol.clone(), exit.strategy_name.clone());
            sales.entry(key).or_insert_with(|| exit.signal_type.clone());
        }
        // What found no bar before is sold whatever the rule says by now.
        for own in &mut decision.held {
            if sales.contains_key(&(own.symbol.clone(), own.strategy.to_string())) {
                own.status = PositionStatus::Sell;
            }
        }
        let opens = bars_on(series, next, |bar| bar);
        let (filled, fills) = fill(order(book, &decision), &decision, &opens);
        book = filled;
        sales.retain(|key, reason| {
            let Some(bar) = opens.get(&key.0) else { return true };
            if let Some(place) = held.remove(key) {
                let sold = Fill { session: next, price: bar.open };
                trades[place].1.exit = Some((sold, mem::take(reason)));
            }
            false
        });
        for buy in decision.recommendations {
            let key = (buy.symbol.clone(), buy.strategy_name.clone());
            let own = fills.iter().rfind(|fill| fill.symbol == key.0 && fill.strategy == key.1);
            let entry = match own.map(|fill| fill.outcome) {
                Some(FillOutcome::Filled(price)) => {
                    held.insert(key, trades.len());
                    Some(Fill { session: next, price })
                }
                _ => None,
            };
            trades.push((buy, Trade { entry, exit: None, stop_price: None }));
        }
    }
    for ((symbol, strategy), place) in held {
        let own = book.positions.iter().find(|own| own.symbol == symbol && own.strategy == strategy);
        trades[place].1.stop_price = own.map(|own| own.stop_price);
    }
    trades
}

fn trade(own: &Followed) -> Trade {
    let reason = own.exit_reason.clone().unwrap_or_default();
    Trade {
        entry: own.entry,
        exit: own.exit.map(|exit| (exit, reason)),
        stop_price: own.is_open().then_some(own.stop_price),
    }
}

/// The simulated market of some symbols, with holes in their bars.
fn series(class: AssetClass, names: &[Symbol], from: NaiveDate, to: NaiveDate) -> Vec<Bars> {
    let source = Simulated::new(Settings::defaults().sources.simulated.seed, calendar::is_session);
    let one = |(number, name): (usize, &Symbol)| {
        let request = Request { asset_class: class, symbol: name.clone(), from, to };
        let whole = source.bars(&request);
        let is_hole = |place: usize| number % 2 == 1 && place % (23 + number) == 7;
        let rows: Vec<Bar> =
            whole.into_iter().enumerate().filter(|(place, _)| !is_hole(*place)).map(|(_, bar)| bar).collect();
        check(name.clone(), rows, to).0
    };
    names.iter().enumerate().map(one).collect()
}

fn check_class(class: AssetClass) {
    let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let (from, to) = (date("2023-01-02"), date("2025-06-30"));
    let settings = Settings::defaults();
    let benchmark = settings.benchmark.of(class).clone();
    let mut names = settings.universe.of(class).to_vec();
    names.retain(|name| *name != benchmark);
    names.insert(0, benchmark.clone());
    let series = series(class, &names, from, to);
    let scripts = shipped();
    let universe = settings.universe.of(class).iter().cloned().collect();
    let prepared = prepared(class, series.clone(), universe, benchmark, &scripts);
    let sessions = calendar::sessions(class, date("2024-06-03"), to);
    let expected = folded(&prepared, &scripts, &series, &sessions);
    let past: Vec<Followed> =
        expected.iter().map(|(buy, _)| Followed::waiting(Told::of(buy, Uuid::nil()))).collect();
    // The book's last session was not decided: only its opens were filled.
    let before_last = sessions[sessions.len() - 2];
    let (at_once, problems) = follow(&prepared, &scripts, past.clone(), to);
    assert_eq!(problems, []);
    let mut count = [0, 0, 0];
    for (own, (buy, expected)) in at_once.iter().zip(&expected) {
        let found = trade(own);
        let what = format!("{} {} of {}", buy.symbol, buy.strategy_name, buy.session);
        // A stop is raised once more at the last close, and one that waits for that open is filled at it.
        let is_done = expected.exit.is_some() || expected.entry.is_none();
        if is_done {
            assert_eq!(&found, expected, "{what}");
        } else {
            assert_eq!((found.entry, found.exit.is_none()), (expected.entry, true), "{what}");
        }
        let result = own.r_multiple();
        count[0] += usize::from(expected.exit.is_some());
        count[1] += usize::from(result.is_some_and(|r| r < -1.0));
        count[2] += usize::from(!own.is_settled());
    }
    assert!(count[0] > 15 && count[1] > 0, "a market in which something happens: {count:?}");
    // Day by day it comes to the same, the stops of what is held included.
    let mut daily = past;
    for session in &sessions[..sessions.len() - 1] {
        let (told, not_yet): (Vec<Followed>, Vec<Followed>) =
            daily.into_iter().partition(|own| own.told.session <= *session);
        daily = follow(&prepared, &scripts, told, *session).0;
        daily.extend(not_yet);
    }
    assert_eq!(
        daily.iter().map(|own| own.told.id).collect::<Vec<_>>(),
        expected.iter().map(|(buy, _)| buy.id).collect::<Vec<_>>()
    );
    for (own, (_, expected)) in daily.iter().zip(&expected) {
        if let Some(stop) = expected.stop_price
            && own.is_open()
            && own.last_session == before_last
        {
            assert_eq!(own.stop_price, stop, "{}", own.told.symbol);
        }
    }
    assert_eq!(follow(&prepared, &scripts, daily, to).0, at_once);
}

#[test]
fn each_recommendation_followed_alone_is_the_trade_of_the_book_that_had_room() {
    AssetClass::ALL.into_iter().for_each(check_class);
}
