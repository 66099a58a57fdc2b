//! Encrypting and decrypting the claims of either token.

use symbolon_jose::jwe::{Header, compact};
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement};

use crate::claims::{self, AccessToken, Size};
use crate::measure::{Side, in_turns};
use crate::peer::{self, ours};
use crate::row::Row;
use crate::{Failure, bare};

/// One way to encrypt.
pub(crate) struct Case {
    pub(crate) alg: KeyManagement,
    pub(crate) enc: ContentEncryption,
    /// None: a password.
    pub(crate) jwk: Option<Jwk>,
    pub(crate) password: &'static [u8],
    pub(crate) count: u32,
}

const CASES: [(KeyManagement, ContentEncryption); 8] = [
    (KeyManagement::Dir, ContentEncryption::A256Gcm),
    (KeyManagement::A256Kw, ContentEncryption::A256Gcm),
    (KeyManagement::A128Kw, ContentEncryption::A128CbcHs256),
    (KeyManagement::A256Gcmkw, ContentEncryption::A256Gcm),
    (KeyManagement::RsaOaep, ContentEncryption::A256Gcm),
    (KeyManagement::RsaOaep256, ContentEncryption::A256Gcm),
    (KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm),
    (KeyManagement::Pbes2Hs256A128Kw, ContentEncryption::A256Gcm),
];

impl Case {
    fn new(alg: KeyManagement, enc: ContentEncryption) -> Result<Self, Failure> {
        let jwk = match alg {
            KeyManagement::Dir => Some(Jwk::generate(enc)?),
            alg if alg.is_password() => None,
            alg => Some(Jwk::generate(alg)?),
        };
        Ok(Self { alg, enc, jwk, password: b"correct horse battery staple", count: 1_000 })
    }
}

pub(crate) fn rows(now: u64) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (alg, enc) in CASES {
        let case = Case::new(alg, enc)?;
        for size in Size::ALL {
            let claims = claims::claims(size, now)?;
            let content = claims::json(&claims)?;
            let name = |what: &str| format!("{what} {alg} {enc} {}", size.name());
            rows.push(Row::new(name("encrypt"), in_turns(encrypting(&case, &claims, content.as_bytes())?)?));
            let token = compact::encrypt(&ours::encrypting_key(&case)?, &Header::default(), content.as_bytes())?;
            rows.push(Row::new(name("decrypt"), in_turns(decrypting(&case, &token, content.as_bytes())?)?));
            println!("{}", rows[rows.len() - 2..].iter().map(Row::line).collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(rows)
}

fn encrypting<'a>(case: &Case, claims: &AccessToken, content: &'a [u8]) -> Result<Vec<Side<'a>>, Failure> {
    let mut sides = vec![bare::encrypting(case, content)?];
    sides.extend(peer::encrypting(case, claims, content)?);
    Ok(sides)
}

fn decrypting<'a>(case: &Case, token: &'a str, content: &[u8]) -> Result<Vec<Side<'a>>, Failure> {
    let mut sides = vec![bare::decrypting(case, content)?];
    sides.extend(peer::decrypting(case, token)?);
    Ok(sides)
}
