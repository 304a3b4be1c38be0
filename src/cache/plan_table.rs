//! A plan of calls as a person reads it before anything is spent: `ts fetch-data --plan` prints it, and
//! its first line stands in the log.

use std::fmt;

use super::need::Need;
use super::plan::Plan;
use super::plan::SplitCheck;
use crate::domain::Symbol;
use crate::sources::Request;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unasked = self.hits.len() + self.waiting.len() + self.absent.len() + self.left_out.len();
        let symbols = unasked + self.fetches.len() + self.by_day.len();
        write!(f, "{}: {}, {}", self.source, counted(symbols, "symbol"), counted(self.calls(), "call"))?;
        if let Some(limit) = self.requests_per_minute
            && self.calls() > 0
        {
            let minutes = self.time().as_secs() / 60;
            let time = if minutes == 0 { "at once".to_owned() } else { format!("about {minutes} min") };
            write!(f, ", {time} at {limit} a minute")?;
        }
        writeln!(f)?;
        if !self.hits.is_empty() {
            writeln!(f, "  cached     {}", counted(self.hits.len(), "symbol"))?;
        }
        if !self.waiting.is_empty() {
            writeln!(f, "  waiting    {}: not there yet, asked minutes ago", names(&self.waiting))?;
        }
        if !self.absent.is_empty() {
            writeln!(f, "  absent     {}: not there when last asked", names(&self.absent))?;
        }
        if !self.left_out.is_empty() {
            writeln!(f, "  left out   {}: too few calls are left today", names(&self.left_out))?;
        }
        for fetch in &self.fetches {
            let Request { symbol, from, to, .. } = &fetch.request;
            let kind = if fetch.need == Need::Whole { "history" } else { "tail" };
            write!(f, "  {kind:<10} {symbol:<10} {from} to {to}")?;
            let pages =
                if fetch.calls == 1 { String::new() } else { format!(", up to {} calls", fetch.calls) };
            writeln!(f, "{pages}")?;
        }
        for day in &self.days {
            let symbols = counted(self.by_day.len(), "symbol");
            writeln!(f, "  market     {:<10} {day}, for {symbols}", "all")?;
        }
        if let Some((from, to)) = self.splits {
            writeln!(f, "  splits     {:<10} {from} to {to}", "all")?;
        }
        for SplitCheck { symbol, from, to } in &self.checks {
            let name = symbol.as_ref().map_or("all", Symbol::as_str);
            writeln!(f, "  splits     {name:<10} {from} to {to}")?;
        }
        Ok(())
    }
}

fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

fn names(symbols: &[Symbol]) -> String {
    symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")
}
