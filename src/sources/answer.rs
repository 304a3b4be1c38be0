//! What a vendor answered, and what its status and headers mean to every vendor alike.
//!
//! No clock is asked: a wait until an instant is reckoned from the answer's own date.

use std::time::Duration;
use std::time::SystemTime;

use reqwest::header::DATE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::RETRY_AFTER;
use serde_json::Value;

use super::SourceError;

/// What a vendor answered, whatever its status.
pub(super) struct Answer {
    /// The vendor and the symbol, as errors name them.
    pub(super) place: String,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) headers: HeaderMap,
}

impl Answer {
    /// Returns the number in a header.
    pub(super) fn number(&self, header: &'static str) -> Option<u64> {
        self.text(&HeaderName::from_static(header))?.trim().parse().ok()
    }

    /// Returns how long the vendor asks to be left alone: `Retry-After` in seconds, or as a date that
    /// is read against the answer's own, so that no clock of this machine matters.
    pub(super) fn wait(&self) -> Option<Duration> {
        let text = self.text(&RETRY_AFTER)?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = httpdate::parse_http_date(text).ok()?;
        Some(until.duration_since(self.date()?).unwrap_or_default())
    }

    /// Returns the vendor's own instant at which it answered.
    pub(super) fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.text(&DATE)?).ok()
    }

    /// Returns the first of these fields that holds a text, where the body is a JSON object.
    pub(super) fn said(&self, fields: &[&str]) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        fields.iter().find_map(|field| Some(body.get(field)?.as_str()?.to_owned()))
    }

    /// Turns a status other than 200 into the error of its kind; `said` is the vendor's own message.
    pub(super) fn failure(&self, said: Option<String>) -> SourceError {
        let (place, code) = (self.place.clone(), self.status);
        let what = |unsaid: &str| said.clone().unwrap_or_else(|| unsaid.to_owned());
        match code {
            401 => SourceError::Unauthorised { place, what: what("the key is missing or not accepted") },
            403 => SourceError::Unauthorised { place, what: what("this request is not allowed") },
            429 => SourceError::RateLimited { place, wait: self.wait() },
            404 => SourceError::Status { place, code, what: what("there is nothing here; check base_url") },
            500.. => SourceError::Status { place, code, what: what("the fault is the vendor's; try later") },
            _ => SourceError::Status { place, code, what: what("no reason given") },
        }
    }

    fn text(&self, header: &HeaderName) -> Option<&str> {
        self.headers.get(header)?.to_str().ok()
    }
}

/// Reports a body from `place` that is not what it should be.
pub(super) fn malformed(place: &str, what: impl Into<String>) -> SourceError {
    SourceError::Malformed { file: place.to_owned(), line: None, column: None, what: what.into() }
}
