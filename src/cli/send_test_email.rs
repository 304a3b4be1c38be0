//! `ts send-test-email`: the mail's settings proven step by step.

use clap::Args;

use crate::app;
use crate::app::{MailTold, MailsTried};
use crate::domain::format;

use super::args::Global;
use super::exit::Outcome;
use super::output;
use super::start;

#[derive(Debug, Args)]
pub(super) struct SendTestEmailArgs {
    /// Sends it to this address alone, whoever the recipients are
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
}

/// Sends a test mail and prints each step with how it went. Lines come as the steps are gone: a server
/// that is silent for a minute is seen to be.
pub(super) async fn send_test_email(global: &Global, args: &SendTestEmailArgs) -> anyhow::Result<Outcome> {
    let app = start::app(global)?;
    let mut closed = None;
    let mut told = |told: MailTold<'_>| {
        if closed.is_none() {
            closed = output::write(&lines(&told), None).err();
        }
    };
    let tried = app::send_test_mail(&app, args.to.as_deref(), &mut told).await?;
    if let Some(error) = closed {
        return Err(error);
    }
    output::write(&format!("\n{}", summary(tried)), None)?;
    Ok(if tried.sent == tried.all { Outcome::Done } else { Outcome::Findings })
}

/// Says how many mails are on their way, and never that one is not which may be.
fn summary(tried: MailsTried) -> String {
    const LOOK: &str = "look into the inbox, and among the spam";
    let MailsTried { all, sent, unknown } = tried;
    let of_all = format!("{sent} of {} sent", format::count(all, "mail"));
    match (sent, unknown) {
        (0, 0) => "No mail was sent.".to_owned(),
        (_, 0) => format!("{of_all}: {LOOK}."),
        (_, 1) => {
            format!("{of_all}, and one may have been taken all the same: {LOOK}, before you send again.")
        }
        (_, _) => {
            format!(
                "{of_all}, and {unknown} may have been taken all the same: {LOOK}, before you send again."
            )
        }
    }
}

fn lines(told: &MailTold<'_>) -> String {
    match told {
        MailTold::Begin { server, sender } => format!("Server  {server}\nFrom    {sender}"),
        MailTold::Problem(problem) => format!("warning: {problem}"),
        MailTold::To(recipient) => format!("\nTo      {recipient}"),
        MailTold::Done(step, seen) => format!("  ok      {:<10}{seen}", step.as_str()),
        MailTold::Failed(error) => {
            let step = error.step.as_str();
            format!("  FAILED  {step:<10}{}\n          What to do: {}", error.cause, error.remedy)
        }
    }
}
