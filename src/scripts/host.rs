//! What every script of a snapshot is run by.

use std::sync::Arc;

use super::columns::Engine;
use super::view::Layout;

/// The interpreter that runs a set of scripts, with a getter for each feature that they read, and
/// which engine is asked first. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub interpreter: Arc<rhai::Engine>,
    pub layout: Arc<Layout>,
    pub engine: Engine,
}
