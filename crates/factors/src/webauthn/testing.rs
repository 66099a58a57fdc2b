//! An authenticator in software, for tests: it makes passkeys and signs with them, and says of itself whatever it is told to.

use aws_lc_rs::digest;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Map, Value, json};
use symbolon_jose::sha256;

use super::Challenge;
use super::cose::two_numbers;

/// Somebody was there, and it was made sure who.
pub const PRESENT_AND_VERIFIED: u8 = 0b101;
/// The flag of attested credential data.
pub const ATTESTED: u8 = 1 << 6;

/// A passkey and what its authenticator says.
#[derive(Debug)]
pub struct Passkey {
    /// Its private key.
    pub key: Key,
    /// The credential id.
    pub id: Vec<u8>,
    /// The RP ID it is for.
    pub rp_id: String,
    /// The origin that the browser names.
    pub origin: String,
    /// Flags of §6.1.
    pub flags: u8,
    /// The signature counter that comes next.
    pub sign_count: u32,
    /// What stands behind everything else in the authenticator data.
    pub behind: Vec<u8>,
    /// What is said otherwise in the client data; null takes away.
    pub client_data: Map<String, Value>,
}

/// A private key.
#[derive(Debug)]
pub enum Key {
    /// EdDSA.
    Ed25519(Box<Ed25519KeyPair>),
    /// ES256.
    Es256(Box<EcdsaKeyPair>),
    /// RS256.
    Rs256(Box<RsaKeyPair>),
}

impl Passkey {
    /// One with a key on P-256, for the RP ID that is the origin's host.
    ///
    /// # Panics
    /// If the system has no randomness.
    pub fn es256(id: &[u8], rp_id: &str, origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("there is randomness");
        Self::with(Key::Es256(Box::new(key)), id, rp_id, origin)
    }

    /// One with a key on Ed25519.
    ///
    /// # Panics
    /// If the system has no randomness.
    pub fn ed25519(id: &[u8], rp_id: &str, origin: &str) -> Self {
        let key = Ed25519KeyPair::generate().expect("there is randomness");
        Self::with(Key::Ed25519(Box::new(key)), id, rp_id, origin)
    }

    /// One with an RSA key.
    ///
    /// # Panics
    /// If the system has no randomness.
    pub fn rs256(id: &[u8], rp_id: &str, origin: &str) -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("there is randomness");
        Self::with(Key::Rs256(Box::new(key)), id, rp_id, origin)
    }

    fn with(key: Key, id: &[u8], rp_id: &str, origin: &str) -> Self {
        Self {
            key,
            id: id.to_vec(),
            rp_id: rp_id.to_owned(),
            origin: origin.to_owned(),
            flags: PRESENT_AND_VERIFIED,
            sign_count: 1,
            behind: Vec::new(),
            client_data: Map::new(),
        }
    }

    /// `clientDataJSON` and `attestationObject` without attestation.
    pub fn create(&self, challenge: &Challenge) -> (Vec<u8>, Vec<u8>) {
        let statement = [&[0x64][..], b"none", &[0x67], b"attStmt", &[0xa0]].concat();
        (self.client_data("webauthn.create", challenge), attestation_object(&statement, &self.attested_data()))
    }

    /// The same with a self attestation, which signs what `change` makes of what is to be signed.
    pub fn create_attested(&self, challenge: &Challenge, change: impl Fn(&mut Vec<u8>)) -> (Vec<u8>, Vec<u8>) {
        let client_data = self.client_data("webauthn.create", challenge);
        let data = self.attested_data();
        let mut signed = [&data[..], &sha256(&client_data)].concat();
        change(&mut signed);
        let signature = self.sign(&signed);
        let alg = match &self.key {
            Key::Es256(_) => &[0x26][..],
            Key::Ed25519(_) => &[0x27],
            Key::Rs256(_) => &[0x39, 1, 0],
        };
        let statement = [&[0x66][..], b"packed", &[0x67], b"attStmt", &[0xa2, 0x63], b"alg", alg, &[0x63], b"sig"];
        let statement = [&statement.concat()[..], &bytes(&signature)].concat();
        let object = attestation_object(&statement, &data);
        (client_data, object)
    }

    /// `clientDataJSON`, `authenticatorData` and `signature`.
    pub fn get(&self, challenge: &Challenge) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let client_data = self.client_data("webauthn.get", challenge);
        let data = [&self.head(self.flags)[..], &self.behind].concat();
        let signature = self.sign(&[&data[..], &sha256(&client_data)].concat());
        (client_data, data, signature)
    }

    /// The public key in COSE.
    pub fn cose(&self) -> Vec<u8> {
        match &self.key {
            Key::Es256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..], &bytes(x), &[0x22], &bytes(y)].concat()
            }
            Key::Ed25519(pair) => {
                [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21][..], &bytes(pair.public_key().as_ref())].concat()
            }
            Key::Rs256(pair) => {
                let (n, e) = two_numbers(pair.public_key().as_ref()).expect("an RSA key is two numbers");
                [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20][..], &bytes(n), &[0x21], &bytes(e)].concat()
            }
        }
    }

    fn client_data(&self, ceremony: &str, challenge: &Challenge) -> Vec<u8> {
        let mut data = json!({
            "type": ceremony, "challenge": challenge.text(), "origin": self.origin, "crossOrigin": false,
        });
        for (name, value) in &self.client_data {
            data[name] = value.clone();
        }
        data.to_string().into_bytes()
    }

    fn attested_data(&self) -> Vec<u8> {
        let len = u16::try_from(self.id.len()).expect("an id is short").to_be_bytes();
        let head = self.head(self.flags | ATTESTED);
        [&head[..], &[7; 16], &len, &self.id, &self.cose(), &self.behind].concat()
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        [&sha256(self.rp_id.as_bytes())[..], &[flags], &self.sign_count.to_be_bytes()].concat()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let digest = || digest::digest(&digest::SHA256, message);
        match &self.key {
            Key::Es256(pair) => pair.sign_digest(&digest()).expect("a good key signs").as_ref().to_vec(),
            Key::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Key::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, &digest(), &mut signature).expect("a good key signs");
                signature
            }
        }
    }
}

fn attestation_object(statement: &[u8], data: &[u8]) -> Vec<u8> {
    [&[0xa3, 0x63][..], b"fmt", statement, &[0x68], b"authData", &bytes(data)].concat()
}

/// A byte string in CBOR, in the shortest form.
fn bytes(content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).expect("nothing here is long");
    let head = match len {
        0..24 => vec![0x40 | len.to_be_bytes()[1]],
        24..256 => vec![0x58, len.to_be_bytes()[1]],
        _ => [&[0x59][..], &len.to_be_bytes()].concat(),
    };
    [&head[..], content].concat()
}
