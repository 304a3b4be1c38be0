//! Recommendations as rows: every number that the reader was told, BUY and SELL.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::named_params;
use uuid::Uuid;

use super::Journal;
use super::JournalError;
use super::Outcome;
use super::outcomes;
use super::values::UnknownWord;
use super::values::instant;
use super::values::json;
use super::values::one_of;
use super::values::parsed;
use super::values::parsed_if_there;
use super::values::unreadable;
use crate::decide::Direction;
use crate::decide::Recommendation;
use crate::domain::AssetClass;
use crate::domain::Conviction;

/// The caps that a size may name; they are words of the program, not of the user.
const CAPS: [&str; 1] = ["max_position"];

/// A recommendation as it was told, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecommendationRow {
    pub run: Uuid,
    pub recommendation: Recommendation,
    /// `None` until it is followed; a SELL never is.
    pub outcome: Option<Outcome>,
}

impl Journal {
    /// Returns the recommendations of the sessions from `since` on, the newest session first, each with its outcome.
    /// A correction's stand beside those that it corrects; those on simulated bars are left out.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn recommendations(&self, since: NaiveDate) -> Result<Vec<RecommendationRow>, JournalError> {
        self.read(|connection| {
            let sql =
                "SELECT recommendations.* FROM recommendations JOIN runs ON runs.id = recommendations.run
                       WHERE runs.demo = 0 AND recommendations.session >= ?1
                       ORDER BY recommendations.session DESC, runs.generated_at DESC, runs.id, place";
            Ok(with_outcomes(connection, sql, &[&since.to_string()])?)
        })
    }

    /// Returns the BUYs of the newest run of a class's session, by rank; none where it was never run. Those on
    /// simulated bars do not count.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn newest_buys(
        &self,
        asset_class: AssetClass,
        session: NaiveDate,
    ) -> Result<Vec<Recommendation>, JournalError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT * FROM recommendations
                  WHERE direction = 'BUY' AND asset_class = ?1 AND session = ?2 AND run = (
                      SELECT runs.id FROM runs JOIN run_parts ON run_parts.run = runs.id
                       WHERE runs.demo = 0 AND run_parts.asset_class = ?1 AND run_parts.session = ?2
                       ORDER BY runs.generated_at DESC, runs.id LIMIT 1)
                  ORDER BY place",
            )?;
            let rows = select.query_map([asset_class.as_str(), &session.to_string()], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Returns the BUYs whose outcome is not settled, the oldest first, each by the newest run that made it.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub fn unsettled(&self) -> Result<Vec<RecommendationRow>, JournalError> {
        self.read(|connection| {
            let sql =
                "SELECT recommendations.* FROM recommendations JOIN runs ON runs.id = recommendations.run
                       WHERE runs.demo = 0 AND direction = 'BUY' AND NOT EXISTS (
                           SELECT 1 FROM outcomes WHERE outcomes.recommendation = recommendations.id
                               AND outcomes.state IN ('closed', 'not_filled'))
                       ORDER BY recommendations.session, runs.generated_at DESC, runs.id, place";
            let mut rows = with_outcomes(connection, sql, &[])?;
            let mut seen = std::collections::BTreeSet::new();
            rows.retain(|row| seen.insert(row.recommendation.id));
            Ok(rows)
        })
    }
}

/// Returns a run's recommendations, BUYs by rank, then SELLs.
pub(super) fn of_run(connection: &Connection, run: Uuid) -> rusqlite::Result<Vec<RecommendationRow>> {
    let sql = "SELECT * FROM recommendations WHERE run = ?1 ORDER BY place";
    with_outcomes(connection, sql, &[&run.to_string()])
}

fn with_outcomes(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Vec<RecommendationRow>> {
    let mut select = connection.prepare_cached("SELECT * FROM outcomes")?;
    let known = select.query_map([], |row| outcomes::row(row).map(|own| (own.recommendation, own)))?;
    let known: BTreeMap<Uuid, Outcome> = known.collect::<rusqlite::Result<_>>()?;
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map(values, |found| {
        let recommendation = row(found)?;
        let outcome =
            known.get(&recommendation.id).filter(|_| recommendation.direction == Direction::Buy).cloned();
        Ok(RecommendationRow { run: parsed(found, "run")?, recommendation, outcome })
    })?;
    rows.collect()
}

pub(super) fn insert(
    connection: &Connection,
    run: Uuid,
    place: usize,
    own: &Recommendation,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO recommendations VALUES (:run, :place, :id, :symbol, :asset_class, :direction, :conviction,
             :current_price, :entry_price, :target_price, :stop_price, :position_size_pct, :risk_pct, :size_cap,
             :quantity, :adv20, :technical_score, :news_score, :sentiment_score, :combined_score, :components,
             :signal_type, :reasoning, :news_headlines, :generated_at, :strategy_name, :script_hash, :session)",
    )?;
    // Names and numbers are always JSON.
    let components = serde_json::to_string(&own.components).unwrap_or_default();
    let headlines = serde_json::to_string(&own.news_headlines).unwrap_or_default();
    insert.execute(named_params! {
        ":run": run.to_string(),
        ":place": place,
        ":id": own.id.to_string(),
        ":symbol": own.symbol.as_str(),
        ":asset_class": own.asset_class.as_str(),
        ":direction": own.direction.as_str(),
        ":conviction": own.conviction.map(Conviction::as_str),
        ":current_price": own.current_price,
        ":entry_price": own.entry_price,
        ":target_price": own.target_price,
        ":stop_price": own.stop_price,
        ":position_size_pct": own.position_size_pct,
        ":risk_pct": own.risk_pct,
        ":size_cap": own.size_cap,
        ":quantity": own.quantity,
        ":adv20": own.adv20,
        ":technical_score": own.technical_score,
        ":news_score": own.news_score,
        ":sentiment_score": own.sentiment_score,
        ":combined_score": own.combined_score,
        ":components": components,
        ":signal_type": own.signal_type,
        ":reasoning": own.reasoning,
        ":news_headlines": headlines,
        ":generated_at": own.generated_at.map(instant),
        ":strategy_name": own.strategy_name,
        ":script_hash": own.script_hash,
        ":session": own.session.to_string(),
    })?;
    Ok(())
}

fn row(row: &Row<'_>) -> rusqlite::Result<Recommendation> {
    let convictions = [Conviction::Low, Conviction::Medium, Conviction::High];
    let conviction = match row.get::<_, Option<String>>("conviction")? {
        None => None,
        Some(_) => Some(one_of(row, "conviction", &convictions, Conviction::as_str)?),
    };
    let size_cap = match row.get::<_, Option<String>>("size_cap")? {
        None => None,
        Some(word) => {
            let known = CAPS.into_iter().find(|cap| *cap == word);
            Some(known.ok_or_else(|| unreadable("size_cap", UnknownWord(word)))?)
        }
    };
    Ok(Recommendation {
        id: parsed(row, "id")?,
        symbol: parsed(row, "symbol")?,
        asset_class: parsed(row, "asset_class")?,
        direction: one_of(row, "direction", &[Direction::Buy, Direction::Sell], Direction::as_str)?,
        conviction,
        current_price: row.get("current_price")?,
        entry_price: row.get("entry_price")?,
        target_price: row.get("target_price")?,
        stop_price: row.get("stop_price")?,
        position_size_pct: row.get("position_size_pct")?,
        risk_pct: row.get("risk_pct")?,
        size_cap,
        quantity: row.get("quantity")?,
        adv20: row.get("adv20")?,
        technical_score: row.get("technical_score")?,
        news_score: row.get("news_score")?,
        sentiment_score: row.get("sentiment_score")?,
        combined_score: row.get("combined_score")?,
        components: json(row, "components")?,
        signal_type: row.get("signal_type")?,
        reasoning: row.get("reasoning")?,
        news_headlines: json(row, "news_headlines")?,
        generated_at: parsed_if_there(row, "generated_at")?,
        strategy_name: row.get("strategy_name")?,
        script_hash: row.get("script_hash")?,
        session: parsed(row, "session")?,
    })
}
