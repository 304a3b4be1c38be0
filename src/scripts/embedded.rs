//! The strategies and scorers that are built into the program, so that it works in an empty
//! folder.
//!
//! What is embedded is what lies in the folders: a new file there needs no line here.

use include_dir::Dir;
use include_dir::include_dir;

use super::source::ScriptSource;

/// `strategies/`, as it stood when the program was built.
pub static STRATEGIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/strategies");
/// `scorers/`, likewise.
pub static SCORERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/scorers");

/// Returns the built-in scripts, strategies first, each folder sorted by name.
pub fn embedded() -> Vec<ScriptSource> {
    let mut sources = Vec::new();
    for (folder, dir) in [("strategies", &STRATEGIES), ("scorers", &SCORERS)] {
        let mut files: Vec<_> = dir.files().collect();
        files.sort_by_key(|file| file.path());
        for file in files {
            let name = file.path().to_string_lossy();
            let (Some(stem), Some(text)) = (name.strip_suffix(".rhai"), file.contents_utf8()) else {
                continue;
            };
            sources.push(ScriptSource {
                name: stem.to_owned(),
                path: format!("{folder}/{name} (built in)"),
                text: text.to_owned(),
            });
        }
    }
    sources
}

/// Returns the built-in scripts' files of test cases, each as its path below the folder that
/// `ts init` writes to, and its text. Sorted.
pub fn cases() -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for (folder, dir) in [("strategies", &STRATEGIES), ("scorers", &SCORERS)] {
        for file in dir.files() {
            let name = file.path().to_string_lossy();
            if let (true, Some(text)) = (name.ends_with(".test.toml"), file.contents_utf8()) {
                found.push((format!("{folder}/{name}"), text));
            }
        }
    }
    found.sort();
    found
}

/// Returns the test cases of a built-in script, named by its path like
/// `strategies/equity_momentum.rhai`.
pub fn cases_of(path: &str) -> Option<&'static str> {
    let wanted = format!("{}.test.toml", path.strip_suffix(".rhai")?);
    cases().into_iter().find(|(name, _)| *name == wanted).map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AssetClass;
    use crate::scripts::Budget;
    use crate::scripts::Scripts;
    use crate::scripts::SignalView;
    use crate::scripts::Strategy;
    use crate::scripts::fixtures::options;
    use crate::scripts::fixtures::rows;

    fn shipped() -> Scripts {
        let mut options = options();
        options.default_scorer = "technical".to_owned();
        let (scripts, errors) = Scripts::check(&embedded(), &options);
        assert_eq!(errors, []);
        scripts
    }

    /// A row that a strategy should buy, with the trigger, and the least score that it deserves.
    fn check(strategy: &str, row: &[(&str, f64)], trigger: &str, least: f64) {
        let scripts = shipped();
        let strategy = scripts.strategy(strategy).expect("it is shipped");
        let rows = rows(&scripts, &[row]);
        let budget = &mut Budget::for_rows(1);
        assert_eq!(strategy.eligible(&rows, &[0], budget).values, [Some(true)], "{}", strategy.name());
        assert_eq!(
            strategy.entry(&rows, &[0], budget).values,
            [Some(Some(trigger.into()))],
            "{}",
            strategy.name()
        );
        let scorer = scripts.scorer_of(strategy).expect("every strategy has one");
        let signals = [SignalView { trigger: trigger.into(), strategy: strategy.name().into() }];
        let mut score = 0.0;
        for (component, (_, weight)) in scorer.weights().iter().enumerate() {
            let value = scorer.component(component, &rows, &[0], &signals, budget).values[0];
            score += weight * value.expect("a good signal has a score");
        }
        assert!(score >= least, "{}: {score}", strategy.name());
    }

    #[test]
    fn good_signals_are_bought_and_score_well() {
        let breakout = [
            ("close", 103.0),
            ("ma50", 95.0),
            ("ma50_slope", 0.03),
            ("ma200", 90.0),
            ("highest_close_20d", 101.0),
            ("highest_close_55d", 101.5),
            ("atr14", 2.0),
            ("roc60", 0.12),
        ];
        check("equity_momentum", &breakout, "breakout_20d", 6.0);
        check("crypto_momentum", &breakout, "breakout_20d", 6.0);
        let pullback = [
            ("close", 97.0),
            ("ma5", 100.0),
            ("ma200", 90.0),
            ("rsi2", 4.0),
            ("zscore20", -1.8),
            ("ma200_slope", 0.012),
        ];
        check("equity_mean_reversion", &pullback, "rsi2_oversold", 6.0);
        let leader = [
            ("close", 110.0),
            ("ma20", 108.0),
            ("ma50", 106.0),
            ("ma200", 95.0),
            ("roc126", 0.25),
            ("rank_roc126", 0.93),
            ("prev_rank_roc126", 0.92),
            ("benchmark_close", 510.0),
            ("benchmark_ma200", 480.0),
        ];
        check("equity_rotation", &leader, "leader", 6.0);
    }

    #[test]
    fn every_shipped_script_loads_and_says_what_it_needs() {
        let scripts = shipped();
        let names: Vec<&str> = scripts.strategies().iter().map(Strategy::name).collect();
        assert_eq!(names, ["crypto_momentum", "equity_mean_reversion", "equity_momentum", "equity_rotation"]);
        assert_eq!(scripts.strategy("crypto_momentum").map(Strategy::asset_class), Some(AssetClass::Crypto));
        for source in embedded() {
            assert!(source.text.starts_with("//! "), "{} has no header", source.path);
            assert!(source.text.contains("Units:"), "{} does not name its units", source.path);
        }
    }

    #[test]
    fn shipped_breakouts_use_the_documented_numbers() {
        let scripts = shipped();
        let figures = |name: &str| {
            let strategy = scripts.strategy(name).expect("it is shipped");
            (strategy.stop_atr_mult(), strategy.reward_risk(), strategy.max_adv_fraction())
        };
        assert_eq!(figures("equity_momentum"), (2.5, 2.0, 0.005));
        assert_eq!(figures("crypto_momentum"), (3.0, 2.0, 0.0025));
    }
}
