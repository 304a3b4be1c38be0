//! What is asked for, and what is not: the cache, the plan of calls, the vendors in their order.

use ts::app::{App, Asked, RunRequest, run};
use ts::cache::Patience;
use ts::clock::Clock;
use ts::domain::AssetClass;
use ts::settings::{Environment, Settings, Sources};

use super::trial::{FRIDAY, RUN, RUN_EQUITY, SETTINGS, THURSDAY, Trial, day};
use crate::program::bars;

const GROUPED: &str = "/v2/aggs/grouped/locale/us/market/stocks/2026-11-20";
const SPLITS: &str = "/v3/reference/splits";

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_run_asks_nothing_and_decides_the_same() {
    let trial = Trial::start().await;
    let (cold, paths) = trial.ran(THURSDAY, "run --dry-run --format json").await;
    assert_eq!(paths.len(), 6, "three stocks, their benchmark and two coins: {paths:?}");
    assert!(
        cold.contains("Fetching 4 equity symbols") && cold.contains("Cache hits: 0, API fetches: 4"),
        "{cold}"
    );
    let (warm, paths) = trial.ran(THURSDAY, "run --dry-run --format json").await;
    assert_eq!(paths, [""; 0]);
    assert!(warm.contains("Cache hits: 4, API fetches: 0") && warm.contains("Cache hits: 2, API fetches: 0"));
    let hashes = |said: &str| {
        said.split("\"data_hash\": ")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(1))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(hashes(&cold).len(), 2, "{cold}");
    assert_eq!(hashes(&cold), hashes(&warm));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_day_of_many_symbols_is_one_call_and_one_for_the_splits() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, RUN_EQUITY).await;
    let (said, paths) = trial.ran(FRIDAY, &format!("{RUN_EQUITY} --strict")).await;
    assert_eq!(paths, [GROUPED, SPLITS]);
    assert!(said.contains("Cache hits: 0, API fetches: 2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_has_the_whole_history_fetched_again() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, RUN_EQUITY).await;
    let features = "features NVDA --names close --from 2026-11-19 --format csv --to";
    let close = |said: &str| {
        let cell = said.split_whitespace().find_map(|row| row.strip_prefix("2026-11-19,NVDA,"));
        cell.and_then(|cell| cell.parse::<f64>().ok()).expect("a close of Thursday")
    };
    let (before, _) = trial.ran(THURSDAY, &format!("{features} 2026-11-19")).await;
    trial.set(|manner| {
        manner.split = Some(("NVDA", day("2026-11-20"), 4.0));
    });
    let (said, paths) = trial.ran(FRIDAY, RUN).await;
    let ranges: Vec<&String> = paths.iter().filter(|path| path.contains("/range/")).collect();
    assert!(ranges.len() == 1 && ranges[0].contains("/NVDA/"), "{paths:?}");
    assert!(
        said.contains("NVDA: polygon: split 4 for 1 on 2026-11-20; its whole history is fetched again"),
        "{said}"
    );
    let (after, paths) = trial.ran(FRIDAY, &format!("{features} 2026-11-20")).await;
    assert_eq!(paths, [""; 0]);
    assert!((close(&before) / close(&after) - 4.0).abs() < 1e-9, "{before}\n{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn todays_bar_refused_by_the_plan_is_told_and_not_asked_again_for_minutes() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, RUN_EQUITY).await;
    trial.set(|manner| manner.is_free_plan = true);
    let (said, paths) = trial.undecided(FRIDAY, RUN_EQUITY).await;
    assert_eq!(paths, [GROUPED]);
    assert!(said.contains("after midnight in New York") && said.contains("(4 symbols)"), "{said}");
    let (said, paths) = trial.undecided("2026-11-20T22:09:00Z", RUN_EQUITY).await;
    assert_eq!(paths, [""; 0]);
    assert!(said.contains("polygon did not have 2026-11-20 yet"), "{said}");
    let (_, paths) = trial.undecided("2026-11-20T22:11:00Z", RUN_EQUITY).await;
    assert_eq!(paths, [GROUPED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedulers_own_retry_asks_for_what_was_not_there_minutes_ago() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, RUN_EQUITY).await;
    trial.set(|manner| manner.is_free_plan = true);
    trial.undecided(FRIDAY, RUN_EQUITY).await;
    trial
        .folder
        .write("ts.toml", &format!("{SETTINGS}[sources.polygon]\nbase_url = \"{}\"\n", trial.server.uri()));
    let working_folder = trial.folder.path().to_owned();
    let variables = [("POLYGON_API_KEY", "any")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment: Environment = variables.into_iter().collect();
    let loaded =
        Settings::load(&Sources { working_folder, environment, ..Sources::default() }).expect("sound");
    let now = "2026-11-20T22:05:00Z".parse().expect("an instant");
    let app = App::new(loaded, Clock::Fixed(now));
    for (patience, asked) in [(Patience::Kept, vec![]), (Patience::Ignored, vec![GROUPED])] {
        let before = trial.paths().await.len();
        let asked_of = Asked::ByName(AssetClass::Equity);
        let request = RunRequest { asked: asked_of, date: None, source: None, positions: None, patience };
        run(&app, &request, &|_, _| ()).await.expect("a report");
        assert_eq!(trial.paths().await.split_off(before), asked, "{patience:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_vendor_is_asked_for_what_the_first_failed() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.failing = vec!["MSFT"]);
    let keys = ["POLYGON_API_KEY", "ALPHA_VANTAGE_API_KEY"];
    let fetch = "fetch-data --symbols AAPL,MSFT --days 30";
    let (said, paths) = trial.ts(THURSDAY, &keys, fetch).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(paths.iter().filter(|path| *path == "/query").count(), 1, "{paths:?}");
    let row = |name: &str| {
        let row = said.stdout.lines().find(|line| line.starts_with(name)).expect("a row a symbol");
        row.split_whitespace().take(5).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("AAPL"), ["AAPL", "22", "2026-10-21", "2026-11-19", "polygon"]);
    assert_eq!(row("MSFT"), ["MSFT", "22", "2026-10-21", "2026-11-19", "alpha_vantage"]);
    assert!(said.stdout.contains("status 404"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_and_costs_nothing() {
    let trial = Trial::start().await;
    let (said, paths) = trial.ran(THURSDAY, "fetch-data --asset-class equity --days 30 --plan").await;
    assert_eq!(paths, [""; 0]);
    assert!(said.contains("polygon: 4 symbols, 4 calls"), "{said}");
    assert!(!trial.folder.path().join("data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_fetched_is_all_that_fetch_data_wants() {
    let trial = Trial::start().await;
    trial.ran(FRIDAY, RUN_EQUITY).await;
    let (_, paths) = trial.ran(FRIDAY, "fetch-data --asset-class equity").await;
    assert_eq!(paths, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_what_the_calls_will_cost_before_they_are_made() {
    let trial = Trial::start().await;
    let (said, _) = trial.ran(THURSDAY, RUN_EQUITY).await;
    assert!(said.contains("polygon: 4 symbols, 4 calls, at once at 1000 a minute"), "{said}");
    let (said, _) = trial.ran(THURSDAY, RUN_EQUITY).await;
    assert!(!said.contains("polygon: 4 symbols"), "there is nothing to pay for: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_after_the_last_call_the_newest_bars_are_asked_for_again() {
    let trial = Trial::start().await;
    trial.ran(FRIDAY, RUN_EQUITY).await;
    let (_, paths) = trial.ran("2026-11-21T21:59:00Z", RUN_EQUITY).await;
    assert_eq!(paths, [""; 0], "within the 24 hours");
    // A Saturday: no session has come since.
    let (said, paths) = trial.ran("2026-11-21T22:01:00Z", &format!("{RUN_EQUITY} --strict")).await;
    let tails = paths.iter().filter(|path| path.ends_with("/range/1/day/2026-11-16/2026-11-20"));
    assert_eq!((paths.len(), tails.count()), (4, 4), "{paths:?}");
    assert!(said.contains("Cache hits: 0, API fetches: 4"), "{said}");
    let (_, paths) = trial.ran("2026-11-21T22:02:00Z", RUN_EQUITY).await;
    assert_eq!(paths, [""; 0], "and are good for another day");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_vendor_tops_up_what_is_cached() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, RUN_EQUITY).await;
    let keys = ["POLYGON_API_KEY", "ALPHA_VANTAGE_API_KEY"];
    let run = format!("{RUN_EQUITY} --format json");
    // What the first one will have later is waited for: calls of a day are few.
    trial.set(|manner| manner.is_free_plan = true);
    let (said, paths) = trial.ts(FRIDAY, &keys, &run).await;
    assert_eq!((said.code, &paths[..]), (1, &[GROUPED.to_owned()][..]), "{}", said.stderr);
    trial.set(|manner| {
        manner.is_free_plan = false;
        manner.key = Some("another");
    });
    let (said, paths) = trial.ts("2026-11-20T22:11:00Z", &keys, &run).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(paths.iter().filter(|path| *path == "/query").count(), 4, "{paths:?}");
    let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON alone");
    assert_eq!(report["run"]["session"], "2026-11-20");
    assert_eq!(report["run"]["parts"][0]["source"], "polygon+alpha_vantage");
    let (listed, _) = trial.ran("2026-11-20T22:11:00Z", "cache ls").await;
    assert_eq!(listed.matches("_2026-11-20 ").count(), 4, "{listed}");
    assert_eq!(listed.matches("polygon+alpha_vantage").count(), 4, "{listed}");
    // The vendor of the history has the last word once it answers again.
    trial.set(|manner| manner.key = None);
    let (_, paths) = trial.ran("2026-11-21T22:12:00Z", &format!("{RUN_EQUITY} --strict")).await;
    assert!(!paths.is_empty() && !paths.contains(&"/query".to_owned()), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_of_one_source_are_told_as_from_the_cache_the_second_time() {
    let trial = Trial::start().await;
    let from = async || {
        let (said, _) = trial.ts(THURSDAY, &["POLYGON_API_KEY"], "fetch-data --symbols AAPL --days 30").await;
        let row = said.stdout.lines().find(|line| line.starts_with("AAPL")).map(str::to_owned);
        row.and_then(|row| row.split_whitespace().nth(4).map(str::to_owned))
    };
    assert_eq!(from().await.as_deref(), Some("polygon"));
    assert_eq!(from().await.as_deref(), Some("cache"));
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_are_judged_by_the_exchanges_calendar() {
    // Thanksgiving is the 26th: of the sessions around it, one has none of two, the other one of two.
    let trial = Trial::start().await;
    trial.set(|manner| {
        let days = ["2026-11-25", "2026-11-27"].map(day);
        manner.absent = vec![("AAPL", days[0]), ("AAPL", days[1]), ("MSFT", days[0])];
    });
    let now = "2026-12-01T22:00:00Z";
    let (said, _) = trial.ran(now, RUN_EQUITY).await;
    assert!(said.contains("AAPL: 2 sessions without a bar between 2026-11-24 and 2026-11-30"), "{said}");
    assert!(said.contains("MSFT: one session has no bar between 2026-11-24 and 2026-11-27"), "{said}");
    assert!(!said.contains("NVDA: ") && !said.contains("3 sessions"), "the holiday is none: {said}");
    assert!(said.contains("AAPL equity_momentum: unhealthy bars: 2 sessions"), "its BUY is withheld: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_is_warmed_up_before_it_begins() {
    let trial = Trial::start().await;
    let arguments = "signals --strategy equity_momentum --from 2023-01-03 --to 2023-02-01";
    let (said, paths) = trial.ts(THURSDAY, &["POLYGON_API_KEY"], arguments).await;
    let asked: Vec<&str> = paths.iter().filter_map(|path| path.split("/range/1/day/").nth(1)).collect();
    assert!(!asked.is_empty() && asked.iter().all(|span| *span < "2022-01-01"), "{paths:?} {}", said.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_listed_first_is_used_where_it_has_the_session_and_the_vendor_elsewhere() {
    let trial = Trial::start().await;
    trial.folder.write("ts.toml", &format!("{SETTINGS}[sources]\nequity = [\"files\", \"polygon\"]\n"));
    trial.folder.write("market/equity/AAPL.csv", &bars(1.01, day("2026-11-19")));
    trial.folder.write("market/equity/MSFT.csv", &bars(1.01, day("2026-11-13")));
    let (said, paths) = trial.ran(THURSDAY, "fetch-data --symbols AAPL,MSFT --days 10").await;
    assert!(paths.len() == 1 && paths[0].contains("/MSFT/"), "{paths:?}");
    assert!(said.contains("2026-11-19 files") && said.contains("2026-11-19 polygon"), "{said}");
}
