//! The default coins, one of which goes by another name since 2024.

use super::trial::{RUN_CRYPTO, THURSDAY, Trial};

/// The pairs that were asked for, each once, in the order of their names.
async fn pairs(trial: &Trial) -> Vec<String> {
    let pair = |query: &String| {
        let rest = query.split_once("symbol=")?.1;
        Some(rest.split('&').next().unwrap_or(rest).to_owned())
    };
    let mut pairs: Vec<String> = trial.queries().await.iter().filter_map(pair).collect();
    pairs.sort();
    pairs
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_coins_are_decided_without_a_word_of_trouble() {
    let trial = Trial::start().await;
    trial.folder.write("ts.toml", "");
    let (said, _) = trial.ts(THURSDAY, &[], &format!("{RUN_CRYPTO} --strict")).await;
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    let coins = ["ADA", "BNB", "BTC", "DOT", "ETH", "LINK", "LTC", "POL", "SOL", "XRP"];
    assert_eq!(pairs(&trial).await, coins.map(|coin| format!("{coin}USDT")));
    let (listed, _) = trial.ran(THURSDAY, "cache ls").await;
    assert_eq!(listed.matches("_2026-11-18 ").count(), 10, "{listed}");
    assert!(listed.contains("crypto_MATIC_"), "kept under the name of the settings: {listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn matic_is_stitched_over_its_rename() {
    let trial = Trial::start().await;
    trial.folder.write("ts.toml", "[universe]\nequity = []\ncrypto = [\"MATIC\"]\n");
    let (said, _) = trial.ts(THURSDAY, &[], &format!("{RUN_CRYPTO} --date 2025-03-03 --strict")).await;
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert_eq!(pairs(&trial).await, ["BTCUSDT", "MATICUSDT", "POLUSDT"]);
    let words = said.words();
    assert!(words.contains("MATICUSDT to 2024-09-10 and as POLUSDT from 2024-09-13"), "{words}");
    let read = "features MATIC --names close --from 2024-09-09 --to 2024-09-14 --format csv";
    let (said, _) = trial.ts(THURSDAY, &[], read).await;
    let days: Vec<&str> = said.stdout.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(days, ["2024-09-09", "2024-09-10", "2024-09-13", "2024-09-14"], "{}", said.stdout);
}
