//! Accounts: one that was acknowledged is there and its password works; one in doubt is there completely or not at all; a link whose
//! use was acknowledged is used up.

use std::collections::BTreeMap;

use serde_json::json;

use super::{answered, each};
use crate::Failure;
use crate::driver::{PASSWORD, command, sign_in, sign_up};
use crate::journal::Entry;
use crate::report::Report;
use crate::server::World;
use crate::wire::Connection;

/// What the journal says of one account.
#[derive(Default)]
struct User {
    email: String,
    acknowledged: bool,
    password: bool,
    link: Option<String>,
    doubt: Option<String>,
}

/// Checks every account of the journal.
pub(crate) async fn check(world: &World, entries: &[Entry], report: &mut Report) -> Result<(), Failure> {
    let mut users: BTreeMap<&str, User> = BTreeMap::new();
    for entry in entries {
        let (Entry::Registered { user }
        | Entry::Invited { user }
        | Entry::Link { user, .. }
        | Entry::Chosen { user, .. }
        | Entry::Doubt { about: user, .. }) = entry
        else {
            continue;
        };
        let it = users.entry(user).or_default();
        it.email.clone_from(user);
        it.acknowledged |= !matches!(entry, Entry::Doubt { .. });
        it.password |= matches!(entry, Entry::Registered { .. } | Entry::Chosen { .. });
        match entry {
            Entry::Link { link, .. } => it.link = Some(link.clone()),
            Entry::Doubt { doing, .. } => it.doubt = Some(doing.clone()),
            _ => {}
        }
    }
    // The control socket of each worker beside its connection.
    let socket = world.control_socket();
    each(world, users.into_values().collect(), report, |users, connection| {
        check_all(users, connection, Connection::new(crate::wire::Place::Unix(socket.clone()), "localhost"))
    })
    .await
}

async fn check_all(users: Vec<User>, mut connection: Connection, mut control: Connection) -> Result<Report, Failure> {
    let mut report = Report::default();
    for user in users {
        if user.acknowledged {
            acknowledged(&user, &mut connection, &mut control, &mut report).await?;
        } else {
            in_doubt(&user, &mut connection, &mut control, &mut report).await?;
        }
    }
    Ok(report)
}

async fn acknowledged(
    user: &User,
    connection: &mut Connection,
    control: &mut Connection,
    report: &mut Report,
) -> Result<(), Failure> {
    let email = &user.email;
    if user.password {
        let answer = answered(sign_in(connection, email, PASSWORD).await)?;
        if answer.status != 200 {
            report.lost(format!("{email} cannot sign in: {}", answer.words()));
        }
    } else {
        let show = json!({ "user": { "show": { "user": email } } });
        let answer = answered(command(control, &show).await)?;
        if answer.status != 200 {
            report.lost(format!("{email} is not there: {}", answer.words()));
        }
    }
    if let Some(link) = &user.link {
        let answer = answered(connection.get(link).await)?;
        match (answer.status, user.password, user.doubt.is_some()) {
            (200, true, _) => report.resurrected(format!("{email}: a used link works again")),
            (200, false, _) | (_, true, _) | (_, _, true) => {}
            (_, false, false) => report.lost(format!("{email}: a link is gone: {}", answer.words())),
        }
    }
    Ok(())
}

/// Completely there or not at all: then it can be made.
async fn in_doubt(
    user: &User,
    connection: &mut Connection,
    control: &mut Connection,
    report: &mut Report,
) -> Result<(), Failure> {
    let email = &user.email;
    let password = (user.doubt.as_deref() == Some("sign-up")).then_some(PASSWORD);
    let made = answered(command(control, &sign_up::add(email, password)).await)?;
    let exists = made.status == 409;
    report.demand(exists || made.status == 200, format!("{email} is neither there nor free: {}", made.words()));
    if password.is_some() {
        let answer = answered(sign_in(connection, email, PASSWORD).await)?;
        report.demand(answer.status == 200, format!("{email} is half there: {}", answer.words()));
    }
    // Half of an account may be free to be made again, and stay beside the new one.
    let list = json!({ "user": { "list": { "search": email, "after": null, "limit": 10 } } });
    let users = answered(command(control, &list).await)?.json();
    let times = users["users"].as_array().map_or(0, Vec::len);
    report.demand(times == 1, format!("{email} is there {times} times"));
    Ok(())
}
