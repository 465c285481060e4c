//! The known answers of vnpay-qfpay.md 4.1 to 4.4.

use super::{
    super::{
        answer::{Answer, Proof},
        request::{self, Kind},
    },
    *,
};

fn hash(key: &str, data: &str) -> String {
    hex::encode(fields::mac(key.as_bytes(), data).finalize().into_bytes())
}

#[test]
fn hashes_are_the_known_ones() {
    let seed = "test_secret";
    for (key, data, known) in [
        (
            "Jefe",
            "what do ya want for nothing?",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
        (
            "secret",
            "data",
            "6274071d33dec2728a2a1c903697fc1210b3252221c3d137e12d9f1ae5c8ed53e05e692b05a9eefff289667e2387c0fc0bd8a3d9bd7000782730c856a77a77d5",
        ),
        (
            KEY,
            "rf0000000000000000000000000001|2.1.0|refund|DEMOTMN1|02|ORDER20240521001|10000000|14422574|20240521091731|refundd|20240526103000|203.0.113.10|Hoan tien don hang ORDER20240521001",
            "d1b47f1548e53dda2e9d25796632d19cd1d5d650391dffbece2ce1eddf7be28e226a75ac23b2b61831113e6be71ada7bcfb8a5a0cdfc80b9409bfa2a330c10cf",
        ),
        (
            KEY,
            "rf0000000000000000000000000002|2.1.0|refund|DEMOTMN1|03|ORDER20240521001|2500000||20240521091731|refundd|20240526103000|203.0.113.10|Hoan tien mot phan",
            "5c0012e8131b8e70bab2c7e55b32240704c00bd89a7ceff6479e9dccc87477f35e6c4d79a113e0172168185494a35f4e2386c6a43a53365df550d07fc14d21e1",
        ),
        (
            KEY,
            "rf0000000000000000000000000003|2.1.0|refund|DEMOTMN1|03|ORDER20240521001|100|0|20240521091731|nguyễn văn a|20241231235959|2001:db8::10|Hoàn tiền đơn hàng #42: khách yêu cầu",
            "60e0b6d6724b5883055d000d04d33f6d343bdab5de656262ec00f40dff160f014ae323e2449d7a91dd1dc7ab1c78d506cebc68aa7c3a5dd5fa92580f0954496c",
        ),
        (
            KEY,
            "123456|2.1.0|refund|DEMOTMN1|02|123456|1000000|0|20240521000000|giang|20240526000000|127.0.0.1|Test order",
            "1993f61b2eb9ee0137d71d3e1aa9f50155b07847b0a367a394d1f1ef768b62dfe2cc9f83081974e9409c3507787d03c730b96ddb10894718ed4a4f96bc4620f1",
        ),
        (
            seed,
            "REFUND123456|2.1.0|refund|TEST_TMN_CODE|02|TXN123456789|1000000|14422574|20231221103000|merchant_user|20231221103000|127.0.0.1|Test refund order",
            "1b0d3f82bc64cda12af250a284e72895b965ad745fef5a5b4f2b0ab50142e0089598fd9fd28e73d1c4ede96932996c3b08b4e9ab8a02fa5e88ecc555afba9a33",
        ),
        (
            KEY,
            "qd0000000000000000000000000001|2.1.0|querydr|DEMOTMN1|ORDER20240521001|20240521091731|20240526104000|203.0.113.10|Truy van hoan tien ORDER20240521001",
            "63ef705d1d9146fe7b314f78dffae9859d470c4500001c315a9b5b5481622efa96595906001370412ccee1ce310c9d08ad968b09bcfcc6369723290b8f808d7e",
        ),
        (
            seed,
            "REQUEST123456|2.1.0|querydr|TEST_TMN_CODE|TXN123456789|20231221103000|20231221103000|127.0.0.1|Test order query",
            "ac23f7e0db3fc8bc6dc83350725b891aa921ec7a83d1a370978d314457eeda176ff26a87bd4e13dc896c24890238b29fadf033080a07aa52abafa830cd2eb565",
        ),
    ] {
        assert_eq!(hash(key, data), known, "{data}");
    }
}

fn a_call(request_id: &str, kind: Kind, amount: u64, transaction_no: Option<&str>, reason: &str) -> String {
    let now = at("2024-05-26T03:30:00Z").now;
    let refund = request::Refund {
        request_id,
        kind,
        txn_ref: "ORDER20240521001",
        amount,
        transaction_no,
        transaction_date: "20240521091731",
        operator: "refundd",
        reason,
        now,
    };
    String::from_utf8(request::refund(&terminal(), &refund).unwrap().body).unwrap()
}

#[test]
fn the_bytes_of_a_refund_are_exact() {
    // VR2, an unknown number left out and hashed as empty.
    let body = a_call("rf0000000000000000000000000002", Kind::Partial, 25_000, None, "Hoàn tiền một phần");
    assert_eq!(
        body,
        r#"{"vnp_RequestId":"rf0000000000000000000000000002","vnp_Version":"2.1.0","vnp_Command":"refund","vnp_TmnCode":"DEMOTMN1","vnp_TransactionType":"03","vnp_TxnRef":"ORDER20240521001","vnp_Amount":"2500000","vnp_TransactionDate":"20240521091731","vnp_CreateBy":"refundd","vnp_CreateDate":"20240526103000","vnp_IpAddr":"203.0.113.10","vnp_OrderInfo":"Hoan tien mot phan","vnp_SecureHash":"5c0012e8131b8e70bab2c7e55b32240704c00bd89a7ceff6479e9dccc87477f35e6c4d79a113e0172168185494a35f4e2386c6a43a53365df550d07fc14d21e1"}"#
    );
    // VR1, the number known.
    let body = a_call(
        "rf0000000000000000000000000001",
        Kind::Full,
        100_000,
        Some("14422574"),
        "Hoan tien don hang ORDER20240521001",
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["vnp_TransactionNo"], &body["vnp_TransactionType"]), (&json!("14422574"), &json!("02")));
    assert_eq!(
        body["vnp_SecureHash"],
        "d1b47f1548e53dda2e9d25796632d19cd1d5d650391dffbece2ce1eddf7be28e226a75ac23b2b61831113e6be71ada7bcfb8a5a0cdfc80b9409bfa2a330c10cf"
    );
    assert!(body.as_object().unwrap().values().all(Value::is_string));
}

#[test]
fn the_bytes_of_a_querydr_are_exact() {
    let query = request::Query {
        request_id: "qd0000000000000000000000000001",
        txn_ref: "ORDER20240521001",
        transaction_no: None,
        transaction_date: "20240521091731",
        info: "Truy van hoan tien ORDER20240521001",
        now: at("2024-05-26T03:40:00Z").now,
    };
    let body: Value = serde_json::from_slice(&request::query(&terminal(), &query).unwrap().body).unwrap();
    let known = "63ef705d1d9146fe7b314f78dffae9859d470c4500001c315a9b5b5481622efa96595906001370412ccee1ce310c9d08ad968b09bcfcc6369723290b8f808d7e";
    assert_eq!(body["vnp_SecureHash"], known);
    let numbered = request::Query { transaction_no: Some("14836054"), ..query };
    let body: Value = serde_json::from_slice(&request::query(&terminal(), &numbered).unwrap().body).unwrap();
    assert_eq!((&body["vnp_TransactionNo"], &body["vnp_SecureHash"]), (&json!("14836054"), &json!(known)));
}

/// The members of a joined text, and how many were hashed.
fn members(joined: &str) -> (Value, usize) {
    let values: Vec<&str> = joined.split('|').collect();
    let named = fields::ANSWER.iter().zip(&values).filter(|(_, value)| !value.is_empty());
    (
        named.map(|(name, value)| ((*name).to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into(),
        values.len(),
    )
}

fn proof(key: &str, joined: &str, hash: &str) -> Proof {
    let (members, hashed) = members(joined);
    let terminal = Terminal { hash_secret: key.into(), ..terminal() };
    let body = with(members, "vnp_SecureHash", hash).to_string();
    Answer::read(body.as_bytes(), &terminal, hashed).unwrap().proof
}

#[test]
fn answers_are_signed_over_what_was_received() {
    for (key, joined, hash) in [
        (
            KEY,
            "5e1f0c2ab3d94c56a7e8f90123456789|refund|00|Refund success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240526103001|14836054|02|05|Hoan tien don hang ORDER20240521001",
            "182b507436c95ab8bd6fa0eccb889aba1d21189dbf77f07a5dd8de830b471c09407f7974c46c0722a9431db7dfca2c7ca36ea6b0a907881796c2be548a799aac",
        ),
        (
            KEY,
            "5e1f0c2ab3d94c56a7e8f90123456790|refund|94|Too many refund count (>0)|DEMOTMN1|ORDER20240521001|10000000|NCB|||||Hoan tien don hang ORDER20240521001",
            "c33acdb9d14ffc2d7f27b3efc639a6ff17a048cf470a1961d6919aed7a22bc395aba34b973623250cebc8ad57134172d345bb8f7d7659b54660b1614a32c0ce2",
        ),
        (
            KEY,
            "5e1f0c2ab3d94c56a7e8f90123456791|refund|91|Transaction not found|DEMOTMN1|NOSUCHORDER|10000000||||||",
            "bc3c2bc92bcf4bd08209c357acbf899a93aca5e112deccdd2ee8b3a38d508459535404993cc5236846398d8077f69fd786db6719d4d4d2bc190e32090ad10cd3",
        ),
        (
            KEY,
            "5e1f0c2ab3d94c56a7e8f90123456792|refund|00|Yêu cầu thành công|DEMOTMN1|ORDER20240521001|10000000|NCB|20240526103001|14836054|02|09|Hoan tien don hang ORDER20240521001",
            "d949771aca8cd8541c9788d1170046742e78b6ce2e48609fd77585136edd59b60a809e958c45843a03539808213c9a5e0ad7d8566b4a8ff690313490effb333a",
        ),
        (
            KEY,
            "486ba7e84d9246de82248122e95cdc6c|querydr|00|QueryDR Success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240521091806|14422574|01|00|Thanh toan don hang ORDER20240521001||",
            "4e391d70cb83f878b07bb540391d461aa1fdf855b7e4e18cd39f3beb21c63319360e050a37f6a94a1c8bfbf6d0daefb83533e1210eeda901dc8830b5ab3a80a6",
        ),
        (
            KEY,
            "486ba7e84d9246de82248122e95cdc6d|querydr|00|QueryDR Success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240526103001|14836054|02|06|Hoan tien don hang ORDER20240521001||",
            "e11e134f5bef87e3a7e426fbaaa29d3f59bb5c02cf57322ec726736111ca7cd41313d71a1115e474ddf696cc94db2d5dd5c63a890f2eb49fe2eee2fca400f496",
        ),
        (
            KEY,
            "486ba7e84d9246de82248122e95cdc6e|querydr|00|QueryDR Success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240521091806|14422574|01|00|Thanh toan don hang ORDER20240521001|PROMO1|1000000",
            "2c2e0a4691a89e93d9f7000ddd76f49729f31c1e9b49797b3d57e337010e6980e1328921abfa60715a55d717b58346bcc01b52577b87ca72fc0727d0b312d620",
        ),
        (
            KEY,
            "486ba7e84d9246de82248122e95cdc6f|querydr|91|Transaction_not_found|DEMOTMN1|NOSUCHORDER|||||||||",
            "5fec679b141107e6d0f152d85ce43382cf3885acc0289a00d32d44079020f672f5910fc67fce160e3ffeb11f5e6dbcd8f4849ce6e597fd81145b95c95242ec9a",
        ),
        (
            "test_secret",
            "RESPONSE123456|querydr|00|Success|TEST_TMN_CODE|TXN123456789|1000000|NCB|20231221103000|14422574|01|00|Test order query||",
            "8c879c6277a89ab44ef8cfddb43786ba04265e2aa60408db13510cd481282db8398418bec2cd779636257e7d2857499e46d9cf42ec955c69c44a2a0b5518d932",
        ),
    ] {
        assert_eq!(proof(key, joined, hash), Proof::Signed, "{joined}");
        assert_eq!(proof(key, joined, &hash.to_uppercase()), Proof::Signed, "{joined}");
        assert_eq!(proof("another key", joined, hash), Proof::Wrong, "{joined}");
        assert_eq!(proof(key, joined, "zz"), Proof::Wrong, "{joined}");
    }
    // What a library makes of VS1 that divides the amount by 100 first.
    let (joined, negative) = (
        "5e1f0c2ab3d94c56a7e8f90123456789|refund|00|Refund success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240526103001|14836054|02|05|Hoan tien don hang ORDER20240521001",
        "52369998131705839cbafb40d79db48d4a5d88a1754518767101c1176ca023a6dd3a034eb94cff456a9d50b864f05fde48b070423d18d3dbb5e7e4033a8231e7",
    );
    assert_eq!(proof(KEY, joined, negative), Proof::Wrong);
}

#[test]
fn numbers_count_as_they_are_written_and_other_members_do_not_count() {
    let body = r#"{"vnp_ResponseId":"5e1f0c2ab3d94c56a7e8f90123456789","vnp_Command":"refund","vnp_ResponseCode":"00","vnp_Message":"Refund success","vnp_TmnCode":"DEMOTMN1","vnp_TxnRef":"ORDER20240521001","vnp_Amount":10000000,"vnp_BankCode":"NCB","vnp_PayDate":20240526103001,"vnp_TransactionNo":14836054,"vnp_TransactionType":"02","vnp_TransactionStatus":"05","vnp_OrderInfo":"Hoan tien don hang ORDER20240521001","vnp_Trace":"1","vnp_CardNumber":"9704198526191432198","vnp_SecureHash":"182b507436c95ab8bd6fa0eccb889aba1d21189dbf77f07a5dd8de830b471c09407f7974c46c0722a9431db7dfca2c7ca36ea6b0a907881796c2be548a799aac"}"#;
    let answer = Answer::read(body.as_bytes(), &terminal(), fields::REFUND_ANSWER).unwrap();
    assert_eq!((answer.proof, answer.amount()), (Proof::Signed, Some(100_000)));
    let other = body.replace("10000000", "10000100");
    assert_eq!(Answer::read(other.as_bytes(), &terminal(), fields::REFUND_ANSWER).unwrap().proof, Proof::Wrong);
}
