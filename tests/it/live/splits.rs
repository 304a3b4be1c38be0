//! What a split does to a position that was held through it, on its day and on every later one.

use super::trial::{FRIDAY, RUN_EQUITY, THURSDAY, Trial, day};

const MONDAY: &str = "2026-11-23T22:00:00Z";
const TUESDAY: &str = "2026-11-24T22:00:00Z";

/// Buys NVDA on the 16th at that day's close as it was traded, with a stop ten percent under it, and
/// fills the cache up to Thursday.
async fn bought(trial: &Trial) {
    let features = "features NVDA --names close --from 2026-11-16 --to 2026-11-16 --format csv";
    let (said, _) = trial.ran(THURSDAY, features).await;
    let close = said.split_whitespace().find_map(|row| row.strip_prefix("2026-11-16,NVDA,"));
    let close: f64 = close.and_then(|cell| cell.parse().ok()).expect("a close");
    let stop = close * 0.9;
    trial.folder.write(
        "positions.csv",
        &format!(
            "symbol,asset_class,strategy,entry_date,entry_price,quantity,stop_price\n\
             NVDA,equity,equity_momentum,2026-11-16,{close},10,{stop}\n"
        ),
    );
    trial.ran(THURSDAY, RUN_EQUITY).await;
}

fn run() -> String {
    format!("{RUN_EQUITY} --positions positions.csv")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_is_rescaled_on_every_day_after_the_split() {
    let trial = Trial::start().await;
    bought(&trial).await;
    trial.set(|manner| manner.split = Some(("NVDA", day("2026-11-20"), 4.0)));
    for now in [FRIDAY, "2026-11-20T22:05:00Z", MONDAY, TUESDAY] {
        let (said, _) = trial.ran(now, &run()).await;
        assert!(
            said.contains("rescaled by 4 for the splits since the entry: bought as 10 at"),
            "{now}: {said}"
        );
        assert!(!said.contains("lies far from the bar"), "{now}: {said}");
    }
    let (_, paths) = trial.ran(TUESDAY, &run()).await;
    assert_eq!(paths, [""; 0], "a warm run asks nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_before_the_position_was_known_of_is_asked_for() {
    let trial = Trial::start().await;
    bought(&trial).await;
    trial.set(|manner| manner.split = Some(("NVDA", day("2026-11-20"), 4.0)));
    // The history comes whole, after the split: no overlap and no jump shows it.
    trial.ran(THURSDAY, "cache clear --all").await;
    let (said, paths) = trial.ran(TUESDAY, &run()).await;
    assert_eq!(paths.iter().filter(|path| *path == "/v3/reference/splits").count(), 1, "{paths:?}");
    assert!(said.contains("rescaled by 4 for the splits since the entry"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_that_the_bars_do_not_show_yet_moves_the_stop_on_every_day() {
    let trial = Trial::start().await;
    bought(&trial).await;
    // Three for two is within a day's move as the checks know it: only the list tells it from a fall.
    trial.set(|manner| {
        manner.split = Some(("NVDA", day("2026-11-20"), 1.5));
        manner.is_unadjusted = true;
    });
    for now in [FRIDAY, "2026-11-20T22:05:00Z", MONDAY, TUESDAY] {
        let (said, _) = trial.ran(now, &run()).await;
        assert!(said.contains("rescaled by 1.5 for the splits since the entry"), "{now}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_that_the_bars_show_is_bought_in_no_run() {
    let trial = Trial::start().await;
    trial.ran(THURSDAY, RUN_EQUITY).await;
    // Two for three, a rise by a half: a breakout, if it were one.
    trial.set(|manner| {
        manner.split = Some(("NVDA", day("2026-11-20"), 2.0 / 3.0));
        manner.is_unadjusted = true;
    });
    for now in [FRIDAY, "2026-11-20T22:05:00Z"] {
        let (said, _) = trial.ts(now, &["POLYGON_API_KEY"], &format!("{RUN_EQUITY} --format json")).await;
        let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON alone");
        let of_nvda = |list: &str| -> Vec<String> {
            let all = report[list].as_array().expect("a list").iter();
            all.filter(|one| one["symbol"] == "NVDA").map(|one| one["reason"].to_string()).collect()
        };
        assert_eq!(of_nvda("recommendations"), [""; 0], "{now}");
        let filtered = of_nvda("filtered");
        assert!(filtered.len() == 1 && filtered[0].contains("suspect bars"), "{now}: {filtered:?}");
    }
}
