//! `ts` turns trading rules that a person can read into one clear email a day.
//!
//! The layers, lowest first; imports only point down (ARCHITECTURE.md says why, and
//! `tests/it/layers.rs` proves it).

pub mod domain;
pub mod clock;
pub mod settings;
pub mod calendar;
pub mod bars;
pub mod features;
pub mod sources;
pub mod scripts;
pub mod signals;
pub mod filters;
pub mod decide;
pub mod report;
pub mod reload;
pub mod app;
pub mod cli;
