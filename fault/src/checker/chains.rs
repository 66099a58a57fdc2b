//! Refresh tokens: the newest acknowledged one of each chain works, the one before does not, nor any other; nothing of a revoked chain does.

use std::collections::BTreeMap;

use super::{answered, each};
use crate::driver::refresh;
use crate::journal::Entry;
use crate::report::Report;
use crate::server::World;
use crate::wire::Connection;
use crate::{Failure, rng};

/// What the journal says of one chain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Chain {
    name: String,
    /// Oldest first: all but the last were used.
    tokens: Vec<String>,
    revoked: bool,
    /// What was sent about it and not answered.
    doubt: Option<String>,
}

/// Checks every chain of the journal.
pub(crate) async fn check(world: &World, entries: &[Entry], report: &mut Report) -> Result<(), Failure> {
    each(world, chains(entries), report, check_all).await
}

fn chains(entries: &[Entry]) -> Vec<Chain> {
    let mut chains: BTreeMap<&str, Chain> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Born { chain, token } | Entry::Rotated { chain, token } => {
                let it = chains.entry(chain).or_default();
                it.name.clone_from(chain);
                it.tokens.push(token.clone());
            }
            Entry::Revoked { chain } => chains.entry(chain).or_default().revoked = true,
            Entry::Doubt { about, doing } => {
                if let Some(chain) = chains.get_mut(about.as_str()) {
                    chain.doubt = Some(doing.clone());
                }
            }
            _ => {}
        }
    }
    chains.into_values().collect()
}

async fn check_all(chains: Vec<Chain>, mut connection: Connection) -> Result<Report, Failure> {
    let mut report = Report::default();
    for chain in chains {
        check_one(&chain, &mut connection, &mut report).await?;
    }
    Ok(report)
}

async fn check_one(chain: &Chain, connection: &mut Connection, report: &mut Report) -> Result<(), Failure> {
    let Some((newest, used)) = chain.tokens.split_last() else { return Ok(()) };
    let name = &chain.name;
    let answer = answered(refresh(connection, newest).await)?;
    match (answer.status, chain.revoked, chain.doubt.as_deref()) {
        (200, true, _) => report.resurrected(format!("chain {name}: a revoked token works: {}", answer.words())),
        (400, true, _) | (200, false, _) | (400, false, Some("revocation")) => {}
        (400, false, Some(_)) => report.signed_out += 1,
        _ => report.lost(format!("chain {name}: its newest token: {}", answer.words())),
    }
    // The one before raises an alarm, after which the others share one fate because their family is dead: one of them by chance stands for all.
    let Some((before, older)) = used.split_last() else { return Ok(()) };
    let chosen = (older.len() as u64).checked_sub(1).map(|last| rng::between(0..=last));
    let older = chosen.and_then(|place| older.get(usize::try_from(place).unwrap_or_default()));
    for token in std::iter::once(before).chain(older) {
        let answer = answered(refresh(connection, token).await)?;
        if answer.status != 400 {
            report.resurrected(format!("chain {name}: a used token works: {}", answer.words()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_what_the_journal_says_of_it() {
        let text = |text: &str| text.to_owned();
        let entries = [
            Entry::Born { chain: text("a"), token: text("1") },
            Entry::Born { chain: text("b"), token: text("7") },
            Entry::Rotated { chain: text("a"), token: text("2") },
            Entry::Revoked { chain: text("b") },
            Entry::Doubt { about: text("a"), doing: text("refresh") },
            Entry::Doubt { about: text("never answered"), doing: text("sign-in") },
        ];
        let a =
            Chain { name: text("a"), tokens: vec![text("1"), text("2")], revoked: false, doubt: Some(text("refresh")) };
        let b = Chain { name: text("b"), tokens: vec![text("7")], revoked: true, doubt: None };
        assert_eq!(chains(&entries), [a, b]);
    }
}
