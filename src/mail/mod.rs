//! The mail: made whole from a report, an alert or a test, and handed to an SMTP server.
//!
//! Making is pure: the same values give the same bytes, boundaries and ids included, so that what
//! was stored is what is sent again. Sending is one SMTP transaction a recipient ([`smtp`]).
//! Nothing here decides what is sent when, keeps what was sent, or tries twice.

mod address;
mod alert;
mod compose;
mod message;
mod pages;
mod picture;
mod trial;

pub mod smtp;

pub use address::AddressError;
pub use address::Recipient;
pub use address::Sender;
pub use alert::Alert;
pub use alert::alert;
pub use compose::ComposeError;
pub use compose::Occasion;
pub use compose::daily;
pub use message::Letter;
pub use message::Mail;
pub use message::Picture;
pub use trial::Trial;
pub use trial::trial;
