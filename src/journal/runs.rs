//! Runs: what was decided, from what, and what the reader was told; written whole or not at all.
//!
//! "Decided" is one transaction: the run with its inputs, the recommendations, the stops that it advanced, how far
//! its session is, and the mails that wait. A crash leaves nothing, or everything to be delivered.

use chrono::DateTime;
use chrono::Utc;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::named_params;
use rusqlite::params;
use uuid::Uuid;

use super::Delivery;
use super::Journal;
use super::JournalError;
use super::Queued;
use super::SessionState;
use super::blobs;
use super::blobs::Packer;
use super::error::Fault;
use super::inputs;
use super::outbox;
use super::positions;
use super::recommendations;
use super::run_entry::Recorded;
use super::run_entry::Rendered;
use super::run_entry::RunEntry;
use super::run_entry::RunRow;
use super::run_entry::ScriptEntry;
use super::run_entry::Stored;
use super::run_entry::StoredRun;
use super::run_entry::row;
use super::sessions;
use super::values::instant;
use super::values::json;
use super::values::parsed;

impl Journal {
    /// Writes a run and queues its mails, in one transaction. One whose delivery was queued before writes nothing.
    ///
    /// A delivery without mails marks its session done: there is nobody to tell.
    ///
    /// # Errors
    /// A journal that cannot be written; nothing of the run is in it then.
    pub fn record(
        &self,
        entry: &RunEntry,
        delivery: Option<&Delivery>,
        now: DateTime<Utc>,
    ) -> Result<Recorded, JournalError> {
        self.write(|transaction| record(transaction, entry, delivery, now))
    }

    /// Returns the newest runs, at most `limit`, the newest first.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn runs(&self, limit: usize) -> Result<Vec<RunRow>, JournalError> {
        self.read(|connection| {
            let sql = format!("{ROWS} ORDER BY generated_at DESC, id LIMIT ?1");
            let mut select = connection.prepare_cached(&sql)?;
            let rows = select.query_map([limit as i64], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Finds the run whose id begins with `prefix`.
    ///
    /// # Errors
    /// [`JournalError::Refused`] where none does, or more than one.
    pub fn find_run(&self, prefix: &str) -> Result<Uuid, JournalError> {
        self.read(|connection| {
            // Ids are written with digits of both kinds and dashes alone, so nothing in them is a pattern.
            let sql = "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = lower(?1) ORDER BY id LIMIT 4";
            let mut select = connection.prepare_cached(sql)?;
            let found = select.query_map([prefix], |row| parsed::<Uuid>(row, "id"))?;
            let found: Vec<Uuid> = found.collect::<rusqlite::Result<_>>()?;
            match found[..] {
                [] => Err(Fault::Refused(format!(
                    "no run's id begins with `{prefix}`; `ts journal runs` lists them"
                ))),
                _ if prefix.is_empty() => {
                    Err(Fault::Refused("name a run; `ts journal runs` lists them".to_owned()))
                }
                [one] => Ok(one),
                _ => {
                    let ids: Vec<String> = found.iter().map(Uuid::to_string).collect();
                    Err(Fault::Refused(format!(
                        "more than one run's id begins with `{prefix}`: {}; give more of it",
                        ids.join(", ")
                    )))
                }
            }
        })
    }

    /// Returns one run with its scripts, problems and recommendations.
    ///
    /// # Errors
    /// A journal that cannot be read, or has no such run.
    pub fn run(&self, id: Uuid) -> Result<StoredRun, JournalError> {
        self.read(|connection| {
            let found = connection.query_row(&format!("{ROWS} WHERE id = ?1"), [id.to_string()], row);
            let row = found.optional()?.ok_or_else(|| no_run(id))?;
            let mut select = connection.prepare_cached(
                "SELECT name, hash, constants FROM run_scripts WHERE run = ?1 ORDER BY name",
            )?;
            let scripts = select.query_map([id.to_string()], |row| {
                Ok(ScriptEntry { name: row.get(0)?, hash: row.get(1)?, constants: json(row, "constants")? })
            })?;
            let scripts = scripts.collect::<rusqlite::Result<_>>()?;
            let mut select = connection.prepare_cached(
                "SELECT subject, kind, message FROM run_problems WHERE run = ?1 ORDER BY place",
            )?;
            let problems =
                select.query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let problems = problems.collect::<rusqlite::Result<_>>()?;
            let recommendations = recommendations::of_run(connection, id)?;
            Ok(StoredRun { row, scripts, problems, recommendations })
        })
    }

    /// Returns what a run said.
    ///
    /// # Errors
    /// A journal that cannot be read, or has no such run.
    pub fn rendered(&self, id: Uuid) -> Result<Rendered, JournalError> {
        self.read(|connection| Ok(rendered(connection, id)?.0))
    }

    /// Returns what a run said, and what it was decided from.
    ///
    /// # Errors
    /// As [`Journal::rendered`].
    pub fn stored(&self, id: Uuid) -> Result<Stored, JournalError> {
        self.read(|connection| {
            let (rendered, document) = rendered(connection, id)?;
            Ok(Stored { rendered, inputs: inputs::get(connection, document)? })
        })
    }
}

const ROWS: &str = "SELECT runs.*,
    (SELECT count(*) FROM recommendations WHERE run = runs.id AND direction = 'BUY') AS buys,
    (SELECT count(*) FROM recommendations WHERE run = runs.id AND direction = 'SELL') AS sells,
    (SELECT count(*) FROM run_problems WHERE run = runs.id) AS problems,
    (SELECT count(*) FROM outbox WHERE run = runs.id) AS mails
    FROM runs";

fn no_run(id: Uuid) -> Fault {
    Fault::Refused(format!("the journal has no run {id}; `ts journal runs` lists them"))
}

fn rendered(connection: &Connection, id: Uuid) -> Result<(Rendered, i64), Fault> {
    let sql = "SELECT subject, text_blob, html_blob, json_blob, inputs_blob FROM runs WHERE id = ?1";
    let columns =
        |row: &Row<'_>| Ok((row.get(0)?, [row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?], row.get(4)?));
    let found = connection.query_row(sql, [id.to_string()], columns).optional()?;
    let (subject, [text, html, json], document) = found.ok_or_else(|| no_run(id))?;
    let rendered = Rendered {
        subject,
        text: blobs::text(connection, text)?,
        html: blobs::text(connection, html)?,
        json: blobs::text(connection, json)?,
    };
    Ok((rendered, document))
}

fn record(
    connection: &Connection,
    entry: &RunEntry,
    delivery: Option<&Delivery>,
    now: DateTime<Utc>,
) -> Result<Recorded, Fault> {
    if let Some(before) = delivery.map(|own| delivered_before(connection, own)).transpose()?.flatten() {
        return Ok(Recorded::Already(before));
    }
    let id = entry.run.id;
    let known = "SELECT 1 FROM runs WHERE id = ?1";
    let is_known = connection.query_row(known, [id.to_string()], |_| Ok(())).optional()?.is_some();
    // The same instant, scripts and bars make the same run: a repeated one is there.
    if !is_known {
        insert(connection, entry, delivery)?;
        positions::advance(connection, &entry.stops, id)?;
    }
    let Some(delivery) = delivery else { return Ok(Recorded::New { mails: 0 }) };
    let state = if delivery.mails.is_empty() { SessionState::Done } else { SessionState::Undelivered };
    sessions::note(connection, &delivery.job, state, "", now)?;
    connection.execute(
        "UPDATE job_sessions SET run = ?3, decided_at = coalesce(decided_at, ?4) WHERE job = ?1 AND session = ?2",
        params![delivery.job.job, delivery.job.session.to_string(), id.to_string(), instant(now)],
    )?;
    sessions::untried(connection, &delivery.job)?;
    outbox::enqueue(connection, delivery, Some(id), now)?;
    Ok(Recorded::New { mails: delivery.mails.len() })
}

/// Tells whether a delivery was made before: its mails are queued, or there was nobody to mail then either.
fn delivered_before(connection: &Connection, delivery: &Delivery) -> rusqlite::Result<Option<Queued>> {
    let queued = outbox::queued_before(connection, delivery)?;
    if queued.is_some() || !delivery.mails.is_empty() || delivery.correction > 0 {
        return Ok(queued);
    }
    let decided = sessions::find(connection, &delivery.job)?.and_then(|own| own.decided_at);
    Ok(decided.map(|_| Queued::Already { waiting: 0, sent: 0, failed: 0 }))
}

fn insert(connection: &Connection, entry: &RunEntry, delivery: Option<&Delivery>) -> Result<(), Fault> {
    let mut packer = Packer::new();
    let RunEntry { run, rendered, .. } = entry;
    let text = blobs::put(connection, &mut packer, rendered.text.as_bytes())?;
    let html = blobs::put(connection, &mut packer, rendered.html.as_bytes())?;
    let json = blobs::put(connection, &mut packer, rendered.json.as_bytes())?;
    let document = inputs::put(connection, &mut packer, &entry.inputs)?;
    let id = run.id.to_string();
    connection.execute(
        "INSERT INTO runs VALUES (:id, :job, :session, :asset_class, :generated_at, :version, :demo, :state,
             :settings_hash, :positions_hash, :duration_ms, :subject, :text, :html, :json, :inputs)",
        named_params! {
            ":id": id,
            ":job": delivery.map(|own| &own.job.job),
            ":session": run.session.map(|session| session.to_string()),
            ":asset_class": run.asset_class,
            ":generated_at": instant(run.generated_at),
            ":version": entry.version,
            ":demo": run.demo,
            ":state": entry.state.as_str(),
            ":settings_hash": run.settings_hash,
            ":positions_hash": run.positions_hash,
            ":duration_ms": i64::try_from(run.duration_ms).unwrap_or(i64::MAX),
            ":subject": rendered.subject,
            ":text": text,
            ":html": html,
            ":json": json,
            ":inputs": document,
        },
    )?;
    for part in &run.parts {
        connection.execute(
            "INSERT INTO run_parts VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                id,
                part.asset_class.as_str(),
                part.session.to_string(),
                part.source,
                part.data_hash,
                entry.undecided.get(&part.asset_class)
            ],
        )?;
    }
    for script in &entry.scripts {
        // Names and finite numbers are always JSON.
        let constants = serde_json::to_string(&script.constants).unwrap_or_default();
        connection.execute(
            "INSERT INTO run_scripts VALUES (?1, ?2, ?3, ?4)",
            params![id, script.name, script.hash, constants],
        )?;
    }
    for (place, problem) in entry.problems.iter().enumerate() {
        let kind = serde_json::to_value(problem.kind).ok();
        let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        connection.execute(
            "INSERT INTO run_problems VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, place as i64, problem.symbol, kind, problem.message],
        )?;
    }
    for (place, own) in entry.recommendations.iter().enumerate() {
        recommendations::insert(connection, run.id, place, own)?;
    }
    Ok(())
}
