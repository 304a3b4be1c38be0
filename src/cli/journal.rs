//! `ts journal`: what was decided and sent, and a copy of it.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::backtest::as_set;
use crate::domain::format;
use crate::journal::{Journal, JournalError, Lateness, Outcome as Followed, Outgoing};
use crate::journal::{RecommendationRow, Reveal, RunRow, StoredRun};

use super::args::Global;
use super::choices::TextFormat;
use super::exit::Outcome;
use super::outbox;
use super::output;
use super::start;
use super::table::{Cell, Table};

#[derive(Debug, Subcommand)]
pub(super) enum JournalAction {
    /// Lists the runs, the newest first
    Runs {
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Lists the recommendations and what became of them, the newest session first
    Recommendations {
        /// The first session that is listed; all by default
        #[arg(long, value_name = "YYYY-MM-DD")]
        since: Option<NaiveDate>,
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Shows one run: its scripts, problems, recommendations and mails
    Show {
        /// The run's id, or its beginning
        #[arg(value_name = "ID")]
        id: String,
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Lists the holdouts that `ts backtest --reveal` showed, the newest first
    Reveals {
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Lists the mails that were queued, and the alerts: waiting, sent or refused, the newest first
    Outbox {
        /// The first day that is listed (UTC); what still waits is listed always
        #[arg(long, value_name = "YYYY-MM-DD")]
        since: Option<NaiveDate>,
        #[arg(long, value_enum, default_value_t = TextFormat::Text)]
        format: TextFormat,
    },
    /// Writes a whole copy of the journal, also while others write to it
    Backup {
        /// The file to write; it must not be there yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Lists, shows or copies what the journal holds.
pub(super) fn journal(global: &Global, action: &JournalAction) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let path = &app.loaded.settings.journal.path;
    let journal = match (Journal::open_to_read(path), action) {
        // Without a journal nothing was revealed: that is the answer.
        (Err(JournalError::Missing { .. }), JournalAction::Reveals { format }) => {
            output::write(&reveals(&[], *format)?, None)?;
            return Ok(Outcome::Done);
        }
        (journal, _) => journal?,
    };
    let text = match action {
        JournalAction::Runs { limit, format } => runs(&journal.runs(*limit)?, *format)?,
        JournalAction::Recommendations { since, format } => {
            recommendations(&journal.recommendations(since.unwrap_or(NaiveDate::MIN))?, *format)?
        }
        JournalAction::Show { id, format } => {
            let id = journal.find_run(id)?;
            show(&journal.run(id)?, &journal.mails_of_run(id)?, *format)?
        }
        JournalAction::Reveals { format } => reveals(&journal.reveals()?, *format)?,
        JournalAction::Outbox { since, format } => {
            let since = since.map_or(DateTime::UNIX_EPOCH, |day| day.and_time(NaiveTime::MIN).and_utc());
            outbox::outbox(&journal.mails_since(since)?, &journal.alerts_since(since)?, *format)?
        }
        JournalAction::Backup { file } => {
            journal.backup(file)?;
            format!("{} holds the whole of {}", file.display(), journal.path().display())
        }
    };
    output::write(&text, None)?;
    Ok(Outcome::Done)
}

fn runs(rows: &[RunRow], format: TextFormat) -> anyhow::Result<String> {
    if format == TextFormat::Json {
        return Ok(serde_json::to_string_pretty(&rows.iter().map(run_json).collect::<Vec<_>>())?);
    }
    if rows.is_empty() {
        return Ok("The journal holds no run yet.".to_owned());
    }
    let header =
        ["run", "generated", "session", "job", "class", "state", "buys", "sells", "problems", "mails"];
    let row = |own: &RunRow| {
        let text = |text: &str| Cell::Text(text.to_owned());
        vec![
            text(&own.id.to_string()[..8]),
            Cell::Text(minute(own.generated_at)),
            own.session.map_or(Cell::Missing, |session| Cell::Text(session.to_string())),
            own.job.as_deref().map_or(Cell::Missing, text),
            text(&own.asset_class),
            text(own.state.as_str()),
            Cell::Number(own.buys as f64),
            Cell::Number(own.sells as f64),
            Cell::Number(own.problems as f64),
            Cell::Number(own.mails as f64),
        ]
    };
    Ok(Table::of(header, rows.iter().map(row)).text())
}

fn run_json(own: &RunRow) -> Value {
    json!({
        "id": own.id,
        "job": own.job,
        "session": own.session,
        "asset_class": own.asset_class,
        "generated_at": own.generated_at,
        "version": own.version,
        "state": own.state.as_str(),
        "settings_hash": own.settings_hash,
        "positions_hash": own.positions_hash,
        "duration_ms": own.duration_ms,
        "subject": own.subject,
        "recommendations": own.buys,
        "exits": own.sells,
        "problems": own.problems,
        "mails": own.mails,
    })
}

fn recommendations(rows: &[RecommendationRow], format: TextFormat) -> anyhow::Result<String> {
    if format == TextFormat::Json {
        let rows = rows.iter().map(recommendation_json).collect::<anyhow::Result<Vec<_>>>()?;
        return Ok(serde_json::to_string_pretty(&rows)?);
    }
    if rows.is_empty() {
        return Ok("The journal holds no recommendation of these sessions.".to_owned());
    }
    let header = [
        "session", "run", "side", "symbol", "class", "strategy", "type", "entry", "stop", "target",
        "outcome", "R",
    ];
    let row = |row: &RecommendationRow| {
        let own = &row.recommendation;
        let text = |text: &str| Cell::Text(text.to_owned());
        let outcome = row.outcome.as_ref();
        vec![
            Cell::Text(own.session.to_string()),
            text(&row.run.to_string()[..8]),
            text(own.direction.as_str()),
            text(own.symbol.as_str()),
            text(own.asset_class.as_str()),
            text(&own.strategy_name),
            text(&own.signal_type),
            Cell::Number(own.entry_price),
            Cell::Number(own.stop_price),
            Cell::from(own.target_price),
            outcome.map_or(Cell::Missing, |own| text(own.state.as_str())),
            Cell::from(outcome.and_then(|own| own.r_multiple)),
        ]
    };
    Ok(Table::of(header, rows.iter().map(row)).text())
}

fn recommendation_json(row: &RecommendationRow) -> anyhow::Result<Value> {
    let mut value = serde_json::to_value(&row.recommendation)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("run".to_owned(), json!(row.run));
        object.insert("outcome".to_owned(), row.outcome.as_ref().map_or(Value::Null, outcome_json));
    }
    Ok(value)
}

fn outcome_json(own: &Followed) -> Value {
    json!({
        "state": own.state.as_str(),
        "entry_date": own.entry.map(|(date, _)| date),
        "entry_price": own.entry.map(|(_, price)| price),
        "stop_price": own.stop_price,
        "exit_date": own.exit.map(|(date, _)| date),
        "exit_price": own.exit.map(|(_, price)| price),
        "exit_reason": own.exit_reason,
        "r_multiple": own.r_multiple,
        "target_touched": own.target_touched,
        "stop_touched": own.stop_touched,
        "last_session": own.last_session,
        "last_close": own.last_close,
    })
}

fn reveals(rows: &[Reveal], format: TextFormat) -> anyhow::Result<String> {
    if format == TextFormat::Json {
        return Ok(serde_json::to_string_pretty(rows)?);
    }
    if rows.is_empty() {
        return Ok("No holdout was revealed yet.".to_owned());
    }
    let header = ["revealed", "from", "to", "classes", "scripts", "trials", "constants"];
    let row = |own: &Reveal| {
        let classes: Vec<&str> = own.asset_classes.iter().map(|class| class.as_str()).collect();
        let constants: Vec<(String, f64)> = own.constants.clone().into_iter().collect();
        vec![
            Cell::Text(minute(own.revealed_at)),
            Cell::Text(own.from.to_string()),
            Cell::Text(own.to.to_string()),
            Cell::Text(classes.join(", ")),
            Cell::Text(format::short_hash(&own.scripts_hash).to_owned()),
            Cell::Number(own.trials as f64),
            Cell::Text(as_set(&constants)),
        ]
    };
    Ok(Table { header: header.map(str::to_owned).to_vec(), rows: rows.iter().map(row).collect() }.text())
}

fn show(run: &StoredRun, mails: &[Outgoing], format: TextFormat) -> anyhow::Result<String> {
    if format == TextFormat::Json {
        return show_json(run, mails);
    }
    let row = &run.row;
    let mut text = format!("Run {}\n{}\n", row.id, row.subject);
    let job = row.job.as_deref().unwrap_or("no job");
    text.push_str(&format!(
        "{} by ts {} for {job}, {} ({}), {} ms\n",
        minute(row.generated_at),
        row.version,
        row.asset_class,
        row.state.as_str(),
        row.duration_ms,
    ));
    let hashes = [("settings", &row.settings_hash), ("positions", &row.positions_hash)];
    for (what, hash) in hashes {
        text.push_str(&format!("{what} {}\n", format::short_hash(hash)));
    }
    text.push_str("\nScripts\n");
    for script in &run.scripts {
        let constants: Vec<String> =
            script.constants.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let line =
            format!("  {} {}  {}", script.name, format::short_hash(&script.hash), constants.join(", "));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str("\nRecommendations\n");
    text.push_str(&recommendations(&run.recommendations, TextFormat::Text)?);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if !run.problems.is_empty() {
        text.push_str("\nProblems\n");
    }
    for (subject, kind, message) in &run.problems {
        let about = if subject.is_empty() { String::new() } else { format!("{subject}: ") };
        text.push_str(&format!("  {kind}  {about}{message}\n"));
    }
    if !mails.is_empty() {
        text.push_str("\nMails\n");
    }
    for mail in mails {
        let late = if mail.lateness == Lateness::Late { ", late" } else { "" };
        let error = mail.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        let tries = format::count(mail.attempts as usize, "attempt");
        text.push_str(&format!("  {}  {}{late}, {tries}{error}\n", mail.recipient, mail.state.as_str()));
    }
    Ok(text)
}

fn show_json(run: &StoredRun, mails: &[Outgoing]) -> anyhow::Result<String> {
    let scripts = run
        .scripts
        .iter()
        .map(|own| json!({ "name": own.name, "hash": own.hash, "constants": own.constants }));
    let problems = run
        .problems
        .iter()
        .map(|(symbol, kind, message)| json!({ "symbol": symbol, "kind": kind, "message": message }));
    let mails = mails.iter().map(|own| {
        json!({
            "recipient": own.recipient,
            "correction": own.correction,
            "message_id": own.message_id,
            "subject": own.subject,
            "late": own.lateness == Lateness::Late,
            "state": own.state.as_str(),
            "attempts": own.attempts,
            "last_error": own.last_error,
            "queued_at": own.queued_at,
            "accepted_at": own.accepted_at,
        })
    });
    let told = run.recommendations.iter().map(recommendation_json).collect::<anyhow::Result<Vec<_>>>()?;
    let document = json!({
        "run": run_json(&run.row),
        "scripts": scripts.collect::<Vec<_>>(),
        "recommendations": told,
        "problems": problems.collect::<Vec<_>>(),
        "mails": mails.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&document)?)
}

pub(super) fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
