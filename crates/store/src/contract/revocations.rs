//! The revocation log: its numbers, what is written once, and what comes with a change in one transaction.

use serde_json::json;

use super::world::{ABSOLUTE, ACCESS, NOW, World};
use crate::error::{Conflict, StoreError};
use crate::record::{AlsoSession, DocumentWrite, Expect, NewRevocation, RevocationKind, Sweep, TokenQuery};

fn entry(kind: RevocationKind, id: &str, revoked_at: u64) -> NewRevocation {
    NewRevocation { kind, id: id.into(), revoked_at, expires_at: ACCESS }
}

pub(crate) async fn revocations_are_read_in_order_and_in_pages(world: World) {
    for number in 1..=3 {
        world.sign_in("ann", number).await;
        world.end_session(&format!("sid-{number}"), "logout", NOW).await.unwrap();
    }
    let all = world.revocations(0, 100).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["sid-1", "sid-2", "sid-3"]);
    assert_eq!(world.revocations(all[0].seq, 1).await.unwrap(), all[1..2]);
}

pub(crate) async fn the_log_is_numbered_without_holes(world: World) {
    assert_eq!(world.revocation_head().await.unwrap().seq, 0);
    let epoch = world.revocation_head().await.unwrap().epoch;
    assert!(epoch.len() >= 32);
    let session = world.sign_in("ann", 1).await;
    for number in 11..15 {
        world.authorise(&session, number).await;
    }
    let jti = |number: u8| entry(RevocationKind::Jti, &format!("jti-{number}"), NOW);
    // What is known already, what fails, and many at once: none of it may cost a number.
    world.revoke(vec![jti(11), jti(12), jti(11)]).await.unwrap();
    world.revoke(vec![jti(12)]).await.unwrap();
    world.end_family("family-11", "theft", NOW, AlsoSession::No).await.unwrap();
    let failing = DocumentWrite::Delete { kind: "key".into(), id: "none".into(), expect: Expect::Revision(1) };
    let lost = world.apply_and_revoke(vec![failing], vec![jti(99)]).await;
    assert_eq!(lost, Err(StoreError::NotFound("document")));
    world.at_once(20, move |world, number| async move { world.revoke(vec![jti(number)]).await.unwrap() }).await;
    world.end_session("sid-1", "logout", NOW).await.unwrap();
    let numbers: Vec<u64> = world.revocations(0, 1000).await.unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let head = world.revocation_head().await.unwrap();
    assert_eq!((head.epoch, head.seq), (epoch, numbers.len() as u64));
}

pub(crate) async fn an_id_is_revoked_once_and_a_rule_as_often_as_its_time_moves(world: World) {
    use RevocationKind::{All, Client, Jti};
    for (kind, id) in [(Jti, "j"), (Client, "spa"), (All, "")] {
        assert_eq!(world.revoke(vec![entry(kind, id, NOW), entry(kind, id, NOW)]).await, Ok(1), "{kind:?}");
    }
    assert_eq!(world.revoke(vec![entry(Jti, "j", NOW + 5)]).await, Ok(0));
    assert_eq!(world.revoke(vec![entry(Client, "spa", NOW - 5)]).await, Ok(0));
    assert_eq!(world.revoke(vec![entry(Client, "spa", NOW + 5), entry(Client, "web", NOW)]).await, Ok(2));
    assert_eq!(world.revocations(0, 9).await.unwrap().len(), 5);
}

pub(crate) async fn a_change_and_what_it_revokes_are_one_transaction(world: World) {
    let put = |expect| DocumentWrite::Put { kind: "client".into(), id: "spa".into(), body: json!({}), expect };
    let rule = || vec![entry(RevocationKind::Client, "spa", NOW)];
    world.apply_and_revoke(vec![put(Expect::Absent)], rule()).await.unwrap();
    assert_eq!(world.revoked().await, [(RevocationKind::Client, "spa".into())]);
    let refused =
        world.apply_and_revoke(vec![put(Expect::Absent)], vec![entry(RevocationKind::Client, "spa", NOW + 9)]).await;
    assert_eq!(refused, Err(StoreError::Conflict(Conflict::Exists)));
    assert_eq!(world.revocations(0, 9).await.unwrap().len(), 1);
}

pub(crate) async fn rules_are_told_with_the_facts_of_a_token(world: World) {
    let query = |client: &str, api: &str| TokenQuery {
        client_id: Some(client.into()),
        audience: vec!["https://auth.example/userinfo".into(), api.into()],
        ..TokenQuery::default()
    };
    assert_eq!(world.token_facts(query("spa", "api")).await.unwrap().revoked_until, None);
    world.revoke(vec![entry(RevocationKind::Client, "spa", NOW)]).await.unwrap();
    world.revoke(vec![entry(RevocationKind::Api, "api", NOW + 1)]).await.unwrap();
    for (client, api, until) in [
        ("spa", "other", Some(NOW)),
        ("web", "api", Some(NOW + 1)),
        ("spa", "api", Some(NOW + 1)),
        ("web", "other", None),
    ] {
        assert_eq!(world.token_facts(query(client, api)).await.unwrap().revoked_until, until, "{client} {api}");
    }
    world.revoke(vec![entry(RevocationKind::All, "", NOW + 2)]).await.unwrap();
    assert_eq!(world.token_facts(query("web", "other")).await.unwrap().revoked_until, Some(NOW + 2));
}

pub(crate) async fn whatever_revokes_is_seen_by_who_watches(world: World) {
    let mut head = world.watch_revocations();
    assert_eq!(*head.borrow_and_update(), 0);
    world.revoke(vec![entry(RevocationKind::Jti, "j", NOW)]).await.unwrap();
    assert_eq!(*head.wait_for(|seq| *seq >= 1).await.unwrap(), 1);
    world.sign_out_user("ann", "handle-new", NOW).await.unwrap();
    assert_eq!(*head.wait_for(|seq| *seq >= 2).await.unwrap(), 2);
    world.revoke(vec![entry(RevocationKind::Jti, "j", NOW)]).await.unwrap();
    head.borrow_and_update();
    world.count_users().await.unwrap();
    assert!(!head.has_changed().unwrap(), "nothing new is no news");
}

pub(crate) async fn an_entry_outlives_the_last_token_by_a_guards_leeway(world: World) {
    world.revoke(vec![entry(RevocationKind::Jti, "j", NOW)]).await.unwrap();
    let sweep = |now| Sweep { now, limit: 100, keep_secs: ABSOLUTE, audit_keep_secs: None };
    assert_eq!(world.sweep(sweep(ACCESS + 299)).await.unwrap().revocations, 0);
    assert_eq!(world.sweep(sweep(ACCESS + 300)).await.unwrap().revocations, 1);
    assert_eq!(world.revocation_head().await.unwrap().seq, 1, "its number does not come back");
    world.revoke(vec![entry(RevocationKind::Jti, "k", NOW)]).await.unwrap();
    assert_eq!(world.revocations(0, 9).await.unwrap()[0].seq, 2);
}
