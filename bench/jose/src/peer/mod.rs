//! The sides of a row, one file each. Every one gets the same key, prepared beforehand as far as its interface allows, and for
//! reading a token the same bytes.

mod biscuit;
pub(crate) mod boringssl;
mod compact_jwt;
mod josekit;
mod jsonwebtoken;
pub(crate) mod ours;
mod raw_jwe;
pub(crate) mod raw_jws;
mod raw_wrap;

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::job::{Job, Method};
use symbolon_bench_jose_common::side::Side;

/// The bare primitives.
pub(crate) const RAW: &str = "raw";

/// Whoever can do it: first the yardstick, then we, then the others.
pub(crate) fn sides<'a>(job: &'a Job, boringssl: &'a mut boringssl::Process) -> Result<Vec<Side<'a>>, Failure> {
    let raw = match job.method {
        Method::Encryption(..) => raw_jwe::side(job)?,
        Method::Signature(_) => raw_jws::side(job)?,
    };
    let mut sides = vec![raw, ours::side(job)?];
    sides.extend(ours::borrowing(job)?);
    let others = [jsonwebtoken::side(job)?, josekit::side(job)?, biscuit::side(job)?, compact_jwt::side(job)?];
    sides.extend(others.into_iter().flatten());
    sides.extend(boringssl.side(job)?);
    Ok(sides)
}
