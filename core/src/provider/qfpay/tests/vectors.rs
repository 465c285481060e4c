//! The known answers of vnpay-qfpay.md 4.6 and 4.7.

use super::{super::sign, *};

fn params(signed: &'static str) -> sign::Params {
    signed.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(name, value)| (name, value.to_owned())).collect()
}

#[test]
fn requests_are_signed_over_raw_values_in_the_order_of_their_bytes() {
    for (key, signed, md5, sha256) in [
        (
            Q,
            "mchid=ZaMVg*****&out_trade_no=12345678&syssn=20191227000200020061752831&txamt=10&txdtm=2019-12-27 10:39:39",
            "7206CC1DB3C211FAE171F14D4CBFE297",
            "0C41CACDB44FDD8B087294BEDCE0ED00D1BA8619D563FEF4FA0ABA2FEEEBC88A",
        ),
        (
            Q,
            "out_trade_no=12345678&syssn=20191227000200020061752831&txamt=10&txdtm=2019-12-27 10:39:39",
            "7FF1D393E39263A058D35444DF22D571",
            "5B4CA4E6CF9509F9D50B6AA1EFF0B87DAB4C7E1BA7394050396A9D0E1102FE45",
        ),
        (
            Q,
            "mchid=ZaMVg12345&out_trade_no=RF_20250604|0001&syssn=20250604155300020059948058&txamt=12345&txdtm=2025-06-04 19:03:40&udid=門市 01: A+B 100%",
            "2D401196D8460FB134E47C2E838BF7C2",
            "3EB4FD9F6C84D9691FC30715B88AD6308DFD5B54D1DF3CEE4F127669C0756D79",
        ),
        (
            Q,
            "end_time=2019-12-31 23:59:59&mchid=ZaMVg12345&out_trade_no=12345678&page=1&page_size=100&start_time=2019-12-01 00:00:00",
            "2051FC6F6C135BC8C5F18E66B30ECCD8",
            "431127BBCC6E7E0F3ED3C6B5CB78DB207D92843D2BB901661F26527E78D96780",
        ),
        (
            Q,
            "syssn=20191227000200020061752831,20191227000300020061652643",
            "73265723827656130FE1D369D1733494",
            "6CFBE93C1852EF47DF4817544FCC86FF73A518F857E735C59D45E8ED6862B3C8",
        ),
        (
            "abcd1234",
            "mchid=ZaMVg12345&txamt=100&txcurrcd=HKD",
            "3CB3AA9C21D818AB4CAFAA8FA3FEACF4",
            "99D9F7174823928B74C74B1C7A7E1538DF733774DD21C9606A202CB8BB3D74E8",
        ),
        (
            "Key",
            "abc=value1&bad=value3&bcd=value2",
            "FE90E1859AF37371A06415CF19F6614F",
            "55BED8288586B02E3836BF0C4BAEC24C002B1C87E1C355F356A3547AB97A64B4",
        ),
        (
            Q,
            "Page=2&mchid=M1&page_size=10",
            "769D07FA4EA614C319BF02D5E3C6BB54",
            "EA7392D876C072B015F97DC28264EFFA3EF1E66E652B66BDF1090C7C049435EE",
        ),
    ] {
        let mut shuffled = params(signed);
        shuffled.reverse();
        assert_eq!(sign::signature(SignType::Md5, &shuffled, key.as_bytes()), md5, "{signed}");
        assert_eq!(sign::signature(SignType::Sha256, &shuffled, key.as_bytes()), sha256, "{signed}");
    }
    // The vendor's own: raw spaces and @, a trailing space kept, an empty value signed.
    let vendor = "address=TST&bankaccount=168477081838&bankaddr=TST&bankcity=Hong Kong&bankcode=123&bankcountry=Hong Kong&bankname=HSBC&bankswiftcode=HSBCHKHHHKH&bankuser=Peter&channel_type=&city=Hong Kong&country=Hong Kong&email=peter@test.com&idnumber=172845391795&legalperson=Peter&licenseactive_date=20160810&licensenumber=123456&mcc_id=21002&mobile=123456&name=Peter &shopname=PeterShopR&username=peter@test.com001";
    let key = b"c49ce1d444994b419934286eb07b40f2";
    assert_eq!(sign::signature(SignType::Md5, &params(vendor), key), "3a7a3bba647fb6fbc28f6687d78212e2".to_uppercase());
}

#[test]
fn bodies_are_percent_encoded_and_that_is_not_what_is_signed() {
    let raw = "mchid=ZaMVg12345&out_trade_no=RF_20250604|0001&syssn=20250604155300020059948058&txamt=12345&txdtm=2025-06-04 19:03:40&udid=門市 01: A+B 100%";
    let body = "mchid=ZaMVg12345&out_trade_no=RF_20250604%7C0001&syssn=20250604155300020059948058&txamt=12345&txdtm=2025-06-04+19%3A03%3A40&udid=%E9%96%80%E5%B8%82+01%3A+A%2BB+100%25";
    let call = sign::call(&merchant(Verify::Log), "/x", params(raw));
    assert_eq!(String::from_utf8(call.body).unwrap(), body);
    let header = |name| call.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("X-QF-SIGN"), Some("2D401196D8460FB134E47C2E838BF7C2"));
    assert_eq!(header("X-QF-SIGNTYPE"), None, "MD5 is not named");
    assert_eq!(sign::signature(SignType::Md5, &params(body), Q.as_bytes()), "55428448D85BCFB3AD59551FEE35FD1E");
    let sha = Merchant { sign: SignType::Sha256, ..merchant(Verify::Log) };
    let call = sign::call(&sha, "/x", params(raw));
    assert!(call.headers.contains(&("X-QF-SIGNTYPE", "SHA256".to_owned())));
    assert_eq!(sign::encoded("ZaMVg*****"), "ZaMVg%2A%2A%2A%2A%2A");
}

#[test]
fn answers_are_signed_over_their_raw_bytes() {
    let published = r#"{"pay_type": "800108", "sysdtm": "2018-01-12 19:31:16", "cardcd": "2088802362210279", "txdtm": "2018-01-12 19:31:22", "resperr": "\u4ea4\u6613\u6210\u529f", "txcurrcd": "CNY", "txamt": "1", "respmsg": "", "out_trade_no": "130145934788787530052", "syssn": "20180112000100020001662134", "respcd": "0000"}"#;
    let own = merchant(Verify::Require);
    let other = Merchant { client_key: "615ED178BA524459976CE40FAB78000F".into(), ..own.clone() };
    for (merchant, body, sign) in [
        (&other, published, "1E2CE7C2A7F8F581C354A857182B7A31"),
        (&own, super::refund::QR1, "9571578ACDECE144DE9E7C66B2DFD5A7"),
        (&own, super::refund::QR2, "1A655E7A35BF149F6A036E086BCB5FA5"),
        (&own, super::enquiry::QR3, "8EFB7C085A5D3669588B54C5295359AE"),
        (
            &own,
            r#"{"status": "1", "notify_type": "refund", "pay_type": "800101", "syssn": "20191227000300020061652643", "out_trade_no": "12345678", "txamt": "10", "txcurrcd": "HKD", "txdtm": "2019-12-27 10:39:39", "sysdtm": "2019-12-27 11:11:23", "paydtm": "2019-12-27 11:11:26", "cancel": "0", "respcd": "0000"}"#,
            "98384019120158255D432BE1D6063898",
        ),
    ] {
        assert!(sign::signs(merchant, body.as_bytes(), sign), "{body}");
        assert!(sign::signs(merchant, body.as_bytes(), &sign.to_lowercase()), "{body}");
        assert!(!sign::signs(merchant, body.replace(": ", ":").as_bytes(), sign), "another spacing is another text");
        for wrong in ["", &sign[1..], "00000000000000000000000000000000"] {
            assert!(!sign::signs(merchant, body.as_bytes(), wrong), "{wrong}");
        }
    }
}
