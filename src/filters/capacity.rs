//! Refuses an order too small to make or too large for the symbol's trading
//! (`MAX_ADV_FRACTION` of its 20-session dollar volume).

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, _kept: &[Candidate], _context: &Context<'_>) -> Option<String> {
    let (signal, size) = (&candidate.signal, &candidate.size);
    if size.quantity <= 0.0 {
        let fraction = size.fraction * 100.0;
        return Some(format!("{fraction:.1} % of equity buys no whole share at {}", signal.close));
    }
    let Some(adv20) = signal.adv20 else {
        return Some("20-session dollar volume is unknown: fewer than 20 bars".to_owned());
    };
    let limit = signal.max_adv_fraction * adv20;
    (size.notional > limit).then(|| {
        let fraction = signal.max_adv_fraction * 100.0;
        format!(
            "an order of {:.0} is over {fraction:.2} % of the 20-session dollar volume {adv20:.0} (MAX_ADV_FRACTION)",
            size.notional
        )
    })
}
