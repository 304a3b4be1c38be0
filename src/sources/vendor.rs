//! One vendor as its source asks it: each try spaced by the limit, judged, redacted and, where that
//! helps, made again.

use tracing::debug;
use url::Url;

use super::SourceError;
use super::answer::Answer;
use super::http::Http;
use super::limit::Limiter;
use super::quota::DayQuota;
use super::retry::Retry;

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
        let answer = self.retry.run(|| self.try_once(about, &call, &judge)).await;
        answer.map_err(|error| self.http.redacted(error))
    }

    async fn try_once<T>(
        &self,
        about: &str,
        call: &Call<'_>,
        judge: impl Fn(&Answer) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let place = self.http.place(about);
        self.limiter.ready(&place).await?;
        if let Some(quota) = &self.quota {
            quota.take(&place)?;
        }
        let answer = match call {
            Call::Path { parts, query } => self.http.get(about, parts, query).await?,
            Call::Next(url) => self.http.get_url(about, url.clone()).await?,
        };
        let judged = judge(&answer);
        if let Err(SourceError::RateLimited { wait: Some(wait), .. }) = &judged {
            debug!(about, wait_secs = wait.as_secs(), "the vendor asks for a pause");
            // The other tasks need not find out one by one.
            self.limiter.pause(*wait);
        }
        judged
    }
}
