//! Why a symbol did or did not signal on a session: the way of a run, for one symbol.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::bars::missing_between;
use super::features::class_of;
use super::fold::oldest_session_asked;
use super::orders;
use super::positions::positions;
use super::run::held_symbols;
use super::select::select;
use super::signals::known_strategies;
use super::{App, Asked, Progress, Refusal, load, load_scripts};
use crate::decide;
use crate::decide::{Explanation, Ready};
use crate::domain::{AssetClass, Problem, Symbol};
use crate::settings::SourceName;

/// What to explain.
#[derive(Clone, Debug)]
pub struct ExplainRequest {
    pub symbol: String,
    /// `None`: the class whose universe or benchmark has the symbol.
    pub asset_class: Option<AssetClass>,
    /// The session, or the last finished one.
    pub date: Option<NaiveDate>,
    /// Only these strategies; empty means all of the class.
    pub strategies: Vec<String>,
    pub source: Option<SourceName>,
    /// A positions file instead of the settings' own.
    pub positions: Option<PathBuf>,
}

/// An explanation, and what the reader should know beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    pub explanation: Explanation,
    pub notes: Vec<String>,
    /// What went wrong before anything was decided.
    pub problems: Vec<Problem>,
    pub demo: bool,
}

/// Decides the session of the symbol's class as a run does, and explains the symbol; `progress` is
/// told the calls to vendors.
///
/// # Errors
/// A [`Refusal`] for an unknown symbol, one that both classes have, an unknown strategy, or a
/// class that cannot be loaded as asked; an error where there is no bar of the symbol.
pub async fn explain(
    app: &App,
    request: &ExplainRequest,
    progress: Progress<'_>,
) -> anyhow::Result<Explained> {
    let symbol = Symbol::new(&request.symbol).map_err(|error| Refusal::Usage(error.to_string()))?;
    let class = match request.asset_class {
        Some(class) => class,
        None => class_of(app, &symbol)?,
    };
    let (selections, _) = select(app, Asked::ByName(class), request.source, request.date)?;
    let set = load_scripts(app)?;
    let selection = selections.into_iter().next().context("no asset class was selected")?;
    let positions = positions(app, request.positions.as_deref(), request.source)?;
    // What holds the symbol can be looked at even where its script is gone.
    let holds = |name: &String| {
        positions
            .iter()
            .any(|held| held.asset_class == class && held.symbol == symbol && held.strategy == *name)
    };
    let asked: Vec<String> = request.strategies.iter().filter(|name| !holds(name)).cloned().collect();
    known_strategies(&set, &asked)?;
    let of_others: Vec<&str> = asked
        .iter()
        .filter(|name| set.scripts.strategy(name).is_some_and(|own| own.asset_class() != class))
        .map(String::as_str)
        .collect();
    if !of_others.is_empty() {
        let what = format!(
            "{} trades no {class}, and {symbol} is of it; name another --strategy",
            of_others.join(", ")
        );
        return Err(Refusal::Usage(what).into());
    }
    let mut wanted = held_symbols(&positions, class);
    wanted.entry(symbol.clone()).or_default();
    let needed = decide::bars_needed(&set.scripts, class);
    let bars = load(app, &selection, &wanted, selection.session, needed, progress).await?;
    let mut problems = set.problems;
    problems.extend(bars.problems.iter().filter(|problem| problem.symbol == symbol.as_str()).cloned());
    if !bars.market.bars.iter().any(|own| *own.symbol() == symbol && !own.is_empty()) {
        let why: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::bail!("there are no bars of {symbol}\n{}", why.join("\n"));
    }
    let session = selection.session;
    let mut notes = Vec::new();
    let sessions = BTreeMap::from([(class, session)]);
    let (pending, told) = orders::waiting(app, request.source, &sessions, &positions);
    problems.extend(told);
    if !pending.is_empty() {
        let ordered: Vec<&str> = pending.iter().map(|order| order.symbol.as_str()).collect();
        notes.push(format!("decided beside what is ordered and waits for its open: {}", ordered.join(", ")));
    } else if class == AssetClass::Crypto && !app.loaded.settings.universe.equity.is_empty() {
        notes.push(
            "decided without the day's equity orders, which a run of both classes places first".to_owned(),
        );
    }
    let (settings, scripts) = (app.loaded.settings.clone(), set.scripts);
    let strategies: Vec<String> = request.strategies.clone();
    let demo = bars.source.split('+').any(|source| source == SourceName::Simulated.as_str());
    let explain = move || -> anyhow::Result<Explanation> {
        let since = oldest_session_asked(&positions, class, session);
        let prepared = decide::prepare_since(bars.market, &scripts, since, missing_between(class))
            .with_context(|| format!("failed to prepare the {class} bars"))?;
        let classes = [Ready { session, prepared }];
        let mut book = decide::book_of(settings.risk.account_equity, &positions, &classes);
        book.pending = pending;
        let [Ready { prepared, .. }] = &classes;
        Ok(decide::explain(prepared, &scripts, &settings, &book, session, &symbol, &strategies))
    };
    let explanation = tokio::task::spawn_blocking(explain).await.context("failed to explain")??;
    let known: BTreeSet<&Problem> = explanation.problems.iter().collect();
    problems.retain(|problem| !known.contains(problem));
    Ok(Explained { explanation, notes, problems, demo })
}
