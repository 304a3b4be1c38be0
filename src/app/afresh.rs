//! Reads the bars of sources that are never cached: files and the simulated market.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::Selection;
use super::gather::Gathered;
use super::live::Live;
use crate::bars::check_sessions;
use crate::calendar;
use crate::domain::AssetClass;
use crate::domain::Symbol;
use crate::settings::SourceName;
use crate::sources::{Fetched, Request, Source, SourceError};

/// Nothing older is asked for: no source here has daily bars before it.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date of the calendar");

/// Symbols asked for at once; reading files gains nothing beyond it.
const AT_ONCE: usize = 8;

impl Gathered {
    /// Reads symbols afresh from a source that is never cached.
    /// Where bars are held, others take their place only if they have the session.
    pub(super) async fn read(
        &mut self,
        selection: &Selection,
        source: Arc<dyn Source>,
        open: Vec<Symbol>,
        live: Option<&Live>,
        now: DateTime<Utc>,
    ) {
        let class = selection.asset_class;
        let name = source.name().to_owned();
        let last_finished = calendar::last_finished(class, now);
        // A file is read whole, so that a bar dated in the future is seen and named.
        let is_file = name == SourceName::Files.as_str();
        let to = if is_file { NaiveDate::MAX } else { selection.session };
        for (symbol, answer) in ask(source, class, to, open).await {
            let Fetched { bars: mut rows, problems, .. } = match answer {
                Ok(fetched) => fetched,
                Err(error) => {
                    self.fail(&symbol, format!("{name}: {error}"));
                    continue;
                }
            };
            self.problems.extend(problems);
            if selection.session < last_finished {
                // An old session is decided, and told, from what was known on it.
                let is_any = !rows.is_empty();
                rows.retain(|bar| bar.date <= selection.session);
                self.begins_later |= is_any && rows.is_empty();
            }
            let is_session = |date| calendar::is_session(class, date);
            let (checked, bad) = check_sessions(symbol.clone(), rows, last_finished, is_session);
            self.problems.extend(bad);
            if checked.is_empty() {
                self.fail(&symbol, format!("{name} has no usable bars of it"));
                continue;
            }
            let last = checked.dates().last().copied();
            let is_held = live.is_some_and(|live| live.bars(&symbol).is_some());
            if let Some(last) = last.filter(|last| is_held && *last < selection.session) {
                self.fail(&symbol, format!("{name} ends on {last}"));
                continue;
            }
            self.came_from.insert(symbol.clone(), name.clone());
            self.told(&name);
            self.bars.insert(symbol, checked);
        }
    }
}

type Answer = (Symbol, Result<Fetched, SourceError>);

/// Asks one source for each symbol, a few at a time; the answers come in no order.
async fn ask(
    source: Arc<dyn Source>,
    asset_class: AssetClass,
    to: NaiveDate,
    symbols: Vec<Symbol>,
) -> Vec<Answer> {
    let mut waiting = symbols.into_iter();
    let mut tasks = JoinSet::new();
    let mut asked = BTreeMap::new();
    let mut answers = Vec::new();
    loop {
        while tasks.len() < AT_ONCE {
            let Some(symbol) = waiting.next() else { break };
            let request = Request { asset_class, symbol: symbol.clone(), from: EARLIEST, to };
            let source = Arc::clone(&source);
            let task = tasks.spawn(async move { source.daily(&request).await }.in_current_span());
            asked.insert(task.id(), symbol);
        }
        let (id, answer) = match tasks.join_next_with_id().await {
            Some(Ok((id, answer))) => (id, answer),
            Some(Err(error)) => {
                let what = "the source broke down; please report it".to_owned();
                (error.id(), Err(SourceError::Transport { place: asset_class.to_string(), what }))
            }
            None => return answers,
        };
        if let Some(symbol) = asked.remove(&id) {
            answers.push((symbol, answer));
        }
    }
}
