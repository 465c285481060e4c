//! How the device is, in one line: the link, and what hinders.

use crate::{
    config::SOON_DAYS,
    http::{Expiry, Link, LinkState, Space},
};

/// The line. `stalled_s`: for how long the ledger has waited for the disk; `behind`: the clock is wrong.
pub fn line(link: &Link, disk: &Space, stalled_s: Option<u64>, behind: bool, certificates: &[Expiry]) -> String {
    let reason = link.reason.as_deref().map_or(String::new(), |reason| format!(": {reason}"));
    let mut parts = vec![match link.state {
        LinkState::Up => format!("link up, {}", link.broker),
        LinkState::Connecting => format!("link connecting, {}", link.broker),
        LinkState::Down => format!("link DOWN, {}{reason}", link.broker),
    }];
    if disk.full {
        parts.push("disk FULL: nothing is stored or acknowledged".to_owned());
    } else if disk.low {
        parts.push("disk nearly full".to_owned());
    }
    parts.extend(stalled_s.map(|s| format!("the disk has not answered for {s} s")));
    if behind {
        parts.push("clock WRONG".to_owned());
    }
    for Expiry { key, days_left, .. } in certificates.iter().filter(|certificate| certificate.days_left < SOON_DAYS) {
        let days = if *days_left == 1 { "1 day".to_owned() } else { format!("{days_left} days") };
        parts.push(match days_left {
            ..0 => format!("certificate {key} EXPIRED"),
            _ => format!("certificate {key} expires in {days}"),
        });
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vietqr_edge_core::time::Timestamp;

    fn link(state: LinkState, reason: Option<&str>) -> Link {
        let reason = reason.map(str::to_owned);
        Link { state, broker: "a.vn:8883".into(), since: None, reason, tries: 0, last_message: None }
    }

    fn space(low: bool, full: bool) -> Space {
        Space { journal_bytes: 0, segments: 1, free_bytes: 0, free_files: Some(0), low, full }
    }

    #[test]
    fn the_link_comes_first_and_nothing_else_where_nothing_hinders() {
        let line = line(&link(LinkState::Up, None), &space(false, false), None, false, &[]);
        assert_eq!(line, "link up, a.vn:8883");
    }

    #[test]
    fn everything_that_hinders_is_in_it() {
        let expiry = |days_left| Expiry { key: format!("k{days_left}"), not_after: Timestamp::from_secs(0), days_left };
        let certificates = [expiry(-1), expiry(1), expiry(29), expiry(30)];
        let down = link(LinkState::Down, Some("nothing listens there"));
        assert_eq!(
            line(&down, &space(true, true), Some(45), true, &certificates),
            "link DOWN, a.vn:8883: nothing listens there; disk FULL: nothing is stored or acknowledged; \
             the disk has not answered for 45 s; clock WRONG; certificate k-1 EXPIRED; certificate k1 expires in 1 day; \
             certificate k29 expires in 29 days"
        );
        assert!(line(&down, &space(true, false), None, false, &[]).ends_with("; disk nearly full"));
    }
}
