//! A script as its author wrote it, whether or not it may be run: what checks of the text read.

use std::collections::BTreeMap;

use rhai::Stmt;

use super::body::Program;
use super::compile::Draft;
use super::compile::Parsers;
use super::constants::Constants;
use super::engine::pool;
use super::options::Options;
use super::source::ScriptSource;

/// The parts of one script, unoptimised.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Whether it is a scorer: one that defines `WEIGHTS`.
    pub is_scorer: bool,
    pub program: Program,
    /// With the values used, overrides included.
    pub constants: Constants,
    /// The statements outside functions, which define the constants.
    pub top_level: Vec<Stmt>,
}

/// Reads the parts of each script, in the order of `sources`; `None` for a text that does not
/// parse. A constant whose definition is faulty is absent.
pub fn outlines(sources: &[&ScriptSource], options: &Options) -> Vec<Option<Outline>> {
    pool().install(|| {
        let parsers = Parsers::new();
        sources.iter().map(|source| outline(&parsers, source, options)).collect()
    })
}

fn outline(parsers: &Parsers, source: &ScriptSource, options: &Options) -> Option<Outline> {
    let none = BTreeMap::new();
    let overrides = options.overrides.get(&source.name).unwrap_or(&none);
    let draft = Draft::parse(parsers, source, overrides).ok()?;
    Some(Outline {
        is_scorer: draft.is_scorer(),
        top_level: draft.top_level(),
        program: draft.program,
        constants: draft.constants,
    })
}
