//! Keys: exactly one is active and one is next, every key that was acknowledged as active is still published, and every token that was
//! handed out verifies with the published set.

use std::collections::BTreeSet;

use serde_json::json;
use symbolon_guard::{Guard, Keys};
use symbolon_jose::JwkSet;

use super::answered;
use crate::Failure;
use crate::driver::keys::with_state;
use crate::driver::{AUDIENCE, command};
use crate::journal::Entry;
use crate::report::Report;
use crate::server::World;

/// Checks the keys and every token of the journal.
pub(crate) async fn check(world: &World, entries: &[Entry], report: &mut Report) -> Result<(), Failure> {
    let list = answered(command(&mut world.control(), &json!({ "key": "list" })).await)?.json();
    for state in ["active", "next"] {
        let keys = with_state(&list, state)?;
        report.demand(keys.len() == 1, format!("{} keys are {state}", keys.len()));
    }
    let set = answered(world.connect().get("/.well-known/jwks.json").await)?.text();
    let json: serde_json::Value = serde_json::from_str(&set)?;
    let published: BTreeSet<&str> =
        json["keys"].as_array().into_iter().flatten().filter_map(|key| key["kid"].as_str()).collect();
    let guard = Guard::new(world.issuer(), AUDIENCE)?.keys(Keys::fixed(JwkSet::from_slice(set.as_bytes())?));
    for entry in entries {
        match entry {
            Entry::KeyActive { kid } if !published.contains(kid.as_str()) => report.lost(format!("the key {kid}")),
            Entry::Issued { token } => {
                if let Err(rejection) = guard.verify(token).await {
                    report.lost(format!("a token is refused: {rejection}"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
