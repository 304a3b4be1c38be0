//! How long it takes from the end of a save until the edit is in force, for each kind of save.
//! The aim is under 0.3 s for 99 of 100 edits.
//!
//! The time is nearly all waiting, first for the file system's event to come of age, then for the
//! contents to be at rest; so each edit is made at its own moment of the watcher's rhythm, and
//! the program is measured as a whole: a watcher, the built-in strategies, one snapshot swapped.
//!
//! `cargo bench --bench reload -- 200` edits each kind 200 times. Without `--bench`, as a test
//! runs it, each kind is tried once.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ts::app::App;
use ts::app::LiveScripts;
use ts::app::Reloader;
use ts::app::watched;
use ts::clock::Clock;
use ts::reload::WatchMethod;
use ts::reload::Watcher;
use ts::scripts::embedded;
use ts::settings::Settings;
use ts::settings::Sources;

const EDITS: usize = 200;

/// Longer than the slow re-hash: whatever takes this long was never seen.
const LOST: Duration = Duration::from_secs(30);

/// Writes `text` to `mine.rhai` in the folder as some editor or tool does; `edit` counts up.
type Save = fn(folder: &Path, text: &str, edit: usize);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    let asked = arguments.iter().find_map(|argument| argument.parse().ok());
    let edits = asked.unwrap_or(if is_measured { EDITS } else { 1 });

    println!("| kind of save | edits | median | 99th percentile | slowest |\n|---|---:|---:|---:|---:|");
    let mut kinds: Vec<(&str, Save)> = vec![
        ("in place", in_place),
        ("in three writes", in_three_writes),
        ("renamed over", renamed_over),
        ("vim: renamed away, written anew", renamed_away),
        ("deleted and made again", deleted_and_made),
        ("a new file, then gone", new_and_gone),
    ];
    #[cfg(unix)]
    kinds.push(("ConfigMap: link swapped", link_swapped));
    for (name, save) in kinds {
        measure(name, save, WatchMethod::Events, edits);
    }
    measure("in place, by polling", in_place, WatchMethod::Poll, edits);
}

fn measure(name: &str, save: Save, method: WatchMethod, edits: usize) {
    let root = tempfile::tempdir().expect("a temporary folder");
    let folder = root.path().join("strategies");
    fs::create_dir(&folder).expect("a folder in it");
    let scripts: Vec<(String, String)> = embedded()
        .into_iter()
        .filter(|source| source.path.starts_with("strategies/"))
        .map(|source| (format!("{}.rhai", source.name), source.text))
        .collect();
    for (name, text) in &scripts {
        fs::write(folder.join(name), text).expect("a script in it");
    }
    let text = |edit: usize| format!("{}\n// edit {edit}\n", scripts[0].1);
    save(&folder, &text(0), 0);

    let sources = Sources { working_folder: root.path().to_owned(), ..Sources::default() };
    let app = App::new(Settings::load(&sources).expect("the built-in settings"), Clock::System);
    let watcher = Watcher::start(watched(&app), method);
    let live = Arc::new(LiveScripts::load(&app).expect("the built-in strategies"));
    let again = {
        let app = app.clone();
        move || Ok(app.clone())
    };
    let reloader = Reloader::start(watcher, app, Arc::clone(&live), again).expect("a thread");
    let mut taken = Vec::with_capacity(edits);
    for edit in 1..=edits {
        // Another moment of the debouncer's rhythm each time.
        std::thread::sleep(Duration::from_millis(60 + (edit as u64 * 7) % 40));
        let generation = live.current().generation;
        save(&folder, &text(edit), edit);
        let saved = Instant::now();
        while live.current().generation == generation {
            assert!(saved.elapsed() < LOST, "{name}: edit {edit} never came into force");
            std::thread::sleep(Duration::from_micros(500));
        }
        taken.push(saved.elapsed());
    }
    drop(reloader);
    taken.sort();
    let at = |share: f64| taken[((taken.len() as f64 * share).ceil() as usize).clamp(1, taken.len()) - 1];
    let row = [at(0.5), at(0.99), at(1.0)].map(|time| format!("{:.0} ms", time.as_secs_f64() * 1e3));
    println!("| {name} | {edits} | {} |", row.join(" | "));
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a writable folder");
}

fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).expect("a rename in one folder");
}

fn in_place(folder: &Path, text: &str, _: usize) {
    write(&folder.join("mine.rhai"), text);
}

fn in_three_writes(folder: &Path, text: &str, _: usize) {
    use std::io::Write as _;
    let mut file = fs::File::create(folder.join("mine.rhai")).expect("a writable folder");
    for part in text.as_bytes().chunks(text.len().div_ceil(3)) {
        file.write_all(part).expect("a writable file");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn renamed_over(folder: &Path, text: &str, _: usize) {
    write(&folder.join(".mine.rhai.tmp"), text);
    rename(&folder.join(".mine.rhai.tmp"), &folder.join("mine.rhai"));
}

fn renamed_away(folder: &Path, text: &str, edit: usize) {
    if edit > 0 {
        rename(&folder.join("mine.rhai"), &folder.join("mine.rhai~"));
    }
    write(&folder.join("mine.rhai"), text);
    // Absent the first time.
    drop(fs::remove_file(folder.join("mine.rhai~")));
}

fn deleted_and_made(folder: &Path, text: &str, edit: usize) {
    if edit > 0 {
        fs::remove_file(folder.join("mine.rhai")).expect("a file to remove");
    }
    write(&folder.join("mine.rhai"), text);
}

fn new_and_gone(folder: &Path, text: &str, edit: usize) {
    if edit.is_multiple_of(2) {
        write(&folder.join("mine.rhai"), text);
    } else {
        fs::remove_file(folder.join("mine.rhai")).expect("a file to remove");
    }
}

/// As Kubernetes publishes a volume: a new folder, and a link to it renamed over the old one.
#[cfg(unix)]
fn link_swapped(folder: &Path, text: &str, edit: usize) {
    use std::os::unix::fs::symlink;
    let version = format!("..version_{edit}");
    fs::create_dir(folder.join(&version)).expect("a folder in it");
    write(&folder.join(&version).join("mine.rhai"), text);
    symlink(&version, folder.join("..data_tmp")).expect("a link");
    rename(&folder.join("..data_tmp"), &folder.join("..data"));
    match edit.checked_sub(1) {
        None => symlink("..data/mine.rhai", folder.join("mine.rhai")).expect("a link"),
        Some(before) => {
            fs::remove_dir_all(folder.join(format!("..version_{before}"))).expect("the version before");
        }
    }
}
