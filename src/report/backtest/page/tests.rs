use std::collections::BTreeMap;

use super::*;
use crate::backtest::{Grid, Values};
use crate::domain::AssetClass;
use crate::domain::ProblemKind;
use crate::performance::Day;
use crate::report::backtest::fixtures::{example, walked};
use crate::report::backtest::{BenchmarkCloses, Holdout, Looks, StrategyUsed, Sweep, Trial};
use crate::settings::settings_hash;
use crate::signals::fixtures::symbol;

fn page(report: &BacktestReport, prices: &[PriceHistory]) -> String {
    let (templates, _) = Templates::load(&BTreeMap::new()).expect("the built-in templates parse");
    let page = BacktestPage { report, prices, engine: Engine::Columns };
    let (html, problems) = page.html(&templates).expect("renders");
    assert_eq!(problems, []);
    html
}

/// The example over `sessions`, beside a benchmark that rose a little each day.
fn rendered(sessions: usize) -> (BacktestReport, String) {
    let (mut report, prepared) = walked(sessions);
    let closes = (0..sessions).map(|n| Some(400.0 + n as f64)).collect();
    report.benchmark = Some(BenchmarkCloses { symbol: symbol("SPY"), closes });
    let prices = PriceHistory::of_traded(&prepared, &report.result, 12);
    let html = page(&report, &prices);
    (report, html)
}

#[test]
fn a_browser_gets_one_whole_page() {
    let (report, html) = rendered(34);
    // The style is the same for every report; a release or another default changes no page.
    let (before, rest) = html.split_once("<style>").expect("a style");
    let (_, after) = rest.split_once("</style>").expect("its end");
    let settings = settings_hash(&report.settings);
    let shown = format!("{before}<style></style>{after}")
        .replace(concat!("ts ", env!("CARGO_PKG_VERSION")), "ts VERSION")
        .replace(&crate::domain::format::short_hash(&settings), "SETTINGS");
    insta::assert_snapshot!(shown);
}

#[test]
fn nothing_outside_the_page_is_asked_for() {
    for sessions in [0, 1, 10, 34] {
        let (_, html) = rendered(sessions);
        assert!(html.trim_end().ends_with("</html>"));
        for outside in ["http://", "https://", "<link", "@import", "url(", "src=", "NaN", "inf%"] {
            assert!(!html.contains(outside), "{sessions}: {outside}");
        }
    }
}

#[test]
fn the_same_report_has_the_same_bytes() {
    assert_eq!(rendered(34).1, rendered(34).1);
}

/// Returns the number that the page has for a figure; `None` where it has none.
fn figure_in(html: &str, name: &str) -> Option<f64> {
    let row = html.split(&format!("data-figure=\"{name}\"")).nth(1).expect("each figure has a row");
    let row = row.split("</tr>").next().expect("the row ends");
    let value = row.split("<data value=\"").nth(1)?.split('"').next()?;
    Some(value.parse().expect("a number"))
}

#[test]
fn the_numbers_are_those_of_the_json() {
    let (report, html) = rendered(34);
    let told: serde_json::Value = serde_json::from_str(&report.json().expect("finite")).expect("JSON");
    for kind in crate::performance::catalogue() {
        assert_eq!(figure_in(&html, kind.name), told["figures"][kind.name].as_f64(), "{}", kind.name);
    }
    for trade in &report.result.trades {
        let result = crate::domain::format::signed_money(trade.pnl());
        assert!(html.contains(&format!("\">{result}</td>")), "{result}");
    }
}

#[test]
fn what_has_no_number_says_why() {
    let (_, html) = rendered(34);
    assert!(html.contains("no interval: fewer than ten observations"), "two trades were closed");
    assert_eq!(figure_in(&html, "profit_factor"), None);
    assert!(html.contains("Profit factor of 2024: no trade lost"));
}

#[test]
fn text_from_scripts_and_symbols_cannot_inject() {
    let attack = "<script>alert(1)</script>\"'>";
    let mut report = example(34);
    for trade in &mut report.result.trades {
        trade.strategy = attack.into();
        trade.trigger = attack.into();
        trade.exit_reason = attack.into();
    }
    let constants = BTreeMap::from([(attack.to_owned(), 1.0)]);
    report.strategies =
        BTreeMap::from([(attack.to_owned(), StrategyUsed { hash: attack.to_owned(), constants })]);
    report.problems.push(Problem::new(attack, ProblemKind::ScriptRun, attack));
    let prices = PriceHistory::of_traded(&walked(34).1, &report.result, 12);
    let (templates, _) = Templates::load(&BTreeMap::new()).expect("the built-in templates parse");
    (report.demo, report.notes) = (true, vec![attack.to_owned()]);
    let page = BacktestPage { report: &report, prices: &prices, engine: Engine::Columns };
    let (html, _) = page.html(&templates).expect("renders");
    assert_eq!(html.matches("<script").count(), 1, "the page's own");
    assert!(html.matches("&lt;script").count() > 10);
}

#[test]
fn what_never_trades_is_said_plainly_and_draws_nothing() {
    for (sessions, words) in [
        (0, "No session in the span: nothing was decided."),
        (1, "No trade: no strategy bought anything in the span."),
        (10, "No trade: no strategy bought anything in the span."),
    ] {
        let (_, html) = rendered(sessions);
        assert!(html.contains(words), "{sessions}");
        assert!(!html.contains("class=\"fig\"") && !html.contains("<h2>Months"), "{sessions}");
        assert!(html.contains("no trade was closed") && html.contains("What it rests on"));
    }
}

#[test]
fn one_bar_of_one_symbol_is_a_page_too() {
    let mut report = example(34);
    report.result.days.truncate(1);
    let html = page(&report, &[]);
    assert!(html.contains("fewer than two sessions") && !html.contains("class=\"stretch tall\""));
}

#[test]
fn a_long_record_lists_the_newest_trades_and_says_how_many_are_not() {
    let mut report = example(34);
    let trade = report.result.trades[0].clone();
    report.result.trades = (0..LISTED + 3).map(|_| trade.clone()).collect();
    assert!(page(&report, &[]).contains("3 older trades"));
}

#[test]
fn ten_years_of_forty_one_symbols_stay_under_three_megabytes() {
    let mut report = example(34);
    let date = |n: usize| report.result.days[0].date + chrono::Days::new(n as u64);
    let dates: Vec<_> = (0..3_653).map(date).collect();
    let trade = report.result.trades[0].clone();
    let price = |n: usize| 100.0 + (n % 97) as f64 * 1.37;
    report.result.days = dates
        .iter()
        .enumerate()
        .map(|(n, date)| Day { date: *date, equity: price(n) * 1e3, invested: 5e4, traded: 10.0 })
        .collect();
    report.result.trades = (0..3_500)
        .map(|n| {
            let mut own = trade.clone();
            own.symbol = symbol(&format!("SYM{}", n % 41));
            (own.entry_date, own.exit_date) = (dates[n], dates[n + 20]);
            own
        })
        .collect();
    let history = |n: usize| PriceHistory {
        asset_class: AssetClass::Equity,
        symbol: symbol(&format!("SYM{n}")),
        dates: dates.clone(),
        closes: (0..dates.len()).map(price).collect(),
    };
    let prices: Vec<PriceHistory> = (0..12).map(history).collect();
    let html = page(&report, &prices);
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    assert!(html.contains("Without a chart: SYM12,"), "all weigh the same");
}

/// A grid of two constants, a window and a holdout beside the example.
fn studied() -> BacktestReport {
    let (mut report, _) = walked(34);
    let axis =
        |name: &str, values: &[f64]| (name.to_owned(), Values::listed(values.to_vec()).expect("numbers"));
    let grid = Grid::new(vec![axis("A<b>", &[1.0, 2.0]), axis("B", &[0.5, 1.5, 2.5])], 100).expect("small");
    let figures = Figures::of(&report.evidence());
    let trial = |curve| Some(Trial { figures: figures.clone(), curve, trades: curve, failures: Vec::new() });
    let trials = vec![trial(0), trial(1), None, trial(3), trial(4), trial(5)];
    report.sweep = Some(Sweep { grid, trials, best: 3, deflated_sharpe: Ok(0.75) });
    report.holdout = Some(Holdout {
        from: "2025-01-01".parse().expect("a date"),
        sessions: 63,
        looks: Looks::Before(2),
        shown: None,
    });
    report
}

#[test]
fn a_grid_is_drawn_with_its_best_combination_and_what_it_is_worth() {
    let report = studied();
    let html = page(&report, &[]);
    let sharpe = report.sweep.as_ref().and_then(|own| own.sharpes()[3]).expect("a ratio");
    let best = format!("best\">{}<span class=\"sr\"> (best)</span>", fixed(sharpe, 2));
    assert!(html.contains(&best), "{best}");
    assert_eq!(html.matches("<td class=\"\">–</td>").count(), 1, "the one that was not walked");
    assert!(html.contains("probability of 75.0%"));
    assert!(html.contains("A&lt;b&gt;") && !html.contains("A<b>"), "names are escaped");
    assert!(html.contains("revealed 2 times before"));
    // Without any of it there is no word of it.
    let (plain, _) = walked(34);
    let html = page(&plain, &[]);
    assert!(!html.contains("<h2>Sweep</h2>") && !html.contains("Holdout"));
}
