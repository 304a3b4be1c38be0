//! Waits until the contents of watched files change.
//!
//! Events of the file system make it quick, a slow re-hash makes it certain: network folders,
//! full event queues and replaced folders lose events. Folders are watched, never files, since a
//! file's watch dies with the first editor that saves by renaming. What decides is a SHA-256 of
//! the contents, so that a touched or rewritten but unchanged file reloads nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify_debouncer_full::DebounceEventResult;
use notify_debouncer_full::Debouncer;
use notify_debouncer_full::RecommendedCache;
use notify_debouncer_full::new_debouncer;
use sha2::Digest;
use sha2::Sha256;

use super::folder::MAX_BYTES;
use super::folder::is_read;

/// How long a file must be quiet before it is looked at.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// How often contents are hashed without an event.
const REHASH: Duration = Duration::from_secs(2);

/// How often a file that keeps changing is waited for, one [`DEBOUNCE`] each.
const MAX_SETTLING: usize = 20;

/// What a wait ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These files came, went or have other contents, sorted by path.
    Changed(Vec<PathBuf>),
    /// The time was up and nothing had changed.
    Timeout,
}

/// Contents by path. A file that is too large to be read is known by its length.
type Snapshot = BTreeMap<PathBuf, [u8; 32]>;

/// Watches folders (the scripts, templates and test cases right in them) and single files.
///
/// Make it before reading the files that it watches: an edit in between is then seen.
pub struct Watcher {
    watched: Vec<PathBuf>,
    seen: Snapshot,
    next_rehash: Instant,
    /// `None` where the system gives no events; the re-hash remains.
    events: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
    armed: BTreeSet<PathBuf>,
    wakes: mpsc::Receiver<Wake>,
    /// Keeps the channel open where there are no events.
    waker: mpsc::Sender<Wake>,
}

/// A reason to look at the files.
enum Wake {
    Edited,
    /// A folder itself came or went, so that a watch may have died with it.
    FoldersMoved,
}

impl Watcher {
    /// Watches paths, whether they are there yet or not. Where the system refuses events, the
    /// log says so and the slow re-hash does the work.
    pub fn new(watched: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut watcher = Self::polling(watched);
        let waker = watcher.waker.clone();
        let paths = watcher.watched.clone();
        let handler = move |result: DebounceEventResult| {
            if let Some(wake) = reason(&result, &paths) {
                // The receiver is gone only when the watcher is.
                let _ = waker.send(wake);
            }
        };
        match new_debouncer(DEBOUNCE, None, handler) {
            Ok(debouncer) => watcher.events = Some(debouncer),
            Err(error) => tracing::warn!("no file events ({error}); looking every {REHASH:?} instead"),
        }
        watcher.arm();
        // What changed while the watches were set up gave no event.
        watcher.seen = snapshot(&watcher.watched);
        watcher
    }

    /// Watches by the slow re-hash alone, for file systems that give no events.
    pub fn polling(watched: impl IntoIterator<Item = PathBuf>) -> Self {
        let (waker, wakes) = mpsc::channel();
        let watched: Vec<PathBuf> = watched.into_iter().collect();
        let seen = snapshot(&watched);
        let next_rehash = Instant::now() + REHASH;
        Self { watched, seen, next_rehash, events: None, armed: BTreeSet::new(), wakes, waker }
    }

    /// Blocks until contents have changed and come to rest, or until `timeout` is over.
    ///
    /// A change that happened between two calls is returned by the second.
    pub fn wait(&mut self, timeout: Duration) -> Change {
        let end = Instant::now() + timeout;
        loop {
            let until = end.min(self.next_rehash).saturating_duration_since(Instant::now());
            let mut is_due = false;
            let mut folders_moved = false;
            match self.wakes.recv_timeout(until) {
                Ok(wake) => {
                    let all = std::iter::once(wake).chain(self.wakes.try_iter());
                    folders_moved = all.fold(false, |moved, wake| moved | matches!(wake, Wake::FoldersMoved));
                    is_due = true;
                }
                Err(_) if Instant::now() >= self.next_rehash => is_due = true,
                Err(_) => {}
            }
            if is_due {
                if folders_moved {
                    self.disarm();
                }
                self.arm();
                let changed = self.look();
                if !changed.is_empty() {
                    return Change::Changed(changed);
                }
            }
            if Instant::now() >= end {
                return Change::Timeout;
            }
        }
    }

    /// Hashes the files; waits for a change to come to rest and returns what is different.
    fn look(&mut self) -> Vec<PathBuf> {
        let mut now = snapshot(&self.watched);
        if now != self.seen {
            // A save in several writes must not be read half.
            for _ in 0..MAX_SETTLING {
                std::thread::sleep(DEBOUNCE);
                let later = snapshot(&self.watched);
                let at_rest = later == now;
                now = later;
                if at_rest {
                    break;
                }
            }
        }
        let paths: BTreeSet<&PathBuf> = self.seen.keys().chain(now.keys()).collect();
        let differs = |path: &&&PathBuf| self.seen.get(**path) != now.get(**path);
        let changed = paths.iter().filter(differs).map(|path| (*path).clone()).collect();
        self.seen = now;
        self.next_rehash = Instant::now() + REHASH;
        changed
    }

    /// Watches the folders that should be watched now and are not.
    fn arm(&mut self) {
        let Some(debouncer) = &mut self.events else { return };
        let wanted: BTreeSet<PathBuf> = self.watched.iter().flat_map(|path| folders_of(path)).collect();
        for gone in self.armed.difference(&wanted) {
            // A watch whose folder is gone has ended by itself.
            let _ = debouncer.unwatch(gone);
        }
        let mut armed: BTreeSet<PathBuf> = self.armed.intersection(&wanted).cloned().collect();
        for folder in wanted.difference(&self.armed) {
            match debouncer.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    armed.insert(folder.clone());
                }
                // Tried again at the next look; the re-hash covers the time until then.
                Err(error) => tracing::debug!("cannot watch {} ({error})", folder.display()),
            }
        }
        self.armed = armed;
    }

    fn disarm(&mut self) {
        let Some(debouncer) = &mut self.events else { return };
        for folder in std::mem::take(&mut self.armed) {
            let _ = debouncer.unwatch(folder);
        }
    }
}

/// Returns why to look, if the events are a reason: reading a file is none.
fn reason(result: &DebounceEventResult, watched: &[PathBuf]) -> Option<Wake> {
    let Ok(events) = result else { return Some(Wake::FoldersMoved) };
    if events.iter().any(|event| event.need_rescan()) {
        return Some(Wake::FoldersMoved);
    }
    let mut edits = events.iter().filter(|event| !event.kind.is_access()).peekable();
    edits.peek()?;
    let is_moved = |path: &PathBuf| watched.iter().any(|watched| watched.starts_with(path));
    let moved = edits.any(|event| event.paths.iter().any(is_moved));
    Some(if moved { Wake::FoldersMoved } else { Wake::Edited })
}

/// Returns the folders whose events tell of `path`: the nearest one above it that is there, and
/// itself if it is a folder.
fn folders_of(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned);
    let itself = path.is_dir().then(|| path.to_owned());
    above.into_iter().chain(itself).collect()
}

fn snapshot(watched: &[PathBuf]) -> Snapshot {
    let mut snapshot = Snapshot::new();
    for path in watched {
        let Ok(entries) = fs::read_dir(path) else {
            snapshot.extend(fingerprint(path).map(|hash| (path.clone(), hash)));
            continue;
        };
        let files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|file| is_read(file));
        snapshot.extend(files.filter_map(|file| Some((file.clone(), fingerprint(&file)?))));
    }
    snapshot
}

/// Returns the hash of a file's contents; `None` for what is not there or no regular file.
fn fingerprint(path: &Path) -> Option<[u8; 32]> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    let is_text = about.len() <= MAX_BYTES;
    let read = fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    // Refused files are told apart from empty ones: permissions may be what changed.
    match (is_text, read) {
        (true, Ok(_)) => hash.update(&bytes),
        (true, Err(error)) => hash.update(format!("unreadable {:?}", error.kind())),
        (false, _) => hash.update(format!("large {}", about.len())),
    }
    Some(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for the slow re-hash on a busy machine; a change ends the wait at once.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Long enough for the debounce and one re-hash, to see that nothing comes.
    const QUIET: Duration = Duration::from_millis(2_500);

    /// Applies an edit to a folder with one script in it; returns the names that changed.
    fn after(watch: fn(Vec<PathBuf>) -> Watcher, patience: Duration, edit: fn(&Path)) -> Vec<String> {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("strategies");
        fs::create_dir(&folder).expect("a folder in it");
        fs::write(folder.join("a.rhai"), "one").expect("a file in it");
        let mut watcher =
            watch(vec![folder.clone(), root.path().join("scorers"), root.path().join("ts.toml")]);
        edit(root.path());
        let changed = match watcher.wait(patience) {
            Change::Changed(paths) => paths,
            Change::Timeout => Vec::new(),
        };
        let name = |path: &PathBuf| path.strip_prefix(root.path()).unwrap_or(path).display().to_string();
        changed.iter().map(name).collect()
    }

    fn check(edit: fn(&Path), expected: &[&str]) {
        let patience = if expected.is_empty() { QUIET } else { PATIENCE };
        assert_eq!(after(Watcher::new, patience, edit), expected, "by events");
        assert_eq!(after(Watcher::polling, patience, edit), expected, "by polling");
    }

    fn write(path: PathBuf, text: &str) {
        fs::write(path, text).expect("a writable temporary folder");
    }

    #[test]
    fn a_save_in_place_is_seen() {
        check(|root| write(root.join("strategies/a.rhai"), "two"), &["strategies/a.rhai"]);
    }

    #[test]
    fn a_save_by_renaming_is_seen() {
        check(
            |root| {
                write(root.join("strategies/.a.tmp"), "two");
                fs::rename(root.join("strategies/.a.tmp"), root.join("strategies/a.rhai")).expect("a rename");
            },
            &["strategies/a.rhai"],
        );
    }

    #[test]
    fn a_file_deleted_and_made_again_is_seen_by_its_contents() {
        check(
            |root| {
                fs::remove_file(root.join("strategies/a.rhai")).expect("a file to remove");
                write(root.join("strategies/a.rhai"), "two");
            },
            &["strategies/a.rhai"],
        );
        check(
            |root| {
                fs::remove_file(root.join("strategies/a.rhai")).expect("a file to remove");
                write(root.join("strategies/a.rhai"), "one");
            },
            &[],
        );
    }

    #[test]
    fn a_touch_and_an_editors_backup_reload_nothing() {
        check(
            |root| {
                write(root.join("strategies/a.rhai"), "one");
                write(root.join("strategies/a.rhai~"), "x");
                write(root.join("strategies/.a.rhai.swp"), "x");
                write(root.join("unwatched.rhai"), "x");
            },
            &[],
        );
    }

    #[test]
    fn a_folder_and_a_file_that_come_later_are_seen() {
        check(
            |root| {
                fs::create_dir(root.join("scorers")).expect("a new folder");
                write(root.join("scorers/b.rhai"), "x");
            },
            &["scorers/b.rhai"],
        );
        check(|root| write(root.join("ts.toml"), "x"), &["ts.toml"]);
    }

    #[test]
    fn a_folder_put_in_place_of_another_is_still_watched() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("strategies");
        fs::create_dir(&folder).expect("a folder in it");
        write(folder.join("a.rhai"), "one");
        let mut watcher = Watcher::new([folder.clone()]);
        fs::rename(&folder, root.path().join("old")).expect("a rename");
        fs::create_dir(&folder).expect("a new folder");
        write(folder.join("a.rhai"), "two");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![folder.join("a.rhai")]));
        write(folder.join("a.rhai"), "three");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![folder.join("a.rhai")]));
    }

    #[test]
    fn a_change_is_told_once() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let mut watcher = Watcher::new([root.path().to_owned()]);
        write(root.path().join("a.rhai"), "one");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![root.path().join("a.rhai")]));
        assert_eq!(watcher.wait(QUIET), Change::Timeout);
    }
}
