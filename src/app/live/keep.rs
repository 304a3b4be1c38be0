//! What is written to the cache while vendors are asked: bars, and what vendors said not to have.
//!
//! What the disk refuses costs no bar of this run; it is told, and asked for again by the next.

use std::sync::Arc;

use super::Live;
use super::Span;
use crate::cache::{Absent, Cache, CacheError, Cached, Entry, Meta};
use crate::cache::{KnownSplits, SplitAnswer};
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};
use crate::sources::Splits;

/// What became of each entry that was to be written, or of the whole folder.
type Written = Result<Vec<Result<Meta, CacheError>>, CacheError>;

impl Live {
    /// Writes entries to the cache. What the disk refuses is used by this run all the same.
    pub(in crate::app) async fn keep(&mut self, entries: Vec<Entry>, source: &str) {
        let (cache, now) = (self.cache.clone(), self.span.now);
        self.keep_by(entries, source, move |entries| cache.set_many(entries, now)).await;
    }

    /// Does so with another way of writing.
    pub(super) async fn keep_by(
        &mut self,
        entries: Vec<Entry>,
        source: &str,
        write: impl FnOnce(&[Entry]) -> Written + Send + 'static,
    ) {
        if entries.is_empty() {
            return;
        }
        for entry in &entries {
            let gave = self.came_from.entry(entry.bars.symbol().clone()).or_default();
            if !gave.iter().any(|known| known == source) {
                gave.push(source.to_owned());
            }
        }
        // Shared with the writer, so that nothing goes with it where it breaks down.
        let entries = Arc::new(entries);
        let writer = Arc::clone(&entries);
        let written = tokio::task::spawn_blocking(move || write(&writer)).await;
        let entries = Arc::try_unwrap(entries).unwrap_or_else(|shared| shared.to_vec());
        let told = |about: &str, error| {
            let error = anyhow::Error::new(error);
            Problem::new(about, ProblemKind::Cache, format!("could not {error:#}; this run goes on without"))
        };
        let mut metas: Vec<Option<Meta>> = Vec::with_capacity(entries.len());
        match written {
            Err(_) => {
                let what = "writing the cache broke down; this run goes on without; run `ts cache verify`";
                self.problems.push(Problem::new("", ProblemKind::Cache, what));
            }
            Ok(Err(error)) => self.problems.push(told("", error)),
            Ok(Ok(results)) => {
                for (entry, result) in entries.iter().zip(results) {
                    let of_symbol = entry.bars.symbol().as_str();
                    if let Err(error @ CacheError::Overtaken { .. }) = &result {
                        // Nothing is lost by it: both have the bars that they asked for.
                        tracing::info!("did not {error}");
                        metas.push(None);
                        continue;
                    }
                    let meta = result
                        .map_err(|error| told(if error.is_of_folder() { "" } else { of_symbol }, error));
                    metas.push(meta.map_err(|problem| self.problems.push(problem)).ok());
                }
            }
        }
        metas.resize(entries.len(), None);
        for (entry, meta) in entries.into_iter().zip(metas) {
            let symbol = entry.bars.symbol().clone();
            match meta {
                Some(meta) => {
                    self.unkept.remove(&symbol);
                    self.cached.insert(symbol, Cached { bars: entry.bars, meta });
                }
                None => drop(self.unkept.insert(symbol, entry)),
            }
        }
    }

    /// Remembers that a vendor did not have the session of these symbols yet.
    pub(in crate::app) async fn note_not_yet(&self, symbols: Vec<Symbol>, source: &str) {
        if symbols.is_empty() {
            return;
        }
        let (Span { asset_class, session, now, .. }, source) = (self.span, source.to_owned());
        self.note(move |cache| cache.note_not_yet(asset_class, &symbols, &source, session, now)).await;
    }

    /// Remembers which of these symbols hold bars that are known to be wrong.
    pub(in crate::app) async fn note_outdated(&self, symbols: &[Symbol]) {
        let class = self.span.asset_class;
        for symbol in symbols {
            let (Some(why), Some(cached)) = (self.outdated(symbol), self.cached.get(symbol)) else {
                continue;
            };
            let (why, judged, symbol) = (why.to_owned(), cached.meta.checksum.clone(), symbol.clone());
            self.note(move |cache| cache.note_outdated(class, &symbol, &judged, &why)).await;
        }
    }

    /// Remembers what a vendor told of splits.
    pub(in crate::app) async fn learn_splits(&mut self, answer: SplitAnswer, told: Splits) {
        let wanted = Arc::clone(&self.wanted);
        self.change_splits(move |known| known.learn(&answer, &told, |symbol| wanted.contains(symbol))).await;
    }

    /// Changes what is known of splits, in this run and beside the cache's entries.
    pub(in crate::app) async fn change_splits(&mut self, change: impl Fn(&mut KnownSplits) + Send + 'static) {
        change(&mut self.known);
        self.note(move |cache| cache.change_splits(change)).await;
    }

    /// Remembers what a vendor does not have.
    pub(in crate::app) async fn note_absent(&mut self, found: Vec<Absent>) {
        if found.is_empty() {
            return;
        }
        self.absent.extend(found.iter().cloned());
        let now = self.span.now;
        self.note(move |cache| cache.note_absent(&found, now)).await;
    }

    /// Writes a note. The only loss where it fails is that a vendor is asked again sooner.
    pub(in crate::app) async fn note(
        &self,
        write: impl FnOnce(&Cache) -> Result<(), CacheError> + Send + 'static,
    ) {
        let cache = self.cache.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || write(&cache)).await {
            tracing::warn!("could not {:#}", anyhow::Error::new(error));
        }
    }
}
