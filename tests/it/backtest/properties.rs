//! What must hold of a walk whatever the market: of generated walks with jumps, gaps, short histories and ties.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use proptest::prelude::*;
use ts::backtest::{Backtest, Rules, Step, Verifier, backtest};
use ts::bars::Bars;
use ts::calendar;
use ts::decide::{MarketBars, prepare};
use ts::domain::{AssetClass, Position, Symbol, Words};
use ts::performance::Trade;
use ts::scripts::{ScriptSource, Scripts, embedded};
use ts::settings::{FillTime, Settings};

use crate::market::{compile, missing_between, shipped};
use crate::properties::{Plan, config, plans};

/// Both classes of a plan's seed, each with its own symbols.
fn markets(plan: &Plan) -> Vec<MarketBars> {
    let of = |class: AssetClass| {
        let plan = Plan { class, ..plan.clone() };
        plan.market(plan.series())
    };
    AssetClass::ALL.map(of).into()
}

struct World {
    scripts: Scripts,
    settings: Settings,
    fill: FillTime,
    words: Words,
}

impl World {
    /// A world that trades at small scores, so that enough is bought, with room for little else.
    fn new(fill: FillTime) -> Self {
        let mut settings = Settings::defaults();
        settings.signals.min_conviction = ts::domain::Conviction::Low;
        (settings.risk.risk_per_trade, settings.risk.max_position) = (0.02, 0.30);
        settings.risk.max_exposure = 1.0;
        Self { scripts: shipped(), settings, fill, words: Words::Told }
    }

    /// A world that a made-up rule trades beside the shipped ones.
    fn ruled(rule: &str, fill: FillTime) -> Self {
        let source = |class: AssetClass| ScriptSource {
            name: format!("made_up_{class}"),
            path: format!("strategies/made_up_{class}.rhai"),
            text: format!("const META = #{{ asset_class: \"{class}\" }};\n{rule}"),
        };
        let mut sources = embedded();
        sources.extend(AssetClass::ALL.map(source));
        Self { scripts: compile(&sources), ..Self::new(fill) }
    }

    fn walk(
        &self,
        markets: &[MarketBars],
        to: Option<NaiveDate>,
        mut watch: impl FnMut(&Step<'_>) -> ControlFlow<()> + Send,
    ) -> Backtest {
        let prepared: Vec<_> = markets
            .iter()
            .map(|own| {
                prepare(own.clone(), &self.scripts, missing_between(own.asset_class))
                    .expect("distinct symbols")
            })
            .collect();
        let rules = Rules {
            scripts: &self.scripts,
            settings: &self.settings,
            fill: self.fill,
            costs: Some(&self.settings.backtest),
            from: None,
            to,
            words: self.words,
        };
        backtest(&prepared, &rules, &mut watch)
    }
}

/// Something that a script may ask of a row.
fn conditions() -> impl Strategy<Value = String> {
    prop_oneof![
        (2..60_u32).prop_map(|n| format!("row.close > row.ma{n}")),
        (2..60_u32).prop_map(|n| format!("row.close >= row.highest_close_{n}d")),
        (2..30_u32, -0.05..0.05_f64).prop_map(|(n, least)| format!("row.roc{n} > {least:.3}")),
        (2..30_u32, 30..80_u32).prop_map(|(n, most)| format!("row.rsi{n} < {most}.0")),
        (2..30_u32, 0.1..0.9_f64).prop_map(|(n, least)| format!("row.rank_prev_roc{n} >= {least:.3}")),
        (2..60_u32).prop_map(|n| format!("row.benchmark_close > row.benchmark_ma{n}")),
        (5..30_u32, -1.0..1.0_f64).prop_map(|(n, most)| format!("row.zscore{n} < {most:.3}")),
        (2..30_u32, 0.5..1.5_f64).prop_map(|(n, least)| format!("row.volume_ratio{n} > {least:.3}")),
    ]
}

/// The rules of a strategy, but for its asset class. One in four errs where a bar has no volume.
fn rules() -> impl Strategy<Value = String> {
    let exit = prop_oneof![
        (1..30_u32).prop_map(|bars| format!("position.bars_held >= {bars}")),
        (2..40_u32).prop_map(|n| format!("row.close < row.ma{n}")),
        Just("row.close <= position.stop_price".to_owned()),
    ];
    let trail = prop_oneof![
        Just(String::new()),
        (1.0..4.0_f64, 3..20_u32).prop_map(|(mult, n)| format!(
            "fn stop(row, position) {{ position.highest_close - {mult:.2} * row.atr{n} }}\n"
        )),
    ];
    (conditions(), conditions(), exit, trail, 1.0..6.0_f64, 0..4_u32).prop_map(
        |(eligible, entry, exit, trail, mult, errs)| {
            let throw = if errs == 0 { "if row.volume == 0.0 { throw \"idle\"; } " } else { "" };
            format!(
                "const STOP_ATR_MULT = {mult:.2};\nfn eligible(row) {{ {throw}{eligible} }}\n\
                 fn entry(row) {{ if {entry} {{ return \"made_up\"; }} }}\n{trail}\
                 fn exit(row, position) {{ if {exit} {{ return \"made_up\"; }} }}\n"
            )
        },
    )
}

fn fills() -> impl Strategy<Value = FillTime> {
    prop_oneof![Just(FillTime::NextOpen), Just(FillTime::NextClose)]
}

proptest! {
    #![proptest_config(config())]

    /// Nothing that is said decides anything: not which filter is asked first either, by which a rejection is counted.
    #[test]
    fn words_that_are_left_out_change_no_trade(plan in plans(150..260), rule in rules(), fill in fills()) {
        let told = World::ruled(&rule, fill);
        let silent = World { words: Words::LeftOut, ..World::ruled(&rule, fill) };
        let [told, silent] = [told, silent].map(|world| {
            let mut result = world.walk(&markets(&plan), None, |_| ControlFlow::Continue(()));
            let filtered_by = std::mem::take(&mut result.counts.filtered_by);
            (result, filtered_by.values().sum::<usize>())
        });
        prop_assert_eq!(&told.0.problems, &silent.0.problems);
        prop_assert_eq!(&told.0.trades, &silent.0.trades);
        prop_assert_eq!(told, silent);
    }

    #[test]
    fn money_is_neither_made_nor_lent(plan in plans(150..260), rule in rules(), fill in fills()) {
        let world = World::ruled(&rule, fill);
        let mut broken = None;
        let result = world.walk(&markets(&plan), None, |step| {
            let book = step.book;
            let worth: f64 = book.cash + book.positions.iter().map(Position::market_value).sum::<f64>();
            if book.cash < 0.0 || (worth - book.equity).abs() > 1e-6 {
                broken = Some(format!("{} {book:?}", step.session));
            }
            ControlFlow::Continue(())
        });
        prop_assert_eq!(broken, None);
        let gained: f64 = result.trades.iter().map(Trade::pnl).sum();
        let start = world.settings.risk.account_equity;
        prop_assert!((start + gained - result.book.equity).abs() < 1e-6 * start, "{gained} {:?}", result.book);
        for day in &result.days {
            prop_assert!(day.equity.is_finite() && day.invested >= 0.0 && day.invested <= day.equity + 1e-6, "{day:?}");
        }
    }

    #[test]
    fn a_symbol_is_in_one_trade_at_a_time(plan in plans(150..260), rule in rules(), fill in fills()) {
        let world = World::ruled(&rule, fill);
        let result = world.walk(&markets(&plan), None, |_| ControlFlow::Continue(()));
        let mut ends: BTreeMap<(AssetClass, &Symbol), NaiveDate> = BTreeMap::new();
        for trade in &result.trades {
            prop_assert!(trade.decided < trade.entry_date && trade.entry_date <= trade.exit_date, "{trade:?}");
            prop_assert!(trade.quantity > 0.0 && trade.costs >= 0.0 && trade.entry_price > trade.stop_price, "{trade:?}");
            let is_whole = trade.asset_class == AssetClass::Crypto || trade.quantity.fract() == 0.0;
            prop_assert!(is_whole, "{trade:?}");
            // No re-entry on the session of a sale, so that the next begins later.
            let before = ends.insert((trade.asset_class, &trade.symbol), trade.exit_date);
            prop_assert!(before.is_none_or(|before| before < trade.entry_date), "{trade:?}");
        }
        prop_assert!(result.book.positions.len() <= world.settings.risk.max_positions);
    }

    #[test]
    fn later_bars_change_nothing_of_a_walk(
        plan in plans(150..260),
        rule in rules(),
        fill in fills(),
        part in 0.5..1.0_f64,
    ) {
        let world = World::ruled(&rule, fill);
        let whole = markets(&plan);
        let dates = Plan { class: AssetClass::Equity, ..plan.clone() }.dates();
        let last = dates[(dates.len() as f64 * part) as usize];
        let cut: Vec<MarketBars> = whole
            .iter()
            .map(|own| MarketBars { bars: own.bars.iter().map(|bars| bars.up_to(last)).collect(), ..own.clone() })
            .collect();
        let now = world.walk(&whole, Some(last), |_| ControlFlow::Continue(()));
        let then = world.walk(&cut, None, |_| ControlFlow::Continue(()));
        prop_assert_eq!(format!("{now:#?}"), format!("{then:#?}"));
    }

    #[test]
    fn a_run_on_a_day_decides_what_the_walk_did(plan in plans(150..260), rule in rules(), fill in fills()) {
        let world = World::ruled(&rule, fill);
        let markets = markets(&plan);
        let verifier = Verifier::new(&markets, &world.scripts, calendar::sessions_between);
        let mut found = None;
        world.walk(&markets, None, |step| {
            // Some of the sessions: each is prepared anew.
            if step.done % 13 == 12 {
                found = verifier.check(step).expect("the bars are stacked as before");
            }
            if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        prop_assert_eq!(found.map(|own| own.to_string()), None);
    }
}

/// Guards the properties against markets in which nothing is traded.
#[test]
fn the_generated_markets_are_worth_walking() {
    let world = World::new(FillTime::NextOpen);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..8 {
        let plan = Plan { class: AssetClass::Equity, seed: seed * 7_919, symbols: 6, sessions: 250 };
        let result = world.walk(&markets(&plan), None, |_| ControlFlow::Continue(()));
        let mut add = |what, count: usize| *seen.entry(what).or_default() += count;
        add("trades", result.trades.len());
        add("coins", result.trades.iter().filter(|own| own.asset_class == AssetClass::Crypto).count());
        add("losses", result.trades.iter().filter(|own| own.pnl() < 0.0).count());
        let bars = |market: &MarketBars| market.bars.iter().map(Bars::len).sum::<usize>();
        add("bars", markets(&plan).iter().map(bars).sum());
    }
    assert!(seen["trades"] > 60 && seen["coins"] > 10 && seen["losses"] > 15, "{seen:?}");
}
