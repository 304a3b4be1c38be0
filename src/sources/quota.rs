//! The calls of a day, remembered across runs in a small file.
//!
//! Counted by UTC days: the vendor does not say when its own day turns. Where it turns later, its
//! refusal marks our day as spent, so that no call is wasted on learning it again.
//!
//! The count is read anew before each call. Two processes at the very same moment may count one call
//! for two; the vendor's own refusal stands behind it.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use tracing::warn;

use super::SourceError;

/// How many calls a day allows, and how many are gone.
pub(super) struct DayQuota {
    per_day: u32,
    path: PathBuf,
    now: Mutex<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Used {
    day: NaiveDate,
    calls: u32,
}

impl DayQuota {
    /// Counts in the file at `path`, which need not exist; `now` names the day.
    pub(super) fn new(per_day: u32, path: PathBuf, now: DateTime<Utc>) -> Self {
        Self { per_day, path, now: Mutex::new(now) }
    }

    /// Moves to a later instant: another day begins at nothing used.
    pub(super) fn set_now(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Counts a call.
    ///
    /// # Errors
    /// [`SourceError::RateLimited`] until the day ends where none is left, and
    /// [`SourceError::Transport`] where the count cannot be written: an uncounted call may cost the
    /// key's good standing.
    pub(super) fn take(&self, place: &str) -> Result<(), SourceError> {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let used = self.used(now.date_naive());
        if used.calls >= self.per_day {
            return Err(spent(place, *now));
        }
        self.write(Used { calls: used.calls + 1, ..used }).map_err(|error| self.unwritable(place, &error))
    }

    /// Marks the day as spent because the vendor says so, and returns the error that tells it.
    pub(super) fn spend(&self, place: &str) -> SourceError {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let all = Used { day: now.date_naive(), calls: self.per_day };
        match self.write(all) {
            Ok(()) => spent(place, *now),
            Err(error) => self.unwritable(place, &error),
        }
    }

    /// Returns what is used of the day. A file that is not there, of another day or not readable says
    /// nothing of it.
    fn used(&self, day: NaiveDate) -> Used {
        let none = Used { day, calls: 0 };
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return none,
            Err(error) => {
                warn!(path = %self.path.display(), %error, "the count of today's calls cannot be read");
                return none;
            }
        };
        match serde_json::from_slice::<Used>(&bytes) {
            Ok(used) if used.day == day => used,
            Ok(_) => none,
            Err(error) => {
                warn!(path = %self.path.display(), %error, "the count of today's calls is not readable");
                none
            }
        }
    }

    fn write(&self, used: Used) -> io::Result<()> {
        let text = serde_json::to_vec(&used)?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let draft = self.draft();
        fs::write(&draft, text)?;
        fs::rename(&draft, &self.path)
    }

    /// A name of this process's own beside the file: a rename within a folder is whole or not at all.
    fn draft(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.{}", std::process::id()))
    }

    fn unwritable(&self, place: &str, error: &io::Error) -> SourceError {
        let what = format!("the count of today's calls, {}: {error}", Path::display(&self.path));
        SourceError::Transport { place: place.to_owned(), what }
    }
}

fn spent(place: &str, now: DateTime<Utc>) -> SourceError {
    let tomorrow = now.date_naive() + Days::new(1);
    let left = tomorrow.and_time(NaiveTime::MIN).and_utc() - now;
    // At least ten minutes, so that the wait never reads as one that may be sat out.
    let wait = left.to_std().unwrap_or_default().max(Duration::from_secs(600));
    SourceError::RateLimited { place: place.to_owned(), wait: Some(wait) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon(day: u32) -> DateTime<Utc> {
        NaiveDate::from_ymd_opt(2026, 11, day)
            .and_then(|day| day.and_hms_opt(12, 0, 0))
            .expect("noon")
            .and_utc()
    }

    fn quota(folder: &Path, day: u32) -> DayQuota {
        DayQuota::new(2, folder.join("cache/alpha_vantage.json"), noon(day))
    }

    fn is_spent(quota: &DayQuota) -> bool {
        let wait = Some(Duration::from_secs(12 * 3600));
        match quota.take("v (X)") {
            Ok(()) => false,
            Err(error) => {
                assert_eq!(error, SourceError::RateLimited { place: "v (X)".into(), wait });
                true
            }
        }
    }

    #[test]
    fn the_next_run_goes_on_counting_and_the_next_day_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!is_spent(&quota(folder.path(), 20)));
        assert!(!is_spent(&quota(folder.path(), 20)));
        let third = quota(folder.path(), 20);
        assert!(is_spent(&third));
        third.set_now(noon(21));
        assert!(!is_spent(&third));
    }

    #[test]
    fn what_the_vendor_says_is_spent_stays_so() {
        let folder = tempfile::tempdir().expect("a folder");
        quota(folder.path(), 20).spend("v (X)");
        assert!(is_spent(&quota(folder.path(), 20)));
    }

    #[test]
    fn a_broken_file_counts_from_nothing_and_no_draft_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let quota = quota(folder.path(), 20);
        fs::create_dir_all(folder.path().join("cache")).expect("a folder");
        fs::write(&quota.path, b"{\"day\": ").expect("a file");
        assert!(!is_spent(&quota));
        assert_eq!(fs::read_dir(folder.path().join("cache")).expect("a folder").count(), 1);
    }

    #[test]
    fn an_uncounted_call_is_not_made() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("cache"), b"a file where the folder should be").expect("a file");
        let error = quota(folder.path(), 20).take("v (X)").expect_err("no folder");
        assert!(matches!(error, SourceError::Transport { .. }), "{error}");
    }
}
