//! The public Node library `vnpay` as referee: requests that it signs are those that our VNPAY sandbox takes.
//!
//! What it can not check: our signature of the answer to a refund (it divides the amount by 100 before it hashes, so that a
//! right answer fails), and a refund without a transaction number (it hashes `0` and sends nothing). Its check of the answer
//! to querydr is sound, apart from one without a hash, which it takes for verified.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use vietqr_edge_sandbox::{
    certs::Certs,
    vnpay::{Call, Fault, Payment, TMN_CODE, Vnpay, VnpayOptions},
};

const SECRET: &str = "NODETESTSECRETKEY0123456789ABCDE";

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_a_public_client_signs_are_accepted_and_what_is_signed_wrongly_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let certs = Certs::create(&folder.path().join("certs"), &[]).unwrap();
    let options = VnpayOptions { hash_secret: SECRET.to_string(), ..VnpayOptions::new(&certs) };
    let vnpay = Vnpay::open(options).await.unwrap();
    vnpay.set(|settings| settings.refund_limit = 2);
    install(folder.path());

    let said = check(folder.path(), &vnpay, &vnpay.pay(Payment::new("HD0001", 100_000)));
    let [looked, refused, part, rest, not_told, told] = &said[..] else { panic!("{said:?}") };
    for (answer, code) in [(looked, "00"), (refused, "97"), (part, "00"), (rest, "00"), (not_told, "97"), (told, "00")]
    {
        assert_eq!(answer["vnp_ResponseCode"], code, "{answer}");
    }
    for (answer, kind, status) in [(looked, "01", "00"), (told, "03", "06")] {
        assert!(answer["isVerified"] == true && answer["vnp_SecureHash"].is_string(), "{answer}");
        assert_eq!((&answer["vnp_TransactionType"], &answer["vnp_TransactionStatus"]), (&kind.into(), &status.into()));
    }
    let moved = vnpay.statement().movements.iter().map(|movement| movement.amount).collect::<Vec<_>>();
    assert_eq!(moved, [40_000, 60_000]);

    // The other way round: the client refuses an answer of ours whose hash is not right.
    vnpay.faults().always(Call::QueryDr, Fault::CorruptHash).unwrap();
    let said = check(folder.path(), &vnpay, &vnpay.pay(Payment::new("HD0002", 100_000)));
    assert_eq!((&said[0]["vnp_ResponseCode"], &said[0]["isVerified"]), (&"00".into(), &false.into()), "{said:?}");
}

/// Runs `check.mjs` for a payment. Gives what the library made of each answer.
fn check(folder: &Path, vnpay: &Vnpay, payment: &Payment) -> Vec<Value> {
    let mut node = Command::new("node");
    node.arg("check.mjs").current_dir(folder).env("NODE_EXTRA_CA_CERTS", vnpay.ca()).envs([
        ("ORIGIN", vnpay.origin()),
        ("TMN_CODE", TMN_CODE.to_string()),
        ("SECRET", SECRET.to_string()),
        ("TXN_REF", payment.txn_ref.clone()),
        ("TRANSACTION_DATE", payment.transaction_date.clone()),
        ("TRANSACTION_NO", payment.transaction_no.clone()),
        ("AMOUNT", payment.amount.to_string()),
    ]);
    let printed = succeeded(node.output().expect("node of the Debian package nodejs"));
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The library, in a folder of its own.
fn install(folder: &Path) {
    for name in ["package.json", "package-lock.json", "check.mjs"] {
        fs::copy(Path::new("tests/node").join(name), folder.join(name)).unwrap();
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    succeeded(npm.output().expect("npm of the Debian package npm"));
}

fn succeeded(output: Output) -> String {
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    said.into_owned()
}
