//! `ts` turns trading rules that a person can read into one clear email a day.
//!
//! The layers, lowest first; imports only point down (ARCHITECTURE.md says why, and
//! `tests/it/layers.rs` proves it).

// Both panic where nobody reads; `cli::output` writes what a person is told.
#![cfg_attr(not(test), warn(clippy::print_stderr, clippy::print_stdout))]

pub mod app;
pub mod backtest;
pub mod bars;
pub mod cache;
pub mod calendar;
pub mod cases;
pub mod cli;
pub mod clock;
pub mod daemon;
pub mod decide;
pub mod domain;
pub mod features;
pub mod filters;
pub mod journal;
pub mod lint;
pub mod mail;
pub mod outcomes;
pub mod performance;
pub mod reload;
pub mod report;
pub mod schedule;
pub mod scripts;
pub mod settings;
pub mod signals;
pub mod sources;
