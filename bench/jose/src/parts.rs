//! Where the time of one operation goes: its parts, measured alone on the same bytes, beside the whole.
//!
//! What is left between the parts and the whole is recognising the header, cutting the token, the policy, and putting the answer
//! together.

use std::hint::black_box;

use symbolon_jose::json::{Limits, parse_strict};
use symbolon_jose::{Algorithm, Jwk, base64url};

use crate::Failure;
use crate::claims::{self, AccessToken, Borrowed, Size};
use crate::measure::{Side, in_turns};
use crate::peer::{ours, raw};
use crate::row::Row;

pub(crate) fn rows(now: u64) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let algorithm = Algorithm::HS256;
    let jwk = Jwk::generate(algorithm)?;
    for size in Size::ALL {
        let claims = claims::claims(size, now)?;
        let json = claims::json(&claims)?;
        let token = ours::sign(&jwk, algorithm, &claims)?;
        let (message, signature) = token.rsplit_once('.').ok_or("a token")?;
        let payload = message.split_once('.').ok_or("a token")?.1;
        let mut sides = vec![
            raw::verifying(&jwk, algorithm, message.as_bytes(), base64url::decode(signature)?)?,
            Side::new("payload from base64url", || Ok(drop(black_box(base64url::decode(payload)?)))),
            Side::new("serde_json into the type", || {
                Ok(drop(black_box(serde_json::from_slice::<AccessToken>(json.as_bytes())?)))
            }),
            Side::new("the same, strictly", || {
                Ok(drop(black_box(parse_strict::<AccessToken>(json.as_bytes(), Limits::CLAIMS)?)))
            }),
            ours::verifying(&jwk, algorithm, &token, now)?,
        ];
        if matches!(size, Size::Small) {
            sides.push(Side::new("serde_json, borrowed", || {
                Ok(drop(black_box(serde_json::from_slice::<Borrowed<'_>>(json.as_bytes())?)))
            }));
            sides.push(ours::borrowing(&jwk, algorithm, &token, now)?);
        }
        rows.push(Row::new(format!("parts of verify {algorithm} {}", size.name()), in_turns(sides)?));
        let sides = vec![
            raw::signing(&jwk, algorithm, message.as_bytes())?,
            Side::new("the type to JSON", || Ok(drop(black_box(serde_json::to_vec(&claims)?)))),
            Side::new("JSON to base64url", || Ok(drop(black_box(base64url::encode(json.as_bytes()))))),
            ours::signing(&jwk, algorithm, &claims)?,
        ];
        rows.push(Row::new(format!("parts of sign {algorithm} {}", size.name()), in_turns(sides)?));
    }
    for row in &rows {
        println!("{}", row.line());
    }
    Ok(rows)
}
