//! An event as it leaves the device: a CloudEvents 1.0 JSON document (DESIGN 3.5).

use crate::ledger::{Identity, Recorded};
use serde_json::{Value, json};

/// The document. Its `data` has accounts masked.
pub fn document(identity: &Identity, recorded: &Recorded) -> Value {
    let Identity { device, journal } = identity;
    json!({
        "specversion": "1.0",
        "id": format!("{device}-{journal}-{}", recorded.seq),
        "source": format!("vietqr-edge/{device}"),
        "type": recorded.event.name(),
        "time": recorded.at,
        "sequence": format!("{:012}", recorded.seq),
        "datacontenttype": "application/json",
        "data": recorded.event.public(recorded.seq),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vietqr_edge_core::{
        event::{Event, LinkSessionLost},
        time::Timestamp,
    };

    #[test]
    fn an_event_is_the_document_of_the_contract() {
        let identity = Identity { device: "quay-1".into(), journal: "1a2b3c4d".into() };
        let event = Event::LinkSessionLost(LinkSessionLost { broker: "mqtt.example.vn:8883".into() });
        let recorded = Recorded { seq: 42, at: Timestamp::from_millis(1_795_000_000_123), event };
        let expected = json!({
            "specversion": "1.0",
            "id": "quay-1-1a2b3c4d-42",
            "source": "vietqr-edge/quay-1",
            "type": "link.session_lost",
            "time": "2026-11-18T11:06:40.123Z",
            "sequence": "000000000042",
            "datacontenttype": "application/json",
            "data": {"broker": "mqtt.example.vn:8883"},
        });
        assert_eq!(document(&identity, &recorded), expected);
    }
}
