//! JSON Web Signature in its compact form (RFC 7515) with HS256 (RFC 7518, 3.2): `header.claims.signature`, each base64url
//! without padding; the signature is the HMAC-SHA256 of the first two parts with the point between them.

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// Signs. The header is taken as it is, so that a test can also make what must be refused.
///
/// # Errors
/// None that a key can cause: HMAC takes one of any length.
pub fn sign(header: &Value, claims: &Value, key: &[u8]) -> Result<String> {
    let signed = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
    let signature = mac(key)?.chain_update(&signed).finalize().into_bytes();
    Ok(format!("{signed}.{}", BASE64URL.encode(signature)))
}

/// Checks a signature, and gives header and claims.
///
/// # Errors
/// Where the text is no compact JWS, its `alg` is not HS256, or the key did not sign it.
pub fn verify(jws: &str, key: &[u8]) -> Result<(Value, Value)> {
    let parts = jws.split('.').collect::<Vec<_>>();
    let [header, claims, signature] = parts[..] else {
        bail!("JWS: expected three parts with points between them, got {}", parts.len())
    };
    let signature = BASE64URL.decode(signature).context("JWS: the signature is not base64url")?;
    mac(key)?
        .chain_update(header)
        .chain_update(".")
        .chain_update(claims)
        .verify_slice(&signature)
        .ok()
        .context("JWS: the signature is not by this key")?;
    let json = |part: &str| -> Result<Value> { Ok(serde_json::from_slice(&BASE64URL.decode(part)?)?) };
    let header = json(header).context("JWS: the header is not JSON")?;
    // Never the algorithm that the sender names: `none` is one.
    if header["alg"] != "HS256" {
        bail!("JWS: expected alg HS256, got {}", header["alg"]);
    }
    Ok((header, json(claims).context("JWS: the claims are not JSON")?))
}

fn mac(key: &[u8]) -> Result<Hmac<Sha256>> {
    Hmac::new_from_slice(key).ok().context("the key cannot be used")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_example_of_rfc_7515_is_verified() {
        let key = BASE64URL
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let jws = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                   cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let (_, claims) = verify(jws, &key).unwrap();
        assert_eq!(claims["iss"], "joe");
    }

    #[test]
    fn what_another_key_or_another_algorithm_signed_is_refused() {
        let signed = |header| sign(&header, &json!({"a": 1}), b"key").unwrap();
        let good = signed(json!({"alg": "HS256"}));
        assert_eq!(verify(&good, b"key").unwrap().1, json!({"a": 1}));
        assert!(verify(&good, b"other").unwrap_err().to_string().contains("not by this key"));
        assert!(verify(&signed(json!({"alg": "none"})), b"key").unwrap_err().to_string().contains("HS256"));
        assert!(verify("e30.e30", b"key").unwrap_err().to_string().contains("three parts"));
    }
}
