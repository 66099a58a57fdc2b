//! Token Status Lists: places, and what the revocation log makes of them.

use std::collections::BTreeSet;

use super::world::{ACCESS, NOW, World};
use crate::error::StoreError;
use crate::record::{NewRevocation, NewStatus, NewStatusList, RevocationKind, StatusPlace, Sweep};

const SIZE: u32 = 16;

fn list(id: &str) -> NewStatusList {
    NewStatusList { id: id.into(), size: SIZE, step: 7, start: 3 }
}

fn token(number: u32) -> NewStatus {
    NewStatus {
        jti: format!("jti-{number}"),
        sid: Some(format!("sid-{number}")),
        revocation_handle: Some(format!("handle-{number}")),
        client_id: format!("client-{number}"),
        audience: format!("api-{number}"),
        issued_at: NOW,
        expires_at: ACCESS,
    }
}

async fn assign(world: &World, number: u32, fresh: &str) -> StatusPlace {
    world.assign_status(token(number), list(fresh)).await.unwrap()
}

async fn revoke(world: &World, kind: RevocationKind, id: &str, revoked_at: u64) {
    let entry = NewRevocation { kind, id: id.into(), revoked_at, expires_at: ACCESS };
    world.revoke(vec![entry]).await.unwrap();
}

async fn revoked(world: &World) -> Vec<u32> {
    world.status_list("list").await.unwrap().unwrap().revoked
}

pub(crate) async fn every_place_of_a_list_is_given_once_and_not_in_order(world: World) {
    let mut places = Vec::new();
    for number in 0..SIZE {
        let StatusPlace { list, place } = assign(&world, number, &format!("list-{number}")).await;
        assert_eq!(list, "list-0", "a list is filled before another begins");
        places.push(place);
    }
    assert!(!places.is_sorted());
    assert_eq!(places.iter().copied().collect::<BTreeSet<_>>(), (0..SIZE).collect());
    for bad in [NewStatusList { size: 12, ..list("bad") }, NewStatusList { step: 6, ..list("bad") }] {
        let refused = world.assign_status(token(100), bad).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))));
    }
    assert_eq!(assign(&world, SIZE, "next").await.list, "next");
    assert_eq!(world.status_list("unknown").await, Ok(None));
}

pub(crate) async fn a_list_says_what_the_revocation_log_says(world: World) {
    let mut places = Vec::new();
    for number in 0..8 {
        places.push(assign(&world, number, "list").await.place);
    }
    assert!(revoked(&world).await.is_empty());
    let mut expected = BTreeSet::new();
    for (number, kind, id) in [
        (0, RevocationKind::Jti, "jti-0"),
        (1, RevocationKind::Sid, "sid-1"),
        (2, RevocationKind::UserHandle, "handle-2"),
        (3, RevocationKind::Client, "client-3"),
        (4, RevocationKind::Api, "api-4"),
    ] {
        revoke(&world, kind, id, NOW).await;
        expected.insert(places[number]);
        assert_eq!(revoked(&world).await, expected.iter().copied().collect::<Vec<_>>(), "{kind:?}");
    }
    // A rule is about what was issued until then.
    revoke(&world, RevocationKind::Client, "client-5", NOW - 1).await;
    revoke(&world, RevocationKind::Jti, "sid-6", NOW).await;
    assert_eq!(revoked(&world).await.len(), expected.len());
    revoke(&world, RevocationKind::All, "", NOW).await;
    assert_eq!(revoked(&world).await.len(), 8);
    let list = world.status_list("list").await.unwrap().unwrap();
    assert_eq!((list.size, list.expires_at), (SIZE, ACCESS));
}

pub(crate) async fn a_list_goes_with_its_last_token(world: World) {
    assign(&world, 0, "list").await;
    let sweep = |now| Sweep { now, limit: 100, keep_secs: 0, audit_keep_secs: None };
    assert_eq!(world.sweep(sweep(ACCESS + 299)).await.unwrap().statuses, 0);
    assert!(world.status_list("list").await.unwrap().is_some());
    assert_eq!(world.sweep(sweep(ACCESS + 300)).await.unwrap().statuses, 1);
    assert_eq!(world.status_list("list").await, Ok(None));
}
