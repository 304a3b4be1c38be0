//! The one integration binary: linking polars once is enough.

mod backtest;
mod bad_input;
mod cli;
mod columns;
mod conditions;
#[cfg(unix)]
mod daemon;
mod delivery;
mod delivery_crashes;
mod delivery_faults;
mod explain;
mod hostile;
mod journal;
mod layers;
mod live;
mod mail;
mod mail_trial;
mod market;
mod new_strategy;
mod outcomes;
mod parity;
mod portfolio;
mod program;
mod properties;
mod readme;
mod reload;
mod script_soup;
mod scripts_doc;
mod simulated_market;
mod smtp_server;
mod sweep;
mod two_classes;
mod validate_scripts;
