//! Registry: all or nothing, no lost updates.

use serde_json::json;

use super::world::World;
use crate::error::{Conflict, StoreError};
use crate::record::{DocumentWrite, Expect};

fn put(id: &str, value: u64, expect: Expect) -> DocumentWrite {
    DocumentWrite::Put { kind: "client".into(), id: id.into(), body: json!({ "value": value }), expect }
}

fn delete(id: &str, expect: Expect) -> DocumentWrite {
    DocumentWrite::Delete { kind: "client".into(), id: id.into(), expect }
}

pub(crate) async fn a_failing_write_takes_all_of_its_batch_back(world: World) {
    world.apply(vec![put("old", 1, Expect::Absent)]).await.unwrap();
    let before = world.registry().await.unwrap();
    let writes = vec![put("new", 1, Expect::Absent), delete("old", Expect::Any), put("x", 1, Expect::Revision(7))];
    assert_eq!(world.apply(writes).await, Err(StoreError::NotFound("document")));
    assert_eq!(world.registry().await.unwrap(), before);
}

pub(crate) async fn an_empty_batch_changes_nothing(world: World) {
    assert_eq!(world.apply(vec![]).await, Ok(0));
    assert_eq!(world.registry_version().await, Ok(0));
    assert!(world.registry().await.unwrap().documents.is_empty());
}

pub(crate) async fn revisions_guard_against_lost_updates(world: World) {
    let first = world.apply(vec![put("a", 1, Expect::Absent)]).await.unwrap();
    let second = world.apply(vec![put("a", 2, Expect::Revision(first))]).await.unwrap();
    for (write, conflict) in [
        (put("a", 3, Expect::Revision(first)), Conflict::Revision),
        (put("a", 3, Expect::Absent), Conflict::Exists),
        (delete("a", Expect::Revision(first)), Conflict::Revision),
        (delete("a", Expect::Absent), Conflict::Exists),
    ] {
        assert_eq!(world.apply(vec![write]).await, Err(StoreError::Conflict(conflict)));
    }
    let registry = world.registry().await.unwrap();
    assert_eq!((registry.version, registry.documents[0].revision), (second, second));
    assert_eq!(registry.documents[0].body, json!({ "value": 2 }));
    world.apply(vec![delete("a", Expect::Revision(second)), delete("nobody", Expect::Any)]).await.unwrap();
    assert!(world.registry().await.unwrap().documents.is_empty());
}

pub(crate) async fn a_revision_never_comes_back(world: World) {
    let first = world.apply(vec![put("a", 1, Expect::Absent)]).await.unwrap();
    world.apply(vec![delete("a", Expect::Any)]).await.unwrap();
    world.apply(vec![put("a", 1, Expect::Absent)]).await.unwrap();
    let late = world.apply(vec![put("a", 2, Expect::Revision(first))]).await;
    assert_eq!(late, Err(StoreError::Conflict(Conflict::Revision)));
}

pub(crate) async fn of_parallel_updates_of_one_revision_one_wins(world: World) {
    let first = world.apply(vec![put("a", 0, Expect::Absent)]).await.unwrap();
    let answers = world
        .at_once(20, move |world, number| async move {
            world.apply(vec![put("a", number.into(), Expect::Revision(first))]).await
        })
        .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let losers = answers.iter().filter(|answer| **answer == Err(StoreError::Conflict(Conflict::Revision)));
    assert_eq!(losers.count(), 19);
    assert_eq!(world.registry_version().await, Ok(first + 1));
}

pub(crate) async fn versions_are_watched(world: World) {
    let mut versions = world.watch_registry();
    assert_eq!(*versions.borrow_and_update(), 0);
    let version = world.apply(vec![put("a", 1, Expect::Absent)]).await.unwrap();
    assert_eq!(*versions.wait_for(|seen| *seen >= version).await.unwrap(), version);
    world.apply(vec![put("a", 1, Expect::Absent)]).await.unwrap_err();
    versions.borrow_and_update();
    assert!(!versions.has_changed().unwrap(), "a refused write is no news");
}
