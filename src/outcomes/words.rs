//! What became of a past BUY, in the words of the mail.

use super::followed::{Followed, Stage, Touch};
use crate::domain::format::{count, short_day};

impl Followed {
    /// Returns the stage's name, as JSON has it.
    pub fn stage_name(&self) -> &'static str {
        match self.stage {
            Stage::Waiting => "waiting",
            Stage::NotFilled(_) => "not_filled",
            Stage::Open => "open",
            Stage::StrategyGone => "strategy_gone",
            Stage::Closed => "closed",
            Stage::Delisted => "delisted",
        }
    }

    /// Says how far it has come: what happened first, then what was touched meanwhile.
    pub fn told_outcome(&self) -> String {
        let mut parts = vec![match &self.stage {
            Stage::Waiting => "waits for the next open".to_owned(),
            Stage::NotFilled(why) => format!("not filled: {why}"),
            Stage::Open => format!("open{}", self.held_for()),
            Stage::StrategyGone => {
                format!("open{}: its strategy is gone, only its stop is checked", self.held_for())
            }
            Stage::Closed => {
                let day = self.exit.map(|exit| short_day(exit.session)).unwrap_or_default();
                let reason = self.exit_reason.as_deref().unwrap_or("unknown");
                format!("sold {day}{}: {reason}", self.held_for())
            }
            Stage::Delisted => {
                format!("no bar since {}: counted at its last close", short_day(self.last_session))
            }
        }];
        if self.is_open()
            && let Some(reason) = &self.exit_reason
        {
            parts.push(format!("sells at the next open: {reason}"));
        }
        if self.stage == Stage::Open
            && let Some(why) = &self.unchecked
        {
            parts.push(why.clone());
        }
        parts.extend(self.touch().map(told_touch));
        parts.join("; ")
    }

    fn held_for(&self) -> String {
        self.bars_held.map_or_else(String::new, |bars| format!(" after {}", count(bars, "bar")))
    }
}

fn told_touch(touch: Touch) -> String {
    match touch {
        Touch::Target(date) => format!("target touched {}", short_day(date)),
        Touch::Stop(date) => format!("stop touched {}", short_day(date)),
        Touch::StopBeforeTarget(date) => {
            format!("stop and target both touched {}, counted as stop first", short_day(date))
        }
    }
}
