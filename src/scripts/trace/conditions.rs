//! The conditions of a whole script: those that traces can show, which coverage counts, and the places
//! that traces do not look into, which it names instead.

use std::collections::BTreeSet;

use super::super::body::{Body, Program};
use super::super::constants::Constants;
use super::outline::Outline;
use super::source::Source;
use super::step::Step;

/// A condition as it stands in a script, whatever ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The function that it stands in.
    pub function: String,
    pub line: usize,
    pub column: usize,
    pub source: String,
}

/// The conditions of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Every condition that a trace can show, in the order of the text.
    pub followed: Vec<Condition>,
    /// The lines of what a trace runs whole: loops, switches, and conditions within a text, a list or
    /// a method's arguments.
    pub opaque: Vec<usize>,
    /// The functions that are called from such places alone, each with its line: a trace of the script
    /// never comes into them.
    pub unfollowed: Vec<(String, usize)>,
}

/// One function, with what stands in it.
struct Outlined<'a> {
    body: &'a Body,
    steps: Vec<Step>,
    /// The functions that a trace comes into from this one.
    entered: BTreeSet<String>,
    /// Everything that it calls in any way.
    called: Vec<String>,
}

/// Lists the conditions of a script's functions.
pub(in crate::scripts) fn conditions(text: &str, program: &Program, constants: &Constants) -> Conditions {
    let source = Source::new(text);
    let mut all = Conditions::default();
    let mut outlined = Vec::new();
    for body in program.functions() {
        let mut outline = Outline::new(&source, program, constants);
        let mut steps = Vec::new();
        outline.statements(&body.statements, &mut steps);
        all.opaque.append(&mut outline.opaque);
        outlined.push(Outlined { body, steps, entered: outline.calls, called: body.calls() });
    }
    let asked = asked_by_the_host(&outlined, constants);
    let entered = reached(&outlined, &asked, |own| own.entered.iter());
    let called = reached(&outlined, &asked, |own| own.called.iter());
    for Outlined { body, steps, .. } in &outlined {
        // What nothing calls is not followed either, but a test could ask for it.
        if called.contains(&body.name) && !entered.contains(&body.name) {
            all.unfollowed.push((body.name.clone(), body.position.line().unwrap_or(1)));
            continue;
        }
        for step in steps {
            step.visit(&mut |step| {
                if step.is_condition() {
                    all.followed.push(Condition {
                        function: body.name.clone(),
                        line: step.line,
                        column: step.column,
                        source: step.source.clone(),
                    });
                }
            });
        }
    }
    all.followed.sort_by_key(|own| (own.line, own.column));
    all.opaque.sort_unstable();
    all.opaque.dedup();
    all
}

/// The functions that the host calls: a strategy's rules, a scorer's components, and for want of a
/// caller in the script, whatever has none.
fn asked_by_the_host(outlined: &[Outlined<'_>], constants: &Constants) -> BTreeSet<String> {
    let called: BTreeSet<&String> = outlined.iter().flat_map(|own| &own.called).collect();
    let weights = constants.value("WEIGHTS").and_then(|weights| weights.as_map_ref().ok());
    let components: BTreeSet<String> =
        weights.iter().flat_map(|map| map.keys()).map(ToString::to_string).collect();
    let is_asked = |name: &String| {
        !called.contains(name)
            || components.contains(name)
            || matches!(name.as_str(), "eligible" | "entry" | "stop" | "exit")
    };
    outlined.iter().map(|own| own.body.name.clone()).filter(is_asked).collect()
}

/// The functions that these lead to, themselves included.
fn reached<'a, 'b: 'a, I: Iterator<Item = &'a String>>(
    outlined: &'a [Outlined<'b>],
    from: &BTreeSet<String>,
    leads_to: impl Fn(&'a Outlined<'b>) -> I,
) -> BTreeSet<String> {
    let mut reached = from.clone();
    loop {
        let entered = outlined.iter().filter(|own| reached.contains(&own.body.name));
        let more: BTreeSet<String> =
            entered.flat_map(&leads_to).filter(|name| !reached.contains(*name)).cloned().collect();
        if more.is_empty() {
            return reached;
        }
        reached.extend(more);
    }
}
