//! What two versions of the scripts say differently over a span of sessions.
//!
//! A version is a folder or one script. One script stands in the place of its namesake among
//! the scripts that a run would use; a folder stands for all of them. Nothing is compared with
//! a version that does not load: every one of its signals would seem lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::bars::missing_between;
use super::script_set::{SetTexts, folder_of};
use super::select::select;
use super::signals::scan_span;
use super::{App, Asked, Progress, Refusal, Span, load};
use crate::decide;
use crate::decide::MarketBars;
use crate::domain::Problem;
use crate::domain::is_script_name;
use crate::reload;
use crate::reload::ScriptFolder;
use crate::scripts::Options;
use crate::scripts::{LoadError, ScriptSource, Scripts};
use crate::settings::SourceName;
use crate::signals;
use crate::signals::{Scan, Signal, SignalDiff};

/// Load errors that are told of one version; the rest is `ts validate-scripts`' to list.
const ERRORS_SHOWN: usize = 2;

/// What to compare.
#[derive(Clone, Debug)]
pub struct DiffRequest {
    pub old: PathBuf,
    pub new: PathBuf,
    pub asked: Asked,
    pub source: Option<SourceName>,
    pub span: Span,
}

/// What the later version says differently.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptDiff {
    /// The first and the last session that both were asked about, or `None` without bars.
    pub sessions: Option<(NaiveDate, NaiveDate)>,
    /// How many raw signals each version has, the earlier first.
    pub signals: [usize; 2],
    pub diff: SignalDiff,
    pub problems: Vec<Problem>,
    /// What the reader should know of the span.
    pub notes: Vec<String>,
    /// Whether the bars are of the simulated market.
    pub demo: bool,
}

/// Scans every session of the span with both versions, and compares.
///
/// `fetching` is told the calls to vendors, `scanning` the sessions done and their number, both
/// versions counted, from any thread.
///
/// # Errors
/// A [`Refusal`] for a version that is not there or a class that cannot be loaded as asked; an
/// error that names the place for a script that does not load.
pub async fn diff_scripts(
    app: &App,
    request: &DiffRequest,
    fetching: Progress<'_>,
    scanning: impl Fn(usize, usize) + Send + Sync + 'static,
) -> anyhow::Result<ScriptDiff> {
    let (selections, mut problems) = select(app, request.asked, request.source, None)?;
    let versions = versions(app, &request.old, &request.new)?;
    for version in &versions {
        problems.extend(version.problems.iter().cloned());
    }
    let mut found = ScriptDiff {
        sessions: None,
        signals: [0, 0],
        diff: SignalDiff::default(),
        problems: Vec::new(),
        notes: Vec::new(),
        demo: selections.iter().any(|selection| selection.sources.contains(&SourceName::Simulated)),
    };
    let versions = Arc::new(versions);
    let scanning = Arc::new(scanning);
    for selection in selections {
        let class = selection.asset_class;
        let needed = versions.iter().map(|version| decide::bars_needed(&version.scripts, class)).max();
        let first = request.span.from().unwrap_or(selection.session);
        let bars = load(app, &selection, &BTreeMap::new(), first, needed.unwrap_or(0), fetching).await?;
        problems.extend(bars.problems.iter().cloned());
        let Some(held) = bars.span() else { continue };
        found.notes.extend(request.span.notes(class.as_str(), held));
        let (versions, scanning, span) = (Arc::clone(&versions), Arc::clone(&scanning), request.span);
        let work = move || -> anyhow::Result<Compared> {
            let scanning = |number: usize| {
                let scanning = &scanning;
                move |done, all| scanning(number * all + done, 2 * all)
            };
            let (first, of_old) = said(bars.market.clone(), &versions[0], span, scanning(0))?;
            let (_, of_new) = said(bars.market, &versions[1], span, scanning(1))?;
            Ok((first, of_old, of_new))
        };
        let (sessions, of_old, of_new) = tokio::task::spawn_blocking(work)
            .await
            .context("failed to compare")?
            .with_context(|| format!("failed to prepare the {class} bars"))?;
        found.sessions = joined(found.sessions, sessions);
        found.signals[0] += of_old.signals.len();
        found.signals[1] += of_new.signals.len();
        found.diff.append(signals::compare(&of_old.signals, &of_new.signals));
        problems.extend(of_old.problems);
        problems.extend(of_new.problems);
    }
    let day = |signal: &Signal| signal.session;
    // Stable, so that within a session the classes keep their order.
    found.diff.gained.sort_by_key(day);
    found.diff.lost.sort_by_key(day);
    found.diff.moved.sort_by_key(|own| day(&own.after));
    problems.sort();
    problems.dedup();
    found.problems = problems;
    Ok(found)
}

/// The ends of the span, and what either version says in it.
type Compared = (Option<(NaiveDate, NaiveDate)>, Scan, Scan);

/// The scripts of one side.
#[derive(Debug)]
struct Version {
    scripts: Scripts,
    /// The strategies to ask; empty means all.
    only: Vec<String>,
    problems: Vec<Problem>,
}

fn said(
    market: MarketBars,
    version: &Version,
    span: Span,
    progress: impl Fn(usize, usize) + Sync,
) -> anyhow::Result<(Option<(NaiveDate, NaiveDate)>, Scan)> {
    let class = market.asset_class;
    let prepared = decide::prepare(market, &version.scripts, missing_between(class))?;
    let mut all = Scan::default();
    for mut scan in scan_span(&prepared, &version.scripts, span, &version.only, &progress) {
        all.signals.append(&mut scan.signals);
        all.problems.append(&mut scan.problems);
    }
    let mut sessions = prepared.columns.sessions().iter().copied().filter(|session| span.contains(*session));
    let first = sessions.next();
    Ok((first.map(|first| (first, sessions.next_back().unwrap_or(first))), all))
}

fn joined(
    one: Option<(NaiveDate, NaiveDate)>,
    other: Option<(NaiveDate, NaiveDate)>,
) -> Option<(NaiveDate, NaiveDate)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

/// Compiles both sides.
fn versions(app: &App, old: &Path, new: &Path) -> anyhow::Result<[Version; 2]> {
    for path in [old, new] {
        if let Err(error) = std::fs::metadata(path) {
            let message = format!("{}: {error}; name a folder or a script", path.display());
            return Err(Refusal::Usage(message).into());
        }
    }
    let options = Options::of(&app.loaded.settings);
    let base = SetTexts::read(&app.loaded.root)?.sources;
    // Two files are two versions of one script, under the name that it has in a folder.
    let name = [new, old].into_iter().filter(|path| !path.is_dir()).find_map(script_name);
    let side = |path: &Path| -> anyhow::Result<(Scripts, Vec<Problem>)> {
        let (sources, own) = match path.is_dir() {
            true => of_folder(path, &base, &options)?,
            false => of_file(path, name.as_deref().unwrap_or("script"), &base)?,
        };
        compile(&sources, &own, &options)
    };
    let [(old_scripts, of_old), (new_scripts, of_new)] = [side(old)?, side(new)?];
    let is_one_script = !old.is_dir() && !new.is_dir();
    let is_strategy =
        |name: &String| [&old_scripts, &new_scripts].iter().any(|scripts| scripts.strategy(name).is_some());
    let only: Vec<String> = name.filter(|name| is_one_script && is_strategy(name)).into_iter().collect();
    Ok([
        Version { scripts: old_scripts, only: only.clone(), problems: of_old },
        Version { scripts: new_scripts, only, problems: of_new },
    ])
}

/// Returns the stem of a file that is called like a script.
fn script_name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let is_script = path.extension().is_some_and(|extension| extension == "rhai");
    (is_script && is_script_name(stem)).then(|| stem.to_owned())
}

/// The scripts of a side, and the names of those that it brought.
type Sources = (Vec<ScriptSource>, BTreeSet<String>);

/// Puts one script in the place of its namesake.
fn of_file(path: &Path, name: &str, base: &[ScriptSource]) -> anyhow::Result<Sources> {
    let text = reload::read_file(path).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
    let mut sources: Vec<ScriptSource> = base.iter().filter(|source| source.name != name).cloned().collect();
    sources.push(ScriptSource { name: name.to_owned(), path: path.display().to_string(), text });
    Ok((sources, BTreeSet::from([name.to_owned()])))
}

/// Takes all scripts of a folder: as `ts` would take them with it as its own folder, or, where it
/// holds scripts right in it, those in the place of the strategies or scorers.
fn of_folder(folder: &Path, base: &[ScriptSource], options: &Options) -> anyhow::Result<Sources> {
    let is_root = ScriptFolder::ALL.iter().any(|kind| folder.join(kind.as_str()).is_dir());
    if is_root {
        let mut sources = SetTexts::read(folder)?.sources;
        for source in &mut sources {
            if !source.path.ends_with("(built in)") {
                source.path = folder.join(&source.path).display().to_string();
            }
        }
        let own = sources.iter().map(|source| source.name.clone()).collect();
        return Ok((sources, own));
    }
    let (files, problems) = reload::read_scripts_of(folder, ScriptFolder::Strategies);
    if let Some(problem) = problems.first() {
        anyhow::bail!("{problem}");
    }
    if files.is_empty() {
        return Err(Refusal::Usage(format!("{}: no script lies in it", folder.display())).into());
    }
    let own: BTreeSet<String> = files.iter().map(|file| file.name.clone()).collect();
    let brought: Vec<ScriptSource> = files
        .into_iter()
        .map(|file| ScriptSource {
            path: folder.join(format!("{}.rhai", file.name)).display().to_string(),
            name: file.name,
            text: file.text,
        })
        .collect();
    let scorers = Scripts::compile(&brought, options).0.scorers().len();
    let holds_strategies = scorers < brought.len();
    let is_replaced = |source: &ScriptSource| {
        own.contains(&source.name) || (holds_strategies && folder_of(source) == "strategies")
    };
    let mut sources: Vec<ScriptSource> = base.iter().filter(|source| !is_replaced(source)).cloned().collect();
    sources.extend(brought);
    Ok((sources, own))
}

/// Compiles a side; what it did not bring may fail, as it would in a run.
fn compile(
    sources: &[ScriptSource],
    own: &BTreeSet<String>,
    options: &Options,
) -> anyhow::Result<(Scripts, Vec<Problem>)> {
    let (scripts, errors) = Scripts::check(sources, options);
    let is_there = |name: &str| sources.iter().any(|source| source.name == name);
    let (fatal, other): (Vec<_>, Vec<_>) = errors
        .into_iter()
        .filter(|error| is_there(&error.script))
        .partition(|error| own.contains(&error.script));
    if fatal.is_empty() {
        return Ok((scripts, other.iter().map(LoadError::to_problem).collect()));
    }
    let mut message = "a version that does not load has nothing to compare".to_owned();
    for error in fatal.iter().take(ERRORS_SHOWN) {
        message.push_str(&format!("\n{error}"));
    }
    if fatal.len() > ERRORS_SHOWN {
        message.push_str(&format!("\nand {} more", fatal.len() - ERRORS_SHOWN));
    }
    Err(anyhow::anyhow!(message))
}
