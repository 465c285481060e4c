//! `api/token_generate`, and the line below it.

use crate::client::{CHECK_ORDER, LIMIT, Partner, Seen, TOKEN, basic, by_reference, until};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::Duration;
use vietqr_edge_sandbox::vietqr::http::HttpQuirk;

#[tokio::test]
async fn a_login_gives_a_jwt_that_says_how_long_it_is_good() {
    let mut partner = Partner::start().await;
    let answer = partner.log_in().await;
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(300)));
    let parts = partner.token.split('.').collect::<Vec<_>>();
    assert_eq!(parts.len(), 3);
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(claims["user"], base64::prelude::BASE64_STANDARD.encode("customer-demo-user01"));
}

#[tokio::test]
async fn a_wrong_login_is_401_with_nothing_in_it() {
    let partner = Partner::start().await;
    for authorization in [basic("customer-demo-user01", "wrong"), basic("other", "pw_demo"), "Basic".to_string()] {
        let Seen::Answer { status, body, .. } = partner.call(TOKEN, &authorization, "{}").await else { panic!() };
        assert_eq!((status, body.as_str()), (401, ""));
    }
}

#[tokio::test]
async fn a_token_ends_when_its_life_is_over_and_when_it_is_forgotten() {
    let mut partner = Partner::start().await;
    let reference = partner.paid(25_000);
    partner.http.set(|settings| settings.token_life = Duration::from_millis(300));
    let lasting = std::mem::take(&mut partner.token);
    partner.log_in().await;
    until("E74", async || partner.check_order(&by_reference(&reference)).await.status() == Some(400)).await;
    assert_eq!(partner.check_order(&by_reference(&reference)).await.code(), "E74");
    partner.token = lasting;
    assert_eq!(partner.check_order(&by_reference(&reference)).await.status(), Some(200));
    partner.http.forget_tokens();
    assert_eq!(partner.check_order(&by_reference(&reference)).await.code(), "E74");
}

#[tokio::test]
async fn every_form_of_expires_in_that_was_seen_can_be_had() {
    let mut partner = Partner::start().await;
    for (quirk, expected) in [
        (HttpQuirk::TextExpiry, json!("300")),
        (HttpQuirk::ZeroExpiry, json!(0)),
        (HttpQuirk::ShortExpiry, json!(59)),
        (HttpQuirk::NoExpiry, Value::Null),
    ] {
        partner.http.set(|settings| settings.quirks = vec![quirk]);
        assert_eq!(partner.log_in().await["expires_in"], expected, "{quirk:?}");
    }
}

#[tokio::test]
async fn what_is_no_call_is_not_answered_as_one() {
    let partner = Partner::start().await;
    assert_eq!(partner.call("/vqr/api/nothing", "", "{}").await.status(), Some(404));
    let get = format!("GET {CHECK_ORDER} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(partner.send(&get).await.status(), Some(405));
    for bad in ["nonsense\r\n\r\n".to_string(), format!("POST {TOKEN} HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n")] {
        assert_eq!(partner.send(&bad).await, Seen::Cut(String::new()), "{bad}");
    }
}

#[tokio::test]
async fn an_answer_tells_the_time() {
    let partner = Partner::start().await;
    let Seen::Answer { head, .. } = partner.call(TOKEN, "", "{}").await else { panic!() };
    let date = head.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap();
    let date = chrono::DateTime::parse_from_rfc2822(date).unwrap();
    assert!((chrono::Utc::now() - date.to_utc()).abs() < chrono::TimeDelta::from_std(LIMIT).unwrap());
}
