//! Registry: all or nothing, no lost updates.

use serde_json::{Value, json};

use super::world::World;
use crate::error::{Conflict, StoreError};
use crate::record::{Document, DocumentWrite, Expect};

fn put(id: &str, value: u64, expect: Expect) -> DocumentWrite {
    DocumentWrite::Put { kind: "client".into(), id: id.into(), body: json!({ "value": value }), expect }
}

fn delete(id: &str, expect: Expect) -> DocumentWrite {
    DocumentWrite::Delete { kind: "client".into(), id: id.into(), expect }
}

/// All clients, of which there are fewer than a page holds.
async fn clients(world: &World) -> Vec<Document> {
    world.documents("client", None, 1000).await.unwrap().items
}

/// What a reader of `since` has to take in: the version, ids that are there, ids that are not.
async fn changes(world: &World, since: u64) -> Option<(u64, Vec<String>, Vec<String>)> {
    let changes = world.registry_changes(since).await.unwrap()?;
    let mut there: Vec<String> = changes.documents.into_iter().map(|document| document.id).collect();
    let mut removed: Vec<String> = changes.removed.into_iter().map(|(_, id)| id).collect();
    there.sort();
    removed.sort();
    Some((changes.version, there, removed))
}

pub(crate) async fn a_failing_write_takes_all_of_its_batch_back(world: World) {
    world.apply(vec![put("old", 1, Expect::Absent)]).await.unwrap();
    let before = clients(&world).await;
    let writes = vec![put("new", 1, Expect::Absent), delete("old", Expect::Any), put("x", 1, Expect::Revision(7))];
    assert_eq!(world.apply(writes).await, Err(StoreError::NotFound("document")));
    assert_eq!(clients(&world).await, before);
    assert_eq!(world.registry_version().await, Ok(1));
}

pub(crate) async fn an_empty_batch_changes_nothing(world: World) {
    assert_eq!(world.apply(vec![]).await, Ok(0));
    assert_eq!(world.registry_version().await, Ok(0));
    assert!(clients(&world).await.is_empty());
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
    let found = world.document("client", "a").await.unwrap().unwrap();
    assert_eq!((world.registry_version().await, found.revision), (Ok(second), second));
    assert_eq!(found.body.read::<Value>().unwrap(), json!({ "value": 2 }));
    assert_eq!(clients(&world).await, [found]);
    world.apply(vec![delete("a", Expect::Revision(second)), delete("nobody", Expect::Any)]).await.unwrap();
    assert!(clients(&world).await.is_empty());
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

pub(crate) async fn documents_of_a_kind_come_in_pages_by_id(world: World) {
    let other = DocumentWrite::Put { kind: "clients".into(), id: "b".into(), body: json!({}), expect: Expect::Any };
    let writes = ["c", "a", "B", "d"].map(|id| put(id, 1, Expect::Absent)).into_iter().chain([other]);
    world.apply(writes.collect()).await.unwrap();
    let (mut after, mut ids) = (None, Vec::new());
    loop {
        let page = world.documents("client", after, 2).await.unwrap();
        ids.push(page.items.into_iter().map(|document| document.id).collect::<String>());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(ids.concat().len(), 4);
    assert_eq!(ids.len(), 2);
    let mut sorted: Vec<char> = ids.concat().chars().collect();
    sorted.sort_unstable();
    assert_eq!(sorted, ['B', 'a', 'c', 'd']);
    assert_eq!(world.document("client", "b").await, Ok(None));
    assert!(world.documents("nothing", None, 10).await.unwrap().items.is_empty());
}

pub(crate) async fn changes_since_a_version_are_told_as_things_are_now(world: World) {
    let first = world.apply(vec![put("a", 1, Expect::Absent), put("b", 1, Expect::Absent)]).await.unwrap();
    world.apply(vec![put("a", 2, Expect::Any), put("a", 3, Expect::Any)]).await.unwrap();
    world.apply(vec![delete("b", Expect::Any), put("c", 1, Expect::Any)]).await.unwrap();
    let now = world.apply(vec![delete("c", Expect::Any), put("b", 2, Expect::Absent)]).await.unwrap();
    let ids = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    assert_eq!(changes(&world, 0).await, Some((now, ids("ab"), ids("c"))));
    assert_eq!(changes(&world, first).await, Some((now, ids("ab"), ids("c"))));
    assert_eq!(changes(&world, now - 1).await, Some((now, ids("b"), ids("c"))));
    assert_eq!(changes(&world, now).await, Some((now, Vec::new(), Vec::new())));
    let told = world.registry_changes(first).await.unwrap().unwrap().documents;
    let a = told.into_iter().find(|document| document.id == "a");
    assert_eq!(a, world.document("client", "a").await.unwrap());
}

pub(crate) async fn a_version_that_never_was_has_no_changes(world: World) {
    let now = world.apply(vec![put("a", 1, Expect::Absent)]).await.unwrap();
    assert_eq!(world.registry_changes(now + 1).await, Ok(None));
}

pub(crate) async fn a_refused_batch_is_no_change(world: World) {
    let now = world.apply(vec![put("a", 1, Expect::Absent)]).await.unwrap();
    world.apply(vec![put("b", 1, Expect::Absent), put("a", 1, Expect::Absent)]).await.unwrap_err();
    assert_eq!(changes(&world, now).await, Some((now, Vec::new(), Vec::new())));
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
