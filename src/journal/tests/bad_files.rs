//! Files that are no journal of ours, or none that can be used: what is refused, what is set aside, and what
//! nobody touches.

use std::fs;
use std::time::Duration;

use rusqlite::Connection;

use super::*;

/// No test waits longer for a lock.
const SHORT: Duration = Duration::from_millis(50);

/// A folder with a sound journal of one run in it, closed.
fn sound() -> (tempfile::TempDir, PathBuf) {
    let OnDisk { folder, journal } = OnDisk::new();
    journal.record(&entry(1), None, at(0)).expect("recorded");
    drop(journal);
    let path = folder.path().join("data/ts.db");
    (folder, path)
}

fn raw(path: &Path, sql: &str) {
    Connection::open(path).expect("a file").execute_batch(sql).expect(sql);
}

/// Makes a file, opens it, and expects a refusal that leaves the file as it is.
fn refused(name: &str, make: impl FnOnce(&Path), words: &[&str]) {
    let (_folder, path) = sound();
    make(&path);
    let before = fs::read(&path).ok();
    let error = open::open(&path, at(0), SHORT).expect_err(name);
    let told = error.to_string();
    for word in words.iter().chain([&path.to_str().expect("a name")]) {
        assert!(told.contains(word), "{name}: {told}");
    }
    assert_eq!(fs::read(&path).ok(), before, "{name}");
    let to_read = open::open_to_read(&path, SHORT).err().map(|error| error.to_string());
    if path.is_dir() || words[0] != "not writable" {
        assert_eq!(to_read.as_deref(), Some(&*told), "{name}");
    }
}

#[test]
fn what_is_not_ours_to_write_is_refused_and_left_alone() {
    refused(
        "of a newer ts",
        |path| raw(path, "PRAGMA user_version = 99"),
        &["a newer ts wrote it (version 99", "upgrade ts"],
    );
    let foreign = |path: &Path| {
        fs::remove_file(path).expect("a file");
        raw(path, "CREATE TABLE t (x); PRAGMA user_version = 1");
    };
    refused("another program's", foreign, &["another program's database", "journal.path"]);
    let folder = |path: &Path| {
        fs::remove_file(path).expect("a file");
        fs::create_dir(path).expect("a folder");
    };
    refused("a folder", folder, &["it is a folder", "journal.path"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("file"), "").expect("a file");
    let below_a_file = folder.path().join("file/ts.db");
    // Whoever runs the tests may write everywhere else.
    let no_folder = Path::new("/proc/ts.db");
    for path in
        [below_a_file.as_path(), no_folder].into_iter().take(if cfg!(target_os = "linux") { 2 } else { 1 })
    {
        let error = open::open(path, at(0), SHORT).expect_err("not writable");
        assert!(matches!(error, JournalError::Unwritable { .. }), "{error:?}");
        assert!(error.to_string().contains("give this user the right to"), "{error}");
    }
}

#[test]
fn a_journal_that_is_not_there_is_not_made_by_reading() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("data/ts.db");
    assert!(matches!(Journal::open_to_read(&path), Err(JournalError::Missing { .. })));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_locked_journal_says_so_after_waiting() {
    let (_folder, path) = sound();
    let other = Connection::open(&path).expect("a file");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody writes");
    let (connection, _) = open::open(&path, at(0), SHORT).expect("it can be read meanwhile");
    let journal = Journal::of(connection, &path);
    let error = journal.record(&entry(2), None, at(0)).expect_err("locked");
    assert!(matches!(error, JournalError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("another process keeps it locked"), "{error}");
    assert_eq!(journal.runs(9).expect("readable").len(), 1);
    other.execute_batch("COMMIT").expect("its own");
    journal.record(&entry(2), None, at(0)).expect("let go");
}

#[test]
fn a_full_disk_leaves_nothing_of_the_run() {
    let disk = OnDisk::new();
    disk.journal.record(&entry(1), Some(&delivery(19, 0, &["a@b.c"])), at(0)).expect("recorded");
    let before = rows(&disk.journal);
    let limit = |pages: &str| {
        let connection = disk.journal.connection.lock().expect("nobody panicked");
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).expect("a pragma");
    };
    limit("1");
    let mut large = entry(2);
    // Nothing in it repeats, so that it takes room however it is packed.
    large.rendered.text =
        (0..40_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    let error = disk.journal.record(&large, Some(&delivery(20, 0, &["a@b.c"])), at(1)).expect_err("full");
    assert!(matches!(error, JournalError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("the disk is full; make room"), "{error}");
    assert_eq!(rows(&disk.journal), before);
    limit("100000");
    disk.journal.record(&large, Some(&delivery(20, 0, &["a@b.c"])), at(1)).expect("there is room");
}

/// Spoils a journal, opens it, and expects the very bytes beside a new one.
fn set_aside(name: &str, spoil: impl FnOnce(&mut Vec<u8>)) {
    let (_folder, path) = sound();
    let mut bytes = fs::read(&path).expect("a file");
    spoil(&mut bytes);
    fs::write(&path, &bytes).expect("a file");
    let read = open::open_to_read(&path, SHORT).map(|connection| open::check(&connection, &path));
    assert!(
        matches!(read, Err(JournalError::Corrupt { .. }) | Ok(Err(JournalError::Corrupt { .. }))),
        "{name}"
    );

    let (journal, _lock, problems) = Journal::open_to_send(&path, at(0)).expect(name);
    let [problem] = &problems[..] else { panic!("{name}: {problems:?}") };
    let aside = format!("{}.corrupt-20261120T213000Z", path.display());
    assert_eq!(problem.kind, ProblemKind::Journal);
    assert!(problem.message.contains(&aside) && problem.message.contains("restore a backup"), "{problem}");
    assert_eq!(fs::read(&aside).expect(name), bytes, "{name}: not a byte is changed");
    assert_eq!(journal.runs(9).expect("new"), [], "{name}");
    journal.record(&entry(1), None, at(0)).expect("writable");
    drop(journal);
    assert_eq!(open(&path).runs(9).expect("sound").len(), 1);
}

#[test]
fn a_corrupt_journal_is_set_aside_and_told() {
    set_aside("a spoilt header", |bytes| bytes[..100].fill(0xAA));
    set_aside("a text", |bytes| *bytes = b"not a database, but long enough to be looked at".repeat(9));
    set_aside("a file cut short", |bytes| bytes.truncate(bytes.len() / 2));
    set_aside("a spoilt page", |bytes| bytes[4096..3 * 4096].fill(0xAA));
}

#[test]
fn an_empty_file_is_a_new_journal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ts.db");
    fs::write(&path, "").expect("a file");
    assert!(matches!(Journal::open_to_read(&path), Err(JournalError::Missing { .. })));
    assert_eq!(open(&path).runs(9).expect("new"), []);
}

#[test]
fn what_is_set_aside_never_takes_an_earlier_ones_place() {
    let (folder, path) = sound();
    for _ in 0..3 {
        fs::write(&path, "not a database, but long enough to be looked at".repeat(9)).expect("a file");
        Journal::open(&path, at(0)).expect("set aside");
    }
    let names = fs::read_dir(folder.path().join("data")).expect("a folder");
    let names = names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut aside: Vec<String> = names.filter(|name| name.contains("corrupt")).collect();
    aside.sort();
    let stem = "ts.db.corrupt-20261120T213000Z";
    assert_eq!(aside, [stem.to_owned(), format!("{stem}-2"), format!("{stem}-3")]);
}

#[test]
fn a_corrupt_journal_that_another_process_works_on_is_not_moved() {
    let (_folder, path) = sound();
    fs::write(&path, "not a database, but long enough to be looked at".repeat(9)).expect("a file");
    let before = fs::read(&path).expect("a file");
    let lock = DaemonLock::take(&path).expect("nobody holds it");
    let error = open::open(&path, at(0), SHORT).expect_err("held");
    assert!(matches!(error, JournalError::Held { process: Some(_), .. }), "{error:?}");
    assert_eq!(fs::read(&path).expect("a file"), before);
    drop(lock);
    assert_eq!(Journal::open(&path, at(0)).expect("set aside").1.len(), 1);
}

#[test]
fn two_processes_may_make_it_at_once() {
    for _ in 0..8 {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("data/ts.db");
        std::thread::scope(|scope| {
            for number in 1..=3 {
                let path = &path;
                scope.spawn(move || open(path).record(&entry(number), None, at(0)).expect("recorded"));
            }
        });
        assert_eq!(open(&path).runs(9).expect("readable").len(), 3);
    }
}

#[test]
fn every_page_is_read_by_the_process_that_sends_alone() {
    let (_folder, path) = sound();
    let page_of = "SELECT rootpage FROM sqlite_schema WHERE name = 'recommendations'";
    let page: usize = Connection::open(&path)
        .and_then(|connection| connection.query_row(page_of, [], |row| row.get(0)))
        .expect("it has a page of its own");
    let mut bytes = fs::read(&path).expect("a file");
    bytes[(page - 1) * 4096..page * 4096].fill(0xAA);
    fs::write(&path, &bytes).expect("a file");
    assert_eq!(Journal::open(&path, at(0)).expect("its header is sound").1, []);
    let other = DaemonLock::take(&path).expect("nobody holds it");
    let error = Journal::open_to_send(&path, at(0)).expect_err("held");
    assert!(matches!(error, JournalError::Held { .. }), "{error:?}");
    drop(other);
    let (_, lock, problems) = Journal::open_to_send(&path, at(0)).expect("set aside");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(DaemonLock::take(&path).is_err(), "the lock is kept all the while");
    drop(lock);
}

/// A journal as version 1 left it, with one mail that waits.
fn of_version_1() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ts.db");
    raw(&path, include_str!("../../../migrations/0001_journal.sql"));
    raw(
        &path,
        "INSERT INTO blobs VALUES (1, x'9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0', 3,
             'plain', x'616161');
         INSERT INTO outbox VALUES (1, 'daily_equity_signals', '2026-11-20', 0, 'a@x.y', NULL, '<1@ts>', 's',
             1, 1, 1, 0, 'pending', 0, '2026-11-20T21:30:00.000000000Z', NULL,
             '2026-11-20T21:30:00.000000000Z', NULL, NULL);
         PRAGMA user_version = 1",
    );
    (folder, path)
}

#[test]
fn a_journal_of_version_1_keeps_its_mails() {
    let check = |journal: &Journal| {
        let row = journal.mails_of(&key(20)).expect("readable").remove(0);
        assert_eq!(row.from, None);
        assert_eq!(journal.mail(row.id).expect("readable").message, b"aaa");
    };
    let (_folder, path) = of_version_1();
    check(&open(&path));
    let (_folder, path) = of_version_1();
    check(&Journal::open_to_read(&path).expect("brought up to date"));
}

#[test]
fn a_journal_where_nothing_may_be_written_is_read_as_it_lies() {
    let (folder, path) = sound();
    // Opened and closed, so that all of it lies in the one file.
    let odd = folder.path().join("data/50% #1?.db");
    fs::rename(&path, &odd).expect("closed");
    let (_, connection) = open::as_it_lies(&odd).expect("whole");
    let journal = Journal::of(connection, &odd);
    assert_eq!(journal.runs(9).expect("readable").len(), 1);
    let beside = fs::read_dir(folder.path().join("data")).expect("a folder");
    let names: Vec<_> = beside.flatten().map(|entry| entry.file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("-shm")), "{names:?}");

    fs::write(lock::beside(&odd, "-wal"), "something").expect("a file");
    let error = open::as_it_lies(&odd).expect_err("part of it would be left out");
    assert!(error.to_string().contains("write-ahead log, which cannot be read"), "{error}");
}

#[test]
fn a_journal_that_was_emptied_is_begun_anew_and_told() {
    let (_folder, path) = sound();
    fs::write(&path, "").expect("a file");
    let (_, problems) = open::open(&path, at(0), SHORT).expect("begun anew");
    assert_eq!(problems, [], "a file that was made for a journal");
    for _ in 0..2 {
        drop(DaemonLock::take(&path).expect("nobody holds it"));
        fs::write(&path, "").expect("a file");
        let opened = open::open_to_send(&path, at(0), SHORT).expect("begun anew");
        let told: Vec<String> = opened.2.iter().map(ToString::to_string).collect();
        assert!(told.len() == 1 && told[0].contains("it was empty, so it is begun anew"), "{told:?}");
    }
    let opened = open::open_to_send(&path, at(0), SHORT).expect("sound");
    assert_eq!(opened.2, [], "told once");
    drop(opened);
    fs::write(&path, "").expect("a file");
    fs::write(lock::beside(&path, "-wal"), "something").expect("a file");
    let (_, problems) = open::open(&path, at(0), SHORT).expect("set aside");
    assert!(problems[0].message.contains("it is empty, and its write-ahead log is not"), "{problems:?}");
}

#[test]
fn what_sqlite_says_is_told_once() {
    let error = JournalError::of_sqlite(
        Path::new("ts.db"),
        rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY),
            Some("attempt to write a readonly database".to_owned()),
        ),
    );
    let told = format!("{:#}", anyhow::Error::from(error));
    assert_eq!(told.matches("attempt to write a readonly database").count(), 1, "{told}");
}
