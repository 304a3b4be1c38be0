//! The programs of one script: what each function that the host calls became.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::program::Program;
use super::translate::translate;
use super::why_not::WhyNot;
use crate::scripts::body;
use crate::scripts::compile::Compiled;
use crate::scripts::function::Function;
use crate::scripts::load_error::Findings;
use crate::scripts::reads::Kind;
use crate::scripts::view::Layout;

/// Each function by its name, as a program or with why it is none.
#[derive(Debug, Default)]
pub(in crate::scripts) struct Programs(BTreeMap<Arc<str>, Result<Program, WhyNot>>);

impl Programs {
    /// Translates the functions of a script as they are run, constants folded in.
    pub fn of<'f>(
        script: &Compiled,
        layout: &Layout,
        functions: impl Iterator<Item = (&'f Function, &'f [Kind])>,
    ) -> Self {
        let mut lost = Findings::new("", "");
        let bodies = body::Program::of(&script.ast, &mut lost);
        // A statement that stands nowhere would be missing from a function without a trace.
        let is_whole = lost.is_empty();
        let translated = functions.map(|(function, kinds)| {
            let program = if is_whole {
                translate(&bodies, function, kinds, layout)
            } else {
                Err(WhyNot { line: function.line(), what: "a statement in no function".to_owned() })
            };
            (Arc::clone(&function.name), program)
        });
        Self(translated.collect())
    }

    pub fn get(&self, function: &Function) -> Option<&Program> {
        self.0.get(function.name())?.as_ref().ok()
    }

    /// Returns why a function is interpreted; `None` for one that runs in columns.
    pub fn why_not(&self, function: &Function) -> Option<&WhyNot> {
        self.0.get(function.name())?.as_ref().err()
    }
}
