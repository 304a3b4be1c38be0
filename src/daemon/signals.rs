//! Signals, as wakes: SIGTERM and Ctrl-C end the daemon, SIGHUP has it read its settings again.

use tokio::sync::mpsc;

use super::wake::Wake;

/// Tells the loop of every signal, until the loop is gone.
///
/// # Errors
/// A system that gives no signals.
#[cfg(unix)]
pub(super) async fn forward(tell: mpsc::Sender<Wake>) -> std::io::Result<()> {
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    loop {
        let wake = tokio::select! {
            Some(()) = terminated.recv() => Wake::Terminate,
            Some(()) = interrupted.recv() => Wake::Terminate,
            Some(()) = hung_up.recv() => Wake::Reload,
            else => return Ok(()),
        };
        if tell.send(wake).await.is_err() {
            return Ok(());
        }
    }
}

/// Tells the loop of every Ctrl-C, until the loop is gone.
///
/// # Errors
/// A system that gives no signals.
#[cfg(not(unix))]
pub(super) async fn forward(tell: mpsc::Sender<Wake>) -> std::io::Result<()> {
    loop {
        tokio::signal::ctrl_c().await?;
        if tell.send(Wake::Terminate).await.is_err() {
            return Ok(());
        }
    }
}
