//! What an entry says of its own bars, in the `.meta.json` beside its Parquet file.
//!
//! The checksum ties the two files together: bars without a meta of their own checksum are never
//! served. Holds no address and no key of a vendor.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::key::Key;
use crate::domain::AssetClass;
use crate::domain::Problem;
use crate::domain::ProblemKind;
use crate::domain::Symbol;
use crate::domain::hex;
use crate::sources::Prices;

/// The format that this program writes, and the newest that it reads.
pub(super) const FORMAT_VERSION: u64 = 1;
/// How long a source's "not there yet" is believed.
pub(super) const PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// How long a history is believed that is only appended to: a bar is often corrected within the week.
const OVERLAP_AGE: TimeDelta = TimeDelta::days(7);

/// The meta of one entry. Unknown fields are ignored: only another format version may change the
/// meaning of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub format_version: u64,
    pub asset_class: AssetClass,
    pub symbol: Symbol,
    /// The session of the first bar.
    pub start: NaiveDate,
    /// The session of the last bar.
    pub end: NaiveDate,
    /// The first day that the source was asked for; it may have had nothing before `start`.
    pub asked_from: NaiveDate,
    /// When the source last told the newest bars.
    pub cached_at: DateTime<Utc>,
    pub ttl_hours: u32,
    /// The source of the history.
    pub source: String,
    /// Other sources whose newer bars were joined to it, in the order of joining.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<String>,
    /// Whether prices are split-adjusted.
    pub adjusted: bool,
    pub row_count: usize,
    /// SHA-256 of the Parquet file, as 64 hexadecimal digits.
    pub checksum: String,
    /// Sessions that sources did not have yet when they were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_yet: Vec<NotYet>,
    /// When the source last told bars again that were held already, and they agreed. An entry that
    /// does not say so has waited long.
    #[serde(default)]
    pub overlap_agreed_at: DateTime<Utc>,
    /// Why the bars are known to be wrong: they are not used, and the whole history is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<String>,
    /// What is to be told of the bars for as long as they are held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The source's word that it has nothing before the first bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<HeldBack>,
}

/// A source gave a shorter history than was asked for, and not because the symbol is young.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    /// Why, as a sentence's end.
    pub why: String,
    pub said_at: DateTime<Utc>,
}

impl HeldBack {
    /// Tells whether the source need not be asked again for what lies before: a plan is changed seldom,
    /// and asking costs the whole history.
    pub fn is_believed(&self, now: DateTime<Utc>) -> bool {
        self.said_at <= now && now < self.said_at + OVERLAP_AGE
    }
}

/// What was said of bars when they came: rows that were dropped, a window that was clipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub kind: ProblemKind,
    pub message: String,
}

impl Note {
    /// Makes a note of what was told when the bars came.
    pub fn of(problem: &Problem) -> Self {
        Self { kind: problem.kind, message: problem.message.clone() }
    }
}

/// A source did not have a session's bar yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotYet {
    pub source: String,
    pub session: NaiveDate,
    pub asked_at: DateTime<Utc>,
}

impl NotYet {
    /// Tells whether the answer is so recent that the source need not be asked again. An answer from
    /// the future tells of a clock that was set back, and is not believed.
    pub fn is_recent(&self, now: DateTime<Utc>) -> bool {
        self.asked_at <= now && now < self.asked_at + PATIENCE
    }
}

/// Why a `.meta.json` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MetaError {
    Newer(u64),
    Broken(String),
}

#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

impl Meta {
    /// Reads a `.meta.json`; the version is looked at before anything that may have changed with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Meta, MetaError> {
        let broken = |error: serde_json::Error| MetaError::Broken(error.to_string());
        let Version { format_version } = serde_json::from_slice(bytes).map_err(broken)?;
        if format_version > FORMAT_VERSION {
            return Err(MetaError::Newer(format_version));
        }
        serde_json::from_slice(bytes).map_err(broken)
    }

    /// Writes the `.meta.json`.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json =
            serde_json::to_vec_pretty(self).expect("a struct of texts, numbers and dates has a JSON form");
        json.push(b'\n');
        json
    }

    /// Returns the key under which an entry with this meta stands.
    pub fn key(&self) -> Key {
        Key { asset_class: self.asset_class, symbol: self.symbol.clone(), start: self.start, end: self.end }
    }

    /// Returns what the source has done to the prices.
    pub fn prices(&self) -> Prices {
        if self.adjusted { Prices::SplitAdjusted } else { Prices::Raw }
    }

    /// Tells whether the history has only been appended to for so long that its last bars are to be
    /// seen again, even while sessions are missing. A moment in the future counts as long ago.
    pub fn is_overlap_due(&self, now: DateTime<Utc>) -> bool {
        let age = now - self.overlap_agreed_at;
        age < TimeDelta::zero() || age >= OVERLAP_AGE
    }

    /// Tells whether the newest bars were told longer ago than the entry's own `ttl_hours` or the
    /// settings', whichever is stricter. A moment in the future tells of a clock that was set back
    /// and counts as long ago.
    pub fn is_expired(&self, ttl_hours: u32, now: DateTime<Utc>) -> bool {
        let age = now - self.cached_at;
        age < TimeDelta::zero() || age >= TimeDelta::hours(self.ttl_hours.min(ttl_hours).into())
    }
}

/// Returns the SHA-256 of `bytes` as 64 hexadecimal digits.
pub(super) fn checksum(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an RFC 3339 instant")
    }

    fn meta() -> Meta {
        let day = |text: &str| text.parse().expect("an ISO date");
        Meta {
            format_version: FORMAT_VERSION,
            asset_class: AssetClass::Equity,
            symbol: Symbol::new("AAPL").expect("a symbol"),
            start: day("2024-01-02"),
            end: day("2026-11-20"),
            asked_from: day("1970-01-01"),
            cached_at: instant("2026-11-20T22:00:00Z"),
            ttl_hours: 24,
            source: "polygon".into(),
            joined: Vec::new(),
            adjusted: true,
            row_count: 726,
            checksum: checksum(b"bars"),
            not_yet: Vec::new(),
            overlap_agreed_at: instant("2026-11-20T22:00:00Z"),
            outdated: None,
            notes: Vec::new(),
            held_back: None,
        }
    }

    #[test]
    fn a_meta_reads_back_as_written_and_ignores_what_it_does_not_know() {
        let meta = meta();
        assert_eq!(Meta::parse(&meta.to_json()), Ok(meta.clone()));
        let mut value: serde_json::Value = serde_json::from_slice(&meta.to_json()).expect("JSON");
        value["colour"] = "blue".into();
        assert_eq!(Meta::parse(value.to_string().as_bytes()), Ok(meta));
    }

    #[test]
    fn a_newer_version_is_seen_whatever_else_it_holds() {
        assert_eq!(Meta::parse(br#"{"format_version": 2, "rows": {}}"#), Err(MetaError::Newer(2)));
        for broken in ["", "{", "[]", r#"{"format_version": 1}"#, r#"{"source": "x"}"#] {
            assert!(matches!(Meta::parse(broken.as_bytes()), Err(MetaError::Broken(_))), "{broken}");
        }
    }

    #[test]
    fn an_entry_expires_at_the_stricter_of_two_limits() {
        let check = |ttl_hours, now, expected| {
            assert_eq!(meta().is_expired(ttl_hours, instant(now)), expected, "{ttl_hours} h at {now}");
        };
        check(24, "2026-11-21T21:59:59Z", false);
        check(24, "2026-11-21T22:00:00Z", true);
        check(48, "2026-11-21T22:00:00Z", true);
        check(1, "2026-11-20T23:00:00Z", true);
        check(0, "2026-11-20T22:00:00Z", true);
        // The clock was set back.
        check(24, "2026-11-20T21:59:59Z", true);
    }

    #[test]
    fn an_appended_history_is_believed_for_a_week() {
        let check = |now, expected| assert_eq!(meta().is_overlap_due(instant(now)), expected, "at {now}");
        check("2026-11-27T21:59:59Z", false);
        check("2026-11-27T22:00:00Z", true);
        check("2026-11-20T21:59:59Z", true);
        // An entry of before that does not say.
        let mut value: serde_json::Value = serde_json::from_slice(&meta().to_json()).expect("JSON");
        value.as_object_mut().expect("an object").remove("overlap_agreed_at");
        let old = Meta::parse(value.to_string().as_bytes()).expect("a meta");
        assert!(old.is_overlap_due(instant("2026-11-20T22:00:00Z")));
    }

    #[test]
    fn not_there_yet_is_believed_for_ten_minutes() {
        let note = NotYet {
            source: "polygon".into(),
            session: "2026-11-20".parse().expect("a date"),
            asked_at: instant("2026-11-20T21:35:00Z"),
        };
        assert!(note.is_recent(instant("2026-11-20T21:44:59Z")));
        assert!(!note.is_recent(instant("2026-11-20T21:45:00Z")));
        assert!(!note.is_recent(instant("2026-11-20T21:34:59Z")));
    }

    #[test]
    fn the_checksum_is_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(checksum(b""), empty);
    }
}
