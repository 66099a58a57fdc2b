//! Where the time of one operation goes: its parts, measured alone on the same bytes, beside the whole.
//!
//! What is left between the parts and the whole is recognising the header, cutting the token, the policy, and putting the answer
//! together.

use symbolon_bench_jose_common::Failure;
use symbolon_bench_jose_common::claims::{AccessToken, Borrowed};
use symbolon_bench_jose_common::job::Job;
use symbolon_bench_jose_common::side::Side;
use symbolon_jose::base64url;
use symbolon_jose::json::{Limits, parse_strict};

use crate::jobs;
use crate::peer::{ours, raw_jws};
use crate::row::Row;

/// Prints them for HS256, where everything around the primitive shows most.
pub(crate) fn print(now: u64) -> Result<(), Failure> {
    for plan in jobs::plans().filter(|plan| plan.name().contains(".HS256.")) {
        let job = plan.job(now)?;
        let sides = if job.name.starts_with("sign") { of_signing(&job)? } else { of_verifying(&job)? };
        println!("{}", Row::of(&job.name, sides)?.line());
    }
    Ok(())
}

fn of_verifying(job: &Job) -> Result<Vec<Side<'_>>, Failure> {
    let payload = job.token.split('.').nth(1).ok_or("a token")?;
    let json = job.content.as_bytes();
    let mut sides = vec![
        raw_jws::side(job)?,
        Side::new("payload from base64url", || Ok(base64url::decode(payload)?)),
        Side::new("serde_json into the type", || Ok(serde_json::from_slice::<AccessToken>(json)?)),
        Side::new("the same, strictly", || Ok(parse_strict::<AccessToken>(json, Limits::CLAIMS)?)),
        ours::side(job)?,
        Side::new("serde_json, borrowed", || Ok(serde_json::from_slice::<Borrowed<'_>>(json).map(drop)?)),
    ];
    sides.extend(ours::borrowing(job)?);
    Ok(sides)
}

fn of_signing(job: &Job) -> Result<Vec<Side<'_>>, Failure> {
    Ok(vec![
        raw_jws::side(job)?,
        Side::new("the type to JSON", || Ok(serde_json::to_vec(&job.claims)?)),
        Side::new("JSON to base64url", || Ok(base64url::encode(job.content.as_bytes()))),
        ours::side(job)?,
    ])
}
