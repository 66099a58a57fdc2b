//! A server that was restored from a backup: what was acknowledged before the backup began is there; what was under way while it was made may be
//! there or not.

use std::collections::BTreeMap;

use super::{answered, each, users};
use crate::Failure;
use crate::driver::{CLIENTS, PASSWORD, email, refresh, sign_in};
use crate::journal::Entry;
use crate::report::Report;
use crate::server::World;
use crate::wire::Connection;

/// When a backup was made, in lines of the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Lines that stood there when it began.
    pub(crate) begun: usize,
    /// And when it was complete.
    pub(crate) ended: usize,
}

/// What the journal says of one chain.
#[derive(Clone, Debug, Default)]
struct Chain {
    name: String,
    /// Oldest first, each with the line that acknowledges it.
    tokens: Vec<(usize, String)>,
    /// The line that says so, or that a revocation is in doubt.
    revoked: Option<usize>,
    /// The last line that may tell of something from before the backup's moment.
    under_way: usize,
}

fn chains(entries: &[Entry], moment: &Moment) -> Vec<Chain> {
    let mut chains: BTreeMap<&str, Chain> = BTreeMap::new();
    for (line, entry) in entries.iter().enumerate() {
        match entry {
            Entry::Born { chain, token } | Entry::Rotated { chain, token } => {
                let it = chains.entry(chain).or_default();
                it.name.clone_from(chain);
                it.tokens.push((line, token.clone()));
            }
            Entry::Revoked { chain } => chains.entry(chain).or_default().revoked = Some(line),
            Entry::Doubt { about, doing } if doing == "revocation" => {
                if let Some(chain) = chains.get_mut(about.as_str()) {
                    chain.revoked = Some(line);
                }
            }
            _ => {}
        }
    }
    let under_way = under_way(entries, moment);
    let mut chains: Vec<Chain> = chains.into_values().collect();
    for chain in &mut chains {
        chain.under_way = under_way.get(client(&chain.name)).copied().unwrap_or(usize::MAX);
    }
    chains
}

/// Of each client the first line after the backup: that request may have been carried out before the backup's moment, and answered late.
fn under_way<'e>(entries: &'e [Entry], moment: &Moment) -> BTreeMap<&'e str, usize> {
    let mut first = BTreeMap::new();
    for (line, entry) in entries.iter().enumerate().skip(moment.ended) {
        if let Entry::Born { chain, .. } | Entry::Rotated { chain, .. } | Entry::Revoked { chain } = entry {
            first.entry(client(chain)).or_insert(line);
        }
    }
    first
}

/// `3.17` is a chain of client 3.
fn client(chain: &str) -> &str {
    chain.split('.').next().unwrap_or_default()
}

/// By default: everybody is there and can sign in, and no token of before counts.
pub(crate) async fn signed_out(
    world: &World,
    entries: &[Entry],
    moment: &Moment,
    report: &mut Report,
) -> Result<(), Failure> {
    people(world, entries, moment, report).await?;
    each(world, chains(entries, moment), report, |chains, mut connection| async move {
        let mut report = Report::default();
        for Chain { name, tokens, .. } in chains {
            for (_, token) in tokens.iter().rev() {
                let answer = answered(refresh(&mut connection, token).await)?;
                if answer.status != 400 {
                    report.resurrected(format!("chain {name}: a token of before the restore: {}", answer.words()));
                }
            }
        }
        Ok(report)
    })
    .await
}

/// With everybody kept signed in: each chain is as it was at the moment of the backup. Gives how many tokens count that were used or revoked after it.
pub(crate) async fn kept(
    world: &World,
    entries: &[Entry],
    moment: &Moment,
    report: &mut Report,
) -> Result<u64, Failure> {
    people(world, entries, moment, report).await?;
    let again = std::sync::Arc::<std::sync::atomic::AtomicU64>::default();
    each(world, chains(entries, moment), report, |chains, mut connection| {
        let (moment, again) = (*moment, again.clone());
        async move {
            let mut report = Report::default();
            for chain in chains {
                if as_it_was(&chain, moment, &mut connection, &mut report).await? {
                    again.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            }
            Ok(report)
        }
    })
    .await?;
    Ok(again.load(std::sync::atomic::Ordering::Relaxed))
}

/// The newest token that was acknowledged before the backup began counts, unless the chain went on for two more while it was made; the one before it does
/// not. None is asked for that the restored server has not made: to it that would be a stolen one. Whether the token was used or revoked after the backup.
async fn as_it_was(
    chain: &Chain,
    moment: Moment,
    connection: &mut Connection,
    report: &mut Report,
) -> Result<bool, Failure> {
    let Chain { name, tokens, revoked, under_way } = chain;
    let before = tokens.iter().filter(|(line, _)| *line < moment.begun).count();
    let Some((_, newest)) = before.checked_sub(1).and_then(|newest| tokens.get(newest)) else { return Ok(false) };
    let answer = answered(refresh(connection, newest).await)?;
    let counts = answer.status == 200;
    let perhaps = |line: &usize| line <= under_way;
    let moved_on =
        tokens.get(before + 1).is_some_and(|(line, _)| perhaps(line)) || revoked.as_ref().is_some_and(perhaps);
    if counts && revoked.is_some_and(|line| line < moment.begun) {
        report.resurrected(format!("chain {name}: revoked before the backup, and a token of it counts"));
    }
    if !counts && !moved_on {
        report.lost(format!("chain {name}: its newest token of before the backup: {}", answer.words()));
    }
    if let Some((_, older)) = before.checked_sub(2).and_then(|older| tokens.get(older)) {
        let answer = answered(refresh(connection, older).await)?;
        if answer.status != 400 {
            report.resurrected(format!("chain {name}: a token that was used before the backup: {}", answer.words()));
        }
    }
    Ok(counts && (before < tokens.len() || revoked.is_some()))
}

/// Every account of before the backup, and its password.
async fn people(world: &World, entries: &[Entry], moment: &Moment, report: &mut Report) -> Result<(), Failure> {
    let mut accounts: Vec<Entry> = entries.iter().take(moment.begun).cloned().collect();
    accounts.retain(|entry| matches!(entry, Entry::Registered { .. }));
    users::check(world, &accounts, report).await?;
    let mut connection = world.connect();
    for number in 0..CLIENTS {
        let answer = answered(sign_in(&mut connection, &email(number), PASSWORD).await)?;
        if answer.status != 200 {
            report.lost(format!("person {number} cannot sign in: {}", answer.words()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revocation_that_was_answered_just_after_the_backup_may_be_in_it_and_a_later_one_not() {
        let text = |text: &str| text.to_owned();
        let entries = [
            Entry::Born { chain: text("1.0"), token: text("a") },
            Entry::Born { chain: text("2.0"), token: text("b") },
            Entry::Revoked { chain: text("1.0") },
            Entry::Rotated { chain: text("2.0"), token: text("c") },
            Entry::Revoked { chain: text("2.0") },
        ];
        let chains = chains(&entries, &Moment { begun: 2, ended: 2 });
        let perhaps: Vec<_> = chains.iter().map(|chain| (chain.revoked, chain.under_way)).collect();
        assert_eq!(perhaps, [(Some(2), 2), (Some(4), 3)]);
        assert_eq!(chains[1].tokens, [(1, text("b")), (3, text("c"))]);
    }
}
