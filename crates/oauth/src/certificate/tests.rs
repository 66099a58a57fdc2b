use super::*;
use crate::testing::certificate;
use proptest::prelude::*;

#[test]
fn a_certificate_is_read_with_its_names() {
    let read = certificate("client");
    assert_eq!(*read.subject(), "CN=reports,O=Example\\, Inc.,C=DE".parse().unwrap());
    assert_eq!(read.names.len(), 5);
    assert!(certificate("other").names.is_empty());
}

#[test]
fn rfc8705_section_3_1_the_thumbprint_is_the_hash_of_the_whole() {
    let (one, again) = (certificate("self"), certificate("self-again"));
    assert_eq!(one.confirmation(), Confirmation::X5tS256(base64url::encode(&sha256(one.der()))));
    assert!(one.is_of(&one.confirmation()) && !again.is_of(&one.confirmation()), "the same key is another certificate");
    let Confirmation::X5tS256(text) = one.confirmation() else { unreachable!() };
    assert!(!one.is_of(&Confirmation::Jkt(text)), "a key's thumbprint is none of a certificate");
}

#[test]
fn what_is_no_certificate_is_refused() {
    let der = certificate("client").der().to_vec();
    let mut longer = der.clone();
    longer.push(0);
    for wrong in [&[][..], b"x", &der[1..], &der[..der.len() - 1], &longer, &vec![0x30; MAX_BYTES + 1]] {
        assert_eq!(ClientCertificate::read(wrong), Err(InvalidCertificate));
    }
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(at in 0_usize..600, byte in any::<u8>()) {
        let mut der = certificate("client").der().to_vec();
        let at = at % der.len();
        der[at] = byte;
        let _ = ClientCertificate::read(&der);
    }
}
