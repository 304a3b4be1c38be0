//! The steps of an exchange, in their order.

use std::fmt;

/// A step of sending a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The host's name to its addresses.
    Resolve,
    Connect,
    /// The server names itself and what it can do.
    Greeting,
    /// With implicit TLS this comes before the greeting.
    Tls,
    Login,
    Sender,
    Recipient,
    /// The server is ready for the message.
    Data,
    /// The message is on its way or there; from here on a copy may have been taken.
    Message,
}

impl Step {
    /// Returns the word that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Resolve => "resolve",
            Step::Connect => "connect",
            Step::Greeting => "greeting",
            Step::Tls => "TLS",
            Step::Login => "login",
            Step::Sender => "sender",
            Step::Recipient => "recipient",
            Step::Data => "data",
            Step::Message => "message",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
