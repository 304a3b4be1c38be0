//! Waits until the contents of watched files change.
//!
//! Events of the file system make it quick, a slow re-hash makes it certain: network folders,
//! full event queues and replaced folders lose events. Folders are watched, never files, since a
//! file's watch dies with the first editor that saves by renaming. What decides is a hash of the
//! contents, so that a touched or rewritten but unchanged file reloads nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify_debouncer_full::DebounceEventResult;
use notify_debouncer_full::Debouncer;
use notify_debouncer_full::RecommendedCache;
use notify_debouncer_full::new_debouncer;

use super::contents::Contents;
use super::contents::contents;
use super::folder::is_read;

/// How old an event must be before it is told; half of what an edit takes to be seen.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// How long contents must stay the same to be at rest.
const SETTLE: Duration = Duration::from_millis(50);

/// How often contents that keep changing are waited for, one [`SETTLE`] each.
const MAX_SETTLING: usize = 20;

/// How often contents are hashed without an event, where there are events.
const REHASH: Duration = Duration::from_secs(2);

/// How often contents are hashed where there are none.
const POLL: Duration = Duration::from_millis(500);

/// Hashing takes at most one part in so many of the time, however much lies in the folders.
const COST_SHARE: u32 = 20;

/// Links lead to at most so many other folders that are watched too.
const MAX_LINKED: usize = 32;

/// How edits come to notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WatchMethod {
    /// By events of the file system, and a slow re-hash.
    #[default]
    Events,
    /// By a quick re-hash alone, for network file systems, which give no events.
    Poll,
}

/// What a wait ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These files came, went or have other contents, sorted by path.
    Changed(Vec<PathBuf>),
    /// The time was up and nothing had changed.
    Timeout,
    /// A [`Stopper`] ended the wait.
    Stopped,
}

/// Watches folders (the scripts, templates and test cases right in them) and single files.
///
/// Make it before reading the files that it watches: an edit in between is then seen.
pub struct Watcher {
    watched: Vec<PathBuf>,
    seen: Contents,
    next_rehash: Instant,
    rehash_every: Duration,
    /// `None` where the system gives no events; the re-hash remains.
    events: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
    /// The folders that events come from, by their real path.
    armed: BTreeMap<PathBuf, Birth>,
    wakes: mpsc::Receiver<Wake>,
    /// Keeps the channel open where there are no events.
    waker: mpsc::Sender<Wake>,
}

/// Ends the waits of a [`Watcher`] from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(mpsc::Sender<Wake>);

impl Stopper {
    /// Has the wait that is going on, or else the next one, return [`Change::Stopped`].
    pub fn stop(&self) {
        // Without a watcher there is nothing to stop.
        let _ = self.0.send(Wake::Stop);
    }
}

/// A reason to look at the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wake {
    Edited,
    /// Events were lost, and watches may be.
    Lost,
    Stop,
}

/// What tells a folder from a later one at the same path.
type Birth = (Option<SystemTime>, u64);

impl Watcher {
    /// Watches paths, whether they are there yet or not, by the method.
    pub fn start(watched: impl IntoIterator<Item = PathBuf>, method: WatchMethod) -> Self {
        match method {
            WatchMethod::Events => Self::new(watched),
            WatchMethod::Poll => Self::polling(watched),
        }
    }

    /// Watches by events. Where the system refuses them, the log says so and the re-hash does
    /// the work.
    pub fn new(watched: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut watcher = Self::polling(watched);
        let waker = watcher.waker.clone();
        let handler = move |result: DebounceEventResult| {
            if let Some(wake) = reason(&result) {
                // The receiver is gone only when the watcher is.
                let _ = waker.send(wake);
            }
        };
        match new_debouncer(DEBOUNCE, None, handler) {
            Ok(debouncer) => {
                watcher.events = Some(debouncer);
                watcher.rehash_every = REHASH;
                watcher.next_rehash = Instant::now() + REHASH;
            }
            Err(error) => tracing::warn!("no file events ({error}); looking every {POLL:?} instead"),
        }
        watcher.arm();
        // What changed while the watches were set up gave no event.
        watcher.seen = contents(&watcher.watched);
        watcher
    }

    /// Watches by the re-hash alone, for file systems that give no events.
    pub fn polling(watched: impl IntoIterator<Item = PathBuf>) -> Self {
        let (waker, wakes) = mpsc::channel();
        let watched: Vec<PathBuf> = watched.into_iter().collect();
        let seen = contents(&watched);
        Self {
            watched,
            seen,
            next_rehash: Instant::now() + POLL,
            rehash_every: POLL,
            events: None,
            armed: BTreeMap::new(),
            wakes,
            waker,
        }
    }

    /// Returns what ends this watcher's waits.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.waker.clone())
    }

    /// Watches other paths from now on. What changed in those that stay is still told.
    pub fn watch(&mut self, watched: impl IntoIterator<Item = PathBuf>) {
        let watched: Vec<PathBuf> = watched.into_iter().collect();
        let is_old = |path: &PathBuf| self.watched.contains(path);
        let (old, new): (Vec<PathBuf>, Vec<PathBuf>) = watched.iter().cloned().partition(is_old);
        self.seen.retain(|file, _| old.iter().any(|path| file == path || file.parent() == Some(path)));
        self.seen.extend(contents(&new));
        self.watched = watched;
        self.arm();
    }

    /// Blocks until contents have changed and come to rest, or until `timeout` is over.
    ///
    /// A change that happened between two calls is returned by the second.
    pub fn wait(&mut self, timeout: Duration) -> Change {
        let end = Instant::now() + timeout;
        loop {
            let until = end.min(self.next_rehash).saturating_duration_since(Instant::now());
            let mut is_due = false;
            match self.wakes.recv_timeout(until) {
                Ok(wake) => {
                    let all: Vec<Wake> = std::iter::once(wake).chain(self.wakes.try_iter()).collect();
                    if all.contains(&Wake::Stop) {
                        return Change::Stopped;
                    }
                    if all.contains(&Wake::Lost) {
                        self.disarm();
                    }
                    is_due = true;
                }
                Err(_) if Instant::now() >= self.next_rehash => is_due = true,
                Err(_) => {}
            }
            if is_due {
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
        let begin = Instant::now();
        self.arm();
        let mut now = contents(&self.watched);
        let cost = begin.elapsed();
        if now != self.seen {
            // A folder may have been replaced by one that looks the same, and its watch be dead.
            self.disarm();
            self.arm();
            // A save in several writes must not be read half.
            for _ in 0..MAX_SETTLING {
                std::thread::sleep(SETTLE);
                let later = contents(&self.watched);
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
        self.next_rehash = Instant::now() + self.rehash_every.max(cost * COST_SHARE);
        changed
    }

    /// Has events come from the folders that are there now, and from no other.
    fn arm(&mut self) {
        let Some(debouncer) = &mut self.events else { return };
        let mut wanted: BTreeMap<PathBuf, Birth> = BTreeMap::new();
        for folder in self.watched.iter().flat_map(|path| folders_of(path)) {
            let Ok(real) = fs::canonicalize(&folder) else { continue };
            let birth = birth(&real);
            wanted.insert(real, birth);
        }
        self.armed.retain(|folder, birth| {
            let is_wanted = wanted.get(folder) == Some(birth);
            if !is_wanted {
                // A watch whose folder is gone has ended by itself.
                let _ = debouncer.unwatch(folder);
            }
            is_wanted
        });
        for (folder, birth) in wanted {
            if self.armed.contains_key(&folder) {
                continue;
            }
            match debouncer.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.armed.insert(folder, birth);
                }
                // Tried again at the next look; the re-hash covers the time until then.
                Err(error) => tracing::debug!("cannot watch {} ({error})", folder.display()),
            }
        }
    }

    fn disarm(&mut self) {
        let Some(debouncer) = &mut self.events else { return };
        for (folder, _) in std::mem::take(&mut self.armed) {
            let _ = debouncer.unwatch(folder);
        }
    }
}

/// Returns why to look, if the events are a reason: reading a file is none.
fn reason(result: &DebounceEventResult) -> Option<Wake> {
    let Ok(events) = result else { return Some(Wake::Lost) };
    if events.iter().any(|event| event.need_rescan()) {
        return Some(Wake::Lost);
    }
    events.iter().any(|event| !event.kind.is_access()).then_some(Wake::Edited)
}

/// Returns the folders whose events tell of `path`: the nearest one above it that is there,
/// itself if it is a folder, and those in which linked files really lie.
fn folders_of(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned);
    let mut folders: Vec<PathBuf> = above.into_iter().collect();
    let Ok(entries) = fs::read_dir(path) else {
        folders.extend(home_of_link(path));
        return folders;
    };
    folders.push(path.to_owned());
    let files = entries.filter_map(Result::ok).filter(|entry| is_read(&entry.path()));
    let homes: BTreeSet<PathBuf> = files.filter_map(|entry| home_of_link(&entry.path())).collect();
    folders.extend(homes.into_iter().take(MAX_LINKED));
    folders
}

fn home_of_link(path: &Path) -> Option<PathBuf> {
    let is_link = path.symlink_metadata().is_ok_and(|about| about.is_symlink());
    let real = is_link.then(|| fs::canonicalize(path).ok()).flatten()?;
    real.parent().map(Path::to_owned)
}

fn birth(folder: &Path) -> Birth {
    let about = fs::metadata(folder).ok();
    let created = about.as_ref().and_then(|about| about.created().ok());
    (created, about.as_ref().map_or(0, number))
}

#[cfg(unix)]
fn number(about: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn number(_: &fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for the slow re-hash on a busy machine; a change ends the wait at once.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Long enough for the debounce and one re-hash, to see that nothing comes.
    const QUIET: Duration = Duration::from_millis(2_500);

    /// Edits the folder above the watched ones.
    type Edit = fn(&Path);

    /// A watcher that learns from events alone.
    fn by_events(watched: Vec<PathBuf>) -> Watcher {
        let mut watcher = Watcher::new(watched);
        watcher.rehash_every = Duration::from_secs(3_600);
        watcher.next_rehash = Instant::now() + watcher.rehash_every;
        watcher
    }

    /// Applies an edit to a folder with one script in it; returns the names that changed.
    fn after(watch: fn(Vec<PathBuf>) -> Watcher, patience: Duration, edit: Edit) -> Vec<String> {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("strategies");
        fs::create_dir(&folder).expect("a folder in it");
        fs::write(folder.join("a.rhai"), "one").expect("a file in it");
        let mut watcher =
            watch(vec![folder.clone(), root.path().join("scorers"), root.path().join("ts.toml")]);
        edit(root.path());
        let changed = match watcher.wait(patience) {
            Change::Changed(paths) => paths,
            Change::Timeout | Change::Stopped => Vec::new(),
        };
        let name = |path: &PathBuf| path.strip_prefix(root.path()).unwrap_or(path).display().to_string();
        changed.iter().map(name).collect()
    }

    fn check(edit: Edit, expected: &[&str]) {
        let patience = if expected.is_empty() { QUIET } else { PATIENCE };
        assert_eq!(after(by_events, patience, edit), expected, "by events");
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
        let mut watcher = by_events(vec![folder.clone()]);
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
        let mut watcher = by_events(vec![root.path().to_owned()]);
        write(root.path().join("a.rhai"), "one");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![root.path().join("a.rhai")]));
        assert_eq!(watcher.wait(QUIET), Change::Timeout);
    }

    /// What editors do, by name: each must be seen by events, and by polling.
    #[test]
    fn every_kind_of_save_is_seen() {
        let saves: [(&str, Edit); 6] = [
            ("vim with a backup", |root| {
                let file = root.join("strategies/a.rhai");
                fs::rename(&file, root.join("strategies/a.rhai~")).expect("a rename");
                write(file, "two");
                fs::remove_file(root.join("strategies/a.rhai~")).expect("a backup to remove");
            }),
            ("vim's probe of the folder", |root| {
                write(root.join("strategies/4913"), "");
                fs::remove_file(root.join("strategies/4913")).expect("a probe to remove");
                write(root.join("strategies/a.rhai"), "two");
            }),
            ("truncated, then written in parts", |root| {
                use std::io::Write as _;
                let mut file = fs::File::create(root.join("strategies/a.rhai")).expect("a file");
                for part in ["t", "w", "o"] {
                    file.write_all(part.as_bytes()).expect("a part");
                    std::thread::sleep(Duration::from_millis(15));
                }
            }),
            ("moved in from another folder", |root| {
                write(root.join("a.rhai"), "two");
                fs::rename(root.join("a.rhai"), root.join("strategies/a.rhai")).expect("a rename");
            }),
            ("linked over", |root| {
                write(root.join("strategies/.a.new"), "two");
                fs::remove_file(root.join("strategies/a.rhai")).expect("a file to remove");
                let of = |name: &str| root.join("strategies").join(name);
                fs::hard_link(of(".a.new"), of("a.rhai")).expect("a link");
            }),
            ("removed", |root| {
                fs::remove_file(root.join("strategies/a.rhai")).expect("a file to remove");
            }),
        ];
        for (name, save) in saves {
            assert_eq!(after(by_events, PATIENCE, save), ["strategies/a.rhai"], "{name}, by events");
            assert_eq!(after(Watcher::polling, PATIENCE, save), ["strategies/a.rhai"], "{name}, by polling");
        }
    }

    /// A `ConfigMap`'s files are links through `..data`, which is swapped for another by a rename.
    #[cfg(unix)]
    #[test]
    fn a_config_map_is_seen_each_time_it_is_swapped() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("strategies");
        let publish = |version: &str| {
            fs::create_dir_all(folder.join(format!("..{version}"))).expect("a new version");
            write(folder.join(format!("..{version}/a.rhai")), version);
            symlink(format!("..{version}"), folder.join("..data_tmp")).expect("a link");
            fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("a swap");
        };
        publish("one");
        symlink("..data/a.rhai", folder.join("a.rhai")).expect("a link");
        let mut watcher = by_events(vec![folder.clone()]);
        for version in ["two", "three"] {
            publish(version);
            assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![folder.join("a.rhai")]), "{version}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_seen_where_it_really_lies() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().expect("a temporary folder");
        let (folder, elsewhere) = (root.path().join("strategies"), root.path().join("a/b"));
        for made in [&folder, &elsewhere] {
            fs::create_dir_all(made).expect("a folder in it");
        }
        write(elsewhere.join("real.rhai"), "one");
        symlink(elsewhere.join("real.rhai"), folder.join("a.rhai")).expect("a link");
        let mut watcher = by_events(vec![folder.clone()]);
        write(elsewhere.join("real.rhai"), "two");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![folder.join("a.rhai")]));
    }

    /// `strategies` is a link to a release; events follow it to the next one.
    #[cfg(unix)]
    #[test]
    fn a_linked_folder_is_followed_to_where_it_leads_next() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("strategies");
        for release in ["one", "two"] {
            fs::create_dir_all(root.path().join("releases").join(release)).expect("a folder in it");
            write(root.path().join("releases").join(release).join("a.rhai"), "same");
        }
        symlink("releases/one", &folder).expect("a link");
        let mut watcher = by_events(vec![folder.clone()]);
        symlink("releases/two", root.path().join("next")).expect("a link");
        fs::rename(root.path().join("next"), &folder).expect("a swap");
        assert_eq!(watcher.wait(QUIET), Change::Timeout, "both hold the same");
        write(root.path().join("releases/two/a.rhai"), "edited");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![folder.join("a.rhai")]));
    }

    #[test]
    fn a_folder_that_becomes_a_file_and_back_is_still_watched() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("strategies");
        fs::create_dir(&folder).expect("a folder in it");
        write(folder.join("a.rhai"), "one");
        let mut watcher = by_events(vec![folder.clone()]);
        fs::remove_dir_all(&folder).expect("a folder to remove");
        write(folder.clone(), "");
        let gone = Change::Changed(vec![folder.clone(), folder.join("a.rhai")]);
        assert_eq!(watcher.wait(PATIENCE), gone);
        fs::remove_file(&folder).expect("a file to remove");
        fs::create_dir(&folder).expect("a folder in it");
        write(folder.join("a.rhai"), "one");
        assert_eq!(watcher.wait(PATIENCE), gone);
        write(folder.join("a.rhai"), "two");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![folder.join("a.rhai")]));
    }

    #[test]
    fn lost_events_and_errors_have_the_watches_made_anew() {
        use notify::event::AccessKind;
        use notify::event::Flag;
        use notify::{Event, EventKind};
        use notify_debouncer_full::DebouncedEvent;
        let told = |event: Event| Ok(vec![DebouncedEvent::new(event, Instant::now())]);
        let path = PathBuf::from("a.rhai");
        // The one for a full queue names no path.
        let rescan = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(reason(&told(rescan)), Some(Wake::Lost));
        assert_eq!(reason(&Err(vec![notify::Error::generic("broken")])), Some(Wake::Lost));
        assert_eq!(reason(&told(Event::new(EventKind::Any).add_path(path.clone()))), Some(Wake::Edited));
        let read = Event::new(EventKind::Access(AccessKind::Any)).add_path(path);
        assert_eq!(reason(&told(read)), None);
    }

    /// Where events are lost the slow re-hash finds the edit.
    #[test]
    fn an_edit_without_an_event_is_found_by_the_slow_rehash() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let mut watcher = Watcher::new([root.path().to_owned()]);
        watcher.disarm();
        write(root.path().join("a.rhai"), "one");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![root.path().join("a.rhai")]));
    }

    #[test]
    fn a_wait_ends_when_it_is_stopped() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let mut watcher = by_events(vec![root.path().to_owned()]);
        let stopper = watcher.stopper();
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| watcher.wait(PATIENCE));
            stopper.stop();
            assert_eq!(waiting.join().expect("it does not panic"), Change::Stopped);
        });
    }

    #[test]
    fn other_paths_are_watched_without_losing_an_edit() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (old, new) = (root.path().join("strategies"), root.path().join("other"));
        for made in [&old, &new] {
            fs::create_dir(made).expect("a folder in it");
            write(made.join("a.rhai"), "one");
        }
        let mut watcher = by_events(vec![old.clone()]);
        write(old.join("a.rhai"), "two");
        watcher.watch([old.clone(), new.clone()]);
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![old.join("a.rhai")]));
        write(new.join("a.rhai"), "two");
        assert_eq!(watcher.wait(PATIENCE), Change::Changed(vec![new.join("a.rhai")]));
    }
}
