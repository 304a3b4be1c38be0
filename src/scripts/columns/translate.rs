//! From the statements of a function to a program: what stands where, and on which rows.
//!
//! Works on the statements that the interpreter runs, constants folded in. Calls of the script's
//! own functions are written out in their place, so the size of all together is bounded.

use rhai::ImmutableString;
use rhai::Position;
use rhai::Stmt;

use super::cell::Cell;
use super::given::PositionField;
use super::given::SignalField;
use super::program::Cells;
use super::program::Floats;
use super::program::Mask;
use super::program::OWN_TRUTHS;
use super::program::Program as Translated;
use super::program::Step;
use super::program::Truths;
use super::program::Value;
use super::program::Words;
use super::why_not::WhyNot;
use crate::features::Feature;
use crate::scripts::body::Program;
use crate::scripts::function::Function;
use crate::scripts::reads::Kind;
use crate::scripts::view::Layout;

/// Statements and expressions of a function and all that it calls. Nothing repeats, so a row
/// costs the interpreter a few operations for each: far fewer than it may use for one call.
const MAX_NODES: usize = 400;
/// Calls within calls; under the engine's own limit, which counts the host's call too.
const MAX_DEPTH: usize = 5;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Row,
    Position,
    Signal,
    /// A value, and the rows on which it was made.
    Value(Value, Mask),
    /// A value that may not be assigned to.
    Fixed(Value),
}

/// One call of a function of the script.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub names: Vec<(String, Held)>,
    /// What was returned so far, right on the rows that returned.
    pub returned: Option<Value>,
}

pub(super) struct Translator<'a> {
    pub bodies: &'a Program,
    layout: &'a Layout,
    required: &'a [Feature],
    pub frame: Frame,
    pub depth: usize,
    /// The rows on which the statement at hand is run.
    pub live: Mask,
    steps: Vec<Step>,
    texts: Vec<ImmutableString>,
    nodes: usize,
    floats: usize,
    truths: usize,
    words: usize,
    cells: usize,
    /// What was read already.
    read: Vec<(Source, Value)>,
}

/// Where a value is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Feature(usize),
    Position(PositionField),
    Signal(SignalField),
}

/// Translates a function that the host calls. `bodies` are the functions as they are run.
pub(super) fn translate(
    bodies: &Program,
    function: &Function,
    kinds: &[Kind],
    layout: &Layout,
) -> Result<Translated, WhyNot> {
    let Some(body) = bodies.function(function.name(), kinds.len()) else {
        return Err(WhyNot { line: function.line(), what: "a body that is not at hand".to_owned() });
    };
    let names = body.params.iter().zip(kinds).map(|(name, kind)| {
        let held = match kind {
            Kind::Row => Held::Row,
            Kind::Position => Held::Position,
            Kind::Signal => Held::Signal,
            Kind::Other => Held::Fixed(Value::Same(Cell::Unit)),
        };
        (name.clone(), held)
    });
    let mut translator = Translator {
        bodies,
        layout,
        required: function.required(),
        frame: Frame { names: names.collect(), returned: None },
        depth: 0,
        live: Mask::All,
        steps: Vec::new(),
        texts: Vec::new(),
        nodes: 0,
        floats: 0,
        truths: OWN_TRUTHS,
        words: 0,
        cells: 0,
        read: Vec::new(),
    };
    let answer = translator.body(&body.statements)?;
    // What is read is looked for where it is read.
    let is_read = |slot: &usize| translator.read.iter().any(|(own, _)| *own == Source::Feature(*slot));
    let required = function.required().iter().filter_map(|feature| layout.slot(feature));
    let required = required.filter(|slot| !is_read(slot)).collect();
    Ok(Translated {
        required,
        steps: translator.steps,
        answer,
        texts: translator.texts,
        floats: translator.floats,
        truths: translator.truths,
        words: translator.words,
        cells: translator.cells,
    })
}

impl Translator<'_> {
    /// Translates the statements of a function to what it gives.
    pub fn body(&mut self, statements: &[Stmt]) -> Result<Value, WhyNot> {
        let last = self.statements(statements)?;
        Ok(match (self.frame.returned, self.live) {
            (None, _) => last,
            (Some(returned), Mask::None) => returned,
            (Some(returned), live) => self.pick(live, last, returned),
        })
    }

    /// Writes a call of one of the script's functions out in its place.
    pub fn inlined(
        &mut self,
        name: &str,
        given: Vec<Held>,
        place: Position,
    ) -> Result<Option<Value>, WhyNot> {
        let bodies = self.bodies;
        let Some(body) = bodies.function(name, given.len()) else { return Ok(None) };
        if self.depth == MAX_DEPTH {
            return Err(WhyNot::new(place, format!("a call of `{name}` within {MAX_DEPTH} others")));
        }
        let names = body.params.iter().cloned().zip(given).collect();
        let caller = std::mem::replace(&mut self.frame, Frame { names, returned: None });
        let live = self.live;
        self.depth += 1;
        let value = self.body(&body.statements);
        self.depth -= 1;
        self.frame = caller;
        // Returning ends the function alone.
        self.live = live;
        value.map(Some)
    }

    /// Counts a statement or an expression.
    pub fn count(&mut self, place: Position) -> Result<(), WhyNot> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(WhyNot::new(
                place,
                format!("the end of {MAX_NODES} statements and expressions, helpers included"),
            ));
        }
        Ok(())
    }

    pub fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub fn new_floats(&mut self) -> Floats {
        self.floats += 1;
        Floats(self.floats - 1)
    }

    pub fn new_truths(&mut self) -> Truths {
        self.truths += 1;
        Truths(self.truths - 1)
    }

    pub fn new_words(&mut self) -> Words {
        self.words += 1;
        Words(self.words - 1)
    }

    pub fn new_cells(&mut self) -> Cells {
        self.cells += 1;
        Cells(self.cells - 1)
    }

    pub fn text(&mut self, text: &ImmutableString) -> Cell {
        let number = self.texts.iter().position(|own| own == text).unwrap_or_else(|| {
            self.texts.push(text.clone());
            self.texts.len() - 1
        });
        Cell::Text(number as u32)
    }

    /// Reads a feature of the row; `None` for what is none that was laid out.
    pub fn feature(&mut self, name: &str) -> Option<Value> {
        let feature = Feature::parse(name).ok()?;
        let slot = self.layout.slot(&feature)?;
        let is_required = self.required.contains(&feature);
        Some(self.once(Source::Feature(slot), |own| {
            let to = own.new_floats();
            if is_required {
                own.step(Step::Feature { slot, to });
                return Value::Float(to);
            }
            let is_there = own.new_truths();
            own.step(Step::Optional { slot, to, is_there });
            Value::Maybe(to, is_there)
        }))
    }

    /// Reads what may be read in several places once for the whole function: it is the same on all
    /// rows, live or not.
    pub fn once(&mut self, source: Source, read: impl FnOnce(&mut Self) -> Value) -> Value {
        if let Some((_, value)) = self.read.iter().find(|(own, _)| *own == source) {
            return *value;
        }
        let value = read(self);
        self.read.push((source, value));
        value
    }
}
