//! What a vendor withholds, and how the settings bound it.

use std::time::{Duration, Instant};

use chrono::Months;

use super::trial::{KEY, RUN, RUN_CRYPTO, RUN_EQUITY, THURSDAY, Trial};

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_symbol_costs_only_itself() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.failing = vec!["MSFT", "ETH"]);
    let (said, paths) = trial.ran(THURSDAY, RUN).await;
    assert_eq!(paths.len(), 6);
    assert!(said.contains("MSFT: polygon (MSFT) answered with status 404"), "{said}");
    assert!(said.contains("ETH: ETH is not known; binance has no such pair"), "{said}");
    assert!(!said.contains("AAPL: polygon") && !said.contains("BTC: "), "{said}");
    trial.set(|manner| manner.failing.clear());
    let (_, paths) = trial.ran(THURSDAY, RUN).await;
    // What was fetched stays, and a coin that a vendor says not to know is not asked for every time.
    assert!(paths.len() == 1 && paths[0].contains("/MSFT/"), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_asks_for_a_pause_gets_it() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.busy = 1);
    let started = Instant::now();
    let (_, paths) = trial.ran(THURSDAY, "fetch-data --symbols BTC --days 5").await;
    assert_eq!(paths.len(), 2);
    assert!(started.elapsed().as_secs_f64() >= 3.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn crypto_needs_no_key_and_stocks_say_which_one() {
    let trial = Trial::start().await;
    let (said, paths) = trial.ts(THURSDAY, &[], RUN).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(paths.len() == 2 && paths.iter().all(|path| path == "/api/v3/klines"), "{paths:?}");
    let words = said.words();
    assert!(words.contains("equity: skipped: no source of equity bars has its key; set POLYGON_API_KEY (a key: https://massive.com)"), "{words}");
    let (said, _) = trial.ts(THURSDAY, &[], RUN_EQUITY).await;
    assert_eq!(said.code, 78);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_timeout_cuts_a_slow_answer_which_is_asked_for_again() {
    for (variable, slow, fetch, path) in [
        ("TS_SOURCES__POLYGON__TIMEOUT_SECS", "AAPL", "fetch-data --symbols AAPL --days 5", "/AAPL/range"),
        ("TS_SOURCES__BINANCE__TIMEOUT_SECS", "BTC", "fetch-data --symbols BTC --days 5", "/klines"),
        (
            "TS_SOURCES__ALPHA_VANTAGE__TIMEOUT_SECS",
            "AAPL",
            "fetch-data --symbols AAPL --days 5 --source alpha_vantage",
            "/query",
        ),
    ] {
        let trial = Trial::start().await;
        trial.set(|manner| manner.slow = Some((slow, 1)));
        let variables = [("POLYGON_API_KEY", KEY), ("ALPHA_VANTAGE_API_KEY", KEY), (variable, "1")];
        let started = Instant::now();
        let (said, paths) = trial.ts_with(THURSDAY, &variables, fetch).await;
        assert_eq!(said.code, 0, "{variable}\n{}", said.stderr);
        assert!(paths.len() == 2 && paths.iter().all(|asked| asked.contains(path)), "{paths:?}");
        assert!(said.words().contains("no whole answer within 1 s"), "{variable}\n{}", said.stderr);
        assert!(started.elapsed() < Duration::from_secs(20), "{variable}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_calls_of_a_day_are_all_that_are_made() {
    let trial = Trial::start().await;
    let variables = [("ALPHA_VANTAGE_API_KEY", KEY), ("TS_SOURCES__ALPHA_VANTAGE__REQUESTS_PER_DAY", "1")];
    let fetch = "fetch-data --symbols AAPL,MSFT --days 5 --source alpha_vantage";
    let (said, paths) = trial.ts_with(THURSDAY, &variables, fetch).await;
    assert_eq!((said.code, paths.len()), (1, 1), "{}{}", said.stdout, said.stderr);
    let (said, paths) = trial.ts_with(THURSDAY, &variables, fetch).await;
    assert_eq!(paths, [""; 0], "another process counts on: {}", said.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_the_plan_clips_is_told() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.reach = Some(Months::new(24)));
    let (said, _) = trial.ran(THURSDAY, &format!("{RUN_EQUITY} --date 2026-09-01")).await;
    assert!(!said.contains("polygon's bars begin"), "its warm-up is within the plan: {said}");
    let trial = Trial::start().await;
    trial.set(|manner| manner.reach = Some(Months::new(24)));
    let (said, _) = trial.ran(THURSDAY, &format!("{RUN_EQUITY} --date 2025-06-02")).await;
    assert!(said.contains("polygon's bars begin on 2024-11-19") && said.contains("2 years"), "{said}");
    // What the plan does not give is not asked for again, whatever is wanted, and is told to who wants it.
    let earlier = format!("{RUN_EQUITY} --date 2025-03-03");
    let (said, paths) = trial.ts(THURSDAY, &["POLYGON_API_KEY"], &earlier).await;
    assert_eq!(paths, [""; 0], "{}", said.stderr);
    assert!(said.words().contains("polygon's bars begin on 2024-11-19"), "{}", said.stdout);
    let (said, _) = trial.ts(THURSDAY, &["POLYGON_API_KEY"], RUN_EQUITY).await;
    assert!(!said.words().contains("polygon's bars begin"), "{}", said.stdout);
    // A week later the plan may be another.
    let (_, paths) = trial.ts("2026-11-30T23:00:00Z", &["POLYGON_API_KEY"], &earlier).await;
    assert!(paths.iter().any(|path| path.contains("/range/")), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_before_the_plans_history_says_so_and_is_not_decided() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.reach = Some(Months::new(24)));
    let run = format!("{RUN_EQUITY} --date 2024-06-03");
    let (said, paths) = trial.ts(THURSDAY, &["POLYGON_API_KEY"], &run).await;
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    let words = said.words();
    assert!(words.contains("bars are missing for 2024-06-03: 0 of 3 symbols have one"), "{words}");
    assert!(words.contains("the plan does not include") && words.contains("two years"), "{words}");
    assert_eq!(paths.len(), 2, "the plan's refusal is not asked for again and again: {paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_a_run_says_what_it_waits_for_and_ends_within_seconds() {
    let trial = Trial::start().await;
    // A port that was free a moment ago: every connection is refused.
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let address = format!("http://{free}");
    trial.folder.write("ts.toml", "[universe]\nequity = []\ncrypto = [\"BTC\", \"ETH\", \"ADA\", \"SOL\"]\n");
    let started = Instant::now();
    let (said, _) = trial.ts_with(THURSDAY, &[("TS_SOURCES__BINANCE__BASE_URL", &address)], RUN_CRYPTO).await;
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    let told: Vec<&str> =
        said.stderr.lines().filter(|line| line.starts_with("fetching: trying again in ")).collect();
    // Once it is known to be away, it is tried once.
    assert!(told.len() == 2 && told.iter().all(|line| line.contains("binance (BTC)")), "{told:?}");
    assert!(said.words().contains("binance was not asked after it failed for others"), "{}", said.words());
}
