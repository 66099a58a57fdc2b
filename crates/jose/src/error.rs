//! Why a key or a token was refused: one variant per cause, for the operator; whoever sent it learns none of it.
//!
//! No variant carries anything taken from the input: not a claim, not a name, not a signature (CVE-2019-7644).

use std::fmt;

/// The groups of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A claim or the header's type is missing, malformed or not what the policy asks for (times excepted).
    Claims,
    /// The token cannot be decrypted with this key; nobody learns why.
    Decryption,
    /// A key is unusable, too weak, or not for this purpose.
    Key,
    /// The bytes are not a token, a key or JSON as we accept it.
    Malformed,
    /// The signature does not verify.
    Signature,
    /// The token is expired, not valid yet or too old.
    Time,
    /// No key answers to the token's header.
    UnknownKey,
}

/// Declares the causes: variant, group, text for the operator. The only list there is.
macro_rules! causes {
    ($($(#[$doc:meta])+ $variant:ident $(($data:ty))? => $kind:ident, $text:literal;)+) => {
        /// Why a key or a token was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Error {
            $($(#[$doc])+ $variant $(($data))?,)+
        }

        impl Error {
            /// The group this cause belongs to.
            pub const fn kind(self) -> ErrorKind {
                match self {
                    $(Self::$variant { .. } => ErrorKind::$kind,)+
                }
            }

            const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $text,)+
                }
            }
        }
    };
}

causes! {
    /// RFC 7515 §4.1.1: every header names its algorithm.
    AlgorithmMissing => Malformed, "the header has no alg";
    /// RFC 8725 §3.1: the header's `alg` is not the key's own.
    AlgorithmMismatch => Claims, "the header's alg is not the algorithm of the key";
    /// `aud` names none of the accepted audiences.
    AudienceMismatch => Claims, "aud does not contain an accepted audience";
    /// RFC 7797 §3: there is one payload, and the signatures do not agree on whether it is encoded.
    B64Disagrees => Malformed, "the signatures disagree about b64";
    /// RFC 7797 §6: `b64` stands in the header, and `crit` does not say so.
    B64NotCritical => Malformed, "the header has b64, which crit does not list";
    /// RFC 7797 §7: unencoded payloads are not for JWTs, and otherwise only where they are asked for.
    B64Unsupported => Malformed, "the header has b64, which is not supported here";
    /// RFC 7515 §2: characters that base64url does not have, or a length it cannot have.
    Base64Invalid => Malformed, "not base64url";
    /// RFC 4648 §3.5: bits behind the last byte are not zero, so that one text would have several spellings.
    Base64NotCanonical => Malformed, "the base64url is not canonical: bits are left over";
    /// RFC 7515 §2: padding is left out.
    Base64Padded => Malformed, "the base64url is padded";
    /// White space before or after.
    Base64Surrounded => Malformed, "bytes stand before or after the base64url";
    /// A claim has the wrong type or an impossible value; it never counts as absent (CVE-2026-25537).
    ClaimInvalid(&'static str) => Claims, "a claim is malformed";
    /// A time that is not a number.
    ClaimNotNumber(&'static str) => Claims, "a claim is not a number";
    /// A time before 1970 or after the year 9999.
    ClaimOutOfRange(&'static str) => Claims, "a claim is a number out of range";
    /// A claim the policy asks for is not there.
    ClaimMissing(&'static str) => Claims, "a required claim is missing";
    /// RFC 7519 §4: the claims are one JSON object.
    ClaimsNotObject => Malformed, "the claims are not a JSON object";
    /// A key was prepared for no `enc` at all, or for `dir` with more than the one that it is for.
    ContentEncryptionChoice => Key, "name the enc that are allowed; for dir it is one";
    /// RFC 7516 §4.1.2, RFC 8725 §3.1: the header's `enc` is not one the key is for.
    ContentEncryptionMismatch => Claims, "the header's enc is not one that the key is for";
    /// RFC 7515 §4.1.11: `crit` is no list of extensions that stand in the protected header.
    CritInvalid => Malformed, "the header has a crit that is malformed";
    /// RFC 7515 §4.1.11: an extension we do not understand must be understood.
    CritUnsupported => Malformed, "the header has crit with extensions that are not supported";
    /// The curve is not one of ours, or not the algorithm's.
    CurveUnsupported => Key, "the curve is not supported";
    /// What was decompressed is no DEFLATE (RFC 1951).
    DecompressionInvalid => Malformed, "the content is not compressed as the header says";
    /// Compressed content that is longer than the bound (CVE-2024-28180).
    DecompressionTooLong => Malformed, "the content is longer than the bound for decompression";
    /// Whatever went wrong between the encrypted key and the tag: one cause for all, so that nobody can ask (RFC 7516 §11.5).
    DecryptionFailed => Decryption, "the token cannot be decrypted with this key";
    /// Not the DER of a key as we accept it, or something stands behind it.
    DerInvalid => Malformed, "not the DER of a key";
    /// Five segments: a JWE where a JWS is expected (CVE-2023-51774).
    Encrypted => Malformed, "the token is encrypted where a signed one is expected";
    /// The back end refused to encrypt.
    EncryptionFailed => Key, "encryption failed";
    /// `exp` has passed.
    Expired => Time, "the token has expired";
    /// The header is longer than we read.
    HeaderTooLong => Malformed, "the header is too long";
    /// A header member has an impossible value.
    HeaderMemberInvalid(&'static str) => Malformed, "a member of the header is malformed";
    /// A header member that the algorithm needs is not there.
    HeaderMemberMissing(&'static str) => Malformed, "a member of the header is missing";
    /// RFC 7515 §7.2.1, RFC 7516 §7.2.1: one name in two of the headers.
    HeaderNotDisjoint => Malformed, "a member stands in two of the headers";
    /// A header member has the wrong type.
    HeaderInvalid => Malformed, "the header does not have the expected members and types";
    /// RFC 7518 §3.2: an HMAC secret is at least as long as the hash.
    HmacKeyTooShort => Key, "the shared secret is shorter than the hash";
    /// `iss` is another issuer.
    IssuerMismatch => Claims, "iss is not the expected issuer";
    /// RFC 7515 §4, RFC 7519 §4: a member name occurs twice in one object.
    JsonDuplicateMember => Malformed, "the JSON has a duplicate member";
    /// Not UTF-8.
    JsonNotUtf8 => Malformed, "the JSON is not UTF-8";
    /// Well-formed, but not the members and types expected.
    JsonShape => Malformed, "the JSON does not have the expected members and types";
    /// Not JSON.
    JsonSyntax => Malformed, "not a JSON text";
    /// Nested deeper than the limit (CVE-2025-53864).
    JsonTooDeep => Malformed, "the JSON is nested too deeply";
    /// Longer than the limit.
    JsonTooLong => Malformed, "the JSON is too long";
    /// Something stands behind the JSON text.
    JsonTrailing => Malformed, "bytes stand after the JSON text";
    /// An object with more members than the limit.
    JsonTooManyMembers => Malformed, "a JSON object has too many members";
    /// The two keys agree on nothing.
    KeyAgreementFailed => Key, "the keys cannot agree";
    /// RFC 7517 §4.4: the key's `alg` is another one, or its type does not fit the algorithm.
    KeyAlgorithm => Key, "the key is not for this algorithm";
    /// More keys in one set than we look at.
    KeyCount => Key, "the key set holds too many keys";
    /// The operating system or the back end could not make a key.
    KeyGeneration => Key, "no key could be generated";
    /// The private part does not belong to the public part.
    KeyInconsistent => Key, "the parts of the key do not belong together";
    /// A shared secret has no public half.
    KeyIsSymmetric => Key, "a shared secret has no public half";
    /// The secret does not have the length of the algorithm.
    KeyLength => Key, "the secret does not have the length that the algorithm needs";
    /// A key member is malformed or has the wrong length.
    KeyMemberInvalid(&'static str) => Key, "a member of the key is malformed";
    /// A key member is missing.
    KeyMemberMissing(&'static str) => Key, "a member of the key is missing";
    /// A public key where a private one is needed.
    KeyNotPrivate => Key, "the key has no private part";
    /// RFC 7517 §4.3: `key_ops` does not allow this operation.
    KeyOperation => Key, "key_ops does not allow this use of the key";
    /// The key type is not supported.
    KeyTypeUnsupported => Key, "the key type is not supported";
    /// PEM or DER longer than any key.
    KeyTooLong => Key, "the key is too long";
    /// RFC 7517 §4.2: `use` says something else.
    KeyUse => Key, "the key's use is another one";
    /// A `kid` longer than we look up.
    KidTooLong => Malformed, "kid is too long";
    /// Not three segments, or the JSON serialization (CVE-2022-39227).
    NotCompact => Malformed, "not a compact token of three segments";
    /// Three segments: a JWS where a JWE is expected (CVE-2026-29000).
    NotEncrypted => Malformed, "the token is not encrypted where an encrypted one is expected";
    /// Neither the flattened nor the general JSON serialization (RFC 7515 §7.2, RFC 7516 §7.2).
    NotJsonSerialization => Malformed, "not a JSON serialization";
    /// `nbf` or `iat` lies in the future.
    NotYetValid => Time, "the token is not valid yet";
    /// More than one recipient where the key of one is the content key (RFC 7518 §4.5, §4.6).
    OneRecipientOnly => Key, "with this alg there is one recipient only";
    /// RFC 7797 §5.2: what stands in a compact token as it is, is printable ASCII without a dot.
    PayloadNotPlain => Malformed, "the payload cannot stand unencoded: it is not printable ASCII without a dot";
    /// The payload is not where it is expected: missing, or given twice.
    PayloadMisplaced => Malformed, "the payload is missing or stands in two places";
    /// Longer than a payload may be.
    PayloadTooLong => Malformed, "the payload is too long";
    /// draft-ietf-oauth-rfc8725bis-08 §3.13: the count of PBES2 is below 1,000 or above the bound.
    Pbes2Count => Malformed, "the count of PBES2 is out of bounds";
    /// RFC 7468: not one PEM text of that form.
    PemInvalid => Malformed, "not a PEM text";
    /// The PEM's label is none of a key we read: an encrypted key, a certificate, parameters.
    PemLabel => Malformed, "the PEM holds no key of a kind that is read here";
    /// RFC 8725 §3.4: X25519 or Ed25519 points under which a secret is none or a signature fits many messages.
    PointLowOrder => Key, "the public point has a low order";
    /// The point does not lie on its curve (RFC 8725 §3.4, CVE-2016-9121).
    PointOffCurve => Key, "the public point is not on the curve";
    /// RFC 7516 §7.2.1: no recipient at all, or more than we read.
    RecipientCount => Malformed, "there is no recipient, or there are too many";
    /// RFC 8017 §3.1: the exponent is even, 1, or beyond 33 bits.
    RsaExponent => Key, "the RSA exponent is not acceptable";
    /// RFC 7518 §3.3: fewer than 2048 bits, counted exactly, or more than 8192.
    RsaModulusSize => Key, "the RSA modulus is not of 2048 to 8192 bits";
    /// RFC 7515 §7.2.1: no signature at all, or more than we read.
    SignatureCount => Malformed, "there is no signature, or there are too many";
    /// The signature does not verify under the key.
    SignatureInvalid => Signature, "the signature does not verify";
    /// A signature under this key has another length (CVE-2020-28042).
    SignatureLength => Signature, "the signature does not have the length of the algorithm";
    /// An ECDSA signature whose r or s is zero (CVE-2022-21449).
    SignatureZero => Signature, "r or s of the signature is zero";
    /// The back end refused to sign.
    SigningFailed => Key, "signing failed";
    /// Issued longer ago than the policy allows.
    TooOld => Time, "the token was issued too long ago";
    /// Longer than a token may be.
    TokenTooLong => Malformed, "the token is too long";
    /// RFC 8725 §3.11: `typ` is another one.
    TypeMismatch => Claims, "typ is not an accepted type";
    /// RFC 8725 §3.11: `typ` is missing.
    TypeMissing => Claims, "typ is missing";
    /// No key has the header's `kid`, or without `kid` there is no single key for its `alg`.
    UnknownKey => UnknownKey, "no key answers to the header's kid and alg";
    /// RFC 8725 §3.6: compressed content, and nobody asked for it.
    ZipUnsupported => Malformed, "the content is compressed, which is not accepted here";
}

impl Error {
    /// The token was good once, and only its time has passed: the signature has been verified.
    pub const fn is_expired(self) -> bool {
        matches!(self, Self::Expired)
    }

    /// The signature does not verify.
    pub const fn is_signature(self) -> bool {
        matches!(self.kind(), ErrorKind::Signature)
    }

    /// No key answers to the header: a fresh key set may help.
    pub const fn is_unknown_key(self) -> bool {
        matches!(self.kind(), ErrorKind::UnknownKey)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            // These names are our own constants, never the sender's text.
            Self::ClaimInvalid(name)
            | Self::ClaimMissing(name)
            | Self::ClaimNotNumber(name)
            | Self::ClaimOutOfRange(name)
            | Self::HeaderMemberInvalid(name)
            | Self::HeaderMemberMissing(name)
            | Self::KeyMemberInvalid(name)
            | Self::KeyMemberMissing(name) => write!(f, ": {name}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_lower_case_and_name_the_member() {
        assert_eq!(Error::ClaimInvalid("exp").to_string(), "a claim is malformed: exp");
        assert_eq!(Error::Expired.to_string(), "the token has expired");
    }

    #[test]
    fn questions_follow_the_kind() {
        assert!(Error::Expired.is_expired() && !Error::NotYetValid.is_expired());
        assert!(Error::SignatureInvalid.is_signature() && !Error::Expired.is_signature());
        assert!(Error::UnknownKey.is_unknown_key() && !Error::KeyUse.is_unknown_key());
    }
}
