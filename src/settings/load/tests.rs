use std::fs;

use super::*;
use crate::domain::AssetClass;
use crate::domain::Conviction;
use crate::domain::Symbol;
use crate::settings::FillTime;
use crate::settings::Number;
use crate::settings::SourceName;
use crate::settings::Tls;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads a user's file (with a universe file beside it) and environment from a fresh folder.
fn load(file: &str, variables: &[(&str, &str)]) -> Result<Loaded, SettingsError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(FILE_NAME), file).expect("a file in it");
    fs::write(folder.path().join("mine.csv"), "name,symbol\nA,AAA\nB,BBB\n").expect("a file in it");
    Settings::load(&Sources {
        working_folder: folder.path().to_owned(),
        environment: environment(variables),
        ..Sources::default()
    })
}

/// Compares the errors of a file and environment, paths cut down to file names.
fn check(file: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let found = load(file, variables).map(|_| ()).map_err(|error| error.0).err().unwrap_or_default();
    let short = |bad: &BadSetting| match &bad.origin {
        Origin::File { line: Some(line), .. } => format!("{line} {}: {}", bad.key, bad.message),
        other => format!("{other} {}: {}", bad.key, bad.message),
    };
    assert_eq!(found.iter().map(short).collect::<Vec<_>>(), expected, "{file}");
}

#[test]
fn the_embedded_file_holds_every_key_with_the_value_of_the_contract() {
    let entries = file::read(DEFAULTS, &Origin::Default { line: 1 });
    assert_eq!(entries.bad, []);
    for (i, key) in keys::KEYS.iter().enumerate() {
        let chosen_by_the_user = key.pattern.contains("<CONSTANT>") || key.pattern.contains("<SYMBOL>");
        let held = entries.entries.iter().any(|(path, _)| keys::position(path) == Some(i));
        assert!(held || chosen_by_the_user, "{}", key.pattern);
    }
    let s = Settings::defaults();
    assert_eq!((s.universe.equity.len(), s.universe.crypto.len()), (30, 10));
    assert_eq!(
        s.universe.crypto.iter().map(Symbol::as_str).collect::<Vec<_>>().join(" "),
        "BTC ETH BNB XRP ADA SOL DOT MATIC LTC LINK"
    );
    assert_eq!((s.benchmark.equity.as_str(), s.benchmark.crypto.as_str()), ("SPY", "BTC"));
    assert_eq!(s.sources.equity, [SourceName::Polygon, SourceName::AlphaVantage]);
    assert_eq!(s.sources.crypto, [SourceName::Binance]);
    let p = &s.sources.polygon;
    assert_eq!(
        (p.base_url.as_str(), p.requests_per_minute, p.timeout_secs),
        ("https://api.massive.com", 5, 30)
    );
    let b = &s.sources.binance;
    assert_eq!(
        (b.base_url.as_str(), b.requests_per_minute, b.timeout_secs),
        ("https://data-api.binance.vision", 20, 30)
    );
    let a = &s.sources.alpha_vantage;
    assert_eq!(
        (a.base_url.as_str(), a.requests_per_day, a.timeout_secs),
        ("https://www.alphavantage.co", 25, 30)
    );
    assert_eq!((s.sources.files.dir, s.sources.simulated.seed), (PathBuf::from("market"), 20_240_102));
    assert_eq!((s.cache.dir, s.cache.ttl_hours), (PathBuf::from("data/cache"), 24));
    assert_eq!((s.signals.max_recommendations, s.signals.min_conviction), (5, Conviction::Medium));
    assert_eq!(
        (s.signals.technical_weight, s.signals.news_weight, s.signals.scorer.as_str()),
        (1.0, 0.0, "technical")
    );
    let r = &s.risk;
    assert_eq!((r.account_equity, r.risk_per_trade, r.max_position), (100_000.0, 0.0075, 0.15));
    assert_eq!((r.max_positions, r.max_exposure, r.max_per_sector, r.correlation_guard), (8, 0.80, 3, true));
    assert!(s.strategies["equity_momentum"].enabled && s.sectors.is_empty());
    let b = &s.backtest;
    assert_eq!((b.fill, b.limit_recommendations, b.volatility_scaling), (FillTime::NextOpen, false, false));
    assert_eq!((b.equity.fee, b.equity.slippage, b.equity.stress_below), (0.0001, 0.0008, -0.03));
    assert_eq!((b.crypto.fee, b.crypto.slippage, b.crypto.stress_below), (0.0008, 0.0010, -0.05));
    let f = &b.slippage;
    assert_eq!((f.atr_least, f.atr_most, f.size_least, f.size_most), (0.5, 3.0, 0.5, 2.0));
    assert_eq!((f.size_of_adv, f.weekend, f.stress), (0.01, 1.5, 2.0));
    let e = &s.email;
    assert_eq!(
        (e.smtp_host.as_str(), e.smtp_port, e.smtp_user.as_str()),
        ("smtp.sendgrid.net", 587, "apikey")
    );
    assert_eq!((e.tls, &e.ca_file, e.recipients.len()), (Tls::Starttls, &None, 0));
    assert_eq!(
        (e.from_email.as_str(), e.from_name.as_str()),
        ("signals@yourdomain.com", "Trading Assistant")
    );
    assert_eq!((s.journal.path, s.portfolio.file), (PathBuf::from("data/ts.db"), None));
    assert_eq!((s.health.ping_url, s.health.listen), (None, None));
    let jobs: Vec<_> = s
        .schedule
        .iter()
        .map(|j| (j.job.as_str(), j.asset_class, j.cron.as_str(), j.timezone.name()))
        .collect();
    assert_eq!(
        jobs[0],
        ("daily_equity_signals", AssetClass::Equity, "30 16 * * Mon-Fri", "America/New_York")
    );
    assert_eq!(jobs[1], ("daily_crypto_signals", AssetClass::Crypto, "0 0 * * *", "UTC"));
    assert_eq!(jobs.len(), 2);
}

#[test]
fn an_empty_folder_is_enough() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sources = Sources { working_folder: folder.path().to_owned(), ..Sources::default() };
    let loaded = Settings::load(&sources).expect("the defaults");
    assert_eq!((loaded.warnings, loaded.files), (vec![], vec![]));
    assert_eq!(loaded.settings.cache.dir, folder.path().join("data/cache"));
}

#[test]
fn later_layers_win_and_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("etc").join("mine.toml");
    fs::create_dir(folder.path().join("etc")).expect("a folder in it");
    let text = "[risk]\nmax_position = 0.1\nmax_positions = 3\nmax_exposure = 0.5\n[cache]\ndir = \"c\"\n";
    fs::write(&file, text).expect("a file in it");
    let loaded = Settings::load(&Sources {
        file: Some(PathBuf::from("etc/mine.toml")),
        working_folder: folder.path().to_owned(),
        environment: environment(&[("TS_RISK__MAX_POSITIONS", "4"), ("TS_RISK__MAX_EXPOSURE", "0.6")]),
    })
    .expect("layers without fault");
    let risk = &loaded.settings.risk;
    assert_eq!(
        (risk.max_position, risk.max_positions, risk.max_exposure, risk.risk_per_trade),
        (0.1, 4, 0.6, 0.0075)
    );
    let of = |key| loaded.origins.of(key).expect("a key that is set").clone();
    assert_eq!(of("risk.max_position"), Origin::File { path: file.clone(), line: Some(2) });
    assert_eq!(of("risk.max_positions"), Origin::Variable("TS_RISK__MAX_POSITIONS".to_owned()));
    assert_eq!(of("risk.max_exposure"), Origin::Variable("TS_RISK__MAX_EXPOSURE".to_owned()));
    assert!(matches!(of("risk.risk_per_trade"), Origin::Default { line } if line > 1));
    assert_eq!(loaded.root, folder.path().join("etc"));
    assert_eq!(loaded.settings.cache.dir, folder.path().join("etc").join("c"));
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let sources = Sources { file: Some(PathBuf::from("/nowhere/ts.toml")), ..Sources::default() };
    let error = Settings::load(&sources).expect_err("no such file").to_string();
    assert!(error.starts_with("/nowhere/ts.toml: cannot be read"), "{error}");
}

#[test]
fn every_key_may_come_from_the_environment() {
    let entries = file::read(DEFAULTS, &Origin::Default { line: 1 }).entries;
    for (path, entry) in entries {
        let text = match &entry.value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let layer = environment(&[(&keys::variable(&path), &text)]).layer();
        assert_eq!(layer.bad, [], "{}", keys::dotted(&path));
        assert_eq!((&layer.entries[0].0, &layer.entries[0].1.value), (&path, &entry.value));
    }
    let constants = load("", &[("TS_STRATEGIES__EQUITY_MOMENTUM__STOP_ATR_MULT", "3")]).expect("a constant");
    assert_eq!(
        constants.settings.strategies["equity_momentum"].constants["STOP_ATR_MULT"],
        Number::Integer(3)
    );
    assert!(constants.settings.strategies["equity_momentum"].enabled);
}

#[test]
fn a_universe_may_be_a_file_beside_the_settings() {
    for (file, variables) in [
        ("[universe]\nequity = { file = \"mine.csv\" }\n", &[][..]),
        ("", &[("TS_UNIVERSE__EQUITY__FILE", "mine.csv")][..]),
    ] {
        let loaded = load(file, variables).expect("two symbols");
        let symbols: Vec<_> = loaded.settings.universe.equity.iter().map(Symbol::as_str).collect();
        assert_eq!(symbols, ["AAA", "BBB"]);
        assert!(loaded.files.contains(&loaded.root.join("mine.csv")));
    }
    let error =
        load("[universe]\nequity = { file = \"no.csv\" }\n", &[]).expect_err("no such file").to_string();
    assert!(
        error.contains("ts.toml:2: universe.equity: ") && error.contains("no.csv: cannot be read"),
        "{error}"
    );
}

#[test]
fn a_schedule_of_ones_own_replaces_the_default_and_the_environment_amends_it() {
    let own =
        "[[schedule]]\njob = \"a\"\nasset_class = \"equity\"\ncron = \"1 2 * * *\"\ntimezone = \"UTC\"\n";
    let loaded = load(own, &[("TS_SCHEDULE__0__CRON", "5 6 * * *")]).expect("one job");
    assert_eq!(loaded.settings.schedule.len(), 1);
    assert_eq!(loaded.settings.schedule[0].cron, "5 6 * * *");
    assert!(load("schedule = []\n", &[]).expect("no job").settings.schedule.is_empty());
    check(
        &format!("{own}{own}"),
        &[],
        &["7 schedule.1.job: \"a\" is the name of schedule.0 too; choose another"],
    );
    check(
        own,
        &[("TS_SCHEDULE__3__JOB", "b")],
        &[
            "environment TS_SCHEDULE__3__JOB schedule.3: leaves a gap; the next job is schedule.1",
            "environment TS_SCHEDULE__3__JOB schedule.3: lacks `asset_class`; a job needs job, asset_class, cron, timezone",
            "environment TS_SCHEDULE__3__JOB schedule.3: lacks `cron`; a job needs job, asset_class, cron, timezone",
            "environment TS_SCHEDULE__3__JOB schedule.3: lacks `timezone`; a job needs job, asset_class, cron, timezone",
        ],
    );
}

#[test]
fn one_class_may_be_left_out_but_not_both() {
    assert!(load("[universe]\ncrypto = []\n[sources]\ncrypto = []\n", &[]).is_ok());
    check(
        "[universe]\ncrypto = []\nequity = []\n",
        &[],
        &["3 universe.equity: is empty, and so is universe.crypto; name at least one symbol"],
    );
    check(
        "[sources]\ncrypto = []\n",
        &[],
        &["2 sources.crypto: is empty; name a source, or set universe.crypto = [] to not trade it"],
    );
}

#[test]
fn an_open_connection_is_for_this_machine_only() {
    assert!(load("[email]\ntls = \"none\"\nsmtp_host = \"127.0.0.1\"\n", &[]).is_ok());
    check(
        "[email]\ntls = \"none\"\n",
        &[],
        &["2 email.tls: \"none\" would send the password in the clear: email.smtp_host is another machine; \
             use starttls or implicit"],
    );
}

#[test]
fn a_crypto_source_is_one_that_cannot_mean_a_fund_of_the_same_name() {
    check(
        "[sources]\ncrypto = [\"polygon\"]\n",
        &[],
        &["2 sources.crypto: \"polygon\" is not one of binance, files, simulated; write one of them"],
    );
}

#[test]
fn faults_of_the_file_and_of_the_environment_are_told_together() {
    check(
        "[risk]\nmax_exposure = 2\n",
        &[("TS_CACHE__TTL", "1")],
        &[
            "2 risk.max_exposure: 2 is out of range; write a fraction over 0 and at most 1 (0.15 is 15 percent)",
            "environment TS_CACHE__TTL cache.ttl: is not a setting; did you mean `TS_CACHE__TTL_HOURS`?",
        ],
    );
}

#[test]
fn what_is_allowed_but_doubtful_is_a_warning() {
    let file = "[signals]\nnews_weight = 0.5\n[sources.polygon]\nbase_url = \"http://example.com\"\n";
    let warnings = load(file, &[]).expect("doubtful settings").warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let open = load("[health]\nlisten = \"0.0.0.0:9321\"\n", &[]).expect("doubtful settings").warnings;
    assert!(open.len() == 1 && open[0].message.contains("to other machines"), "{open:?}");
    assert_eq!(load("[health]\nlisten = \"9321\"\n", &[]).expect("a port alone").warnings, []);
}

#[test]
fn only_a_job_of_ones_own_is_doubtful_for_an_empty_universe() {
    let not_traded = "[universe]\ncrypto = []\n";
    assert_eq!(load(not_traded, &[]).expect("no crypto").warnings, []);
    let own =
        "[[schedule]]\njob = \"mine\"\nasset_class = \"crypto\"\ncron = \"0 0 * * *\"\ntimezone = \"UTC\"\n";
    let warnings = load(&format!("{not_traded}{own}"), &[]).expect("a job without symbols").warnings;
    assert!(warnings.len() == 1 && warnings[0].message.contains("mine has nothing to do"), "{warnings:?}");
}

#[test]
fn the_example_of_the_environment_lists_every_variable() {
    let example = include_str!("../../../.env.example");
    let named = |name: &str| {
        let starts = |line: &str| {
            line.trim_start_matches("# ").strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
        };
        example.lines().any(starts)
    };
    let plain = crate::settings::environment::PLAIN.iter().map(|(name, _)| *name);
    for name in plain.chain(crate::settings::environment::SECRETS.iter().copied()) {
        assert!(named(name), "{name}");
    }
    for (path, _) in file::read(DEFAULTS, &Origin::Default { line: 1 }).entries {
        assert!(named(&keys::variable(&path)), "{}", keys::variable(&path));
    }
}

#[test]
fn a_copied_example_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(".env"), include_str!("../../../.env.example")).expect("a file in it");
    let lines = dotenvy::from_path_iter(folder.path().join(".env")).expect("a readable file");
    let variables: Vec<(String, String)> = lines.collect::<Result<_, _>>().expect("readable lines");
    let layer = variables.into_iter().collect::<Environment>().layer();
    assert!(layer.entries.is_empty() && layer.bad.is_empty(), "{layer:?}");
}
