//! How far a command is, on stderr: a bar on a terminal, plain lines elsewhere, and nothing at all where
//! no vendor has to be asked.
//!
//! A log line that lands in a bar spoils both: logs go out by [`Stderr`], which takes the bar away for as
//! long as a line needs. Refuses to write to stdout, which is the result's alone.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Plain lines of one count: its parts that are told, however many calls there are.
const PARTS: usize = 10;
/// A plain line comes at least so often while calls are made.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// The bar that stands on the terminal now.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// The one bar of a command, which counts one thing after the other.
pub(super) struct Progress {
    bar: ProgressBar,
    is_drawn: bool,
    /// What is counted, where anything was told.
    counted: Mutex<Option<&'static str>>,
    last_line: Mutex<Instant>,
}

impl Progress {
    /// Prepares the bar; nothing is shown before something is told.
    pub(super) fn start() -> Self {
        Self {
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10)),
            is_drawn: stderr().is_terminal(),
            counted: Mutex::new(None),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Tells the calls to a vendor that are done, and how many there are.
    pub(super) fn calls(&self, done: usize, total: usize) {
        self.draw("calls", done, total);
        let mut last_line = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last_line.elapsed() >= LONGEST_SILENCE;
        if !self.is_drawn && (is_due || is_step(done, total)) {
            *last_line = Instant::now();
            // Whoever closed stderr wants no progress.
            drop(writeln!(stderr(), "fetching: {done}/{total} calls"));
        }
    }

    /// Tells the sessions that are gone through; off a terminal only where it takes long.
    pub(super) fn sessions(&self, done: usize, total: usize) {
        self.walked("sessions", done, total);
    }

    /// Tells the combinations of a grid that are compiled, likewise.
    pub(super) fn compiled(&self, done: usize, total: usize) {
        self.walked("combinations compiled", done, total);
    }

    /// Tells the combinations of a grid that are walked, likewise.
    pub(super) fn combinations(&self, done: usize, total: usize) {
        self.walked("combinations", done, total);
    }

    fn walked(&self, what: &'static str, done: usize, total: usize) {
        self.draw(what, done, total);
        let mut last_line = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_drawn && last_line.elapsed() >= LONGEST_SILENCE {
            *last_line = Instant::now();
            drop(writeln!(stderr(), "{done}/{total} {what}"));
        }
    }

    fn draw(&self, what: &'static str, done: usize, total: usize) {
        if !self.is_drawn {
            return;
        }
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.replace(what) != Some(what) {
            let template = format!("{{bar:20}} {{pos}}/{{len}} {what}, {{eta}} left  {{wide_msg}}");
            self.bar
                .set_style(ProgressStyle::with_template(&template).expect("its parts are indicatif's own"));
            *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.bar.clone());
        }
        if done == 0 {
            self.bar.reset_eta();
        }
        // Whatever was tried again has come to its end.
        self.bar.set_message("");
        self.bar.update(|state| {
            state.set_len(total as u64);
            state.set_pos(done as u64);
        });
    }
}

/// Tells of a call that is tried again: in the bar where one stands, else as a plain line.
pub(super) fn retrying(what: &str) {
    let bar = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.set_message(what.to_owned()),
        None => drop(writeln!(stderr(), "fetching: {what}")),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        *DRAWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Tells whether a count has a plain line: the first, the last, and where another tenth is done.
fn is_step(done: usize, total: usize) -> bool {
    let part = |done: usize| done * PARTS / total.max(1);
    done == 0 || done >= total || part(done) > part(done - 1)
}

/// Standard error for logs, above a bar that may stand there.
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let bar = DRAWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let write = || stderr().write_all(bytes);
        match bar {
            Some(bar) => bar.suspend(write)?,
            None => write()?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: usize, expected: &[usize]) {
        let told: Vec<usize> = (0..=total).filter(|done| is_step(*done, total)).collect();
        assert_eq!(told, expected, "of {total}");
    }

    #[test]
    fn what_is_tried_again_stands_in_the_bar_until_the_next_call_is_done() {
        let mut progress = Progress::start();
        (progress.is_drawn, progress.bar) = (true, ProgressBar::hidden());
        progress.calls(0, 2);
        retrying("trying again in 2 s: binance (BTC) could not be reached");
        assert_eq!(progress.bar.message(), "trying again in 2 s: binance (BTC) could not be reached");
        progress.calls(1, 2);
        assert_eq!(progress.bar.message(), "");
    }

    #[test]
    fn the_first_the_last_and_every_tenth_are_told() {
        check(1, &[0, 1]);
        check(4, &[0, 1, 2, 3, 4]);
        check(30, &[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
        assert!(is_step(31, 30), "a fetch that was added on the way");
    }
}
