//! Signing and verifying either token.

use symbolon_jose::{Algorithm, Jwk, base64url};

use crate::Failure;
use crate::claims::{self, Size};
use crate::measure::in_turns;
use crate::peer::{self, ours, raw};
use crate::row::Row;

const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::HS256,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::MlDsa65,
];

pub(crate) fn rows(now: u64) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for algorithm in ALGORITHMS {
        let jwk = Jwk::generate(algorithm)?;
        for size in Size::ALL {
            let claims = claims::claims(size, now)?;
            let token = ours::sign(&jwk, algorithm, &claims)?;
            let (message, signature) = token.rsplit_once('.').ok_or("a token")?;
            let name = |what: &str| format!("{what} {algorithm} {}", size.name());

            let mut sides =
                vec![raw::signing(&jwk, algorithm, message.as_bytes())?, ours::signing(&jwk, algorithm, &claims)?];
            sides.extend(peer::signing(&jwk, algorithm, &claims)?);
            rows.push(Row::new(name("sign"), in_turns(sides)?));

            let signature = base64url::decode(signature)?;
            let mut sides = vec![
                raw::verifying(&jwk, algorithm, message.as_bytes(), signature)?,
                ours::verifying(&jwk, algorithm, &token, now)?,
            ];
            if matches!(size, Size::Small) {
                sides.push(ours::borrowing(&jwk, algorithm, &token, now)?);
            }
            sides.extend(peer::verifying(&jwk, algorithm, &token)?);
            rows.push(Row::new(name("verify"), in_turns(sides)?));
            println!("{}", rows[rows.len() - 2..].iter().map(Row::line).collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(rows)
}
