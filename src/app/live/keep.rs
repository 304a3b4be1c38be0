//! What is written to the cache while vendors are asked: bars, and what vendors said not to have.
//!
//! What the disk refuses costs no bar of this run; it is told, and asked for again by the next.

use super::Live;
use super::Span;
use crate::cache::{Absent, Cache, CacheError, Cached, Entry, Meta};
use crate::domain::Symbol;
use crate::domain::{Problem, ProblemKind};

impl Live {
    /// Writes entries to the cache. What the disk refuses is used by this run all the same.
    pub(in crate::app) async fn keep(&mut self, entries: Vec<Entry>, source: &str) {
        if entries.is_empty() {
            return;
        }
        for entry in &entries {
            let gave = self.came_from.entry(entry.bars.symbol().clone()).or_default();
            if !gave.iter().any(|known| known == source) {
                gave.push(source.to_owned());
            }
        }
        let (cache, now) = (self.cache.clone(), self.span.now);
        let write = move || {
            let written = cache.set_many(&entries, now);
            (entries, written)
        };
        let Ok((entries, written)) = tokio::task::spawn_blocking(write).await else {
            let what = "writing the cache broke down; run `ts cache verify`";
            return self.problems.push(Problem::new("", ProblemKind::Cache, what));
        };
        let told = |about: &str, error| {
            let error = anyhow::Error::new(error);
            Problem::new(about, ProblemKind::Cache, format!("could not {error:#}; this run goes on without"))
        };
        let mut metas: Vec<Option<Meta>> = Vec::with_capacity(entries.len());
        match written {
            Err(error) => self.problems.push(told("", error)),
            Ok(results) => {
                for (entry, result) in entries.iter().zip(results) {
                    let of_symbol = entry.bars.symbol().as_str();
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
            let Some(why) = self.outdated(symbol).map(str::to_owned) else { continue };
            let symbol = symbol.clone();
            self.note(move |cache| cache.note_outdated(class, &symbol, &why)).await;
        }
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
