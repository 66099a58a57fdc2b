//! HS256, HS384, HS512 (RFC 7518 §3.2). Refuses a secret shorter than the hash.

use aws_lc_rs::hmac;

use crate::Error;

/// A key; the text of a public key is not a secret, but nothing here can tell, so only `oct` keys ever come here.
pub(super) fn key(algorithm: hmac::Algorithm, secret: &[u8]) -> Result<hmac::Key, Error> {
    if secret.len() < algorithm.tag_len() {
        return Err(Error::HmacKeyTooShort);
    }
    Ok(hmac::Key::new(algorithm, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shorter_than_the_hash_is_refused() {
        for (algorithm, len) in [(hmac::HMAC_SHA256, 32), (hmac::HMAC_SHA384, 48), (hmac::HMAC_SHA512, 64)] {
            assert!(key(algorithm, &vec![7; len]).is_ok());
            assert_eq!(key(algorithm, &vec![7; len - 1]).err(), Some(Error::HmacKeyTooShort));
            assert_eq!(key(algorithm, b"").err(), Some(Error::HmacKeyTooShort));
        }
    }
}
