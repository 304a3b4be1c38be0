//! All that a run was decided from, so that it can be decided again: scripts, templates, settings, positions and
//! the checked bars.
//!
//! Texts and bars are stored values that runs share; the rest is one JSON document a run. Secrets have no place in
//! it: of the settings only those that decide are kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use rusqlite::Connection;
use serde::Deserialize;
use serde::Serialize;

use super::blobs;
use super::blobs::Packer;
use super::chunks;
use super::error::Fault;
use crate::bars::Split;
use crate::decide::MarketBars;
use crate::domain::AssetClass;
use crate::domain::Order;
use crate::domain::Position;
use crate::domain::Problem;
use crate::domain::Symbol;
use crate::report::Past;
use crate::scripts::{Options, ScriptSource};
use crate::settings::DecidingSettings;

/// The inputs of one run.
#[derive(Clone, Debug)]
pub struct RunInputs {
    /// `equity`, `crypto` or `all`, as the run was asked.
    pub asked: String,
    pub generated_at: DateTime<Utc>,
    pub settings: DecidingSettings,
    /// As traded, with their stops before the run.
    pub positions: Vec<Position>,
    /// Of classes that the run does not decide, waiting for their open.
    pub pending: Vec<Order>,
    /// What was known to be wrong before anything was decided.
    pub problems: Vec<Problem>,
    /// How earlier recommendations did, as the report says.
    pub past: Past,
    pub classes: Vec<ClassInputs>,
    pub scripts: ScriptInputs,
    /// In a command that keeps running, the earlier scripts that those in force are compared with; `None` in one
    /// that runs once.
    pub before: Option<BTreeMap<AssetClass, ScriptInputs>>,
}

/// The bars of one class.
#[derive(Clone, Debug)]
pub struct ClassInputs {
    pub session: NaiveDate,
    pub source: String,
    pub market: MarketBars,
    /// What went wrong with the bars.
    pub problems: Vec<Problem>,
}

/// One version of the scripts and of the user's templates, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptInputs {
    pub generation: u64,
    pub loaded_at: DateTime<Utc>,
    /// When the newest edit was tried, and why it is not in force.
    pub last_edit: DateTime<Utc>,
    pub failures: Vec<Problem>,
    /// What the settings of its time say about scripts.
    pub options: Options,
    /// Those built into the program included, in the order in which they were compiled.
    pub sources: Vec<ScriptSource>,
    /// The user's own, by file name.
    pub templates: BTreeMap<String, String>,
    /// The user's folders that were there.
    pub folders: BTreeSet<String>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    asked: String,
    generated_at: DateTime<Utc>,
    settings: DecidingSettings,
    positions: Vec<HeldDocument>,
    /// Runs of earlier versions knew of none.
    #[serde(default)]
    pending: Vec<Order>,
    problems: Vec<Problem>,
    past: Past,
    classes: Vec<ClassDocument>,
    scripts: ScriptDocument,
    before: Option<BTreeMap<AssetClass, ScriptDocument>>,
}

#[derive(Serialize, Deserialize)]
struct HeldDocument {
    symbol: Symbol,
    asset_class: AssetClass,
    strategy: String,
    entry_date: NaiveDate,
    entry_price: f64,
    quantity: f64,
    stop_price: f64,
    stop_session: NaiveDate,
    last_close: f64,
    split_factor: f64,
}

#[derive(Serialize, Deserialize)]
struct ClassDocument {
    asset_class: AssetClass,
    session: NaiveDate,
    source: String,
    universe: BTreeSet<Symbol>,
    benchmark: Option<Symbol>,
    splits: Vec<(Symbol, NaiveDate, f64)>,
    real_moves: BTreeSet<(Symbol, NaiveDate)>,
    problems: Vec<Problem>,
    /// The rows of each symbol's months.
    bars: Vec<(Symbol, Vec<i64>)>,
}

#[derive(Serialize, Deserialize)]
struct ScriptDocument {
    generation: u64,
    loaded_at: DateTime<Utc>,
    last_edit: DateTime<Utc>,
    failures: Vec<Problem>,
    options: Options,
    /// Name, path, and the row of the text.
    sources: Vec<(String, String, i64)>,
    templates: BTreeMap<String, i64>,
    folders: BTreeSet<String>,
    problems: Vec<Problem>,
}

/// Stores the inputs and returns the row of their document.
pub(super) fn put(connection: &Connection, packer: &mut Packer, inputs: &RunInputs) -> Result<i64, Fault> {
    let mut classes = Vec::new();
    for class in &inputs.classes {
        classes.push(put_class(connection, packer, class)?);
    }
    let scripts = put_scripts(connection, packer, &inputs.scripts)?;
    let before = inputs.before.as_ref().map(|before| {
        let put = |(class, own): (&AssetClass, &ScriptInputs)| {
            Ok::<_, rusqlite::Error>((*class, put_scripts(connection, packer, own)?))
        };
        before.iter().map(put).collect::<Result<_, _>>()
    });
    let document = Document {
        asked: inputs.asked.clone(),
        generated_at: inputs.generated_at,
        settings: inputs.settings.clone(),
        positions: inputs.positions.iter().map(HeldDocument::of).collect(),
        pending: inputs.pending.clone(),
        problems: inputs.problems.clone(),
        past: inputs.past.clone(),
        classes,
        scripts,
        before: before.transpose()?,
    };
    let json = serde_json::to_vec(&document)
        .map_err(|error| Fault::Refused(format!("write the run's inputs as JSON: {error}")))?;
    Ok(blobs::put(connection, packer, &json)?)
}

/// Returns the inputs whose document stands in a row.
pub(super) fn get(connection: &Connection, id: i64) -> Result<RunInputs, Fault> {
    let json = blobs::get(connection, id)?;
    let document: Document = serde_json::from_slice(&json)
        .map_err(|error| Fault::Damaged(format!("the inputs of a run ({error})")))?;
    let mut classes = Vec::new();
    for class in document.classes {
        classes.push(get_class(connection, class)?);
    }
    let before = document.before.map(|before| {
        let get = |(class, own)| Ok((class, get_scripts(connection, own)?));
        before.into_iter().map(get).collect::<Result<BTreeMap<_, _>, Fault>>()
    });
    Ok(RunInputs {
        asked: document.asked,
        generated_at: document.generated_at,
        settings: document.settings,
        positions: document.positions.into_iter().map(HeldDocument::position).collect(),
        pending: document.pending,
        problems: document.problems,
        past: document.past,
        classes,
        scripts: get_scripts(connection, document.scripts)?,
        before: before.transpose()?,
    })
}

fn put_class(
    connection: &Connection,
    packer: &mut Packer,
    class: &ClassInputs,
) -> rusqlite::Result<ClassDocument> {
    let market = &class.market;
    let mut bars = Vec::with_capacity(market.bars.len());
    for own in &market.bars {
        bars.push((own.symbol().clone(), chunks::put(connection, packer, own)?));
    }
    Ok(ClassDocument {
        asset_class: market.asset_class,
        session: class.session,
        source: class.source.clone(),
        universe: market.universe.clone(),
        benchmark: market.benchmark.clone(),
        splits: market.splits.iter().map(|own| (own.symbol.clone(), own.date, own.ratio)).collect(),
        real_moves: market.real_moves.clone(),
        problems: class.problems.clone(),
        bars,
    })
}

fn get_class(connection: &Connection, class: ClassDocument) -> Result<ClassInputs, Fault> {
    let mut bars = Vec::with_capacity(class.bars.len());
    for (symbol, steps) in class.bars {
        bars.push(chunks::get(connection, symbol, &steps)?);
    }
    let split = |(symbol, date, ratio)| Split { symbol, date, ratio };
    let market = MarketBars {
        asset_class: class.asset_class,
        bars,
        universe: class.universe,
        benchmark: class.benchmark,
        splits: class.splits.into_iter().map(split).collect(),
        real_moves: class.real_moves,
    };
    Ok(ClassInputs { session: class.session, source: class.source, market, problems: class.problems })
}

fn put_scripts(
    connection: &Connection,
    packer: &mut Packer,
    scripts: &ScriptInputs,
) -> rusqlite::Result<ScriptDocument> {
    let mut sources = Vec::new();
    for own in &scripts.sources {
        let text = blobs::put(connection, packer, own.text.as_bytes())?;
        sources.push((own.name.clone(), own.path.clone(), text));
    }
    let mut templates = BTreeMap::new();
    for (name, text) in &scripts.templates {
        templates.insert(name.clone(), blobs::put(connection, packer, text.as_bytes())?);
    }
    Ok(ScriptDocument {
        generation: scripts.generation,
        loaded_at: scripts.loaded_at,
        last_edit: scripts.last_edit,
        failures: scripts.failures.clone(),
        options: scripts.options.clone(),
        sources,
        templates,
        folders: scripts.folders.clone(),
        problems: scripts.problems.clone(),
    })
}

fn get_scripts(connection: &Connection, scripts: ScriptDocument) -> Result<ScriptInputs, Fault> {
    let mut sources = Vec::new();
    for (name, path, text) in scripts.sources {
        sources.push(ScriptSource { name, path, text: blobs::text(connection, text)? });
    }
    let mut templates = BTreeMap::new();
    for (name, text) in scripts.templates {
        templates.insert(name, blobs::text(connection, text)?);
    }
    Ok(ScriptInputs {
        generation: scripts.generation,
        loaded_at: scripts.loaded_at,
        last_edit: scripts.last_edit,
        failures: scripts.failures,
        options: scripts.options,
        sources,
        templates,
        folders: scripts.folders,
        problems: scripts.problems,
    })
}

impl HeldDocument {
    fn of(own: &Position) -> Self {
        Self {
            symbol: own.symbol.clone(),
            asset_class: own.asset_class,
            strategy: own.strategy.to_string(),
            entry_date: own.entry_date,
            entry_price: own.entry_price,
            quantity: own.quantity,
            stop_price: own.stop_price,
            stop_session: own.stop_session,
            last_close: own.last_close,
            split_factor: own.split_factor,
        }
    }

    fn position(self) -> Position {
        Position {
            symbol: self.symbol,
            asset_class: self.asset_class,
            strategy: self.strategy.into(),
            entry_date: self.entry_date,
            entry_price: self.entry_price,
            quantity: self.quantity,
            stop_price: self.stop_price,
            stop_session: self.stop_session,
            last_close: self.last_close,
            split_factor: self.split_factor,
        }
    }
}
