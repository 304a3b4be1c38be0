//! A folder of files and a mail server that takes everything: where the tests of delivery begin.

use std::collections::BTreeMap;
use std::net::TcpListener;

use rusqlite::Connection;

use crate::program::{Folder, NOW, Running, Said};
use crate::smtp_server::{Accepted, SmtpServer, WELL};

pub const RECIPIENTS: [&str; 3] = ["ann@example.org", "bob@example.org", "cee@example.org"];
pub const RUN: [&str; 3] = ["run", "--asset-class", "equity"];
/// The Message-ID of Friday's mail.
pub const OF_FRIDAY: &str = "<ts.daily_equity_signals.2026-11-20@example.com>";

/// A folder of files and a server that takes everything.
pub struct Trial {
    pub folder: Folder,
    pub server: SmtpServer,
    /// Who receives the mail.
    recipients: String,
}

impl Trial {
    /// Starts the server; the mail goes to all [`RECIPIENTS`].
    pub fn start() -> Self {
        Self::to(&RECIPIENTS)
    }

    /// Starts the server; the mail goes to these.
    pub fn to(recipients: &[&str]) -> Self {
        Self {
            folder: Folder::with_files(),
            server: SmtpServer::start(WELL),
            recipients: recipients.join(","),
        }
    }

    /// The variables of the mail, these in the place of theirs.
    pub fn variables<'a>(&self, others: &[(&'a str, &'a str)]) -> Vec<(&'a str, String)> {
        let mut variables = self.server.variables(&self.recipients);
        variables.retain(|(name, _)| others.iter().all(|(other, _)| other != name));
        variables.extend(others.iter().map(|(name, value)| (*name, (*value).to_owned())));
        variables
    }

    pub fn ts(&self, arguments: &[&str]) -> Said {
        self.ts_with(&[], arguments)
    }

    /// Runs `ts` with these variables in the place of the server's.
    pub fn ts_with(&self, others: &[(&str, &str)], arguments: &[&str]) -> Said {
        let variables = self.variables(others);
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.folder.ts_with(&variables, arguments)
    }

    /// Runs `ts` at an instant.
    pub fn ts_at(&self, now: &str, arguments: &[&str]) -> Said {
        // The last of two counts.
        self.ts(&[&["--now", now], arguments].concat())
    }

    /// Runs `ts` where nobody listens: what it queues waits.
    pub fn ts_unreached(&self, arguments: &[&str]) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port().to_string();
        drop(listener);
        let said = self.ts_with(&[("SMTP_PORT", &port)], arguments);
        assert!(said.code == 1 && said.words().contains("not mailed yet"), "{}", said.stderr);
    }

    pub fn spawn(&self, arguments: &[&str]) -> Running {
        self.spawn_at(NOW, arguments)
    }

    pub fn spawn_at(&self, now: &str, arguments: &[&str]) -> Running {
        let variables = self.variables(&[]);
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Running::start_at(now, &self.folder, &variables, arguments)
    }

    pub fn journal(&self) -> Connection {
        Connection::open(self.folder.path().join("data/ts.db")).expect("the journal")
    }

    pub fn count(&self, sql: &str) -> usize {
        self.journal().query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    /// How many mails a process that was killed was sending; none where it got no further than to make the journal.
    pub fn interrupted(&self) -> usize {
        let sql = "SELECT count(*) FROM outbox WHERE state = 'attempting'";
        if !self.folder.path().join("data/ts.db").exists() {
            return 0;
        }
        self.journal().query_row(sql, [], |row| row.get(0)).unwrap_or(0)
    }

    /// The mails of each recipient, as their Message-IDs.
    pub fn mailed(&self) -> BTreeMap<String, Vec<String>> {
        let mut mailed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Accepted { recipients, message_id, .. } in self.server.accepted() {
            assert_eq!(recipients.len(), 1, "one transaction a recipient");
            mailed.entry(recipients[0].clone()).or_default().push(message_id);
        }
        mailed
    }

    pub fn texts(&self) -> Vec<String> {
        self.server.accepted().into_iter().map(|sent| sent.text.unwrap_or_default()).collect()
    }
}

/// What each recipient has, where all have the same.
pub fn all(ids: &[&str]) -> BTreeMap<String, Vec<String>> {
    let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
    RECIPIENTS.iter().map(|&to| (to.to_owned(), ids.clone())).collect()
}
