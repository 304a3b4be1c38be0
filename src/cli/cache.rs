//! `ts cache`: what is kept of fetched bars, whether it is sound, and clearing it.

use clap::{Args, Subcommand};

use crate::app::Refusal;
use crate::cache::{Cache, Health, Key, Which};
use crate::clock::Clock;
use crate::domain::AssetClass;
use crate::domain::Symbol;

use super::args::Global;
use super::choices::OneClass;
use super::exit::Outcome;
use super::output;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Subcommand)]
pub(super) enum CacheAction {
    /// Lists the entries
    Ls,
    /// Reads every entry whole and tells which are unsound; exits with 1 where one is
    Verify,
    /// Removes an entry, a symbol's entries, or all
    Clear(ClearArgs),
}

#[derive(Debug, Args)]
pub(super) struct ClearArgs {
    /// A key as `ts cache ls` prints it, or a symbol
    #[arg(value_name = "KEY|SYMBOL", required_unless_present = "all", conflicts_with = "all")]
    pub what: Option<String>,
    /// Removes every entry, and what was quarantined
    #[arg(long)]
    pub all: bool,
    /// The asset class, where both hold the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
}

/// Lists, verifies or clears the cache.
pub(super) fn cache(global: &Global, action: &CacheAction) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let cache = app.cache();
    match action {
        CacheAction::Ls => list(&cache, app.clock),
        CacheAction::Verify => verify(&cache),
        CacheAction::Clear(args) => clear(&cache, app.clock, args),
    }
}

fn list(cache: &Cache, clock: Clock) -> anyhow::Result<Outcome> {
    let listed = cache.list(clock.now())?;
    let absent = cache.absent(clock.now());
    if listed.is_empty() && absent.is_empty() {
        output::write(&format!("Nothing is cached in {}.", cache.dir().display()), None)?;
        return Ok(Outcome::Done);
    }
    let header = ["key", "rows", "bytes", "source", "cached", "state"].map(str::to_owned).to_vec();
    let mut rows = Vec::new();
    for entry in listed {
        let state = match &entry.meta {
            None => "unreadable",
            Some(_) if entry.is_expired => "expired",
            Some(_) => "fresh",
        };
        let text = |value: Option<String>| value.map_or(Cell::Missing, Cell::Text);
        let meta = entry.meta.as_ref();
        rows.push(vec![
            Cell::Text(entry.key.to_string()),
            Cell::from(meta.map(|meta| meta.row_count as f64)),
            Cell::from(entry.bytes.map(|bytes| bytes as f64)),
            text(meta.map(|meta| {
                std::iter::once(&meta.source).chain(&meta.joined).cloned().collect::<Vec<_>>().join("+")
            })),
            text(meta.map(|meta| meta.cached_at.format("%Y-%m-%d %H:%M UTC").to_string())),
            Cell::Text(state.to_owned()),
        ]);
    }
    for one in absent {
        rows.push(vec![
            Cell::Text(format!("{}_{}", one.asset_class, one.symbol)),
            Cell::Missing,
            Cell::Missing,
            Cell::Text(one.source),
            Cell::Text(one.asked_at.format("%Y-%m-%d %H:%M UTC").to_string()),
            Cell::Text("absent".to_owned()),
        ]);
    }
    output::write(&Table { header, rows }.text(), None)?;
    Ok(Outcome::Done)
}

fn verify(cache: &Cache) -> anyhow::Result<Outcome> {
    let verified = cache.verify()?;
    let mut bad = 0;
    let mut lines = Vec::new();
    for (key, health) in &verified {
        let what = match health {
            Health::Whole { gaps } if gaps.is_empty() => continue,
            Health::Whole { gaps } => {
                let first: Vec<String> = gaps.iter().take(3).map(ToString::to_string).collect();
                lines.push(format!("{key}: no bar on {} sessions, first {}", gaps.len(), first.join(", ")));
                continue;
            }
            Health::Newer { format_version } => format!("format {format_version} of a newer ts; upgrade"),
            Health::Corrupt(what) => format!("corrupt, and fetched again when next asked for: {what}"),
            Health::Unreadable(what) => format!("cannot be read: {what}"),
        };
        bad += 1;
        lines.push(format!("{key}: {what}"));
    }
    lines.push(format!("{}, {bad} of them unsound", counted(verified.len())));
    output::write(&lines.join("\n"), None)?;
    Ok(if bad == 0 { Outcome::Done } else { Outcome::Findings })
}

fn clear(cache: &Cache, clock: Clock, args: &ClearArgs) -> anyhow::Result<Outcome> {
    let which = match &args.what {
        None => Which::All,
        Some(text) => match text.parse::<Key>() {
            Ok(key) => Which::Entry(key),
            Err(_) => of_symbol(cache, clock, text, args.asset_class.map(AssetClass::from))?,
        },
    };
    let cleared = cache.clear(&which)?;
    let asked_again = match cleared.absent {
        0 => String::new(),
        count => format!(", and {count} that a source did not have will be asked for again"),
    };
    output::write(&format!("{} cleared{asked_again}", counted(cleared.entries)), None)?;
    if cleared.entries + cleared.absent == 0 && which != Which::All {
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Done)
}

fn counted(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

/// Finds the class whose entries a symbol names.
fn of_symbol(cache: &Cache, clock: Clock, text: &str, class: Option<AssetClass>) -> anyhow::Result<Which> {
    let symbol = Symbol::new(text).map_err(|error| Refusal::Usage(error.to_string()))?;
    let (held, absent) = (cache.list(clock.now())?, cache.absent(clock.now()));
    let is_held = |class: &AssetClass| {
        held.iter().any(|entry| entry.key.asset_class == *class && entry.key.symbol == symbol)
            || absent.iter().any(|one| one.asset_class == *class && one.symbol == symbol)
    };
    let holding: Vec<AssetClass> = AssetClass::ALL.into_iter().filter(is_held).collect();
    match (class, holding.as_slice()) {
        (Some(class), _) => Ok(Which::Symbol(class, symbol)),
        (None, [class]) => Ok(Which::Symbol(*class, symbol)),
        (None, []) => {
            let message = format!("nothing is cached of `{text}`; `ts cache ls` lists the keys");
            Err(Refusal::Usage(message).into())
        }
        (None, _) => {
            let message = format!("{symbol} is cached in both classes; name one with --asset-class");
            Err(Refusal::Usage(message).into())
        }
    }
}
