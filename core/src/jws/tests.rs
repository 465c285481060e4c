use super::*;
use proptest::prelude::*;

const NOW: i64 = 1_795_000_000;
const KEY: Key<'static> = Key { id: "refund-request", secret: b"0123456789abcdef0123456789abcdef" };
const NEXT: Key<'static> = Key { id: "refund-request-next", secret: b"fedcba9876543210fedcba9876543210" };

fn claims(change: impl FnOnce(&mut Claims)) -> Claims {
    let Value::Object(mut claims) =
        json!({"jti": "r-1", "aud": "VVB123456", "iat": NOW, "exp": NOW + 120, "amount": 25000})
    else {
        unreachable!()
    };
    change(&mut claims);
    claims
}

fn set(name: &str, value: Value) -> Result<(), Distrust> {
    check(&claims(|claims| {
        claims.insert(name.to_owned(), value);
    }))
}

fn check(claims: &Claims) -> Result<(), Distrust> {
    Window { audience: "VVB123456", now: Timestamp::from_secs(NOW + 1) }.check(claims)
}

/// A token with this header, signed right.
fn token(header: &str, key: Key<'_>) -> String {
    let payload = Value::Object(claims(|_| {})).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mac = mac(key, signed.as_bytes()).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
}

fn header(text: &str) -> Result<Claims, Distrust> {
    verify(token(text, KEY).as_bytes(), &[KEY, NEXT]).map(|(claims, _)| claims)
}

#[test]
fn the_vector_of_rfc_7515_a_1_is_verified() {
    let secret = URL_SAFE_NO_PAD
        .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        .unwrap();
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
                 .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
                 .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = Key { id: "rfc", secret: &secret };
    let (claims, _) = verify(token.as_bytes(), &[key]).unwrap();
    assert_eq!(Value::Object(claims), json!({"iss": "joe", "exp": 1300819380, "http://example.com/is_root": true}));
}

#[test]
fn what_was_signed_is_read_by_either_key_while_a_key_is_changed() {
    for key in [KEY, NEXT] {
        assert_eq!(verify(sign(&claims(|_| {}), key).as_bytes(), &[KEY, NEXT]), Ok((claims(|_| {}), key.id)));
        assert_eq!(verify(token(r#"{"alg":"HS256"}"#, key).as_bytes(), &[KEY, NEXT]), Ok((claims(|_| {}), key.id)));
    }
    assert_eq!(verify(sign(&claims(|_| {}), NEXT).as_bytes(), &[KEY]), Err(Distrust::UnknownKey));
}

#[test]
fn kid_chooses_the_key_and_another_key_is_not_tried() {
    assert_eq!(header(r#"{"alg":"HS256","kid":"refund-request-next"}"#), Err(Distrust::Signature));
    assert_eq!(header(r#"{"alg":"HS256","kid":"other"}"#), Err(Distrust::UnknownKey));
    assert_eq!(header(r#"{"alg":"HS256","kid":7}"#), Err(Distrust::UnknownKey));
}

#[test]
fn only_hs256_is_an_algorithm() {
    for alg in ["none", "None", "hs256", "HS384", "HS512", "RS256", "ES256", ""] {
        assert_eq!(header(&json!({"alg": alg}).to_string()), Err(Distrust::Algorithm), "{alg}");
    }
    for text in ["{}", r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#] {
        assert_eq!(header(text), Err(Distrust::Algorithm), "{text}");
    }
    let unsigned = token(r#"{"alg":"none"}"#, KEY);
    let (signed, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(verify(format!("{signed}.").as_bytes(), &[KEY]), Err(Distrust::Algorithm));
}

#[test]
fn a_header_that_brings_its_own_key_or_an_extension_is_refused() {
    for name in REFUSED_BY_THE_CONTRACT {
        let text = format!(r#"{{"alg":"HS256","{name}":["x"]}}"#);
        assert_eq!(header(&text), Err(Distrust::Extension), "{name}");
    }
    assert!(header(r#"{"alg":"HS256","typ":"JWT","cty":"x"}"#).is_ok());
}

const REFUSED_BY_THE_CONTRACT: [&str; 5] = ["crit", "jwk", "jku", "x5u", "b64"];

#[test]
fn a_member_that_comes_twice_is_refused() {
    assert_eq!(header(r#"{"alg":"none","alg":"HS256"}"#), Err(Distrust::Header));
    assert_eq!(header(r#"{"alg":"HS256","alg":"HS256"}"#), Err(Distrust::Header));
    assert_eq!(header(r#"["alg","HS256"]"#), Err(Distrust::Header));
    assert_eq!(header(r#"{"alg":"HS256"} x"#), Err(Distrust::Header));
    assert_eq!(super::header::object(br#"{"amount":1,"amount":2}"#), None);
}

#[test]
fn a_wrong_key_is_refused() {
    let other = Key { id: KEY.id, secret: b"0123456789abcdef0123456789abcdeg" };
    assert_eq!(verify(sign(&claims(|_| {}), other).as_bytes(), &[KEY]), Err(Distrust::Signature));
    assert_eq!(verify(sign(&claims(|_| {}), KEY).as_bytes(), &[]), Err(Distrust::UnknownKey));
}

#[test]
fn any_shortened_token_and_any_padding_is_refused() {
    let token = sign(&claims(|_| {}), KEY);
    for len in 0..token.len() {
        assert!(verify(&token.as_bytes()[..len], &[KEY]).is_err(), "{len} bytes");
    }
    assert_eq!(verify(format!("{token}=").as_bytes(), &[KEY]), Err(Distrust::Form));
    assert_eq!(verify(format!("{token}\n").as_bytes(), &[KEY]), Err(Distrust::Form));
    assert_eq!(verify(br#"{"jti":"r-1","amount":25000}"#, &[KEY]), Err(Distrust::Form));
    assert_eq!(verify(&[b'a'; TOKEN_MAX + 1], &[KEY]), Err(Distrust::Form));
}

#[test]
fn a_token_counts_for_its_terminal_only() {
    assert_eq!(set("aud", json!("VVB123456")), Ok(()));
    for aud in [json!("VVB123457"), json!(["VVB123456"]), Value::Null] {
        assert_eq!(set("aud", aud.clone()), Err(Distrust::Audience), "{aud}");
    }
}

#[test]
fn a_token_counts_for_five_minutes_and_a_minute_of_skew() {
    assert_eq!(check(&claims(|_| {})), Ok(()));
    assert_eq!(set("exp", json!(NOW + 300)), Ok(()));
    assert_eq!(set("exp", json!(NOW + 301)), Err(Distrust::Life));
    assert_eq!(set("exp", json!(NOW)), Err(Distrust::Life));
    let at = |iat: i64| {
        check(&claims(|claims| {
            claims.insert("iat".into(), json!(iat));
            claims.insert("exp".into(), json!(iat + 60));
        }))
    };
    assert_eq!(at(NOW - 118), Ok(()));
    assert_eq!(at(NOW - 119), Err(Distrust::Expired));
    assert_eq!(at(NOW + 61), Ok(()));
    assert_eq!(at(NOW + 62), Err(Distrust::Future));
}

#[test]
fn a_time_is_seconds_within_the_years_that_can_be_written() {
    for time in [json!("1795000000"), json!(-1), json!(1e300), json!(u64::MAX), json!([1]), Value::Null] {
        assert_eq!(set("iat", time.clone()), Err(Distrust::NoTime), "{time}");
        assert_eq!(set("exp", time.clone()), Err(Distrust::NoTime), "{time}");
    }
    assert_eq!(set("iat", json!(NOW as f64 + 0.5)), Ok(()));
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{KEY:?}"), "Key(\"refund-request\", ***)");
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut token = sign(&claims(|_| {}), KEY).into_bytes();
        let at = at.index(token.len());
        token[at] ^= 1 << bit;
        prop_assert!(verify(&token, &[KEY, NEXT]).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(token in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(verify(&token, &[KEY]).is_err());
    }
}
