//! Reports for tests and for looking at: a realistic day, a crowded one, an empty one, one
//! without bars, and one of two classes.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use uuid::Uuid;

use super::chart::{ChartData, ChartLevel};
use super::past::{Past, PastRecommendation};
use super::reload::{Changes, LastReload, Reload};
use super::run::{Part, Report, RunRecord};
use crate::decide::Decision;
use crate::decide::Direction;
use crate::decide::HeldPosition;
use crate::decide::MarketOverview;
use crate::decide::NearMiss;
use crate::decide::PositionStatus;
use crate::decide::Recommendation;
use crate::decide::Regime;
use crate::decide::recommendation_id;
use crate::domain::AssetClass;
use crate::domain::Conviction;
use crate::domain::Order;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::Symbol;
use crate::filters::Filtered;
use crate::outcomes::{Figures, StrategyRecord};
use crate::signals::{Component, Moved, Signal, SignalDiff};

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).expect("a ticker")
}

fn generated_at() -> DateTime<Utc> {
    "2026-11-20T21:35:04Z".parse().expect("an instant")
}

/// A walk of 120 sessions that ends at `last`, the same for the same seed.
pub fn chart(ticker: &str, last: f64, seed: u64) -> ChartData {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
    };
    let mut all = vec![1.0];
    for step in 1..170 {
        let drift = if step > 150 { 0.003 } else { 0.0008 };
        all.push(all[step - 1] * (1.0 + drift + 0.03 * noise()));
    }
    let scale = last / all[169];
    let all: Vec<f64> = all.into_iter().map(|p| p * scale).collect();
    let mut dates = Vec::new();
    let mut day = date("2026-11-20");
    while dates.len() < 120 {
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            dates.push(day);
        }
        day = day - Days::new(1);
    }
    dates.reverse();
    let level = all[149..169].iter().copied().fold(0.0, f64::max).min(last * 0.99);
    ChartData {
        symbol: symbol(ticker),
        dates,
        close: all[50..].to_vec(),
        ma50: (50..170).map(|i| Some(all[i - 49..=i].iter().sum::<f64>() / 50.0)).collect(),
        level: Some(ChartLevel { label: "20-day high".to_owned(), price: level }),
        entry: last,
        stop: last * 0.9701,
        target: Some(last * 1.0598),
    }
}

/// The charts of a report's cards.
pub fn charts(report: &Report) -> BTreeMap<Uuid, ChartData> {
    let cards = report.recommendations.iter().chain(&report.exits).enumerate();
    cards
        .map(|(seed, r)| {
            let mut data = chart(r.symbol.as_str(), r.current_price, seed as u64 + 3);
            (data.stop, data.target) = (r.stop_price, r.target_price);
            if r.direction == Direction::Sell {
                data.level = None;
            }
            (r.id, data)
        })
        .collect()
}

fn buy(ticker: &str, class: AssetClass, session: NaiveDate, score: f64, prices: [f64; 3]) -> Recommendation {
    let [entry, target, stop] = prices;
    let strategy = format!("{class}_momentum");
    let distance = (entry - stop) / entry;
    let size = (0.0075 / distance).min(0.15);
    let level = entry * 0.991;
    Recommendation {
        id: recommendation_id(session, &strategy, class, &symbol(ticker), Direction::Buy),
        symbol: symbol(ticker),
        asset_class: class,
        direction: Direction::Buy,
        conviction: Some(Conviction::of_score(score)),
        current_price: entry,
        entry_price: entry,
        target_price: Some(target),
        stop_price: stop,
        position_size_pct: size,
        risk_pct: size * distance,
        size_cap: (size >= 0.15).then_some("max_position"),
        quantity: match class {
            AssetClass::Equity => (100_000.0 * size / entry).floor(),
            AssetClass::Crypto => (100_000.0 * size / entry * 1e4).floor() / 1e4,
        },
        adv20: Some(1.25e9),
        technical_score: Some(score),
        news_score: None,
        sentiment_score: None,
        combined_score: Some(score),
        components: vec![
            Component { name: "breakout".into(), score: (score + 0.65).min(9.9), weight: 0.6 },
            Component { name: "momentum".into(), score: score - 1.15, weight: 0.4 },
        ],
        signal_type: "breakout_20d".to_owned(),
        reasoning: format!(
            "{ticker} closed at {entry}, {:.2}% above its highest close of the 20 sessions before ({level:.4}), \
             in a trend whose 50-day mean rose 3.1% over 20 sessions.",
            (entry / level - 1.0) * 100.0
        ),
        news_headlines: Vec::new(),
        generated_at: Some(generated_at()),
        strategy_name: strategy,
        script_hash: "9f2c4e1ab7d05836".to_owned(),
        session,
    }
}

fn sell(ticker: &str, session: NaiveDate) -> Recommendation {
    Recommendation {
        id: recommendation_id(
            session,
            "equity_momentum",
            AssetClass::Equity,
            &symbol(ticker),
            Direction::Sell,
        ),
        direction: Direction::Sell,
        conviction: None,
        current_price: 412.67,
        entry_price: 426.77,
        target_price: None,
        stop_price: 404.15,
        position_size_pct: 0.099_04,
        risk_pct: 0.002_04,
        size_cap: None,
        quantity: 24.0,
        adv20: None,
        technical_score: None,
        combined_score: None,
        components: Vec::new(),
        signal_type: "ma20_cross".to_owned(),
        reasoning: format!("{ticker} closed at 412.67, under its 20-day mean of 415.02."),
        ..buy(ticker, AssetClass::Equity, session, 7.0, [426.77, 470.0, 404.15])
    }
}

fn held(
    ticker: &str,
    status: PositionStatus,
    numbers: [f64; 4],
    pnl: Option<(f64, f64)>,
    note: &str,
) -> HeldPosition {
    let [entry_price, quantity, stop_price, close] = numbers;
    HeldPosition {
        symbol: symbol(ticker),
        asset_class: AssetClass::Equity,
        strategy: "equity_momentum".into(),
        entry_date: date("2026-11-09"),
        entry_price,
        quantity,
        stop_price,
        stop_session: date("2026-11-20"),
        close: pnl.map(|_| close),
        pnl: pnl.map(|(money, _)| money),
        pnl_pct: pnl.map(|(_, fraction)| fraction),
        bars_held: pnl.map(|_| 9),
        status,
        note: note.to_owned(),
    }
}

fn overview(class: AssetClass, session: NaiveDate) -> MarketOverview {
    let (benchmark, close, change) = match class {
        AssetClass::Equity => ("SPY", 673.42, 0.0042),
        AssetClass::Crypto => ("BTC", 64_123.5, -0.0187),
    };
    MarketOverview {
        asset_class: class,
        session,
        benchmark: Some(symbol(benchmark)),
        benchmark_close: Some(close),
        benchmark_return: Some(change),
        regime: Some(if class == AssetClass::Equity { Regime::Uptrend } else { Regime::Mixed }),
        breadth: Some(0.633),
        volatility: Some(0.142),
        symbols_with_bar: 29,
        symbols: 30,
    }
}

fn decision(class: AssetClass, session: NaiveDate) -> Decision {
    Decision {
        asset_class: class,
        session,
        no_decision: None,
        recommendations: Vec::new(),
        exits: Vec::new(),
        filtered: Vec::new(),
        near_misses: Vec::new(),
        held: Vec::new(),
        market: overview(class, session),
    }
}

fn filtered(ticker: &str, reason: &str) -> Filtered {
    Filtered {
        symbol: symbol(ticker),
        strategy: "equity_momentum".into(),
        filter: "slots",
        reason: reason.to_owned(),
    }
}

/// A day of one class without signals, positions or problems.
pub fn empty() -> Report {
    let session = date("2026-11-20");
    Report {
        run: RunRecord {
            id: Uuid::from_u128(0x3f6c_1f0a_9b1e_4c52_8d07_5a2e_9c44_e1b0),
            session: Some(session),
            asset_class: "equity".to_owned(),
            parts: vec![Part {
                asset_class: AssetClass::Equity,
                session,
                source: "polygon".to_owned(),
                data_hash: "c41f6d20e8a3b957".to_owned(),
            }],
            dry_run: false,
            demo: false,
            scripts: BTreeMap::from([
                ("equity_momentum".to_owned(), "9f2c4e1ab7d05836".to_owned()),
                ("technical".to_owned(), "51be07d94ac2f3e8".to_owned()),
            ]),
            settings_hash: "07aa93fe5d1c2b64".to_owned(),
            positions_hash: "e3b0c44298fc1c14".to_owned(),
            duration_ms: 1_412,
            generated_at: generated_at(),
        },
        decisions: vec![decision(AssetClass::Equity, session)],
        pending: Vec::new(),
        recommendations: Vec::new(),
        exits: Vec::new(),
        filtered: Vec::new(),
        near_misses: Vec::new(),
        past: Past::default(),
        problems: Vec::new(),
        reload: None,
    }
}

/// Two buys, a sell, positions, near misses, filtered signals, past results and problems.
pub fn full() -> Report {
    let session = date("2026-11-20");
    let mut report = empty();
    report.recommendations = vec![
        buy("NVDA", AssetClass::Equity, session, 8.42, [214.38, 232.1, 205.52]),
        buy("AAPL", AssetClass::Equity, session, 7.35, [187.2, 198.4, 181.6]),
    ];
    report.exits = vec![sell("MSFT", session)];
    report.decisions[0].held = vec![
        held(
            "GOOGL",
            PositionStatus::Hold,
            [171.02, 58.0, 163.4, 182.61],
            Some((672.22, 0.0678)),
            "10.5% above the stop",
        ),
        held(
            "JPM",
            PositionStatus::Hold,
            [248.9, 40.0, 239.11, 250.33],
            Some((57.2, 0.0057)),
            "4.5% above the stop",
        ),
        held(
            "KO",
            PositionStatus::Unchecked,
            [70.11, 140.0, 67.2, 0.0],
            None,
            "no bar for this session; newest is 18 Nov",
        ),
        held(
            "MSFT",
            PositionStatus::Sell,
            [426.77, 24.0, 404.15, 412.67],
            Some((-338.4, -0.033)),
            "ma20_cross",
        ),
    ];
    report.near_misses = vec![
        NearMiss {
            symbol: symbol("AVGO"),
            strategy: "equity_momentum".to_owned(),
            message:
                "breakout_20d needs close 338.10 ≥ highest_close_20d 338.92 × 1.005 = 340.61: 0.74% short"
                    .to_owned(),
            distance: "0.74%".to_owned(),
            distance_pct: Some(0.0074),
            nearness: 0.148,
        },
        NearMiss {
            symbol: symbol("COST"),
            strategy: "equity_momentum".to_owned(),
            message:
                "breakout_20d needs close 918.30 ≥ highest_close_20d 921.77 × 1.005 = 926.38: 0.88% short"
                    .to_owned(),
            distance: "0.88%".to_owned(),
            distance_pct: Some(0.0088),
            nearness: 0.176,
        },
    ];
    report.filtered = vec![
        filtered("META", "conviction LOW (score 5.1) is under MEDIUM"),
        filtered("TSLA", "correlation: mean 0.81 with the 4 positions held, over 0.75"),
        filtered("GOOGL", "already held by equity_momentum since 9 Nov"),
    ];
    report.past = Past {
        recommendations: vec![
            past(("2026-11-16", "GOOGL"), "open", [171.02, 163.4, 182.61], "open after 4 bars"),
            past(
                ("2026-10-28", "AMZN"),
                "closed",
                [229.4, 219.2, 243.9],
                "sold 13 Nov after 11 bars: ma20_cross; target touched 12 Nov",
            ),
            past(
                ("2026-10-21", "XOM"),
                "closed",
                [118.77, 116.3, 114.02],
                "sold 2 Nov after 7 bars: trailing_stop; stop touched 30 Oct",
            ),
        ],
        record: vec![
            StrategyRecord {
                strategy: "equity_momentum".to_owned(),
                all: Figures {
                    closed: 14,
                    wins: 5,
                    losses: 8,
                    break_evens: 1,
                    win_rate: Some(5.0 / 14.0),
                    mean_r: Some(0.28),
                    sum_r: Some(3.92),
                    worst_r: Some(-2.14),
                    best_r: Some(4.8),
                },
                month: Figures::of(&[1.42, -1.92]),
                open: 2,
                open_r: Some(0.91),
                waiting: 0,
                not_filled: 1,
            },
            StrategyRecord {
                strategy: "equity_rotation".to_owned(),
                all: Figures::default(),
                month: Figures::default(),
                open: 0,
                open_r: None,
                waiting: 1,
                not_filled: 0,
            },
        ],
    };
    report.problems = vec![
        Problem::new(
            "KO",
            ProblemKind::Position,
            "no bar for 20 Nov, so its exit rule could not run; newest is 18 Nov",
        ),
        Problem::new("KO", ProblemKind::Stale, "no bar for 20 Nov; newest is 18 Nov"),
        Problem::new("PLTR", ProblemKind::NotReady, "equity_momentum: ma200 needs 200 bars, has 143"),
        Problem::new("ARM", ProblemKind::NotReady, "equity_momentum: ma200 needs 200 bars, has 187"),
        Problem::new(
            "",
            ProblemKind::Skipped,
            "crypto was left out: set sources.crypto to a source that is allowed here",
        ),
    ];
    report
}

/// The full day, in a command whose scripts were edited twice since the report before.
pub fn reloaded() -> Report {
    let mut report = full();
    let session = date("2026-11-20");
    let signal = |ticker: &str, trigger: &str, score: f64, close: f64, stop: f64| Signal {
        row: 0,
        session,
        symbol: symbol(ticker),
        asset_class: AssetClass::Equity,
        strategy: "equity_momentum".into(),
        trigger: trigger.into(),
        components: Vec::new(),
        score,
        close,
        stop,
        target: 232.1,
        adv20: None,
        max_adv_fraction: 0.005,
    };
    let moved = |ticker: &str, scores: [f64; 2], stops: [f64; 2]| {
        let one = |index: usize| signal(ticker, "breakout_20d", scores[index], 214.38, stops[index]);
        Moved { before: one(0), after: one(1) }
    };
    let diff = SignalDiff {
        gained: vec![signal("AMD", "breakout_20d", 7.12, 141.2, 133.08)],
        lost: vec![signal("META", "breakout_55d", 5.1, 612.4, 590.11)],
        moved: vec![
            moved("NVDA", [8.12, 8.42], [203.3, 205.52]),
            moved("AAPL", [7.351, 7.349], [181.6, 181.6]),
        ],
    };
    let loaded_at = "2026-11-20T19:02:11Z".parse().expect("an instant");
    report.reload = Some(Reload {
        generation: 3,
        hash: "5d0c2a7e91b3f846".to_owned(),
        loaded_at,
        last_reload: LastReload { at: loaded_at, succeeded: true },
        changes: vec![Changes { asset_class: AssetClass::Equity, session, against: 2, diff }],
    });
    report
}

/// An earlier BUY by its session and ticker, its state, and its entry, stop and last price.
fn past(
    (session, ticker): (&str, &str),
    state: &str,
    [entry, stop, last]: [f64; 3],
    outcome: &str,
) -> PastRecommendation {
    let session = date(session);
    PastRecommendation {
        id: recommendation_id(
            session,
            "equity_momentum",
            AssetClass::Equity,
            &symbol(ticker),
            Direction::Buy,
        ),
        session,
        symbol: ticker.to_owned(),
        asset_class: AssetClass::Equity,
        strategy: "equity_momentum".to_owned(),
        state: state.to_owned(),
        entry_date: session.succ_opt(),
        entry_price: entry,
        stop_price: stop,
        exit_date: (state == "closed").then(|| date("2026-11-13")),
        last_price: Some(last),
        result_pct: Some(last / entry - 1.0),
        r_multiple: Some((last - entry) / (entry - stop)),
        target_touched: None,
        stop_touched: None,
        outcome: outcome.to_owned(),
    }
}

/// Five buys and long lists of everything.
pub fn crowded() -> Report {
    let session = date("2026-11-20");
    let mut report = full();
    report.recommendations.extend([
        buy("LLY", AssetClass::Equity, session, 6.9, [1_042.77, 1_108.2, 1_010.05]),
        buy("BRK.B", AssetClass::Equity, session, 6.44, [501.3, 513.1, 495.4]),
        buy("XOM", AssetClass::Equity, session, 6.02, [118.9, 124.02, 116.34]),
    ]);
    report.pending = vec![Order {
        symbol: symbol("ETH"),
        asset_class: AssetClass::Crypto,
        strategy: "crypto_momentum".into(),
        session,
        quantity: 1.25,
        decided_price: 2_841.5,
        stop_price: 2_610.0,
    }];
    for index in 0..40 {
        let ticker = format!("SYM{index}");
        report.filtered.push(filtered(&ticker, "conviction LOW (score 5.1) is under MEDIUM"));
        report.problems.push(Problem::new(
            &ticker,
            ProblemKind::NotReady,
            "equity_momentum: ma200 needs 200 bars, has 143",
        ));
    }
    report
}

/// A day whose bars never came.
pub fn undecided() -> Report {
    let mut report = empty();
    let reason = "27 of 30 symbols have no bar for Fri 20 Nov 2026; the newest is of Thu 19 Nov 2026";
    report.decisions[0].no_decision = Some(reason.to_owned());
    report.decisions[0].market = MarketOverview {
        benchmark_close: None,
        benchmark_return: None,
        regime: None,
        breadth: None,
        volatility: None,
        symbols_with_bar: 3,
        ..overview(AssetClass::Equity, date("2026-11-20"))
    };
    report
}

/// Equities of Friday and crypto of Sunday in one report.
pub fn two_classes() -> Report {
    let mut report = full();
    let session = date("2026-11-22");
    report.run.session = None;
    report.run.asset_class = "all".to_owned();
    report.run.parts.push(Part {
        asset_class: AssetClass::Crypto,
        session,
        source: "binance".to_owned(),
        data_hash: "e80d5b7733c1a964".to_owned(),
    });
    report.decisions.push(decision(AssetClass::Crypto, session));
    report.recommendations.push(buy("ADA", AssetClass::Crypto, session, 6.2, [0.045_99, 0.050_11, 0.043_93]));
    report.problems.clear();
    report
}
