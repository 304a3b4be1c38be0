//! The program with real HTTP between it and its vendors, who are a server on this machine.
//!
//! Every claim on what is fetched is made against the requests that the server counted.

mod disk;
mod failures;
mod interrupts;
mod output;
mod plans;
mod renames;
mod secrets;
mod splits;
mod trial;
mod trial_server;

#[path = "../../../examples/vendor/mod.rs"]
mod vendor;
