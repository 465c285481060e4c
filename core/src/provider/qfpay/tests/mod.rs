mod codes;
mod enquiry;
mod refund;
mod vectors;

use super::*;
use crate::{
    event::Event,
    provider::{Moment, Wire},
    refund::{
        AttemptEnd, AttemptTold, Door, Fingerprint, Of, Original, Refund, RefundQueued, RefundSending, Request, apply,
    },
};

const Q: &str = "0123456789ABCDEF0123456789ABCDEF";
const SYSSN: &str = "20191227000200020061752831";

fn merchant(verify: Verify) -> Merchant {
    Merchant {
        app_code: "D5589D2A1F2E42A9A60C37".into(),
        mchid: None,
        client_key: Q.into(),
        sign: SignType::Md5,
        verify,
    }
}

fn at(text: &str) -> Moment {
    Moment { now: text.parse().unwrap(), monotonic_ms: 0, random: 7 }
}

fn a_refund() -> Refund {
    let request = Request {
        request_id: "r-1".into(),
        original: Original::new(
            &FORM,
            "D5589D2A1F2E42A9A60C37",
            [("syssn", SYSSN.into()), ("original_amount", 1000.into())],
        ),
        amount: 10,
        currency: "HKD".into(),
        reason: "x".into(),
        operator: "lan".into(),
        multi_times: false,
        payment: None,
        door: Door::Http,
        fingerprint: Fingerprint(String::new()),
    };
    apply(None, 1, at("2019-12-27T02:39:39Z").now, &Event::RefundRequested(Box::new(request))).unwrap()
}

/// Sent at this time as `12345678`.
fn sent(refund: Refund, when: &str) -> Refund {
    let sending = RefundSending { of: Of::new(&refund), attempt: "12345678".into(), baseline: None };
    apply(Some(refund), 2, at(when).now, &Event::RefundSending(sending)).unwrap()
}

/// Sent, and put off by QFPay.
fn put_off(when: &str) -> Refund {
    let refund = sent(a_refund(), when);
    let told = AttemptTold { outcome: AttemptEnd::TryLater, code: None, message: None, reference: None };
    let queued = RefundQueued { of: Of::new(&refund), expires_at: at(when).now, attempt: Some(told), pause_ms: 1 };
    apply(Some(refund), 3, at(when).now, &Event::RefundQueued(queued)).unwrap()
}

fn answer(body: &str) -> Wire {
    let header = hex::encode_upper(<md5::Md5 as md5::Digest>::digest([body, Q].concat()));
    Wire::Answer { status: 200, header: Some(header), body: body.into() }
}
