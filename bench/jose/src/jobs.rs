//! The rows: which operations, with which algorithms, on which tokens.

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::{self, Size};
use symbolon_bench_jose_common::job::{Job, Method, Operation};
use symbolon_jose::Algorithm::{
    ES256, ES384, ES512, EdDSA, HS256, HS384, HS512, MlDsa44, MlDsa65, MlDsa87, PS256, PS384, PS512, RS256, RS384,
    RS512,
};
use symbolon_jose::ContentEncryption::{A128CbcHs256, A256Gcm};
use symbolon_jose::{Jwk, KeyCurve, KeyManagement};

use crate::peer::ours;

/// A row before it has its key.
pub(crate) struct Plan {
    operation: Operation,
    method: Method,
    curve: Option<KeyCurve>,
    size: Size,
}

const METHODS: [(Method, Option<KeyCurve>); 16] = [
    (Method::Signature(HS256), None),
    (Method::Signature(RS256), None),
    (Method::Signature(PS256), None),
    (Method::Signature(ES256), None),
    (Method::Signature(ES384), None),
    (Method::Signature(EdDSA), None),
    (Method::Signature(MlDsa65), None),
    (Method::Encryption(KeyManagement::Dir, A256Gcm), None),
    (Method::Encryption(KeyManagement::A256Kw, A256Gcm), None),
    (Method::Encryption(KeyManagement::A128Kw, A128CbcHs256), None),
    (Method::Encryption(KeyManagement::A256Gcmkw, A256Gcm), None),
    (Method::Encryption(KeyManagement::RsaOaep, A256Gcm), None),
    (Method::Encryption(KeyManagement::RsaOaep256, A256Gcm), None),
    (Method::Encryption(KeyManagement::EcdhEsA256Kw, A256Gcm), Some(KeyCurve::P256)),
    (Method::Encryption(KeyManagement::EcdhEsA256Kw, A256Gcm), Some(KeyCurve::X25519)),
    (Method::Encryption(KeyManagement::Pbes2Hs256A128Kw, A256Gcm), None),
];

/// The other signatures, each of a family that stands above; on the small token only, for which there is a budget. (`Ed25519` is another
/// name of `EdDSA`.)
const ALIKE: [symbolon_jose::Algorithm; 9] = [HS384, HS512, RS384, RS512, PS384, PS512, ES512, MlDsa44, MlDsa87];

/// Every algorithm with its two operations.
pub(crate) fn plans() -> impl Iterator<Item = Plan> {
    let alike = ALIKE.into_iter().map(|algorithm| (Method::Signature(algorithm), None, &[Size::Small][..]));
    let methods = METHODS.into_iter().map(|(method, curve)| (method, curve, &Size::ALL[..]));
    methods.chain(alike).flat_map(|(method, curve, sizes)| {
        let operations = match method {
            Method::Encryption(..) => [Operation::Encrypt, Operation::Decrypt],
            Method::Signature(_) => [Operation::Sign, Operation::Verify],
        };
        let of = move |size: &Size| operations.map(|operation| Plan { operation, method, curve, size: *size });
        sizes.iter().flat_map(of)
    })
}

impl Plan {
    /// `operation.algorithm.size`.
    pub(crate) fn name(&self) -> String {
        let method = match self.method {
            Method::Signature(alg) => alg.to_string(),
            Method::Encryption(alg, enc) => {
                let curve = self.curve.map_or(String::new(), |curve| format!("{}.", curve.name()));
                format!("{alg}.{curve}{enc}")
            }
        };
        format!("{}.{method}.{}", self.operation.name(), self.size.name())
    }

    /// With a new key, claims that are good from `now` on, and their token.
    pub(crate) fn job(&self, now: u64) -> Result<Job, Failure> {
        let jwk = match (self.method, self.curve) {
            (Method::Signature(alg), _) => Some(Jwk::generate(alg)?),
            (Method::Encryption(KeyManagement::Dir, enc), _) => Some(Jwk::generate(enc)?),
            (Method::Encryption(alg, _), _) if alg.is_password() => None,
            (Method::Encryption(alg, _), Some(curve)) => Some(Jwk::generate_on(curve, alg)?),
            (Method::Encryption(alg, _), None) => Some(Jwk::generate(alg)?),
        };
        let claims = claims::claims(self.size, now)?;
        let content = claims::json(&claims)?;
        let (operation, method, size) = (self.operation, self.method, self.size);
        let name = self.name();
        let mut job = Job { name, operation, method, size, jwk, claims, content, token: String::new(), now };
        job.token = ours::token(&job)?;
        Ok(job)
    }
}
