//! Codes: one whose redemption was acknowledged is used up and its token works; one in doubt works at most once; one that was only
//! handed out works once.

use std::collections::BTreeMap;

use super::{answered, each};
use crate::Failure;
use crate::driver::{redeem, refresh};
use crate::journal::Entry;
use crate::report::Report;
use crate::server::World;
use crate::wire::Connection;

/// A code, and the refresh token it was redeemed for if that was acknowledged.
struct Handed {
    code: String,
    token: Option<String>,
    in_doubt: bool,
}

/// Tries every code of the journal again.
pub(crate) async fn check(world: &World, entries: &[Entry], report: &mut Report) -> Result<(), Failure> {
    let mut codes: BTreeMap<&str, Handed> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Code { code } => {
                codes.insert(code, Handed { code: code.clone(), token: None, in_doubt: false });
            }
            Entry::Redeemed { code, token } => {
                if let Some(code) = codes.get_mut(code.as_str()) {
                    code.token = Some(token.clone());
                }
            }
            Entry::Doubt { about, .. } => {
                if let Some(code) = codes.get_mut(about.as_str()) {
                    code.in_doubt = true;
                }
            }
            _ => {}
        }
    }
    each(world, codes.into_values().collect(), report, check_all).await
}

async fn check_all(codes: Vec<Handed>, mut connection: Connection) -> Result<Report, Failure> {
    let mut report = Report::default();
    for Handed { code, token, in_doubt } in codes {
        if let Some(token) = &token {
            let answer = answered(refresh(&mut connection, token).await)?;
            if answer.status != 200 {
                report.lost(format!("an acknowledged token is invalid: {}", answer.words()));
            }
        } else {
            let answer = answered(redeem(&mut connection, &code).await)?;
            if answer.status != 200 && !in_doubt {
                report.lost(format!("a code that was handed out is invalid: {}", answer.words()));
            }
        }
        let answer = answered(redeem(&mut connection, &code).await)?;
        if answer.status != 400 {
            report.resurrected(format!("a code was redeemed twice: {}", answer.words()));
        }
    }
    Ok(report)
}
