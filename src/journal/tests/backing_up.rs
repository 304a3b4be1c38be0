//! Copies made while others write.

use std::fs;

use super::*;

#[test]
fn a_copy_made_while_another_writes_is_whole() {
    let disk = OnDisk::new();
    disk.journal.record(&entry(1), Some(&delivery(19, 0, &["a@x.y"])), at(0)).expect("recorded");
    let writer = open(&disk.path());
    let copies: Vec<PathBuf> = (0..5).map(|n| disk.folder.path().join(format!("copy-{n}.db"))).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 2..40 {
                writer.record(&entry(number), None, at(0)).expect("never kept waiting");
            }
        });
        for copy in &copies {
            disk.journal.backup(copy).expect("a copy");
        }
    });
    for copy in &copies {
        let copied = open(copy);
        let runs = copied.runs(99).expect("readable");
        assert!(!runs.is_empty());
        for run in runs {
            assert_eq!(copied.stored(run.id).expect("whole").rendered, entry(1).rendered);
        }
        assert_eq!(copied.mails_of(&key(19)).expect("readable").len(), 1);
    }
}

#[test]
fn a_copy_overwrites_nothing_and_leaves_no_half() {
    let disk = OnDisk::new();
    let there = disk.folder.path().join("there");
    fs::write(&there, "mine").expect("a file");
    let error = disk.journal.backup(&there).expect_err("it is there").to_string();
    assert!(error.contains("it is there already; name a new file"), "{error}");
    assert_eq!(fs::read_to_string(&there).expect("a file"), "mine");
    let nowhere = disk.folder.path().join("there/below");
    disk.journal.backup(&nowhere).expect_err("no folder");
    disk.journal.backup(&disk.folder.path().join("copy.db")).expect("a copy");
    let names = fs::read_dir(disk.folder.path()).expect("a folder");
    let mut names: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["copy.db", "data", "there"]);
}
