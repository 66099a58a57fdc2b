//! Whatever a browser sends, nothing panics, and nothing that was changed is taken.

use proptest::prelude::*;
use symbolon_factors::webauthn::authentication::Identified;
use symbolon_factors::webauthn::{Assertion, Registered, UserVerification, authenticate};

use super::{challenge, passkey, registered, rp, taken};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_attestation_object_makes_the_reader_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let (client_data, mut object) = passkey().create(&challenge());
        let at = at.index(object.len());
        object[at] = byte;
        let _ = taken(&client_data, &object);
        let _ = taken(&client_data, &object[..cut.index(object.len())]);
    }

    #[test]
    fn any_changed_byte_of_an_assertion_is_noticed(at in any::<prop::sample::Index>(), change in 1..=255_u8, part in 0..3_usize) {
        let mut passkey = passkey();
        let known = registered(&passkey).unwrap();
        passkey.sign_count = 2;
        let (client_data, data, signature) = passkey.get(&challenge());
        let mut parts = [client_data, data, signature];
        let at = at.index(parts[part].len());
        parts[part][at] ^= change;
        let known = Registered {
            user_handle: b"ada",
            user: Identified::Before,
            public_key: &known.public_key,
            sign_count: 1,
            backup: known.backup,
        };
        let assertion = Assertion {
            client_data_json: &parts[0], authenticator_data: &parts[1], signature: &parts[2], user_handle: None,
        };
        prop_assert!(authenticate(&rp(), &challenge(), UserVerification::Required, known, assertion).is_err());
    }
}
