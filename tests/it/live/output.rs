//! What a person sees of fetching: progress, tables, exports, the cache's own commands.

use super::trial::{RUN_EQUITY, THURSDAY, Trial};

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_a_market_of_files() {
    let trial = Trial::start().await;
    let fetch = "fetch-data --symbols BTC,ETH --days 200 --output market/crypto";
    trial.ran(THURSDAY, fetch).await;
    assert!(trial.folder.read("market/crypto/BTC.csv").starts_with("date,open,high,low,close,volume\n2026-"));
    trial.ran(THURSDAY, &format!("{fetch} --format parquet")).await;
    let read = "features BTC --names close --format csv --asset-class crypto";
    let (fetched, _) = trial.ran(THURSDAY, read).await;
    for name in ["BTC.csv", "ETH.csv"] {
        std::fs::remove_file(trial.folder.path().join("market/crypto").join(name)).expect("an export");
    }
    let (filed, paths) = trial.ran(THURSDAY, &format!("{read} --source files")).await;
    assert_eq!(paths, [""; 0]);
    let row = |said: &str| {
        said.split_whitespace().find(|word| word.starts_with("2026-11-18,BTC")).map(str::to_owned)
    };
    assert!(row(&fetched).is_some() && row(&fetched) == row(&filed), "{fetched}\n{filed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_is_listed_verified_and_cleared() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, "fetch-data --symbols BTC,ETH --days 30").await;
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    let key = "crypto_BTC_2026-10-20_2026-11-18";
    assert!(listed.contains(key) && listed.contains("binance") && listed.contains("fresh"), "{listed}");
    let (verified, _) = trial.ran(THURSDAY, "cache verify").await;
    assert!(verified.contains("2 entries, 0 of them unsound"), "{verified}");

    trial.folder.write(&format!("data/cache/{key}.parquet"), "not Parquet");
    let (said, _) = trial.ts(THURSDAY, &[], "cache verify").await;
    assert!(said.code == 1 && said.stdout.contains("corrupt"), "{}", said.stdout);
    let (said, paths) = trial.ran(THURSDAY, "fetch-data --symbols BTC,ETH --days 30").await;
    assert!(paths.len() == 1 && said.contains("quarantine"), "{paths:?} {said}");

    let (said, _) = trial.ran(THURSDAY, "cache clear ETH").await;
    assert!(said.contains("1 entry cleared"), "{said}");
    let (said, _) = trial.ran(THURSDAY, "cache clear --all").await;
    assert!(said.contains("1 entry cleared"), "{said}");
    let (said, _) = trial.ts(THURSDAY, &[], "cache clear NONE").await;
    assert_eq!(said.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendor_does_not_have_is_listed_and_cleared() {
    let trial = Trial::start().await;
    trial.set(|manner| manner.failing = vec!["ETH"]);
    let fetch = "fetch-data --symbols BTC,ETH --days 30";
    let (said, _) = trial.ts(THURSDAY, &[], fetch).await;
    assert_eq!(said.code, 1, "one of two came: {}", said.stdout);
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    let row = "crypto_ETH - - binance 2026-11-19 22:00 UTC absent";
    assert!(
        listed.contains(row) || listed.contains("crypto_ETH binance 2026-11-19 22:00 UTC absent"),
        "{listed}"
    );
    trial.set(|manner| manner.failing.clear());
    let (said, paths) = trial.ts(THURSDAY, &[], fetch).await;
    assert_eq!(paths, [""; 0]);
    assert!(said.words().contains("run `ts cache clear ETH` to have it asked for again"), "{}", said.words());
    let (said, _) = trial.ran(THURSDAY, "cache clear ETH").await;
    assert!(
        said.contains("0 entries cleared, and 1 that a source did not have will be asked for again"),
        "{said}"
    );
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    assert!(listed.contains("crypto_BTC_") && !listed.contains("absent"), "{listed}");
    let (_, paths) = trial.ran(THURSDAY, fetch).await;
    assert_eq!(paths.len(), 1, "it is asked for again: {paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn off_a_terminal_progress_is_plain_lines_of_stderr_and_nothing_where_nothing_is_fetched() {
    for (arguments, calls) in [
        ("fetch-data --symbols AAPL,MSFT --days 30", 2),
        (&*format!("{RUN_EQUITY} --format json"), 4),
        ("signals --asset-class equity --from 2026-11-01 --format json", 4),
        ("features AAPL --format json", 4),
    ] {
        let trial = Trial::start().await;
        let (said, paths) = trial.ts(THURSDAY, &["POLYGON_API_KEY"], arguments).await;
        assert_eq!((said.code, paths.len()), (0, calls), "ts {arguments}\n{}", said.stderr);
        let told: Vec<&str> =
            said.stderr.lines().filter_map(|line| line.strip_prefix("fetching: ")).collect();
        let expected: Vec<String> = (0..=calls).map(|done| format!("{done}/{calls} calls")).collect();
        assert_eq!(told, expected, "ts {arguments}");
        assert!(!said.stdout.contains("fetching"), "{}", said.stdout);
        if arguments.contains("json") {
            serde_json::from_str::<serde_json::Value>(&said.stdout).expect("JSON alone");
        }
        let (said, _) = trial.ts(THURSDAY, &["POLYGON_API_KEY"], arguments).await;
        assert!(!said.stderr.contains("fetching: "), "ts {arguments}\n{}", said.stderr);
    }
}
