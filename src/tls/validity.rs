//! From when and until when a certificate is valid. Only the way there is read: a reader of whole certificates, with their
//! extensions, is 90 KB of program for two dates.

use rustls::pki_types::CertificateDer;
use vietqr_edge_core::time::Timestamp;
use x509_parser::{
    asn1_rs::{Any, Class, FromDer, Sequence},
    certificate::Validity,
};

/// The first and the last second at which a certificate is valid (RFC 5280, 4.1.2.5); `None` where it is not one of X.509.
pub fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = Sequence::from_der(certificate).ok()?;
    let (_, signed) = Sequence::from_der(&certificate.content).ok()?;
    // version [0] (absent in version 1), serialNumber, signature, issuer, validity
    let (mut rest, first) = Any::from_der(&signed.content).ok()?;
    let before = if first.class() == Class::ContextSpecific { 3 } else { 2 };
    for _ in 0..before {
        (rest, _) = Any::from_der(rest).ok()?;
    }
    let (_, validity) = Validity::from_der(rest).ok()?;
    let second = |at: x509_parser::time::ASN1Time| Timestamp::from_secs(at.timestamp());
    Some((second(validity.not_before), second(validity.not_after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

    #[test]
    fn the_days_are_those_of_the_certificate() {
        let mut params = CertificateParams::new(vec!["mqtt.example.vn".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // UTCTime ends with the year 2049.
        (params.not_before, params.not_after) = (date_time_ymd(2026, 11, 22), date_time_ymd(2053, 1, 1));
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(validity(made.der()), Some((at("2026-11-22T00:00:00Z"), at("2053-01-01T00:00:00Z"))));
        for cut in [0, 1, 8, 40] {
            assert_eq!(validity(&CertificateDer::from(&made.der()[..cut])), None, "{cut} bytes");
        }
    }

    #[test]
    fn a_certificate_of_version_1_begins_with_its_serial_number() {
        let dates = [&b"\x30\x1e\x17\x0d260101000000Z\x17\x0d270101000000Z"[..]].concat();
        let signed = [&b"\x30\x27\x02\x01\x05\x30\x00\x30\x00"[..], &dates].concat();
        let whole = CertificateDer::from([&[0x30, u8::try_from(signed.len()).unwrap()][..], &signed].concat());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(validity(&whole), Some((at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))));
    }
}
