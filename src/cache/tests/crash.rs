//! Every state in which a killed writer or a bad disk can leave the folder, and what `get` makes of it.

use std::fs;
use std::path::PathBuf;

use super::super::key::Part;
use super::super::{CacheError, Key};
use super::*;
use crate::domain::AssetClass::Equity;
use crate::domain::Problem;
use crate::domain::ProblemKind;

/// An old entry in the cache and a newer one whose files stand elsewhere, to be put in one by one.
struct Scene {
    _folder: tempfile::TempDir,
    _other: tempfile::TempDir,
    cache: Cache,
    old: Entry,
    new: Entry,
    aside: Cache,
}

/// `new_end` equal to the old end makes the new entry take the old one's name.
fn scene(new_end: &str) -> Scene {
    let (folder, cache) = cache();
    let (other, aside) = super::cache();
    let old = entry(bars_between("AAPL", "2026-11-02", "2026-11-19"));
    let corrected = bars_between("AAPL", "2026-11-02", new_end);
    let rows: Vec<Bar> = corrected.iter().map(|bar| Bar { volume: bar.volume + 7.0, ..bar }).collect();
    let new = entry(Bars::for_tests(symbol("AAPL"), &rows));
    cache.set(&old, friday_evening()).expect("writable");
    aside.set(&new, instant("2026-11-20T22:30:00Z")).expect("writable");
    Scene { _folder: folder, _other: other, cache, old, new, aside }
}

impl Scene {
    fn key(&self) -> Key {
        self.new.key().expect("bars")
    }

    fn path(&self, key: &Key, part: Part) -> PathBuf {
        self.cache.dir().join(key.file(part))
    }

    /// Puts a file of the new entry in, under the name that it has at some step.
    fn put(&self, from: Part, to: Part) {
        let key = self.key();
        fs::copy(self.aside.dir().join(key.file(from)), self.path(&key, to)).expect("copied");
    }

    fn get(&self) -> (Option<Bars>, Vec<Problem>) {
        let (cached, problems) = self.cache.get(Equity, &symbol("AAPL"), instant("2026-11-20T23:00:00Z"));
        (cached.map(|cached| cached.bars), problems)
    }

    /// Expects these bars without a word, and again with nothing left over.
    fn heals_to(&self, expected: &Entry) {
        for _ in 0..2 {
            assert_eq!(self.get(), (Some(expected.bars.clone()), Vec::new()));
        }
        let key = expected.key().expect("bars");
        assert_eq!(files(&self.cache), [key.file(Part::Meta), key.file(Part::Parquet)]);
    }

    /// Expects a problem that says so, the files in quarantine, and silence thereafter.
    fn quarantines(&self, says: &str, served: Option<&Entry>) {
        let served = served.map(|entry| entry.bars.clone());
        let (bars, problems) = self.get();
        assert_eq!(bars, served);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!((problems[0].symbol.as_str(), problems[0].kind), ("AAPL", ProblemKind::Cache));
        assert!(problems[0].message.contains(says), "{problems:?}");
        assert!(problems[0].message.contains("moved to quarantine/ and is fetched again"), "{problems:?}");
        assert!(files(&self.cache).iter().any(|name| name.starts_with("quarantine/20261120T230000Z-")));
        assert_eq!(self.get(), (served, Vec::new()));
    }
}

const ENDS: [&str; 2] = ["2026-11-20", "2026-11-19"];

#[test]
fn killed_while_the_new_files_stand_aside_the_old_entry_serves() {
    for end in ENDS {
        let scene = scene(end);
        scene.put(Part::Parquet, Part::ParquetTemporary);
        scene.heals_to(&scene.old);

        scene.put(Part::Parquet, Part::ParquetTemporary);
        scene.put(Part::Meta, Part::PendingMeta);
        scene.heals_to(&scene.old);

        scene.put(Part::Parquet, Part::ParquetTemporary);
        scene.put(Part::Meta, Part::PendingMeta);
        scene.cache.set(&scene.new, friday_evening()).expect("writable");
        scene.heals_to(&scene.new);
    }
}

#[test]
fn killed_between_the_two_names_the_new_entry_is_rolled_forward() {
    for end in ENDS {
        let scene = scene(end);
        scene.put(Part::Parquet, Part::Parquet);
        scene.put(Part::Meta, Part::PendingMeta);
        scene.heals_to(&scene.new);
    }
}

#[test]
fn killed_before_the_old_entry_went_the_new_one_serves_and_the_old_one_goes() {
    let scene = scene("2026-11-20");
    scene.put(Part::Parquet, Part::Parquet);
    scene.put(Part::Meta, Part::Meta);
    scene.heals_to(&scene.new);
}

#[test]
fn killed_while_the_old_entry_went_its_lone_meta_goes_too() {
    let scene = scene("2026-11-20");
    scene.put(Part::Parquet, Part::Parquet);
    scene.put(Part::Meta, Part::Meta);
    fs::remove_file(scene.path(&scene.old.key().expect("bars"), Part::Parquet)).expect("removed");
    scene.heals_to(&scene.new);
}

#[test]
fn a_torn_pair_without_its_pending_meta_is_quarantined() {
    let scene = scene("2026-11-19");
    scene.put(Part::Parquet, Part::Parquet);
    scene.quarantines("checksum", None);
}

#[test]
fn a_pending_meta_that_is_itself_torn_vouches_for_nothing() {
    let scene = scene("2026-11-19");
    scene.put(Part::Parquet, Part::Parquet);
    fs::write(scene.path(&scene.key(), Part::PendingMeta), "{\"format_ver").expect("written");
    scene.quarantines("checksum", None);
}

#[test]
fn a_parquet_file_without_a_meta_is_quarantined_and_the_old_entry_serves() {
    let scene = scene("2026-11-20");
    scene.put(Part::Parquet, Part::Parquet);
    let old = scene.old.clone();
    scene.quarantines("meta.json is missing", Some(&old));
}

#[test]
fn a_meta_without_its_parquet_file_is_quarantined() {
    let scene = scene("2026-11-20");
    fs::remove_file(scene.path(&scene.old.key().expect("bars"), Part::Parquet)).expect("removed");
    scene.quarantines("parquet is missing", None);
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn any_changed_cut_or_emptied_file_is_quarantined() {
    let damages: [(&str, Damage); 3] = [
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("emptied", Vec::clear),
        ("one bit", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
    ];
    for (what, damage) in damages {
        for part in [Part::Parquet, Part::Meta] {
            // The middle bit of a meta may fall in a harmless place.
            if part == Part::Meta && what == "one bit" {
                continue;
            }
            let scene = scene("2026-11-20");
            let path = scene.path(&scene.old.key().expect("bars"), part);
            let mut bytes = fs::read(&path).expect("readable");
            damage(&mut bytes);
            fs::write(&path, bytes).expect("writable");
            scene.quarantines("is corrupt", None);
        }
    }
}

#[test]
fn an_entry_under_anothers_name_is_quarantined() {
    let scene = scene("2026-11-20");
    let old = scene.old.key().expect("bars");
    let other = Key { end: day("2026-11-18"), ..old.clone() };
    for part in [Part::Parquet, Part::Meta] {
        fs::rename(scene.path(&old, part), scene.path(&other, part)).expect("renamed");
    }
    scene.quarantines("its meta is that of equity_AAPL_2026-11-02_2026-11-19", None);
}

#[test]
fn an_entry_of_a_newer_program_is_told_and_left_alone() {
    let scene = scene("2026-11-20");
    let key = scene.old.key().expect("bars");
    let json = fs::read_to_string(scene.path(&key, Part::Meta)).expect("readable");
    let newer = json.replace("\"format_version\": 1", "\"format_version\": 2").replace("row_count", "rows");
    fs::write(scene.path(&key, Part::Meta), &newer).expect("writable");
    for _ in 0..2 {
        let (bars, problems) = scene.get();
        assert_eq!(bars, None);
        let message = "the cache entry equity_AAPL_2026-11-02_2026-11-19 has format 2, which a newer ts wrote; \
                       it was left alone: upgrade, or run `ts cache clear`";
        assert_eq!(problems, [Problem::new("AAPL", ProblemKind::Cache, message)]);
    }
    let refused = scene.cache.set(&scene.new, friday_evening());
    assert!(matches!(refused, Err(CacheError::NewerFormat { version: 2, .. })), "{refused:?}");
    assert_eq!(fs::read_to_string(scene.path(&key, Part::Meta)).expect("readable"), newer);
    assert_eq!(files(&scene.cache), [key.file(Part::Meta), key.file(Part::Parquet)]);
}

#[test]
fn one_corrupt_symbol_costs_no_other() {
    let scene = scene("2026-11-20");
    scene.cache.set(&entry(bars("MSFT", "2026-11-02", 3)), friday_evening()).expect("writable");
    fs::write(scene.path(&scene.old.key().expect("bars"), Part::Parquet), "not Parquet").expect("writable");
    let symbols = [symbol("AAPL"), symbol("MSFT")];
    let (found, problems) = scene.cache.get_many(Equity, &symbols, friday_evening());
    assert_eq!((found.into_keys().collect::<Vec<_>>(), problems.len()), (vec![symbol("MSFT")], 1));
}

#[test]
fn files_that_are_no_entries_are_not_touched() {
    let scene = scene("2026-11-20");
    for name in
        ["README", "equity_AAPL.parquet", "notes.meta.json", "equity_aapl_2026-11-02_2026-11-19.parquet"]
    {
        fs::write(scene.cache.dir().join(name), "mine").expect("writable");
    }
    assert_eq!(scene.get(), (Some(scene.old.bars.clone()), Vec::new()));
    assert_eq!(files(&scene.cache).len(), 6);
}
