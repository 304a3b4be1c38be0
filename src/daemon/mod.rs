//! The program that is left running: it waits, asks what is due, has it done, and can be asked how it is.
//!
//! Everything that wakes it is one closed enum, [`Wake`], read in one loop, which also holds the one
//! run that may be going on: nothing overlaps, nothing is spawned and forgotten. What to do is
//! [`crate::schedule::due`]'s word; how it is done, and remembered, is [`Work`]'s. Silence is noticed
//! in three ways: a ping around each run, `/health` and `/metrics`, and `ts status`.

mod alert;
mod deliver_job;
mod listen;
mod listener_note;
mod log_tail;
mod metrics;
mod notify;
mod ping;
mod reload_note;
mod running;
mod serve;
#[cfg(test)]
mod serve_tests;
mod signals;
mod status;
mod take_over;
mod unnoted;
mod vitals;
mod wake;
mod work;

pub use deliver_job::{Deliver, standing};
pub use listener_note::listener_note;
pub use log_tail::LogTail;
pub use ping::Ping;
pub use ping::Pinger;
pub use reload_note::reload_note;
pub use serve::Daemon;
pub use status::DataAge;
pub use status::JobStatus;
pub use status::ReloadStatus;
pub use status::Sender;
pub use status::Status;
pub use status::Unsent;
pub use status::data_ages;
pub use status::standing_problems;
pub use take_over::SettingsReader;
pub use vitals::Outcome;
pub use vitals::Vitals;
pub use wake::Wake;
pub use work::Begun;
pub use work::JobResult;
pub use work::Order;
pub use work::Outbox;
pub use work::Role;
pub use work::Standing;
pub use work::Work;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tracing::error;
use tracing::info;

use crate::app::Reloader;

/// How many wakes may wait to be read; signals and edits are few.
const WAITING: usize = 16;

/// Runs a daemon until it is told to stop, with the edits that `reloader` sees.
///
/// # Errors
/// A system that gives no signals. A listener that cannot be opened is told and tried again, and keeps nothing
/// waiting: the mail matters more.
pub async fn run<W: Work>(daemon: Daemon<W>, reloader: Reloader) -> anyhow::Result<()> {
    let (tell, wakes) = mpsc::channel(WAITING);
    let listening = listen::listen(daemon.listen_address(), daemon.vitals(), daemon.listener());
    tokio::select! {
        () = daemon.serve(wakes) => Ok(()),
        broken = signals::forward(tell.clone()) => broken.context("failed to listen for signals"),
        () = forward_edits(reloader, tell) => Ok(()),
        () = listening => Ok(()),
    }
}

/// Tells the loop of every edit; where the watching breaks down, of none any more.
async fn forward_edits(mut reloader: Reloader, tell: mpsc::Sender<Wake>) {
    while let Some(edit) = reloader.next().await {
        for file in &edit.files {
            info!("changed: {}", file.display());
        }
        if tell.send(Wake::ScriptsChanged(Box::new(edit))).await.is_err() {
            return;
        }
    }
    error!("edits are seen no longer; send SIGHUP after one, or restart");
    std::future::pending::<()>().await;
}
