//! One message to one recipient over SMTP: sent, or failed with the step, the kind and a remedy.
//!
//! A whole exchange has one limit in time, since lettre's own bounds connecting alone and a server
//! that takes a message and never answers would hold the daemon for ever. Each send is a connection
//! of its own: mails are few, and a broken one leaves nothing behind. Nothing here tries twice, and
//! no error holds a secret.

mod error;
mod exchange;
mod server;
mod step;

pub use error::Kind;
pub use error::Remedy;
pub use error::SendError;
pub use server::Server;
pub use server::ServerError;
pub use step::Step;
