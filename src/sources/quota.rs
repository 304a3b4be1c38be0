//! The calls of a day, remembered across runs in a small file.
//!
//! Counted by New York's days, the vendor's own: it does not say when its day turns. Where it turns
//! later, its refusal marks our day as spent, so that no call is wasted on learning it again.
//!
//! The file is read, added to and written under an OS lock, which dies with its process: two processes
//! at the very same moment count two calls. It holds two days, since of two processes around midnight one
//! still counts the day before, and is always of one length, so that one write of a few bytes changes
//! it whole. A call that never left this machine is given back.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::TimeZone;
use chrono::Utc;
use chrono_tz::America::New_York;
use tracing::warn;

use super::SourceError;
use crate::calendar;
use crate::domain::AssetClass;

/// The shortest wait that is told for the next day, so that it never reads as one to be sat out.
const SHORTEST_WAIT: Duration = Duration::from_secs(600);

/// How many days are counted side by side.
const DAYS: usize = 2;
/// The length of the file: two days with ten digits each, and as much again.
const LENGTH: usize = 128;

/// How many calls a day allows, and how many are gone.
pub(super) struct DayQuota {
    per_day: u32,
    path: PathBuf,
    now: Mutex<DateTime<Utc>>,
}

/// The calls of the newest days, at most [`DAYS`] of them.
type Used = BTreeMap<NaiveDate, u32>;

impl DayQuota {
    /// Counts in the file at `path`, which need not exist; `now` names the day.
    pub(super) fn new(per_day: u32, path: PathBuf, now: DateTime<Utc>) -> Self {
        Self { per_day, path, now: Mutex::new(now) }
    }

    /// Moves to a later instant: another day begins at nothing used.
    pub(super) fn set_now(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Counts a call, and returns the day for which it counts.
    ///
    /// # Errors
    /// [`SourceError::RateLimited`] until the day ends where none is left, and
    /// [`SourceError::Uncounted`] where the count cannot be written.
    pub(super) fn take(&self, place: &str) -> Result<NaiveDate, SourceError> {
        let now = self.now();
        let day = day_of(now);
        let free = self.change(day, |calls| (calls < self.per_day).then(|| calls + 1));
        match free {
            Ok(true) => Ok(day),
            Ok(false) => Err(spent(place, now)),
            Err(error) => {
                let what = format!("{} ({error}); make the file writable", self.path.display());
                Err(SourceError::Uncounted { place: place.to_owned(), what })
            }
        }
    }

    /// Takes back a call of that day which never reached the vendor.
    pub(super) fn give_back(&self, day: NaiveDate) {
        self.change_or_warn(day, |calls| calls.checked_sub(1));
    }

    /// Marks the day as spent because the vendor says so, and returns the error that tells it.
    pub(super) fn spend(&self, place: &str) -> SourceError {
        let now = self.now();
        self.change_or_warn(day_of(now), |_| Some(self.per_day));
        spent(place, now)
    }

    /// Returns the calls that are left of the day; none where the file does not let them be counted.
    pub(super) fn left(&self) -> u32 {
        let read = || {
            let mut file = File::open(&self.path)?;
            file.lock_shared()?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map(|_| bytes)
        };
        let used = match read() {
            Ok(bytes) => used(&bytes).get(&day_of(self.now())).copied().unwrap_or(0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(_) => self.per_day,
        };
        self.per_day.saturating_sub(used)
    }

    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_or_warn(&self, day: NaiveDate, next: impl FnOnce(u32) -> Option<u32>) {
        if let Err(error) = self.change(day, next) {
            warn!(path = %self.path.display(), %error, "the count of today's calls cannot be written");
        }
    }

    /// Writes what `next` makes of the day's calls, with every other process locked out; tells whether
    /// it made anything of them.
    fn change(&self, day: NaiveDate, next: impl FnOnce(u32) -> Option<u32>) -> io::Result<bool> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&self.path)?;
        file.lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut used = used(&bytes);
        let Some(calls) = next(used.get(&day).copied().unwrap_or(0)) else { return Ok(false) };
        used.insert(day, calls);
        while used.len() > DAYS {
            used.pop_first();
        }
        let mut text = serde_json::to_vec(&used)?;
        text.resize(text.len().max(LENGTH).max(bytes.len()), b' ');
        // Over the old text, which is as long: a full disk has nothing to refuse, and a process that is
        // killed leaves the old text or the new one.
        file.rewind()?;
        file.write_all(&text)?;
        Ok(true)
    }
}

/// Returns the calls that a file's text counts, by day; a broken one counts none.
fn used(text: &[u8]) -> Used {
    serde_json::from_slice(text).unwrap_or_else(|error| {
        if !text.is_empty() {
            warn!(%error, "the count of today's calls is not readable and begins anew");
        }
        Used::new()
    })
}

fn day_of(now: DateTime<Utc>) -> NaiveDate {
    calendar::local_date(AssetClass::Equity, now)
}

fn spent(place: &str, now: DateTime<Utc>) -> SourceError {
    let tomorrow = (day_of(now) + Days::new(1)).and_time(NaiveTime::MIN);
    let left = New_York.from_local_datetime(&tomorrow).earliest().map(|midnight| midnight.to_utc() - now);
    let wait = left.and_then(|left| left.to_std().ok()).unwrap_or_default().max(SHORTEST_WAIT);
    SourceError::RateLimited { place: place.to_owned(), wait: Some(wait) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Noon UTC, which is 07:00 in New York.
    fn noon(day: u32) -> DateTime<Utc> {
        at(day, 12)
    }

    fn at(day: u32, hour: u32) -> DateTime<Utc> {
        let day = NaiveDate::from_ymd_opt(2026, 11, day).and_then(|day| day.and_hms_opt(hour, 0, 0));
        day.expect("an hour").and_utc()
    }

    fn quota(folder: &Path, now: DateTime<Utc>) -> DayQuota {
        DayQuota::new(2, folder.join("cache/alpha_vantage.json"), now)
    }

    fn is_spent(quota: &DayQuota) -> bool {
        match quota.take("v (X)") {
            Ok(_) => false,
            Err(SourceError::RateLimited { place, wait: Some(_) }) => place == "v (X)",
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_next_run_goes_on_counting_and_the_next_day_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!is_spent(&quota(folder.path(), noon(20))));
        assert!(!is_spent(&quota(folder.path(), noon(20))));
        let third = quota(folder.path(), noon(20));
        assert!(is_spent(&third));
        assert_eq!(third.left(), 0);
        third.set_now(noon(21));
        assert_eq!(third.left(), 2);
        assert!(!is_spent(&third));
        assert_eq!(third.left(), 1);
    }

    #[test]
    fn a_day_is_one_of_new_york() {
        let folder = tempfile::tempdir().expect("a folder");
        let evening = quota(folder.path(), at(21, 1)); // 20:00 on the 20th there
        assert!(!is_spent(&quota(folder.path(), noon(20))) && !is_spent(&evening));
        let error = evening.take("v (X)").expect_err("two are gone");
        let wait = Some(Duration::from_secs(4 * 3600));
        assert_eq!(error, SourceError::RateLimited { place: "v (X)".into(), wait }, "until 05:00 UTC");
        evening.set_now(at(21, 5));
        assert!(!is_spent(&evening));
    }

    #[test]
    fn what_the_vendor_says_is_spent_stays_so() {
        let folder = tempfile::tempdir().expect("a folder");
        quota(folder.path(), noon(20)).spend("v (X)");
        assert!(is_spent(&quota(folder.path(), noon(20))));
    }

    #[test]
    fn a_call_that_is_given_back_is_there_again_on_its_own_day_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let quota = quota(folder.path(), noon(20));
        let day = quota.take("v (X)").expect("the first");
        quota.give_back(day);
        assert_eq!(quota.left(), 2);
        quota.give_back(day);
        assert_eq!(quota.left(), 2, "there is nothing to give back");
        quota.set_now(noon(21));
        quota.take("v (X)").expect("the first of its day");
        quota.give_back(day);
        assert_eq!(quota.left(), 1);
    }

    #[test]
    fn around_midnight_each_of_two_processes_counts_its_own_day() {
        let folder = tempfile::tempdir().expect("a folder");
        let (evening, night) = (quota(folder.path(), at(21, 4)), quota(folder.path(), at(21, 5)));
        assert!(!is_spent(&evening) && !is_spent(&night) && !is_spent(&night));
        // The one that began before midnight takes nothing back of the day that began.
        assert!(!is_spent(&evening));
        assert!(is_spent(&night) && is_spent(&evening));
        // Of the days before, nobody asks any more.
        assert!(!is_spent(&quota(folder.path(), noon(22))));
        let kept = fs::read_to_string(&night.path).expect("a file");
        assert_eq!(kept.trim_end(), r#"{"2026-11-21":2,"2026-11-22":1}"#);
    }

    #[test]
    fn a_count_is_changed_by_one_write_of_one_length() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = quota(folder.path(), noon(20));
        let mut lengths = Vec::new();
        for day in [20, 21, 22] {
            own.set_now(noon(day));
            assert!(!is_spent(&own));
            lengths.push(fs::metadata(&own.path).expect("a file").len());
        }
        assert_eq!(lengths, [LENGTH as u64; 3]);
    }

    #[test]
    fn a_broken_file_counts_from_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let quota = quota(folder.path(), noon(20));
        fs::create_dir_all(folder.path().join("cache")).expect("a folder");
        fs::write(&quota.path, b"{\"day\": a text that is longer than what takes its place").expect("a file");
        assert!(!is_spent(&quota));
        let kept = fs::read_to_string(&quota.path).expect("a file");
        assert_eq!(kept.trim_end(), r#"{"2026-11-20":1}"#);
    }

    #[test]
    fn calls_at_the_same_moment_are_each_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("calls.json");
        let taken: usize = std::thread::scope(|scope| {
            let run = || {
                // One of its own, as another process has: nothing but the file is shared.
                let quota = DayQuota::new(200, path.clone(), noon(20));
                (0..50).filter(|_| quota.take("v (X)").is_ok()).count()
            };
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
            runs.into_iter().map(|run| run.join().expect("no panic")).sum()
        });
        assert_eq!(taken, 200);
    }

    #[test]
    fn an_uncounted_call_is_not_made() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("cache"), b"a file where the folder should be").expect("a file");
        let quota = quota(folder.path(), noon(20));
        let error = quota.take("v (X)").expect_err("no folder");
        assert!(matches!(error, SourceError::Uncounted { .. }) && !error.is_transient(), "{error}");
        assert_eq!(quota.left(), 0);
    }
}
