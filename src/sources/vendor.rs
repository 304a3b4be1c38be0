//! One vendor as its source asks it: each try spaced by the limit, counted, judged, redacted and, where
//! that helps, made again.
//!
//! Redacted first: whatever sees a failure after that, a log of the tries too, sees it without the key.

use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;
use tracing::debug;
use url::Url;

use super::SourceError;
use super::answer::Answer;
use super::http::Http;
use super::limit::Limiter;
use super::quota::DayQuota;
use super::retry::Retry;

/// A vendor at the instant of a run. Clones share one connection, one rate limit and one count of the
/// day; `Api` is what only this vendor keeps.
#[derive(Clone)]
pub struct Client<Api> {
    pub(super) vendor: Arc<Vendor>,
    pub(super) api: Api,
    pub(super) now: DateTime<Utc>,
}

impl<Api: Default> Client<Api> {
    pub(super) fn of_vendor(vendor: Vendor, now: DateTime<Utc>) -> Self {
        Self { vendor: Arc::new(vendor), api: Api::default(), now }
    }
}

impl<Api: Clone> Client<Api> {
    /// Returns the same source at a later instant: one client and its limits for many runs.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        if let Some(quota) = &self.vendor.quota {
            quota.set_now(now);
        }
        Self { now, ..self.clone() }
    }
}

/// A client with the limits that all its calls share.
pub(super) struct Vendor {
    pub(super) http: Http,
    pub(super) limiter: Limiter,
    pub(super) retry: Retry,
    /// The calls of the day, where the vendor counts them.
    pub(super) quota: Option<DayQuota>,
}

/// What a vendor is asked.
pub(super) enum Call<'a> {
    /// An address made of these parts and this query.
    Path { parts: &'a [&'a str], query: &'a [(&'a str, String)] },
    /// An address that the vendor gave.
    Next(Url),
}

impl Vendor {
    /// A vendor that is tried again as usual and counts no days.
    pub(super) fn new(http: Http, limiter: Limiter) -> Self {
        Self { http, limiter, retry: Retry::default(), quota: None }
    }

    /// Asks until there is an answer that `judge` accepts, or an error that stays. `about` names in
    /// every message what the call is for.
    ///
    /// # Errors
    /// [`SourceError`] by the kind of failure, without the vendor's key.
    pub(super) async fn ask<T>(
        &self,
        about: &str,
        call: Call<'_>,
        judge: impl Fn(&Answer) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let redacted = |error| self.http.redacted(error);
        self.retry.run(|| async { self.try_once(about, &call, &judge).await.map_err(redacted) }).await
    }

    async fn try_once<T>(
        &self,
        about: &str,
        call: &Call<'_>,
        judge: impl Fn(&Answer) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let place = self.http.place(about);
        self.limiter.ready(&place).await?;
        let counted = self.quota.as_ref().map(|quota| quota.take(&place).map(|day| (quota, day)));
        let counted = counted.transpose()?;
        let answer = match call {
            Call::Path { parts, query } => self.http.get(about, parts, query).await,
            Call::Next(url) => self.http.get_url(about, url.clone()).await,
        };
        if let (Err(SourceError::Unreachable { .. }), Some((quota, day))) = (&answer, counted) {
            // The vendor heard nothing of this call.
            quota.give_back(day);
        }
        let answer = answer?;
        let judged = judge(&answer);
        if let Err(SourceError::RateLimited { wait: Some(wait), .. }) = &judged {
            debug!(about, wait_secs = wait.as_secs(), "the vendor asks for a pause");
            // The other tasks need not find out one by one.
            self.limiter.pause(*wait);
        }
        judged
    }
}
