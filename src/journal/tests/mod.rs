//! Journals in memory and on disk, with runs and mails small enough to read.

mod backing_up;
mod bad_files;
mod delivering;
mod holding;
mod recording;

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::bars::Bars;
use crate::bars::Split;
use crate::decide::MarketBars;
use crate::decide::{Direction, Recommendation, recommendation_id};
use crate::domain::{AssetClass, Bar, Conviction, Order, Position, ProblemKind, Symbol};
use crate::report::{Part, RunRecord};
use crate::scripts::{Options, ScriptSource};
use crate::settings::DecidingSettings;
use crate::settings::Settings;
use crate::signals::Component;

pub(super) fn at(minute: u32) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-20T21:30:00Z".parse().expect("an instant");
    start + TimeDelta::minutes(minute.into())
}

pub(super) fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).expect("a date")
}

pub(super) fn key(session: u32) -> JobSession {
    JobSession { job: "daily_equity_signals".to_owned(), session: day(session) }
}

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("a symbol")
}

/// A journal in a folder of its own.
struct OnDisk {
    folder: tempfile::TempDir,
    journal: Journal,
}

impl OnDisk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let journal = open(&folder.path().join("data/ts.db"));
        Self { folder, journal }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/ts.db")
    }
}

fn open(path: &Path) -> Journal {
    let (journal, problems) = Journal::open(path, at(0)).expect("a writable folder");
    assert_eq!(problems, []);
    journal
}

fn recommendation(name: &str, direction: Direction) -> Recommendation {
    let (session, strategy, class) = (day(20), "equity_momentum", AssetClass::Equity);
    let buys = direction == Direction::Buy;
    Recommendation {
        id: recommendation_id(session, strategy, class, &symbol(name), direction),
        symbol: symbol(name),
        asset_class: class,
        direction,
        conviction: buys.then_some(Conviction::High),
        current_price: 0.1 + 0.2,
        entry_price: 100.0 / 3.0,
        target_price: buys.then_some(120.5),
        stop_price: 95.0,
        position_size_pct: 0.15,
        risk_pct: 0.0075,
        size_cap: buys.then_some("max_position"),
        quantity: 40.0,
        adv20: buys.then_some(1e9),
        technical_score: buys.then_some(8.25),
        news_score: None,
        sentiment_score: None,
        combined_score: buys.then_some(8.25),
        components: vec![Component { name: "strength".into(), score: 1.0 / 3.0, weight: 0.7 }],
        signal_type: "breakout_20d".to_owned(),
        reasoning: "A \"plain\" sentence; it's <b>told</b>.".to_owned(),
        news_headlines: vec!["one".to_owned()],
        generated_at: Some(at(0)),
        strategy_name: strategy.to_owned(),
        script_hash: "abc".to_owned(),
        session,
    }
}

fn bars(name: &str, count: usize) -> Bars {
    let first = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
    let row = |(index, date): (usize, NaiveDate)| {
        let close = 100.0 + index as f64 / 7.0;
        Bar { date, open: close, high: close + 1.0, low: close - 1.0, close, volume: 1e6 }
    };
    let rows: Vec<Bar> = first.iter_days().take(count).enumerate().map(row).collect();
    Bars::for_tests(symbol(name), &rows)
}

fn script_inputs() -> ScriptInputs {
    let source = |name: &str, text: &str| ScriptSource {
        name: name.to_owned(),
        path: format!("strategies/{name}.rhai"),
        text: text.to_owned(),
    };
    ScriptInputs {
        generation: 3,
        loaded_at: at(0),
        last_edit: at(0),
        failures: vec![Problem::new("x", ProblemKind::ScriptLoad, "does not load")],
        options: Options { default_scorer: "other".to_owned(), ..Options::of(&Settings::defaults()) },
        sources: vec![source("b", "fn b() {}"), source("a", "fn a() {}")],
        templates: BTreeMap::from([("daily_signals.txt".to_owned(), "{{ headline }}".to_owned())]),
        folders: ["strategies".to_owned()].into(),
        problems: Vec::new(),
    }
}

fn position(name: &str) -> Position {
    Position {
        symbol: symbol(name),
        asset_class: AssetClass::Equity,
        strategy: "equity_momentum".into(),
        entry_date: day(2),
        entry_price: 100.0 / 3.0,
        quantity: 10.0,
        stop_price: 95.0,
        stop_session: day(1),
        last_close: 100.0 / 3.0,
        split_factor: 1.0,
    }
}

fn order(name: &str) -> Order {
    Order {
        symbol: symbol(name),
        asset_class: AssetClass::Crypto,
        strategy: "crypto_momentum".into(),
        session: day(19),
        quantity: 0.1 + 0.2,
        decided_price: 100.0 / 3.0,
        stop_price: 30.0,
    }
}

fn run_inputs() -> RunInputs {
    let market = MarketBars {
        asset_class: AssetClass::Equity,
        bars: vec![bars("AAPL", 80), Bars::empty(symbol("GONE"))],
        universe: [symbol("AAPL"), symbol("GONE")].into(),
        benchmark: Some(symbol("SPY")),
        splits: vec![Split { symbol: symbol("AAPL"), date: day(3), ratio: 0.1 }],
        real_moves: [(symbol("AAPL"), day(4))].into(),
    };
    let class = ClassInputs {
        session: day(20),
        source: "files".to_owned(),
        market,
        problems: vec![Problem::new("AAPL", ProblemKind::BadBar, "one was dropped")],
    };
    RunInputs {
        asked: "equity".to_owned(),
        generated_at: at(0),
        settings: DecidingSettings::of(&Settings::defaults()),
        positions: vec![position("AAPL")],
        pending: vec![order("BTC")],
        problems: Vec::new(),
        past: crate::report::Past::default(),
        classes: vec![class],
        scripts: script_inputs(),
        before: Some(BTreeMap::from([(AssetClass::Equity, script_inputs())])),
    }
}

/// A run of the 20th with a BUY and a SELL; `number` tells two of them apart.
fn entry(number: u128) -> RunEntry {
    let run = RunRecord {
        id: Uuid::from_u128(number << 96),
        session: Some(day(20)),
        asset_class: "equity".to_owned(),
        parts: vec![Part {
            asset_class: AssetClass::Equity,
            session: day(20),
            source: "files".to_owned(),
            data_hash: "d".to_owned(),
        }],
        dry_run: false,
        demo: false,
        scripts: BTreeMap::new(),
        settings_hash: "s".to_owned(),
        positions_hash: "p".to_owned(),
        duration_ms: 12,
        generated_at: at(number as u32),
    };
    RunEntry {
        run,
        version: "0.1.0".to_owned(),
        state: RunState::Decided,
        undecided: BTreeMap::new(),
        scripts: vec![ScriptEntry {
            name: "equity_momentum".to_owned(),
            hash: "h".to_owned(),
            constants: BTreeMap::from([("STOP_ATR_MULT".to_owned(), 0.1 + 0.2)]),
        }],
        problems: vec![Problem::new("AAPL", ProblemKind::NotReady, "too few bars")],
        recommendations: vec![
            recommendation("AAPL", Direction::Buy),
            recommendation("MSFT", Direction::Sell),
        ],
        stops: vec![StopAdvance {
            symbol: symbol("AAPL"),
            asset_class: AssetClass::Equity,
            strategy: "equity_momentum".to_owned(),
            entry_date: day(2),
            session: day(20),
            stop_price: 101.0,
        }],
        rendered: Rendered {
            subject: "Trading Signals for Nov 20 - 2 Recommendations".to_owned(),
            text: "text".to_owned(),
            html: "<p>".to_owned(),
            json: "{}".to_owned(),
        },
        inputs: run_inputs(),
    }
}

fn mail(recipient: &str) -> Mail {
    Mail {
        recipient: recipient.to_owned(),
        message_id: "<1@ts>".to_owned(),
        subject: "Signals".to_owned(),
        text: "text of the mail".to_owned(),
        html: "<p>mail</p>".to_owned(),
        message: format!("To: {recipient}\r\n\r\n\u{0}\u{1}").into_bytes(),
    }
}

fn delivery(session: u32, correction: u32, recipients: &[&str]) -> Delivery {
    let mails = recipients.iter().map(|own| mail(own)).collect();
    let from = MailFrom { name: "Signals".to_owned(), address: "s@x.y".to_owned() };
    Delivery { job: key(session), correction, lateness: Lateness::OnTime, from, mails }
}

/// The number of rows of each table that a run writes to.
fn rows(journal: &Journal) -> Vec<(&'static str, i64)> {
    let tables = [
        "blobs",
        "runs",
        "run_parts",
        "run_scripts",
        "run_problems",
        "recommendations",
        "position_stops",
        "job_sessions",
        "outbox",
    ];
    let count = |table: &'static str| {
        let sql = format!("SELECT count(*) FROM {table}");
        let counted = journal.read(|connection| Ok(connection.query_row(&sql, [], |row| row.get(0))?));
        (table, counted.expect("a count"))
    };
    tables.map(count).into_iter().filter(|(_, rows)| *rows > 0).collect()
}
