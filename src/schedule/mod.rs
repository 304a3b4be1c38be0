//! What is due: which job must decide which session now, why, and whether it is late.
//!
//! [`due`] is a pure function of the instant, the jobs and the [`History`] of what was done. It is
//! asked again after every wake, so that a late, double or missing tick, a clock that jumps and a
//! process that was killed all come to the same: a session is decided once. Nothing here asks the
//! time, sleeps, or remembers anything between two calls.

mod due;
#[cfg(test)]
mod golden_tests;
mod history;
mod job;
mod overdue;
#[cfg(test)]
mod simulation_tests;

pub use due::Due;
pub use due::Timing;
pub use due::Why;
pub use due::delivery_again;
pub use due::delivery_ends;
pub use due::due;
pub use due::fill_instant;
pub use due::timing;
pub use due::wake;
pub use history::Entry;
pub use history::History;
pub use history::State;
pub use job::BadCron;
pub use job::Job;
pub use job::Run;
pub use overdue::Overdue;
pub use overdue::overdue;
