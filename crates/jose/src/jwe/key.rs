//! Keys parsed once and bound to one `alg`: for encrypting also to one `enc`, for decrypting to those that are allowed.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::agreement::{ParsedPublicKey, PrivateKey};

use super::Header;
use super::content::Cipher;
use super::entropy::{Entropy as _, System};
use super::manage::PBES2_MAX_COUNT;
use crate::alg::aes_gcm::GcmKey;
use crate::alg::aes_kw::{Kek, KeyWrap};
use crate::alg::pbes2::{self, Prf};
use crate::alg::{Agreement, MAX_CONTENT_KEY_LEN, Management, OaepPrivateKey, OaepPublicKey};
use crate::jwk::{MAX_KID_LEN, Material, Operation, Secret, is_pem};
use crate::{ContentEncryption, Error, Jwk, KeyManagement, base64url};

/// A recipient's public key, a shared secret or a password, prepared once, that encrypts with one `alg` and one `enc`. Cheap to
/// clone.
///
/// ```
/// use symbolon_jose::jwe::EncryptingKey;
/// use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement};
///
/// let jwk = Jwk::generate(KeyManagement::EcdhEsA256Kw)?;
/// let key = EncryptingKey::from_jwk(&jwk, KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm)?;
/// assert_eq!(key.kid(), jwk.kid());
/// // The key says what it is for.
/// let other = EncryptingKey::from_jwk(&jwk, KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
/// assert_eq!(other.unwrap_err(), Error::KeyAlgorithm);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct EncryptingKey(Arc<Encrypter>);

pub(super) struct Encrypter {
    pub(super) management: KeyManagement,
    pub(super) encryption: ContentEncryption,
    kid: Option<String>,
    pub(super) kek: SenderKey,
    /// The header's members that concern this recipient and are always the same, from the bracket on.
    prefix: String,
    /// Encoded headers that have nothing new from token to token, by what the sender wrote into them.
    headers: [OnceLock<(OwnedHeader, Box<str>)>; 4],
}

#[derive(PartialEq)]
struct OwnedHeader {
    typ: Option<Box<str>>,
    cty: Option<Box<str>>,
    compression: super::Compression,
}

/// What the sender holds.
pub(super) enum SenderKey {
    AesGcm(GcmKey),
    AesKw(Box<KeyWrap>),
    Direct(Cipher),
    EcdhEs(Agreement, ParsedPublicKey, Option<Kek>),
    Oaep(OaepPublicKey),
    Pbes2(Password),
}

/// A password and what is made of it.
pub(super) struct Password {
    pub(super) prf: Prf,
    pub(super) size: Kek,
    pub(super) bytes: Secret,
    /// For encrypting how often, for decrypting how often at most.
    pub(super) count: u32,
}

impl EncryptingKey {
    /// Prepares `jwk`, or its public half; refuses keys whose `alg`, `use`, `key_ops`, type or length say otherwise.
    pub fn from_jwk(jwk: &Jwk, alg: KeyManagement, enc: ContentEncryption) -> Result<Self, Error> {
        jwk.permits_encryption(alg, &[enc], Side::Sender)?;
        if jwk.kid().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(Error::KidTooLong);
        }
        let kek = match (alg.kind(), jwk.material()) {
            (Management::AesGcm(kek), Material::Oct { k }) => SenderKey::AesGcm(GcmKey::new(kek.gcm(), k.as_ref())?),
            (Management::AesKw(kek), Material::Oct { k }) => SenderKey::AesKw(Box::new(KeyWrap::new(kek, k.as_ref())?)),
            (Management::Direct, Material::Oct { k }) => SenderKey::Direct(Cipher::sealing(enc, k.as_ref())?),
            (Management::EcdhEs(kek), material) => {
                let (curve, x, y) = agreement(jwk, material)?;
                SenderKey::EcdhEs(curve, curve.public_key(x, y)?, kek)
            }
            (Management::Oaep(hash), Material::Rsa { n, e, .. }) => SenderKey::Oaep(OaepPublicKey::new(n, e, hash)?),
            (Management::Pbes2(prf, size), Material::Oct { k }) => {
                SenderKey::Pbes2(Password { prf, size, bytes: k.clone(), count: prf.default_count() })
            }
            _ => return Err(Error::KeyAlgorithm),
        };
        Ok(Self::new(alg, enc, jwk.kid().map(str::to_owned), kek))
    }

    /// A password, for one of the PBES2 algorithms, applied as often as is advised today.
    ///
    /// ```
    /// use symbolon_jose::jwe::EncryptingKey;
    /// use symbolon_jose::{ContentEncryption, Error, KeyManagement};
    ///
    /// let (alg, enc) = (KeyManagement::Pbes2Hs512A256Kw, ContentEncryption::A256Gcm);
    /// assert!(EncryptingKey::from_password(b"correct horse battery staple", alg, enc).is_ok());
    /// assert_eq!(EncryptingKey::from_password(b"", alg, enc).unwrap_err(), Error::KeyLength);
    /// assert_eq!(EncryptingKey::from_password(b"x", KeyManagement::A128Kw, enc).unwrap_err(), Error::KeyAlgorithm);
    /// ```
    pub fn from_password(password: &[u8], alg: KeyManagement, enc: ContentEncryption) -> Result<Self, Error> {
        let password = Password::new(password, alg, None)?;
        Ok(Self::new(alg, enc, None, SenderKey::Pbes2(password)))
    }

    /// The same with a count of iterations of choice, from 1,000 to 1,200,000: fewer make guessing cheaper.
    pub fn from_password_with_count(
        password: &[u8],
        count: u32,
        alg: KeyManagement,
        enc: ContentEncryption,
    ) -> Result<Self, Error> {
        pbes2::check(&[0; pbes2::SALT_LEN], count.into(), PBES2_MAX_COUNT)?;
        let password = Password::new(password, alg, Some(count))?;
        Ok(Self::new(alg, enc, None, SenderKey::Pbes2(password)))
    }

    fn new(management: KeyManagement, encryption: ContentEncryption, kid: Option<String>, kek: SenderKey) -> Self {
        let said = kid.as_deref().map_or_else(String::new, |kid| member("kid", kid));
        let prefix = format!("{{\"alg\":\"{management}\"{said}");
        Self(Arc::new(Encrypter { management, encryption, kid, kek, prefix, headers: Default::default() }))
    }

    /// The one `alg`.
    pub fn key_management(&self) -> KeyManagement {
        self.0.management
    }

    /// The one `enc`.
    pub fn content_encryption(&self) -> ContentEncryption {
        self.0.encryption
    }

    /// The key's identifier, which goes into every header.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    pub(super) fn inner(&self) -> &Encrypter {
        &self.0
    }
}

impl Encrypter {
    /// The encoded header, whose `fresh` members are those of this one token.
    pub(super) fn header(&self, header: &Header<'_>, fresh: &str) -> Cow<'_, str> {
        // `apu` and `apv` only go with an `epk`, which is fresh.
        if !fresh.is_empty() {
            return Cow::Owned(base64url::encode(self.header_json(header, fresh).as_bytes()));
        }
        for slot in &self.headers {
            let (key, text) = slot.get_or_init(|| {
                let owned = |text: Option<&str>| text.map(Box::from);
                let key =
                    OwnedHeader { typ: owned(header.typ), cty: owned(header.cty), compression: header.compression };
                (key, base64url::encode(self.header_json(header, "").as_bytes()).into_boxed_str())
            });
            let same = key.typ.as_deref() == header.typ && key.cty.as_deref() == header.cty;
            if same && key.compression == header.compression {
                return Cow::Borrowed(text);
            }
        }
        Cow::Owned(base64url::encode(self.header_json(header, "").as_bytes()))
    }

    fn header_json(&self, header: &Header<'_>, fresh: &str) -> String {
        let mut json = String::with_capacity(self.prefix.len() + fresh.len() + 64);
        for part in [&self.prefix, fresh, ","] {
            json.push_str(part);
        }
        Self::push_common_members(&mut json, self.encryption, header);
        json.push('}');
        json
    }

    /// The members that concern one recipient, from the bracket on.
    pub(super) fn recipient_members(&self, fresh: &str) -> String {
        [&self.prefix, fresh].concat()
    }

    /// The members that concern all recipients, from the first name on.
    pub(super) fn push_common_members(json: &mut String, encryption: ContentEncryption, header: &Header<'_>) {
        for part in ["\"enc\":\"", encryption.name(), "\""] {
            json.push_str(part);
        }
        for (name, value) in [("typ", header.typ), ("cty", header.cty)] {
            if let Some(value) = value {
                json.push_str(&member(name, value));
            }
        }
        if header.compression == super::Compression::Deflate {
            json.push_str(",\"zip\":\"DEF\"");
        }
    }
}

/// `,"name":"value"`.
fn member(name: &str, value: &str) -> String {
    format!(",\"{name}\":{}", serde_json::Value::from(value))
}

impl fmt::Debug for EncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Encrypter { management, encryption, kid, kek: _, prefix: _, headers: _ } = &*self.0;
        let mut debug = f.debug_struct("EncryptingKey");
        debug.field("alg", management).field("enc", encryption).field("kid", kid).finish_non_exhaustive()
    }
}

/// A private key, a shared secret or a password, prepared once, that decrypts one `alg` and the `enc` it is allowed. Cheap to
/// clone.
///
/// ```
/// use symbolon_jose::jwe::DecryptingKey;
/// use symbolon_jose::{ContentEncryption, Error, Jwk, KeyManagement};
///
/// let jwk = Jwk::generate(ContentEncryption::A256Gcm)?;
/// assert!(DecryptingKey::from_jwk(&jwk, KeyManagement::Dir, &[ContentEncryption::A256Gcm]).is_ok());
/// // The key says for which `enc` it is.
/// let other = DecryptingKey::from_jwk(&jwk, KeyManagement::Dir, &[ContentEncryption::A128CbcHs256]);
/// assert_eq!(other.unwrap_err(), Error::KeyAlgorithm);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct DecryptingKey(Arc<Decrypter>);

#[derive(Clone)]
pub(super) struct Decrypter {
    pub(super) management: KeyManagement,
    allowed: Vec<ContentEncryption>,
    kid: Option<String>,
    pub(super) kek: Arc<RecipientKey>,
    /// Stands in for a content key that cannot be had. Made once: to ask for it then would take time that tells (RFC 7516 §11.5).
    pub(super) decoy: Secret,
    /// Most bytes that compressed content may become, where it is accepted at all.
    pub(super) max_decompressed: Option<usize>,
}

/// What the recipient holds.
pub(super) enum RecipientKey {
    AesGcm(GcmKey),
    AesKw(Box<KeyWrap>),
    Direct(Cipher),
    EcdhEs(Agreement, PrivateKey, Option<Kek>),
    Oaep(OaepPrivateKey),
    Pbes2(Password),
}

impl DecryptingKey {
    /// Prepares `jwk`; refuses public keys and keys whose `alg`, `use`, `key_ops`, type or length say otherwise. `allowed` lists the
    /// `enc` accepted, for `dir` just one.
    pub fn from_jwk(jwk: &Jwk, alg: KeyManagement, allowed: &[ContentEncryption]) -> Result<Self, Error> {
        if allowed.is_empty() || alg == KeyManagement::Dir && allowed.len() > 1 {
            return Err(Error::ContentEncryptionChoice);
        }
        jwk.permits_encryption(alg, allowed, Side::Recipient)?;
        let kek = match (alg.kind(), jwk.material()) {
            (Management::AesGcm(kek), Material::Oct { k }) => RecipientKey::AesGcm(GcmKey::new(kek.gcm(), k.as_ref())?),
            (Management::AesKw(kek), Material::Oct { k }) => {
                RecipientKey::AesKw(Box::new(KeyWrap::new(kek, k.as_ref())?))
            }
            (Management::Direct, Material::Oct { k }) => {
                let one = *allowed.first().ok_or(Error::ContentEncryptionChoice)?;
                RecipientKey::Direct(Cipher::opening(one, k.as_ref())?)
            }
            (Management::EcdhEs(kek), Material::Ec { d, .. } | Material::Okp { d, .. }) => {
                let curve = jwk.agreement().ok_or(Error::KeyAlgorithm)?;
                let d = d.as_ref().ok_or(Error::KeyNotPrivate)?;
                RecipientKey::EcdhEs(curve, curve.private_key(d)?, kek)
            }
            (Management::Oaep(hash), Material::Rsa { n, e, private }) => {
                let private = private.as_deref().ok_or(Error::KeyNotPrivate)?;
                RecipientKey::Oaep(OaepPrivateKey::new(n, e, private, hash)?)
            }
            (Management::Pbes2(prf, size), Material::Oct { k }) => {
                RecipientKey::Pbes2(Password { prf, size, bytes: k.clone(), count: prf.default_max() })
            }
            _ => return Err(Error::KeyAlgorithm),
        };
        Self::new(alg, allowed, jwk.kid().map(str::to_owned), kek)
    }

    /// A password, for one of the PBES2 algorithms. A token may ask for twice the iterations that are advised today;
    /// [`DecryptingKey::max_pbes2_count`] changes that.
    pub fn from_password(password: &[u8], alg: KeyManagement, allowed: &[ContentEncryption]) -> Result<Self, Error> {
        if allowed.is_empty() {
            return Err(Error::ContentEncryptionChoice);
        }
        let password = Password::new(password, alg, None)?;
        let count = password.prf.default_max();
        Self::new(alg, allowed, None, RecipientKey::Pbes2(Password { count, ..password }))
    }

    fn new(
        management: KeyManagement,
        allowed: &[ContentEncryption],
        kid: Option<String>,
        kek: RecipientKey,
    ) -> Result<Self, Error> {
        let mut decoy = vec![0; MAX_CONTENT_KEY_LEN];
        System::new().fill(&mut decoy).map_err(|_| Error::KeyGeneration)?;
        let (allowed, kek, decoy) = (allowed.to_vec(), Arc::new(kek), Secret::new(decoy));
        Ok(Self(Arc::new(Decrypter { management, allowed, kid, kek, decoy, max_decompressed: None })))
    }

    /// Accepts compressed content that becomes no longer than `max` bytes (draft-ietf-oauth-rfc8725bis-08 §3.15 advises 250 KB).
    #[must_use]
    pub fn accept_deflate(self, max: usize) -> Self {
        Self(Arc::new(Decrypter { max_decompressed: Some(max), ..Decrypter::clone(&self.0) }))
    }

    /// Refuses tokens that ask for more iterations of PBES2 than `count`, of at most [`PBES2_MAX_COUNT`]: whoever sends one decides what
    /// it costs to refuse it.
    #[must_use]
    pub fn max_pbes2_count(self, count: u32) -> Self {
        let kek = match &*self.0.kek {
            RecipientKey::Pbes2(password) => Arc::new(RecipientKey::Pbes2(Password {
                bytes: password.bytes.clone(),
                count: count.min(PBES2_MAX_COUNT),
                ..*password
            })),
            _ => Arc::clone(&self.0.kek),
        };
        Self(Arc::new(Decrypter { kek, ..Decrypter::clone(&self.0) }))
    }

    /// The one `alg`.
    pub fn key_management(&self) -> KeyManagement {
        self.0.management
    }

    /// The key's identifier.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    pub(super) fn inner(&self) -> &Decrypter {
        &self.0
    }
}

impl Decrypter {
    /// Most iterations that a token may ask for, where the key is a password.
    pub(super) fn max_iterations(&self) -> Option<u32> {
        match &*self.kek {
            RecipientKey::Pbes2(password) => Some(password.count),
            _ => None,
        }
    }

    /// The `enc` of that name, if the key may be used with it.
    pub(super) fn allowed(&self, enc: &str) -> Result<ContentEncryption, Error> {
        let allowed = self.allowed.iter().find(|allowed| allowed.name() == enc);
        allowed.copied().ok_or(Error::ContentEncryptionMismatch)
    }
}

impl fmt::Debug for DecryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decrypter { management, allowed, kid, kek: _, decoy: _, max_decompressed } = &*self.0;
        f.debug_struct("DecryptingKey")
            .field("alg", management)
            .field("enc", allowed)
            .field("kid", kid)
            .field("max_decompressed", max_decompressed)
            .finish_non_exhaustive()
    }
}

impl Password {
    fn new(password: &[u8], alg: KeyManagement, count: Option<u32>) -> Result<Self, Error> {
        let Management::Pbes2(prf, size) = alg.kind() else {
            return Err(Error::KeyAlgorithm);
        };
        if password.is_empty() {
            return Err(Error::KeyLength);
        }
        // RFC 8725 §2.1: what is public is no secret.
        if is_pem(password) {
            return Err(Error::KeyMemberInvalid("k"));
        }
        let bytes = Secret::new(password.to_vec());
        Ok(Self { prf, size, bytes, count: count.unwrap_or_else(|| prf.default_count()) })
    }
}

/// Who uses a key.
#[derive(Clone, Copy)]
enum Side {
    Recipient,
    Sender,
}

impl Jwk {
    /// Whether the key may be used for `alg` with all of `enc`.
    fn permits_encryption(&self, alg: KeyManagement, enc: &[ContentEncryption], side: Side) -> Result<(), Error> {
        let (content, key) = match side {
            Side::Recipient => (Operation::Decrypt, Operation::UnwrapKey),
            Side::Sender => (Operation::Encrypt, Operation::WrapKey),
        };
        match alg.kind() {
            // The key is the content key, and its `alg` may name the `enc` instead (as in RFC 7520 §5.6).
            Management::Direct => {
                for &enc in enc {
                    let named = self.permits(content, enc.into());
                    named.or_else(|why| match self.key_algorithm() {
                        Some(own) if own == alg.into() => self.permits(content, alg.into()),
                        _ => Err(why),
                    })?;
                }
                Ok(())
            }
            Management::EcdhEs(_) => match side {
                Side::Recipient => self.permits(Operation::DeriveKey, alg.into()),
                // A public key has nothing to list for an agreement.
                Side::Sender => self.permits(key, alg.into()).or_else(|why| match why {
                    Error::KeyOperation => self.permits(Operation::DeriveKey, alg.into()),
                    why => Err(why),
                }),
            },
            Management::Pbes2(..) => self.permits(key, alg.into()).or_else(|why| match why {
                Error::KeyOperation => self.permits(Operation::DeriveKey, alg.into()),
                why => Err(why),
            }),
            // RFC 7517 §4.3: encrypting a key is `wrapKey`; some say `encrypt`.
            Management::AesGcm(_) | Management::AesKw(_) | Management::Oaep(_) => {
                self.permits(key, alg.into()).or_else(|why| match why {
                    Error::KeyOperation => self.permits(content, alg.into()),
                    why => Err(why),
                })
            }
        }
    }
}

/// The point of a key that can agree.
fn agreement<'m>(jwk: &Jwk, material: &'m Material) -> Result<(Agreement, &'m [u8], &'m [u8]), Error> {
    let curve = jwk.agreement().ok_or(Error::KeyAlgorithm)?;
    match material {
        Material::Ec { x, y, .. } => Ok((curve, x, y)),
        Material::Okp { x, .. } => Ok((curve, x, &[])),
        _ => Err(Error::KeyAlgorithm),
    }
}
