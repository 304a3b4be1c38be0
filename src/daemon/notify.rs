//! What the service manager is told, where there is one: ready, alive, reloading, stopping.
//!
//! Without one, or where it does not listen, nothing happens: it is no reason to stop working.

use std::time::Duration;

/// The daemon works.
pub(super) fn ready() {
    tell(State::Ready);
}

/// The daemon is alive. Told by the loop itself, so that one that hangs is found out.
pub(super) fn alive() {
    tell(State::Alive);
}

/// The daemon reads its settings again; [`ready`] ends it.
pub(super) fn reloading() {
    tell(State::Reloading);
}

/// The daemon ends.
pub(super) fn stopping() {
    tell(State::Stopping);
}

/// How often the service manager wants to hear of the daemon, with room to spare; `None` where it does
/// not.
#[cfg(unix)]
pub(super) fn pace() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 3)
}

#[cfg(not(unix))]
pub(super) fn pace() -> Option<Duration> {
    None
}

enum State {
    Ready,
    Alive,
    Reloading,
    Stopping,
}

#[cfg(unix)]
fn tell(state: State) {
    use sd_notify::NotifyState;
    let told = match state {
        State::Ready => sd_notify::notify(&[NotifyState::Ready]),
        State::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        // The manager asks when it began, to tell it from an earlier one.
        State::Reloading => NotifyState::monotonic_usec_now()
            .and_then(|since| sd_notify::notify(&[NotifyState::Reloading, since])),
        State::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
    };
    if let Err(error) = told {
        tracing::debug!("the service manager does not listen: {error}");
    }
}

#[cfg(not(unix))]
fn tell(_: State) {}
