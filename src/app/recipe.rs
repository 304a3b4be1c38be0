//! The same scripts with other constants: what is compiled for each combination of a grid, and what all of them read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::bail;
use rayon::prelude::*;

use super::{Refusal, ScriptSet};
use crate::backtest::Grid;
use crate::domain::AssetClass;
use crate::features::Feature;
use crate::scripts;
use crate::scripts::{Engine, LoadError, Options, ScriptSource, Scripts};

/// So many combinations are kept compiled; of a larger grid each is compiled again when its turn comes.
const KEPT: usize = 1_000;

/// How a combination of constants becomes scripts.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    grid: Grid,
    /// The texts of the strategies in question and of all scorers.
    sources: Vec<ScriptSource>,
    options: Options,
    /// The strategies in question, compiled as the settings say.
    selected: Scripts,
    strategies: Vec<String>,
    engine: Engine,
    /// The scripts that do not load as the settings are.
    failed: BTreeSet<String>,
    /// All combinations of a grid that is small enough, else none.
    kept: Vec<Scripts>,
    /// What any combination reads.
    features: BTreeMap<AssetClass, BTreeSet<Feature>>,
}

impl Recipe {
    /// Compiles every combination once, until `stop`. `strategies` are the named ones; none stands for all.
    ///
    /// # Errors
    /// A stop, or a usage [`Refusal`] for a constant that no strategy in question has, or a value that its script refuses.
    pub(super) fn of(
        set: &ScriptSet,
        strategies: &[String],
        engine: Engine,
        grid: Grid,
        stop: &AtomicBool,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> anyhow::Result<Self> {
        let selected = if strategies.is_empty() { set.scripts.clone() } else { set.scripts.only(strategies) };
        let is_wanted = |source: &&ScriptSource| {
            strategies.is_empty()
                || strategies.contains(&source.name)
                || set.scripts.scorer(&source.name).is_some()
        };
        let mut recipe = Self {
            grid,
            sources: set.texts.sources.iter().filter(is_wanted).cloned().collect(),
            options: set.options.clone(),
            selected,
            strategies: strategies.to_vec(),
            engine,
            failed: set.failed.clone(),
            kept: Vec::new(),
            features: BTreeMap::new(),
        };
        let surveyed = scripts::pool().install(|| {
            let (total, done) = (recipe.grid.len(), AtomicUsize::new(0));
            let survey = |index| -> anyhow::Result<Surveyed> {
                if stop.load(Ordering::Relaxed) {
                    bail!("interrupted while the scripts were compiled");
                }
                let scripts = recipe.compile(index)?;
                if total > 1 {
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                }
                let features = AssetClass::ALL.map(|class| scripts.features(class));
                let is_kept = recipe.grid.len() <= KEPT;
                Ok(Surveyed { kept: is_kept.then_some(scripts).into_iter().collect(), features })
            };
            let combinations = (0..recipe.grid.len()).into_par_iter();
            combinations.map(survey).try_reduce(Surveyed::default, |own, next| Ok(own.with(next)))
        })?;
        recipe.features = AssetClass::ALL.into_iter().zip(surveyed.features).collect();
        recipe.kept = surveyed.kept;
        Ok(recipe)
    }

    /// Returns the combinations.
    pub(super) fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Returns the strategies in question as the settings have them.
    pub(super) fn selected(&self) -> &Scripts {
        &self.selected
    }

    /// Returns the features that any combination reads of a class.
    pub(super) fn features(&self, class: AssetClass) -> BTreeSet<Feature> {
        self.features.get(&class).cloned().unwrap_or_default()
    }

    /// Returns the scripts of a combination.
    ///
    /// # Errors
    /// None that [`Recipe::of`] did not find before.
    pub(super) fn scripts(&self, index: usize) -> Result<Scripts, Refusal> {
        self.kept.get(index).cloned().map_or_else(|| self.compile(index), Ok)
    }

    fn compile(&self, index: usize) -> Result<Scripts, Refusal> {
        let constants = self.grid.combination(index);
        if constants.is_empty() {
            return Ok(self.selected.evaluated_by(self.engine));
        }
        let options = self
            .options
            .clone()
            .with_constants(&self.selected, &constants)
            .map_err(|unknown| Refusal::Usage(format!("--set: {unknown}")))?;
        let (scripts, errors) = Scripts::check(&self.sources, &options);
        // Settings for a script that is not among the texts cost no script.
        let is_new = |error: &&LoadError| {
            let is_there = self.sources.iter().any(|source| source.name == error.script);
            is_there && !self.failed.contains(&error.script)
        };
        if let Some(error) = errors.iter().find(is_new) {
            return Err(Refusal::Usage(format!("--set: {}", error.to_problem())));
        }
        let chosen = if self.strategies.is_empty() { scripts } else { scripts.only(&self.strategies) };
        Ok(chosen.evaluated_by(self.engine))
    }
}

/// What the combinations compiled to so far, in their order.
#[derive(Default)]
struct Surveyed {
    kept: Vec<Scripts>,
    features: [BTreeSet<Feature>; AssetClass::ALL.len()],
}

impl Surveyed {
    fn with(mut self, other: Self) -> Self {
        self.kept.extend(other.kept);
        for (own, more) in self.features.iter_mut().zip(other.features) {
            own.extend(more);
        }
        self
    }
}
