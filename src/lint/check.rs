//! All checks of a set of scripts: what the host refuses, what fails, what is doubtful.

use std::collections::BTreeSet;

use super::allow;
use super::code;
use super::finding::Finding;
use super::finding::Frame;
use super::finding::Severity;
use super::finding::Span;
use super::rules::Hit;
use super::rules::RULES;
use super::scored::Scored;
use super::script::Script;
use super::smoke;
use super::smoke::World;
use super::stops::ODD_STOP;
use super::stops::odd_stops;
use super::summary::Summary;
use super::text::Text;
use crate::scripts::LoadError;
use crate::scripts::Options;
use crate::scripts::Rule;
use crate::scripts::ScriptSource;
use crate::scripts::Scripts;
use crate::scripts::outlines;
use crate::scripts::pool;

/// The code of a function that fails in the smoke run.
pub(super) const FAILS_ON_ROW: &str = "fails_on_row";

/// What was found, and what was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Sorted by file, then by place.
    pub findings: Vec<Finding>,
    pub scripts: Vec<Summary>,
}

impl Report {
    /// Counts the findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Adds what is wrong or doubtful about a file or folder as a whole, as serious as its code.
    ///
    /// The code must be one that [`super::codes`] lists.
    pub fn add(
        &mut self,
        file: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding {
            file: file.into(),
            span: None,
            severity: code::find(code).map_or(Severity::Error, |code| code.severity),
            code,
            message: message.into(),
            help: help.into(),
            frame: None,
        });
        self.findings.sort();
    }
}

/// Checks `targets`. The scripts of `context` are loaded beside them and not reported on, so
/// that a strategy finds its scorer; a script of theirs that has the name of a target gives way.
///
/// What the settings say of scripts that do not exist is told under the name of their table,
/// such as `[strategies.gone]`.
pub fn check(targets: &[ScriptSource], context: &[ScriptSource], options: &Options) -> Report {
    // Trees of scripts are deep, and so are the stacks of these threads.
    pool().install(|| check_here(targets, context, options))
}

fn check_here(targets: &[ScriptSource], context: &[ScriptSource], options: &Options) -> Report {
    let names: BTreeSet<&str> = targets.iter().map(|source| source.name.as_str()).collect();
    let beside = context.iter().filter(|source| !names.contains(source.name.as_str()));
    let all: Vec<ScriptSource> = targets.iter().chain(beside).cloned().collect();
    let (scripts, errors) = Scripts::check(&all, options);
    let wanted: Vec<&ScriptSource> = targets.iter().collect();
    let outlines = outlines(&wanted, options);
    let world = World::new(&scripts);
    let failures = world.as_ref().map_or_else(Vec::new, |world| smoke::smoke(&scripts, world));
    let odd_stops = world.as_ref().map_or_else(Vec::new, |world| odd_stops(&scripts, world));

    let mut report = Report::default();
    for (source, outline) in targets.iter().zip(&outlines) {
        let text = Text::new(&source.text);
        let own: Vec<&LoadError> = errors.iter().filter(|error| error.path == source.path).collect();
        let mut found: Vec<Finding> = own.iter().map(|error| of_load_error(error, &text)).collect();
        let mut hits = outline.as_ref().map_or_else(Vec::new, |outline| {
            let scored = Scored::by(&scripts, &source.name);
            rule_hits(&Script::new(&source.name, &text, outline, scored))
        });
        if let Some(own) = options.overrides.get(&source.name) {
            blame_settings(&mut hits, &source.name, own.keys());
        }
        let has_typed = hits.iter().any(|(code, _)| matches!(*code, "not_a_bool" | "wrong_result"));
        for failure in failures.iter().filter(|failure| failure.error.path == source.path) {
            let error = &failure.error;
            // What the types tell already, at a better place.
            if has_typed && (error.message.starts_with("gave ") || error.message.contains("expecting")) {
                continue;
            }
            hits.push((
                FAILS_ON_ROW,
                Hit {
                    span: Some(text.span_at(error.line, error.column)),
                    message: format!("`{}` fails on {}: {}", error.function, failure.row, error.message),
                    help: guard(&error.message).to_owned(),
                },
            ));
        }
        for (strategy, odd) in odd_stops.iter().filter(|(own, _)| own.path() == source.path) {
            let place = strategy.function(Rule::Stop);
            hits.push((
                ODD_STOP,
                Hit {
                    span: place.map(|own| text.span_at(own.line(), own.column())),
                    message: odd.message().to_owned(),
                    help: odd.help().to_owned(),
                },
            ));
        }
        let mut allows = allow::read(&text);
        hits.retain(|(code, hit)| {
            let is_warning = code::find(code).is_some_and(|code| code.severity == Severity::Warning);
            let line = hit.span.map_or(0, |span| span.line);
            !(is_warning && allow::silences(&mut allows, code, line))
        });
        // Before the host's errors are mended, nobody can tell what is used and what is not.
        if found.is_empty() {
            hits.extend(allow::hits(&allows));
        } else {
            hits.retain(|(code, _)| !code.starts_with("unused_"));
        }
        found.extend(hits.into_iter().map(|(code, hit)| of_hit(code, hit, source, &text)));
        found.sort();
        found.dedup();
        report.findings.extend(found);
        report.scripts.push(Summary::of(&scripts, &source.name, &source.path));
    }
    let known: BTreeSet<&str> = all.iter().map(|source| source.path.as_str()).collect();
    for error in errors.iter().filter(|error| !known.contains(error.path.as_str())) {
        report.findings.push(of_load_error(error, &Text::new("")));
    }
    report.findings.sort();
    report
}

fn rule_hits<'a>(script: &'a Script<'a>) -> Vec<(&'static str, Hit)> {
    let mut all = Vec::new();
    for rule in RULES {
        let mut hits = Vec::new();
        (rule.check)(script, &mut hits);
        all.extend(hits.into_iter().map(|hit| (rule.code.name, hit)));
    }
    // A rank in percent never holds either, which says less than what is to be written.
    let is_rank = |hit: &Hit| hit.message.contains("is a rank from 0 to 1");
    let ranks: Vec<Option<Span>> =
        all.iter().filter(|(_, hit)| is_rank(hit)).map(|(_, hit)| hit.span).collect();
    all.retain(|(code, hit)| {
        !matches!(*code, "constant_condition" | "idle_bound") || !ranks.contains(&hit.span)
    });
    all
}

/// Says of a constant's odd value that it does not stand in the script.
fn blame_settings<'a>(
    hits: &mut [(&'static str, Hit)],
    script: &str,
    constants: impl Iterator<Item = &'a String> + Clone,
) {
    for (_, hit) in hits.iter_mut().filter(|(code, _)| *code == "odd_constant") {
        if constants.clone().any(|name| hit.message.starts_with(&format!("`{name}` "))) {
            hit.help = format!("{}; its value is that of [strategies.{script}] in the settings", hit.help);
        }
    }
}

/// What keeps a function from failing like that.
fn guard(message: &str) -> &'static str {
    if message.contains("operations") {
        "end the loop: count with `for i in 0..20`, or leave it with `break`"
    } else if message.contains("nested deeper") {
        "write it with a loop instead of a call of itself"
    } else if message.contains("too large") {
        "make less of it: a text may have 256 characters, a list or map 256 values"
    } else if message.contains("out of bounds") {
        "test the place against `len()` before it is read"
    } else if message.contains("missing value") || message.contains("()") {
        "give what may be missing a default, `x ?? 0.0`, or test it: `x != ()`"
    } else if message.contains("finite") {
        "keep the argument where the function has a value: `max(x, 0.0)`, `ratio(a, b)`"
    } else if message.contains("number from 0 to 10") {
        "bound it: `clamp(x, 0.0, 10.0)`"
    } else {
        "guard against it: `ratio(a, b)`, `x ?? default`, `clamp(x, low, high)`"
    }
}

fn of_load_error(error: &LoadError, text: &Text) -> Finding {
    let span = error.line.map(|line| text.span_at(line, error.column.unwrap_or(1)));
    Finding {
        file: error.path.clone(),
        span,
        severity: Severity::Error,
        code: error.code,
        message: error.message.clone(),
        help: error.help.clone(),
        frame: span.and_then(|span| Frame::of(text, span)),
    }
}

fn of_hit(code: &'static str, hit: Hit, source: &ScriptSource, text: &Text) -> Finding {
    let severity = code::find(code).map_or(Severity::Error, |code| code.severity);
    let frame = hit.span.and_then(|span: Span| Frame::of(text, span));
    let (message, help) = (hit.message, hit.help);
    Finding { file: source.path.clone(), span: hit.span, severity, code, message, help, frame }
}
