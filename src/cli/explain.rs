//! `ts explain SYMBOL`: why a symbol did or did not signal.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

use crate::app;
use crate::app::ExplainRequest;
use crate::decide::{
    ComponentExplained, Explanation, FilterVerdict, HeldExplained, Judged, RuleExplained, RuleOutcome,
    SignalExplained, StrategyExplained,
};
use crate::domain::format::{MISSING, count, day, fixed, percent, price};
use crate::domain::has_failed_script;
use crate::scripts::trace::{Seen, tree};

use super::args::Global;
use super::choices::{OneClass, SourceArgs, TextFormat};
use super::exit::Outcome;
use super::output;
use super::progress::Progress;
use super::start;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The symbol to explain
    pub symbol: String,
    /// The session to decide; the last finished one by default
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// Only these strategies
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub strategy: Vec<String>,
    /// The asset class, where both list the symbol
    #[arg(long, value_enum)]
    pub asset_class: Option<OneClass>,
    /// The positions held (CSV; the README says which columns)
    #[arg(long, value_name = "FILE")]
    pub positions: Option<PathBuf>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
    /// Writes the explanation to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Explains one symbol and prints the trees of its conditions.
pub(super) async fn explain(global: &Global, args: &ExplainArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let request = ExplainRequest {
        symbol: args.symbol.clone(),
        asset_class: args.asset_class.map(Into::into),
        date: args.date,
        strategies: args.strategy.clone(),
        source: args.source.chosen()?,
        positions: args.positions.clone(),
    };
    let progress = Progress::start();
    let found = app::explain(&app, &request, &|done, total| progress.calls(done, total)).await;
    drop(progress);
    let found = found?;
    output::Remarks { notes: &found.notes, problems: &found.problems, demo: found.demo }.write();
    let text = match args.format {
        TextFormat::Json => serde_json::to_string_pretty(&found.explanation)?,
        TextFormat::Text => text(&found.explanation),
    };
    output::write(&text, args.output.as_deref())?;
    let problems = [found.problems, found.explanation.problems].concat();
    Ok(if has_failed_script(&problems) { Outcome::Findings } else { Outcome::Done })
}

fn text(told: &Explanation) -> String {
    let close = told.close.map_or_else(|| "no bar".to_owned(), |close| format!("close {}", price(close)));
    let mut lines = vec![format!(
        "{}  {}, {}, {close} ({})",
        told.symbol,
        told.asset_class,
        day(told.session),
        count(told.bars, "bar")
    )];
    if let (None, Some(newest)) = (told.close, told.newest) {
        lines.push(format!("its newest bar is of {}", day(newest)));
    }
    if let Some(why) = &told.no_decision {
        lines.push(format!("No decision: {why}"));
    }
    for held in &told.held {
        lines.extend(held_lines(held));
    }
    for strategy in &told.strategies {
        lines.extend(strategy_lines(strategy));
    }
    if !told.problems.is_empty() {
        lines.push(String::new());
        lines.extend(told.problems.iter().map(|problem| format!("problem: {problem}")));
    }
    lines.join("\n")
}

fn strategy_lines(told: &StrategyExplained) -> Vec<String> {
    let mut lines = vec![String::new(), format!("{}: {}", told.strategy, told.summary)];
    lines.extend(told.eligible.iter().flat_map(|rule| rule_lines(rule, &told.path)));
    lines.extend(told.entry.iter().flat_map(|rule| rule_lines(rule, &told.path)));
    lines.extend(told.components.iter().flat_map(component_lines));
    lines.extend(told.signal.iter().map(signal_line));
    if !told.filters.is_empty() {
        lines.push("  filters".to_owned());
        lines.extend(told.filters.iter().map(filter_line));
    }
    lines
}

fn rule_lines(rule: &RuleExplained, path: &str) -> Vec<String> {
    let outcome = match &rule.outcome {
        RuleOutcome::Gave { value: Seen::Nothing(()) } => "gave ()".to_owned(),
        RuleOutcome::Gave { value } => format!("gave {}", value.words()),
        RuleOutcome::NotReady { missing } => {
            let missing: Vec<&str> = missing.iter().map(|own| own.why.as_str()).collect();
            format!("not ready: {}", missing.join("; "))
        }
        RuleOutcome::Failed { message } => format!("failed: {message}"),
        RuleOutcome::Unexplained { message } => message.clone(),
    };
    let mut lines = vec![format!("  {}  {outcome}  ({path}:{})", rule.function, rule.line)];
    lines.extend(tree(&rule.steps).into_iter().map(|line| format!("    {line}")));
    lines
}

fn component_lines(told: &ComponentExplained) -> Vec<String> {
    let score = told.score.map_or_else(|| MISSING.to_owned(), |score| fixed(score, 2));
    let mut lines = vec![format!("  score {}  {score} × {}", told.name, told.weight)];
    let Some(rule) = &told.rule else { return lines };
    if !matches!(rule.outcome, RuleOutcome::Gave { .. }) {
        lines.extend(rule_lines(rule, "scorer").into_iter().map(|line| format!("  {line}")));
        return lines;
    }
    lines.extend(tree(&rule.steps).into_iter().map(|line| format!("    {line}")));
    lines
}

fn signal_line(signal: &SignalExplained) -> String {
    let cap = signal.size_cap.map(|cap| format!(", held down by {cap},")).unwrap_or_default();
    format!(
        "  score {} ({}), stop {}, target {}; {} of equity{cap} risks {}",
        fixed(signal.combined_score, 2),
        signal.conviction.as_str(),
        price(signal.stop),
        price(signal.target),
        percent(signal.position_size_pct, 1),
        percent(signal.risk_pct, 2),
    )
}

fn filter_line(told: &FilterVerdict) -> String {
    let mark = match told.verdict {
        Judged::Passed => "✓ pass   ",
        Judged::Rejected => "✗ fail   ",
        Judged::NotReached => "· skipped",
    };
    let reason = told.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("    {mark} {}{reason}", told.filter)
}

fn held_lines(told: &HeldExplained) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!(
            "held by {} since {} at {}, stop {}: {}",
            told.strategy,
            day(told.entry_date),
            price(told.entry_price),
            price(told.stop_price),
            told.note
        ),
    ];
    let rules = told.stop.iter().chain(&told.exit);
    let path = told.path.as_ref().unwrap_or(&told.strategy);
    lines.extend(rules.flat_map(|rule| rule_lines(rule, path)));
    lines
}
