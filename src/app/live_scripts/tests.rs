//! Edits of real folders, good and bad: what is in force after each, and what is told.

use std::fs;
use std::path::Path;

use chrono::Duration;

use super::*;
use crate::clock::Clock;
use crate::scripts::Strategy;
use crate::settings::{Settings, Sources};

const MINE: &str = include_str!("../../../strategies/equity_momentum.rhai");
const SCORER: &str = include_str!("../../../scorers/technical.rhai");

/// A folder with a strategy, a scorer and a template, loaded.
struct Trial {
    root: tempfile::TempDir,
    app: App,
    live: LiveScripts,
}

fn app(root: &Path) -> App {
    let sources = Sources { working_folder: root.to_owned(), ..Sources::default() };
    let loaded = Settings::load(&sources).expect("settings without a file");
    App::new(loaded, Clock::Fixed("2026-11-22T12:00:00Z".parse().expect("an instant")))
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
    fs::write(path, text).expect("a file in it");
}

impl Trial {
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(more: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let files = [
            ("strategies/mine.rhai", MINE),
            ("scorers/technical.rhai", SCORER),
            ("templates/daily_signals.txt", "{{ headline }}"),
        ];
        for (name, text) in files.iter().chain(more) {
            write(root.path(), name, text);
        }
        let app = app(root.path());
        let live = LiveScripts::load(&app).expect("a folder with a strategy");
        Self { root, app, live }
    }

    fn write(&self, name: &str, text: &str) {
        write(self.root.path(), name, text);
    }

    /// Reloads a minute later; returns how it turned out and what is told, without the folder.
    fn reload(&mut self) -> (&'static str, Vec<String>) {
        self.reload_with(None)
    }

    /// The same, where the settings of the edit may be bad.
    fn reload_with(&mut self, bad_settings: Option<&str>) -> (&'static str, Vec<String>) {
        self.app.clock = Clock::Fixed(self.app.clock.now() + Duration::minutes(1));
        let (word, snapshot) = match self.live.reload(&self.app, bad_settings) {
            Reloaded::Unchanged => return ("unchanged", Vec::new()),
            Reloaded::Settings(snapshot) => ("settings", snapshot),
            Reloaded::Restored(snapshot) => ("restored", snapshot),
            Reloaded::Loaded(snapshot) => ("loaded", snapshot),
            Reloaded::Failed(snapshot) => ("failed", snapshot),
        };
        assert!(Arc::ptr_eq(&snapshot, &self.live.current()));
        let place = format!("{}/", self.root.path().display());
        (word, snapshot.problems().map(|problem| problem.to_string().replace(&place, "")).collect())
    }

    fn names(&self) -> Vec<String> {
        let snapshot = self.live.current();
        snapshot.set.scripts.strategies().iter().map(|own| own.name().to_owned()).collect()
    }
}

#[test]
fn a_good_edit_comes_into_force_and_is_stamped() {
    let mut trial = Trial::start();
    let before = trial.live.current();
    trial.write("strategies/mine.rhai", &MINE.replace("breakout_20d", "mine_20d"));
    assert_eq!(trial.reload(), ("loaded", vec![]));
    let after = trial.live.current();
    assert_eq!((before.generation, after.generation), (1, 2));
    assert_eq!(after.loaded_at - before.loaded_at, Duration::minutes(1));
    assert_ne!(before.hash, after.hash);
    assert_ne!(before.set.scripts.hashes()["mine"], after.set.scripts.hashes()["mine"]);
}

#[test]
fn what_changes_nothing_reloads_nothing() {
    let mut trial = Trial::start();
    trial.write("strategies/mine.rhai", MINE);
    trial.write("strategies/mine.test.toml", "x = 1");
    trial.write("strategies/mine.rhai~", "a backup");
    assert_eq!(trial.reload(), ("unchanged", vec![]));
    assert_eq!(trial.live.current().generation, 1);
}

#[test]
fn settings_that_cannot_be_read_are_told_until_they_can() {
    let mut trial = Trial::start();
    let told = "ts.toml: line 3: no such key; the last good settings stay in force".to_owned();
    let bad = Some("line 3: no such key");
    assert_eq!(trial.reload_with(bad), ("failed", vec![told.clone()]));
    assert_eq!(trial.reload_with(bad), ("unchanged", vec![]), "the same again is no news");
    // Scripts go on being taken, and a bad one is told beside it.
    trial.write("strategies/mine.rhai", &MINE.replace("breakout_20d", "mine_20d"));
    assert_eq!(trial.reload_with(bad), ("loaded", vec![told.clone()]));
    trial.write("strategies/mine.rhai", "fn entry(row) {");
    let (word, problems) = trial.reload_with(bad);
    assert_eq!((word, problems.len(), &problems[1]), ("failed", 2, &told));
    let (word, problems) = trial.reload();
    assert_eq!((word, problems.len()), ("failed", 1), "the script is still broken: {problems:?}");
    trial.write("strategies/mine.rhai", &MINE.replace("breakout_20d", "mine_20d"));
    assert_eq!(trial.reload_with(bad), ("failed", vec![told]));
    assert_eq!(trial.reload(), ("restored", vec![]));
}

#[test]
fn files_that_come_and_go_are_edits() {
    let mut trial = Trial::start();
    trial.write("strategies/other.rhai", MINE);
    assert_eq!(trial.reload(), ("loaded", vec![]));
    assert_eq!(trial.names(), ["mine", "other"]);
    fs::remove_file(trial.root.path().join("strategies/mine.rhai")).expect("a file to remove");
    assert_eq!(trial.reload(), ("loaded", vec![]));
    assert_eq!(trial.names(), ["other"]);
    trial.write("strategies/other.rhai.new", MINE);
    let of = |name: &str| trial.root.path().join("strategies").join(name);
    fs::rename(of("other.rhai"), of("renamed.rhai")).expect("a rename");
    assert_eq!(trial.reload(), ("loaded", vec![]));
    assert_eq!((trial.names(), trial.live.current().generation), (vec!["renamed".to_owned()], 4));
}

#[test]
fn templates_and_overrides_come_into_force_the_same_way() {
    let mut trial = Trial::start();
    trial.write("templates/daily_signals.txt", "mine {{ headline }}");
    assert_eq!(trial.reload(), ("loaded", vec![]));
    trial.write("ts.toml", "[strategies.mine]\nSTOP_ATR_MULT = 3.5\n");
    trial.app.loaded = app(trial.root.path()).loaded;
    assert_eq!(trial.reload(), ("loaded", vec![]));
    let snapshot = trial.live.current();
    assert_eq!(snapshot.set.scripts.strategy("mine").map(Strategy::stop_atr_mult), Some(3.5));
    assert_eq!(snapshot.generation, 3);
}

#[test]
fn settings_come_into_force_with_their_scripts_or_not_at_all() {
    let settings = |text: &str| format!("[signals]\nmax_recommendations = {text}");
    let mut trial = Trial::with(&[("ts.toml", &settings("3\n"))]);
    let most = |trial: &Trial| trial.live.current().settings.settings.signals.max_recommendations;
    let mut edit = |text: &str| {
        trial.write("ts.toml", &settings(text));
        trial.app.loaded = app(trial.root.path()).loaded;
        (trial.reload().0, most(&trial), trial.live.current().generation)
    };
    assert_eq!(edit("2\n"), ("settings", 2, 1));
    assert_eq!(edit("1\n[strategies.mine]\nNOPE = 1.0\n"), ("failed", 2, 1));
    assert_eq!(edit("1\n[strategies.mine]\nNOPE = 1.0\n"), ("unchanged", 2, 1));
    assert_eq!(edit("1\n[strategies.mine]\nSTOP_ATR_MULT = 9.0\n"), ("loaded", 1, 2));
    // What decides nothing comes into force as well.
    assert_eq!(
        edit("1\n[strategies.mine]\nSTOP_ATR_MULT = 9.0\n[email]\nsmtp_port = 2525\n"),
        ("settings", 1, 2)
    );
    assert_eq!(trial.live.current().settings.settings.email.smtp_port, 2525);
}

#[test]
fn settings_for_a_deleted_strategy_do_not_keep_the_deletion_out() {
    let settings = "[strategies.other]\nSTOP_ATR_MULT = 3.5\n";
    let mut trial = Trial::with(&[("strategies/other.rhai", MINE), ("ts.toml", settings)]);
    fs::remove_file(trial.root.path().join("strategies/other.rhai")).expect("a file to remove");
    let (word, told) = trial.reload();
    assert_eq!((word, trial.names()), ("loaded", vec!["mine".to_owned()]));
    assert!(told.len() == 1 && told[0].contains("other"), "{told:?}");
}

/// A bad edit: the last good set stays, the reader is told, and undoing it restores all.
fn check(edit: fn(&Path), undo: fn(&Path), told: &str) {
    let mut trial = Trial::start();
    let before = trial.live.current();
    edit(trial.root.path());
    let (word, said) = trial.reload();
    assert_eq!(word, "failed", "{told}");
    let expected = "; the edit is not in force, generation 1 of 2026-11-22T12:00:00Z is";
    assert!(said.iter().any(|line| line.contains(told) && line.ends_with(expected)), "{told}: {said:?}");
    assert!(said.len() <= FAILURES_TOLD + 1, "{} lines", said.len());
    let during = trial.live.current();
    assert!(Arc::ptr_eq(&before.set, &during.set) && during.generation == 1, "{told}");
    assert_eq!(during.last.at - before.last.at, Duration::minutes(1));

    undo(trial.root.path());
    assert_eq!(trial.reload(), ("restored", vec![]), "{told}");
    assert_eq!(trial.live.current().generation, 1);
    assert_eq!(trial.reload().0, "unchanged", "{told}");
}

fn mended(root: &Path) {
    write(root, "strategies/mine.rhai", MINE);
    write(root, "scorers/technical.rhai", SCORER);
    write(root, "templates/daily_signals.txt", "{{ headline }}");
}

#[test]
fn a_script_or_template_that_does_not_load_keeps_the_edit_out() {
    let broken = |root: &Path| write(root, "strategies/mine.rhai", "fn eligible(row) {");
    check(broken, mended, "mine: strategies/mine.rhai:1:");
    let empty = |root: &Path| write(root, "strategies/mine.rhai", "");
    check(empty, mended, "there is no function `eligible`");
    let unknown = |root: &Path| write(root, "scorers/technical.rhai", &SCORER.replace("roc60", "rock60"));
    check(unknown, mended, "technical: scorers/technical.rhai:");
    let template = |root: &Path| write(root, "templates/daily_signals.txt", "{% if headline %}");
    check(template, mended, "daily_signals.txt: the edited template fails and is not used: ");
    let unknown = |root: &Path| write(root, "templates/daily_signals.txt", "{{ hedline }}");
    check(unknown, mended, "daily_signals.txt: the edited template fails and is not used: ");
    let large = |root: &Path| write(root, "strategies/mine.rhai", &"/".repeat(10 << 20));
    check(large, mended, "strategies/mine.rhai: is over 1 MiB; split it");
    let binary = |root: &Path| fs::write(root.join("strategies/mine.rhai"), b"\xff\xfe").expect("a file");
    check(binary, mended, "strategies/mine.rhai: is not UTF-8 at byte 0");
}

#[test]
fn one_bad_file_among_good_edits_keeps_all_of_them_out() {
    let both = |root: &Path| {
        write(root, "strategies/mine.rhai", &MINE.replace("breakout_20d", "mine_20d"));
        write(root, "strategies/other.rhai", "fn");
    };
    let undo = |root: &Path| {
        mended(root);
        fs::remove_file(root.join("strategies/other.rhai")).expect("a file to remove");
    };
    check(both, undo, "other: strategies/other.rhai:1:");
    let twins = |root: &Path| {
        write(root, "strategies/technical.rhai", MINE);
        write(root, "strategies/mine.rhai", &MINE.replace("breakout_20d", "mine_20d"));
    };
    let undo = |root: &Path| {
        mended(root);
        fs::remove_file(root.join("strategies/technical.rhai")).expect("a file to remove");
    };
    check(twins, undo, "another script is called `technical`");
}

#[test]
fn a_folder_that_goes_away_empties_or_changes_its_nature_keeps_the_edit_out() {
    let away = |root: &Path| fs::rename(root.join("strategies"), root.join("old")).expect("a rename");
    let back = |root: &Path| fs::rename(root.join("old"), root.join("strategies")).expect("a rename");
    check(away, back, "strategies: went away; put it back");
    let away = |root: &Path| fs::rename(root.join("templates"), root.join("old")).expect("a rename");
    let back = |root: &Path| fs::rename(root.join("old"), root.join("templates")).expect("a rename");
    check(away, back, "templates: went away; put it back");
    let empty = |root: &Path| fs::remove_file(root.join("strategies/mine.rhai")).expect("a file to remove");
    check(empty, mended, "no strategy could be read from");
    let file = |root: &Path| {
        fs::remove_dir_all(root.join("strategies")).expect("a folder to remove");
        write(root, "strategies", "");
    };
    let folder = |root: &Path| {
        fs::remove_file(root.join("strategies")).expect("a file to remove");
        mended(root);
    };
    check(file, folder, "strategies: cannot be read as a folder");
}

#[cfg(unix)]
#[test]
fn links_to_nothing_keep_the_edit_out() {
    use std::os::unix::fs::symlink;
    let folder = |root: &Path| {
        fs::remove_dir_all(root.join("strategies")).expect("a folder to remove");
        symlink("nowhere", root.join("strategies")).expect("a link");
    };
    let undo = |root: &Path| {
        fs::remove_file(root.join("strategies")).expect("a link to remove");
        mended(root);
    };
    check(folder, undo, "strategies: cannot be read as a folder");
    let file = |root: &Path| {
        fs::remove_file(root.join("strategies/mine.rhai")).expect("a file to remove");
        symlink("nowhere", root.join("strategies/mine.rhai")).expect("a link");
        write(root, "strategies/other.rhai", MINE);
    };
    let undo = |root: &Path| {
        for name in ["strategies/mine.rhai", "strategies/other.rhai"] {
            fs::remove_file(root.join(name)).expect("a file to remove");
        }
        mended(root);
    };
    check(file, undo, "strategies/mine.rhai: is a link to nothing");
}

#[test]
fn thousands_of_files_keep_the_edit_out_and_are_told_in_a_few_lines() {
    let fill = |root: &Path| {
        for number in 0..10_000 {
            fs::write(root.join(format!("strategies/s{number:05}.rhai")), "").expect("a file in it");
        }
    };
    let clear = |root: &Path| {
        fs::remove_dir_all(root.join("strategies")).expect("a folder to remove");
        mended(root);
    };
    check(fill, clear, "strategies: holds 10001 files; only the first 1000 by name are read");
}

#[test]
fn what_is_broken_at_the_start_keeps_no_other_edit_out() {
    let mut trial = Trial::with(&[("strategies/broken.rhai", "fn")]);
    assert_eq!(trial.names(), ["mine"]);
    trial.write("strategies/mine.rhai", &MINE.replace("breakout_20d", "mine_20d"));
    let (word, told) = trial.reload();
    assert_eq!((word, told.len()), ("loaded", 1), "{told:?}");
    trial.write("strategies/mine.rhai", "fn");
    let (word, told) = trial.reload();
    assert_eq!((word, told.len()), ("failed", 2), "{told:?}");
    trial.write("strategies/mine.rhai", MINE);
    trial.write("strategies/broken.rhai", MINE);
    assert_eq!(trial.reload(), ("loaded", vec![]));
    assert_eq!(trial.names(), ["broken", "mine"]);
}

#[test]
fn a_folder_that_comes_later_replaces_the_built_in_scripts() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let app = app(root.path());
    let live = LiveScripts::load(&app).expect("the built-in scripts");
    fs::create_dir(root.path().join("strategies")).expect("a folder in it");
    assert!(matches!(live.reload(&app, None), Reloaded::Failed(_)), "it is empty yet");
    write(root.path(), "strategies/mine.rhai", MINE);
    let Reloaded::Loaded(snapshot) = live.reload(&app, None) else { panic!("a good edit") };
    assert_eq!((snapshot.generation, snapshot.set.scripts.strategies().len()), (2, 1));
}
