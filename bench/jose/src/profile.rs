//! One operation of ours over and over: what a profiler wants to look at.

use symbolon_jose::{Algorithm, Jwk};

use crate::claims::{self, Size};
use crate::measure::Side;
use crate::peer::ours;
use crate::{Failure, clock};

/// `sign`, `verify` or `borrow`, and the algorithm: `verify:HS256`, `sign:ES256:large`.
pub(crate) fn run(name: &str, count: &str) -> Result<(), Failure> {
    let count: u32 = count.parse()?;
    let mut parts = name.split(':');
    let (what, algorithm) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("HS256"));
    let algorithm = Algorithm::from_name(algorithm).ok_or("no such algorithm")?;
    let size = if parts.next() == Some("large") { Size::Large } else { Size::Small };
    let now = clock::unix_now();
    let claims = claims::claims(size, now)?;
    let jwk = Jwk::generate(algorithm)?;
    let token = ours::sign(&jwk, algorithm, &claims)?;
    let mut side: Side<'_> = match what {
        "sign" => ours::signing(&jwk, algorithm, &claims)?,
        "verify" => ours::verifying(&jwk, algorithm, &token, now)?,
        "borrow" => ours::borrowing(&jwk, algorithm, &token, now)?,
        _ => return Err("sign, verify or borrow".into()),
    };
    for _ in 0..count {
        (side.run)()?;
    }
    Ok(())
}
