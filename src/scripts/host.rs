//! What every script of a snapshot is run by.

use std::sync::Arc;

use rhai::Engine;

use super::view::Layout;

/// The engine that runs a set of scripts, with a getter for each feature that they read.
#[derive(Debug)]
pub(super) struct Host {
    pub engine: Engine,
    pub layout: Arc<Layout>,
}
