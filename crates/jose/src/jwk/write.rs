//! Writing a JWK. The public form is made from the public members alone, so a private one cannot slip in.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Jwk, Material, Secret};
use crate::{Error, base64url};

/// A member's name and its base64url or plain text.
pub(super) type Member = (&'static str, Zeroizing<String>);

/// The members of a JWK that are private, whatever its type (RFC 7518 §6, RFC 8037 §2, RFC 9964 §3); also those that are not read here.
pub const PRIVATE_MEMBERS: [&str; 9] = ["d", "dp", "dq", "k", "oth", "p", "priv", "q", "qi"];

impl Material {
    /// The members that make the key what it is, in lexicographic order (RFC 7638 §3.2). For a shared secret that is the secret.
    pub(super) fn required_members(&self) -> Vec<Member> {
        let kty = ("kty", plain(self.kty()));
        match self {
            Self::Akp { set, public, seed: _ } => {
                vec![("alg", plain(set.algorithm().name())), kty, ("pub", encoded(public))]
            }
            Self::Ec { curve, x, y, d: _ } => {
                vec![("crv", plain(curve.name())), kty, ("x", encoded(x)), ("y", encoded(y))]
            }
            Self::Oct { k } => vec![("k", encoded(k.as_ref())), kty],
            Self::Okp { curve, x, d: _ } => vec![("crv", plain(curve.name())), kty, ("x", encoded(x))],
            Self::Rsa { n, e, private: _ } => vec![("e", encoded(e)), kty, ("n", encoded(n))],
        }
    }

    /// The private members beyond those.
    fn private_members(&self) -> Vec<Member> {
        let list: Vec<(&'static str, &Secret)> = match self {
            Self::Akp { seed: Some(seed), .. } => vec![("priv", seed)],
            Self::Ec { d: Some(d), .. } | Self::Okp { d: Some(d), .. } => vec![("d", d)],
            Self::Rsa { private: Some(private), .. } => vec![
                ("d", &private.d),
                ("p", &private.p),
                ("q", &private.q),
                ("dp", &private.dp),
                ("dq", &private.dq),
                ("qi", &private.qi),
            ],
            Self::Akp { .. } | Self::Ec { .. } | Self::Oct { .. } | Self::Okp { .. } | Self::Rsa { .. } => Vec::new(),
        };
        let encode = |(name, secret): (_, &Secret)| (name, encoded(secret.as_ref()));
        list.into_iter().map(encode).collect()
    }
}

impl Jwk {
    /// The public half as JSON, never a private member; an error for a shared secret.
    pub fn public_value(&self) -> Result<Value, Error> {
        let public = self.public().ok_or(Error::KeyIsSymmetric)?;
        let mut members = Map::new();
        for (name, text) in public.material.required_members() {
            members.insert(name.to_owned(), Value::from(text.as_str()));
        }
        for (name, value) in public.metadata() {
            members.insert(name.to_owned(), value);
        }
        Ok(Value::Object(members))
    }

    /// The whole key as JSON, private members included: for sealed storage. Wiped on drop.
    pub fn to_private_json(&self) -> Zeroizing<String> {
        let members = [self.material.required_members(), self.material.private_members()].concat();
        let metadata = self.metadata();
        // Reserved in full: growing would leave copies of the secret behind.
        let len = |(name, text): &Member| name.len() + text.len() + 6;
        let mut json = Zeroizing::new(String::with_capacity(members.iter().map(len).sum::<usize>() + 16));
        for (name, text) in &members {
            let before = if json.is_empty() { '{' } else { ',' };
            json.push(before);
            for part in ["\"", *name, "\":\"", text.as_str(), "\""] {
                json.push_str(part);
            }
        }
        let metadata: Vec<String> = metadata.into_iter().map(|(name, value)| format!(",\"{name}\":{value}")).collect();
        let metadata = metadata.concat();
        let mut whole = Zeroizing::new(String::with_capacity(json.len() + metadata.len() + 1));
        for part in [json.as_str(), &metadata, "}"] {
            whole.push_str(part);
        }
        whole
    }

    fn metadata(&self) -> Vec<(&'static str, Value)> {
        let mut members = Vec::new();
        // In an AKP key `alg` is one of the members that make it.
        if let (Some(algorithm), false) = (self.algorithm, matches!(self.material, Material::Akp { .. })) {
            members.push(("alg", Value::from(algorithm.name())));
        }
        if let Some(kid) = &self.kid {
            members.push(("kid", Value::from(kid.as_str())));
        }
        if let Some(purpose) = self.purpose {
            members.push(("use", Value::from(purpose.name())));
        }
        if let Some(operations) = self.operations {
            members.push(("key_ops", Value::from(operations.names())));
        }
        members.extend(self.certificates.iter().flat_map(|certificates| certificates.members()));
        members
    }
}

fn plain(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn encoded(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(base64url::encode(bytes))
}
