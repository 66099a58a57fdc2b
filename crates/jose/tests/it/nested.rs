//! A signed token within an encrypted one, there and back. What is refused on the way is tested with the attacks.

use serde_json::json;
use symbolon_jose::jwe::{DecryptingKeys, compact};
use symbolon_jose::jwt::{self, Claims};
use symbolon_jose::{Algorithm, ContentEncryption, Error, KeyManagement, VerifyingKeys};

use crate::support::{NOW, claims, decrypting, encrypting, policy, signing, verifying};

#[test]
fn what_is_signed_and_then_encrypted_is_decrypted_and_then_verified() {
    let enc = ContentEncryption::A256Gcm;
    let issuer = VerifyingKeys::single(verifying(Algorithm::ES256));
    for alg in [KeyManagement::A256Kw, KeyManagement::EcdhEsA256Kw] {
        let token = jwt::sign_then_encrypt(
            &signing(Algorithm::ES256),
            &encrypting(alg, enc),
            "at+jwt",
            &claims(json!({"salary": 7})),
        )
        .unwrap();
        let keys = DecryptingKeys::single(decrypting(alg, enc));
        // RFC 7519 §5.2: what is inside is said outside, and upper case is recommended.
        assert_eq!(compact::decrypt(&token, &keys).unwrap().cty(), Some("JWT"));
        let typed = policy().accept_type("at+jwt");
        let verified = jwt::decrypt_then_verify::<Claims>(&token, &keys, &issuer, &typed, NOW).unwrap();
        assert_eq!((&verified.extra["salary"], verified.typ()), (&json!(7), Some("at+jwt")));
        let later = jwt::decrypt_then_verify::<Claims>(&token, &keys, &issuer, &typed, NOW + 10_000).unwrap_err();
        assert_eq!(later, Error::Expired);
    }
}
