//! Form bodies, signatures (3.3, 3.4), and JSON as QFPay writes it.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone, Utc};
use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::Formatter;
use sha2::Sha256;
use std::io::{self, Write};

/// The hash of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignType {
    Md5,
    Sha256,
}

impl SignType {
    /// What `X-QF-SIGNTYPE` says; absent: MD5.
    pub(super) fn of(header: Option<&str>) -> Option<SignType> {
        match header {
            None => Some(SignType::Md5),
            Some(text) if text.eq_ignore_ascii_case("MD5") => Some(SignType::Md5),
            Some(text) if text.eq_ignore_ascii_case("SHA256") => Some(SignType::Sha256),
            Some(_) => None,
        }
    }

    /// Upper-case hex of the hash of `text` and the client key.
    pub(super) fn sign(self, text: &str, key: &str) -> String {
        let signed = format!("{text}{key}");
        match self {
            SignType::Md5 => hex::encode_upper(Md5::digest(signed)),
            SignType::Sha256 => hex::encode_upper(Sha256::digest(signed)),
        }
    }
}

/// The parameters of a request, decoded.
#[derive(Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// None: not a form, not UTF-8, or a name twice.
    pub(super) fn read(body: &[u8]) -> Option<Params> {
        let mut params = Vec::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = pair.split_at(at);
            params.push((decoded(name)?, decoded(value.get(1..)?)?));
        }
        params.sort_by(|(a, _): &(String, String), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        let twice = params.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
        (!twice).then_some(Params(params))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text that is signed: raw values in byte order of the names, an empty value too (3.3).
    pub(super) fn signed_text(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    /// A time in the request's `txzone`, by default UTC+8.
    pub(super) fn time(&self, name: &str) -> Option<DateTime<Utc>> {
        let text = self.get(name)?;
        let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().filter(|_| text.len() == 19)?;
        let offset = match self.get("txzone") {
            None => FixedOffset::east_opt(8 * 3600)?,
            Some(text) => text.parse().ok()?,
        };
        Some(offset.from_local_datetime(&naive).single()?.to_utc())
    }
}

fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [*rest.next()?, *rest.next()?];
                hex::decode(digits).ok()?.first().copied()?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// JSON with `", "` and `": "`, and everything beyond ASCII as `\uXXXX`: Python's.
pub(super) fn python(value: &Value) -> String {
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail.
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Python));
    String::from_utf8(bytes).unwrap_or_default()
}

struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        for char in fragment.chars() {
            if char.is_ascii() {
                write!(to, "{char}")?;
            } else {
                char.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(to, "\\u{unit:04x}"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const Q: &str = "0123456789ABCDEF0123456789ABCDEF";

    #[test]
    fn requests_are_signed_as_the_protocol_facts_have_it() {
        // QS1 to QS8, and the vendor's vector with raw blanks and an empty value.
        for (body, key, md5, sha256) in [
            (
                "mchid=ZaMVg%2A%2A%2A%2A%2A&out_trade_no=12345678&syssn=20191227000200020061752831&txamt=10&txdtm=2019-12-27+10%3A39%3A39",
                Q,
                "7206CC1DB3C211FAE171F14D4CBFE297",
                "0C41CACDB44FDD8B",
            ),
            (
                "txdtm=2019-12-27%2010%3A39%3A39&out_trade_no=12345678&syssn=20191227000200020061752831&txamt=10",
                Q,
                "7FF1D393E39263A058D35444DF22D571",
                "5B4CA4E6CF9509F9",
            ),
            (
                "mchid=ZaMVg12345&out_trade_no=RF_20250604%7C0001&syssn=20250604155300020059948058&txamt=12345&txdtm=2025-06-04+19%3A03%3A40&udid=%E9%96%80%E5%B8%82+01%3A+A%2BB+100%25",
                Q,
                "2D401196D8460FB134E47C2E838BF7C2",
                "3EB4FD9F6C84D969",
            ),
            (
                "mchid=ZaMVg12345&out_trade_no=12345678&start_time=2019-12-01 00:00:00&end_time=2019-12-31 23:59:59&page=1&page_size=100",
                Q,
                "2051FC6F6C135BC8C5F18E66B30ECCD8",
                "431127BBCC6E7E0F",
            ),
            (
                "syssn=20191227000200020061752831,20191227000300020061652643",
                Q,
                "73265723827656130FE1D369D1733494",
                "6CFBE93C1852EF47",
            ),
            (
                "mchid=ZaMVg12345&txamt=100&txcurrcd=HKD",
                "abcd1234",
                "3CB3AA9C21D818AB4CAFAA8FA3FEACF4",
                "99D9F7174823928B",
            ),
            ("abc=value1&bad=value3&bcd=value2", "Key", "FE90E1859AF37371A06415CF19F6614F", "55BED8288586B02E"),
            ("mchid=M1&page_size=10&Page=2", Q, "769D07FA4EA614C319BF02D5E3C6BB54", "EA7392D876C072B0"),
            (
                "address=TST&bankaccount=168477081838&bankaddr=TST&bankcity=Hong+Kong&bankcode=123&bankcountry=Hong+Kong&bankname=HSBC&bankswiftcode=HSBCHKHHHKH&bankuser=Peter&channel_type=&city=Hong+Kong&country=Hong+Kong&email=peter@test.com&idnumber=172845391795&legalperson=Peter&licenseactive_date=20160810&licensenumber=123456&mcc_id=21002&mobile=123456&name=Peter+&shopname=PeterShopR&username=peter@test.com001",
                "c49ce1d444994b419934286eb07b40f2",
                "3A7A3BBA647FB6FBC28F6687D78212E2",
                "",
            ),
        ] {
            let text = Params::read(body.as_bytes()).unwrap().signed_text();
            assert_eq!(SignType::Md5.sign(&text, key), md5, "{text}");
            assert!(SignType::Sha256.sign(&text, key).starts_with(sha256), "{text}");
        }
    }

    #[test]
    fn answers_are_signed_over_their_bytes() {
        // The vendor's example, QR2 and QN1.
        for (body, key, sign) in [
            (
                r#"{"pay_type": "800108", "sysdtm": "2018-01-12 19:31:16", "cardcd": "2088802362210279", "txdtm": "2018-01-12 19:31:22", "resperr": "\u4ea4\u6613\u6210\u529f", "txcurrcd": "CNY", "txamt": "1", "respmsg": "", "out_trade_no": "130145934788787530052", "syssn": "20180112000100020001662134", "respcd": "0000"}"#,
                "615ED178BA524459976CE40FAB78000F",
                "1E2CE7C2A7F8F581C354A857182B7A31",
            ),
            (
                r#"{"respmsg": "out_trade_no is used", "resperr": "Do not use duplicate out_trade_no for request(1251)", "respcd": "1251", "orig_syssn": "20191227000200020061752831", "out_trade_no": "12345678", "txcurrcd": "HKD"}"#,
                Q,
                "1A655E7A35BF149F6A036E086BCB5FA5",
            ),
            (
                r#"{"respcd": "0000", "resperr": "\u8bf7\u6c42\u6210\u529f", "respmsg": "", "page": 1, "page_size": 100, "data": [{"syssn": "20191227000300020061652643", "out_trade_no": "12345678", "origssn": "20191227000200020061752831", "order_type": "refund", "pay_type": "800101", "txamt": "10", "txcurrcd": "HKD", "txdtm": "2019-12-27 10:39:39", "sysdtm": "2019-12-27 11:11:23", "cancel": "0", "respcd": "1143", "errmsg": "\u8655\u7406\u4e2d\uff0c\u8acb\u7a0d\u7b49(1143)"}]}"#,
                Q,
                "8EFB7C085A5D3669588B54C5295359AE",
            ),
        ] {
            assert_eq!(SignType::Md5.sign(body, key), sign, "{body}");
        }
    }

    #[test]
    fn json_is_written_as_python_does() {
        let value = json!({"a": ["處", 1, {"b": null}], "c": "\"𝄞\n"});
        assert_eq!(python(&value), r#"{"a": ["\u8655", 1, {"b": null}], "c": "\"\ud834\udd1e\n"}"#);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for body in ["a", "a=%4", "a=%zz", "a=%ff", "a=1&a=2"] {
            assert!(Params::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
