//! Users: identifiers, what ends with a password, a block, a deletion; listing.

use serde_json::{Value, json};

use super::credentials::removing;
use super::world::{ACCESS, NOW, World, access_token, begin, code, hash, new_user, session};
use crate::error::{Conflict, StoreError};
use crate::record::{
    Artefact, Attempt, AuditEvent, Change, Consent, Credential, Delivery, ImportUsers, ImportedUser, Issued,
    ListDeliveries, ListUsers, NewDelivery, NewFamily, NewUser, Redeemed, RevocationKind, RolesSet, SignedOut,
    ThrottleKey, TokenQuery, UserStatus, UserUpdate, WhichDeliveries,
};

const TAKEN: StoreError = StoreError::Conflict(Conflict::IdentifierTaken);
const EXISTS: StoreError = StoreError::Conflict(Conflict::Exists);

pub(crate) async fn records_come_back_as_they_went_in(world: World) {
    let ann = new_user("ann").user;
    assert_eq!(world.user("ann").await.unwrap().as_ref(), Some(&ann));
    assert_eq!(world.user_by_identifier("ann@example.com").await.unwrap().as_ref(), Some(&ann));
    assert_eq!(world.user_by_identifier("ann").await.unwrap(), Some(ann));
    let mut bare = new_user("bare");
    bare.identifiers.clear();
    bare.user = crate::User {
        username: None,
        email: None,
        email_verified: false,
        name: None,
        profile: serde_json::Map::new(),
        password_hash: None,
        status: UserStatus::Blocked,
        roles: [].into(),
        created_at: u64::MAX,
        password_changed_at: None,
        ..bare.user
    };
    world.create_user(bare.clone()).await.unwrap();
    let found = world.user("bare").await.unwrap().unwrap();
    assert!(found.created_at > NOW * 1000, "a time beyond the engine's range stays far away");
    assert_eq!(crate::User { created_at: u64::MAX, ..found }, bare.user);
}

pub(crate) async fn identifiers_are_unique_across_kinds_and_users(world: World) {
    let mut eve = new_user("eve");
    eve.identifiers = vec!["eve".into(), "ann@example.com".into()];
    assert_eq!(world.create_user(eve.clone()).await, Err(TAKEN));
    assert_eq!(world.user("eve").await, Ok(None), "refused as a whole");
    assert_eq!(world.user_by_identifier("eve").await, Ok(None), "refused as a whole");
    eve.identifiers = vec!["eve".into(), "eve".into()];
    world.create_user(eve.clone()).await.unwrap();
    assert_eq!(world.create_user(eve).await, Err(EXISTS));
    let steal = UserUpdate {
        username: Change::Set(Some("bob".into())),
        identifiers: Change::Set(vec!["bob".into()]),
        ..UserUpdate::default()
    };
    assert_eq!(world.update_user("eve", steal).await, Err(TAKEN));
    assert_eq!(world.user_by_identifier("eve").await.unwrap().unwrap().username.as_deref(), Some("eve"));
    assert_eq!(world.user_by_identifier("bob").await.unwrap().unwrap().id, "bob");
}

fn import(users: Vec<NewUser>) -> ImportUsers {
    let event = AuditEvent {
        at: NOW,
        name: "user.import".into(),
        outcome: "success".into(),
        actor: Some("cli".into()),
        user_id: None,
        client_id: None,
        sid: None,
        address: None,
        request_id: None,
        detail: json!({ "refused": 7 }),
    };
    ImportUsers { users, event }
}

pub(crate) async fn of_many_users_those_are_made_of_whom_nobody_has_anything(world: World) {
    use ImportedUser::{Created, IdTaken, IdentifierTaken};
    let user = |id: &str, keys: &[&str]| {
        let mut new = new_user(id);
        new.identifiers = keys.iter().map(|key| (*key).to_owned()).collect();
        new
    };
    let mut users = vec![
        user("new-1", &["one", "one@example.com", "one"]),
        user("new-2", &["two", "ann@example.com"]),
        user("ann", &["another ann"]),
        user("new-3", &["one@example.com"]),
        user("new-1", &["four"]),
        user("new-5", &[]),
    ];
    for (new, role) in users.iter_mut().zip(["", "", "lost", "", "", "clerk"]) {
        new.user.roles = [role].into_iter().filter(|role| !role.is_empty()).map(str::to_owned).collect();
    }
    let answers = [Created, IdentifierTaken, IdTaken, IdentifierTaken, IdTaken, Created];
    assert_eq!(world.import_users(import(users.clone())).await.unwrap(), answers);
    assert_eq!(world.user_by_identifier("one@example.com").await.unwrap(), Some(users[0].user.clone()));
    for id in ["new-2", "new-3"] {
        assert_eq!(world.user(id).await, Ok(None), "{id}");
    }
    for key in ["two", "four", "another ann"] {
        assert_eq!(world.user_by_identifier(key).await, Ok(None), "{key}");
    }
    let keys = ["one", "two", "ann@example.com", ""].map(str::to_owned).to_vec();
    let mut owners = world.identifier_owners(keys).await.unwrap();
    owners.sort();
    let owned = [("ann@example.com", "ann"), ("one", "new-1")];
    assert_eq!(owners, owned.map(|(key, id)| (key.to_owned(), id.to_owned())));
    // Again, as whoever was interrupted does.
    let again = [IdentifierTaken, IdentifierTaken, IdTaken, IdentifierTaken, IdTaken, IdTaken];
    assert_eq!(world.import_users(import(users)).await.unwrap(), again);
    assert_eq!(world.import_users(import(Vec::new())).await.unwrap(), []);
    assert_eq!(world.identifier_owners(Vec::new()).await.unwrap(), []);
    // In the same transaction: who was made, and who has roles of those.
    let told: Vec<_> = world.audit(0, 10).await.unwrap().into_iter().map(|record| record.event).collect();
    let told: Vec<_> = told.iter().map(|event| (event.user_id.as_deref(), &event.detail)).collect();
    let (all, one) = (json!({ "refused": 7, "created": 2 }), json!({ "roles": ["clerk"] }));
    assert_eq!(told, [(None, &all), (Some("new-5"), &one)]);
}

pub(crate) async fn of_parallel_imports_each_identifier_has_one_owner(world: World) {
    let answers = world
        .at_once(8, |world, number| async move {
            let users = (0..20_u8).map(|key| {
                let mut new = new_user(&format!("import-{number}-{key}"));
                // In the opposite order for every other one, which must not end in a deadlock.
                let key = if number % 2 == 0 { key } else { 19 - key };
                new.identifiers = vec![format!("key-{key}")];
                new
            });
            let users: Vec<_> = users.collect();
            loop {
                match world.import_users(import(users.clone())).await {
                    Err(TAKEN) => {}
                    answer => return answer.unwrap(),
                }
            }
        })
        .await;
    let created = answers.iter().flatten().filter(|answer| **answer == ImportedUser::Created).count();
    assert_eq!(created, 20);
}

pub(crate) async fn of_parallel_sign_ups_one_gets_the_identifier(world: World) {
    let answers = world
        .at_once(20, |world, number| async move {
            let mut new = new_user(&format!("eve{number}"));
            new.identifiers.push("wanted".into());
            world.create_user(new).await
        })
        .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.into_iter().filter_map(Result::err).all(|error| error == TAKEN));
    assert_eq!(world.count_users().await, Ok(3));
}

pub(crate) async fn updates_keep_what_they_do_not_name(world: World) {
    let before = world.ann().await;
    let update = UserUpdate { name: Change::Set(None), now: NOW, ..UserUpdate::default() };
    let after = world.update_user("ann", update).await.unwrap();
    let expected = crate::User { name: None, updated_at: NOW, revision: 2, ..before };
    assert_eq!((&after, &world.ann().await), (&expected, &expected));
    assert!(world.user_by_identifier("ann").await.unwrap().is_some());

    let stale = UserUpdate { email: Change::Set(None), expect_revision: Some(1), now: NOW, ..UserUpdate::default() };
    assert_eq!(world.update_user("ann", stale).await, Err(StoreError::Conflict(Conflict::Revision)));
    let rename = UserUpdate {
        username: Change::Set(Some("Anna".into())),
        identifiers: Change::Set(vec!["anna".into()]),
        expect_revision: Some(2),
        now: NOW,
        ..UserUpdate::default()
    };
    world.update_user("ann", rename).await.unwrap();
    assert_eq!(world.user_by_identifier("ann").await, Ok(None), "the old name is free");
    assert_eq!(world.user_by_identifier("anna").await.unwrap().unwrap().id, "ann");
}

pub(crate) async fn password_change_ends_everything_of_this_user_only(world: World) {
    let (one, two) = (world.sign_in("ann", 1).await, world.sign_in("ann", 2).await);
    let his = world.sign_in("bob", 3).await;
    let (first, second) = (world.authorise(&one, 11).await, world.authorise(&two, 12).await);
    let his_family = world.authorise(&his, 13).await;
    world.code(&one, 21).await;

    let ended = world.set_password("ann", "$argon2id$new", "handle-new", NOW + 5).await;
    assert_eq!(ended, Ok(SignedOut { sessions: 2, families: 2, tokens_until: Some(ACCESS) }));
    let ann = world.ann().await;
    assert_eq!(ann.password_hash.as_deref(), Some("$argon2id$new"));
    assert_eq!((ann.revocation_handle.as_str(), ann.password_changed_at), ("handle-new", Some(NOW + 5)));
    for family in [first, second] {
        assert!(!world.family_lives(&family.id).await);
    }
    assert!(!world.session_lives("sid-1").await && !world.session_lives("sid-2").await);
    assert_eq!(world.artefact("authorization_code", hash(21)).await, Ok(None), "an open code is void");
    assert_eq!(world.revoked().await, [(RevocationKind::UserHandle, "handle-ann".to_owned())]);
    assert_eq!(world.revocations(0, 9).await.unwrap()[0].expires_at, ACCESS);
    assert!(world.family_lives(&his_family.id).await && world.session_lives(&his.sid).await);
    // A sign-in that checked the old password must not get through afterwards.
    assert_eq!(world.create_session(begin(session("ann", 4))).await, Ok(Issued::Changed));
}

/// A link of Ann's that sets a new password.
fn reset_link(number: u8) -> Artefact {
    let kind = Artefact::PASSWORD_RESET.into();
    Artefact { kind, sid: None, client_id: None, ..code(&session("ann", 1), number) }
}

fn told(number: u8) -> NewDelivery {
    NewDelivery { kind: Delivery::MAIL.into(), target: "mail.server".into(), payload: json!({ "number": number }) }
}

async fn letters(world: &World) -> Vec<Value> {
    let list = ListDeliveries { after: None, limit: 100, which: WhichDeliveries::All };
    let all = world.deliveries(list).await.unwrap().items;
    all.into_iter().filter(|one| one.kind == Delivery::MAIL).map(|one| one.payload).collect()
}

pub(crate) async fn of_parallel_resets_by_one_link_one_sets_the_password(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    let his = world.sign_in("bob", 3).await;
    world.put_artefact(reset_link(1)).await.unwrap();
    world.put_artefact(reset_link(2)).await.unwrap();
    let answers = world
        .at_once(20, |world, number| async move {
            let (password, handle) = (format!("$new-{number}"), format!("handle-{number}"));
            (number, world.reset_password(hash(1), &password, &handle, vec![told(number)], NOW + 5).await.unwrap())
        })
        .await;
    let winners: Vec<_> = answers.iter().filter_map(|(number, out)| Some((number, (*out)?))).collect();
    let [(winner, ended)] = &winners[..] else { panic!("{winners:?}") };
    assert_eq!(*ended, SignedOut { sessions: 1, families: 1, tokens_until: Some(ACCESS) });
    let ann = world.ann().await;
    assert_eq!(ann.password_hash, Some(format!("$new-{winner}")));
    assert_eq!((ann.revocation_handle, ann.password_changed_at), (format!("handle-{winner}"), Some(NOW + 5)));
    assert!(!world.family_lives(&family.id).await && world.session_lives(&his.sid).await);
    let used = world.artefact(Artefact::PASSWORD_RESET, hash(1)).await.unwrap().unwrap();
    assert_eq!(used.redeemed_at, Some(NOW + 5));
    assert_eq!(world.artefact(Artefact::PASSWORD_RESET, hash(2)).await, Ok(None), "an open link is void");
    assert_eq!(letters(&world).await, [json!({ "number": winner })], "told once, of the one that did");
}

pub(crate) async fn a_reset_link_proves_the_address_it_was_mailed_to_and_no_other(world: World) {
    let unproven = UserUpdate { email_verified: Change::Set(false), now: NOW, ..UserUpdate::default() };
    for (number, payload, proves) in [
        (1, json!({ "mailed_to": "someone.else@example.com" }), false),
        (2, json!({ "mailed_to": null }), false),
        (3, json!({ "interaction": "ann@example.com" }), false),
        (4, json!(null), false),
        (5, json!({ "mailed_to": "ann@example.com" }), true),
    ] {
        world.update_user("ann", unproven.clone()).await.unwrap();
        world.put_artefact(Artefact { payload, ..reset_link(number) }).await.unwrap();
        let reset = world.reset_password(hash(number), "$new", &format!("handle-{number}"), Vec::new(), NOW).await;
        assert!(reset.unwrap().is_some(), "{number}");
        assert_eq!(world.ann().await.email_verified, proves, "{number}");
    }
    world.put_artefact(reset_link(6)).await.unwrap();
    world.reset_password(hash(6), "$new", "handle-6", Vec::new(), NOW).await.unwrap();
    assert!(world.ann().await.email_verified, "what was proven stays so");
}

pub(crate) async fn a_reset_link_proves_nothing_to_whoever_keeps_a_passkey(world: World) {
    let unproven = UserUpdate { email_verified: Change::Set(false), now: NOW, ..UserUpdate::default() };
    for (number, kind) in [(1, Credential::PASSKEY), (2, Credential::TOTP), (3, Credential::RECOVERY_CODE)] {
        world.update_user("ann", unproven.clone()).await.unwrap();
        world.set_up(kind, number).await;
        let payload = json!({ "mailed_to": "ann@example.com" });
        world.put_artefact(Artefact { payload, ..reset_link(number) }).await.unwrap();
        // The handle that the next credential is set up under stays the same.
        let reset = world.reset_password(hash(number), "$new", "handle-ann", Vec::new(), NOW).await;
        assert!(reset.unwrap().is_some(), "{kind}");
        assert!(!world.ann().await.email_verified, "{kind}");
        let of_ann = world.credentials_of("ann").await.unwrap();
        world.remove_credential(removing(&of_ann[0].id)).await.unwrap();
    }
}

pub(crate) async fn a_reset_link_that_cannot_be_used_changes_nothing(world: World) {
    world.put_artefact(reset_link(1)).await.unwrap();
    world.put_artefact(Artefact { kind: "setup".into(), ..reset_link(2) }).await.unwrap();
    world.put_artefact(Artefact { redeemed_at: Some(NOW), ..reset_link(3) }).await.unwrap();
    let before = world.ann().await;
    for (link, now) in [(1, NOW + 60), (2, NOW), (3, NOW), (4, NOW)] {
        assert_eq!(world.reset_password(hash(link), "$x", "handle-x", vec![told(0)], now).await, Ok(None), "{link}");
    }
    // What cannot be carried out to its end does not use the link up either.
    world.put_artefact(Artefact { user_id: Some("eve".into()), ..reset_link(5) }).await.unwrap();
    let missing = Err(StoreError::NotFound("user"));
    assert_eq!(world.reset_password(hash(5), "$x", "handle-x", vec![told(0)], NOW).await, missing);
    let link = world.artefact(Artefact::PASSWORD_RESET, hash(5)).await.unwrap().unwrap();
    assert_eq!((link.redeemed_at, world.ann().await), (None, before));
    assert_eq!(letters(&world).await, Vec::<Value>::new(), "what was not done is not told");
    assert!(world.reset_password(hash(1), "$x", "handle-x", vec![told(9)], NOW + 59).await.unwrap().is_some());
    assert_eq!(letters(&world).await, [json!({ "number": 9 })]);
}

pub(crate) async fn a_rehash_needs_the_old_hash_and_ends_nothing(world: World) {
    let session = world.sign_in("ann", 1).await;
    assert_eq!(world.set_password_hash("ann", "$argon2id$wrong", "$x").await, Ok(false));
    assert_eq!(world.set_password_hash("nobody", "$argon2id$ann", "$x").await, Ok(false));
    assert_eq!(world.set_password_hash("ann", "$argon2id$ann", "$argon2id$better").await, Ok(true));
    let ann = world.ann().await;
    assert_eq!(ann.password_hash.as_deref(), Some("$argon2id$better"));
    assert_eq!(ann.password_changed_at, Some(NOW - 1000));
    assert!(world.session_lives(&session.sid).await);
    assert!(world.revoked().await.is_empty());
}

pub(crate) async fn blocking_ends_everything_and_unblocking_revives_nothing(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    world.code(&session, 21).await;
    let ended = world.set_user_status("ann", UserStatus::Blocked, "handle-new", NOW).await;
    assert_eq!(ended, Ok(SignedOut { sessions: 1, families: 1, tokens_until: Some(ACCESS) }));
    let again = world.set_user_status("ann", UserStatus::Blocked, "handle-other", NOW).await;
    assert_eq!(again, Ok(SignedOut::default()));
    assert_eq!(world.ann().await.revocation_handle, "handle-new");
    world.set_user_status("ann", UserStatus::Active, "handle-third", NOW).await.unwrap();
    let ann = world.ann().await;
    assert_eq!((ann.status, ann.revocation_handle.as_str()), (UserStatus::Active, "handle-new"));
    assert!(!world.family_lives(&family.id).await && !world.session_lives(&session.sid).await);
    assert_eq!(world.artefact("authorization_code", hash(21)).await, Ok(None));
    assert_eq!(world.revoked().await, [(RevocationKind::UserHandle, "handle-ann".to_owned())]);
}

pub(crate) async fn roles_change_without_ending_sessions(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    let (admin, reader) = (["admin".to_owned()], ["reader".to_owned()]);
    let same = world.set_user_roles("ann", &reader, &[], Some("handle-x"), NOW).await.unwrap();
    let unchanged = RolesSet { user: world.ann().await, changed: false, tokens_until: None };
    assert_eq!(same, unchanged, "nothing changed, nothing dies");
    assert_eq!((same.user.revision, same.user.revocation_handle.as_str()), (1, "handle-ann"));
    let set = world.set_user_roles("ann", &admin, &reader, Some("handle-new"), NOW).await.unwrap();
    assert_eq!(set.user.roles, admin.clone().into());
    assert_eq!(set, RolesSet { user: world.ann().await, changed: true, tokens_until: Some(ACCESS) });
    assert_eq!(world.revoked().await, [(RevocationKind::UserHandle, "handle-ann".to_owned())]);
    assert!(world.family_lives(&family.id).await && world.session_lives(&session.sid).await);
    let without_handle = world.set_user_roles("ann", &[], &admin, None, NOW).await.unwrap();
    assert!(without_handle.user.roles.is_empty() && without_handle.user.revocation_handle == "handle-new");
    assert_eq!((without_handle.changed, without_handle.tokens_until), (true, None));
    // What has expired by itself lives on nowhere.
    let late = world.set_user_roles("ann", &admin, &[], Some("handle-late"), ACCESS).await.unwrap();
    assert_eq!((late.changed, late.tokens_until), (true, None));
}

pub(crate) async fn sign_out_everywhere_keeps_the_password(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    let ended = world.sign_out_user("ann", "handle-new", NOW).await;
    assert_eq!(ended, Ok(SignedOut { sessions: 1, families: 1, tokens_until: Some(ACCESS) }));
    let ann = world.ann().await;
    assert_eq!(ann.password_hash.as_deref(), Some("$argon2id$ann"));
    assert_eq!(ann.revocation_handle, "handle-new");
    assert_eq!(world.revoked().await, [(RevocationKind::UserHandle, "handle-ann".to_owned())]);
}

pub(crate) async fn deletion_leaves_nothing_that_works(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    world.code(&session, 21).await;
    let consent = Consent {
        user_id: "ann".into(),
        client_id: "spa".into(),
        scope: "openid".into(),
        audience: String::new(),
        granted_at: NOW,
    };
    world.grant_consent(consent.clone()).await.unwrap();
    assert_eq!(
        world.delete_user("ann", NOW).await,
        Ok(SignedOut { sessions: 1, families: 1, tokens_until: Some(ACCESS) })
    );
    assert_eq!(world.user("ann").await, Ok(None));
    assert_eq!(world.user_by_identifier("ann").await, Ok(None));
    assert_eq!(world.session(hash(1)).await, Ok(None));
    assert_eq!(world.refresh_facts(None, hash(11)).await, Ok(None));
    assert_eq!(world.redeem_artefact("authorization_code", hash(21), NOW).await, Ok(Redeemed::Unknown));
    assert_eq!(world.consent("ann", "spa", "").await, Ok(None));
    assert_eq!(world.grant_consent(consent).await, Err(StoreError::NotFound("user")));
    assert_eq!(world.revoked().await, [(RevocationKind::UserHandle, "handle-ann".to_owned())]);
    let query = TokenQuery { sub: Some("ann".into()), sid: Some("sid-1".into()), ..TokenQuery::default() };
    let facts = world.token_facts(query).await.unwrap();
    assert!(facts.user.is_none() && facts.session.is_none());
    world.create_user(new_user("ann")).await.unwrap();
    assert_eq!(world.count_users().await, Ok(2), "the identifiers are free again");
}

pub(crate) async fn unknown_users_are_not_found(world: World) {
    let missing = StoreError::NotFound("user");
    assert_eq!(world.user("eve").await, Ok(None));
    assert_eq!(world.user_by_identifier("ANN").await, Ok(None), "the caller normalises, the store compares");
    assert_eq!(world.update_user("eve", UserUpdate::default()).await.as_ref(), Err(&missing));
    assert_eq!(world.set_password("eve", "h", "r", NOW).await.as_ref(), Err(&missing));
    assert_eq!(world.set_user_status("eve", UserStatus::Blocked, "r", NOW).await.as_ref(), Err(&missing));
    assert_eq!(world.set_user_roles("eve", &[], &[], None, NOW).await.as_ref(), Err(&missing));
    assert_eq!(world.sign_out_user("eve", "r", NOW).await.as_ref(), Err(&missing));
    assert_eq!(world.delete_user("eve", NOW).await.as_ref(), Err(&missing));
    let mut eve = session("ann", 1);
    eve.user_id = "eve".into();
    assert_eq!(world.create_session(begin(eve.clone())).await, Ok(Issued::Gone));
    let family = crate::Family { session_bound: false, ..super::world::family(&eve, 1) };
    let new = NewFamily { family, refresh_token: None, session: None, access_token: access_token("eve", 1) };
    assert_eq!(world.create_family(new).await, Ok(Issued::Gone));
    let key = ThrottleKey { key: "k".into(), free: 1, base_delay_secs: 1, max_delay_secs: 1, window_secs: 1 };
    assert_eq!(world.begin_attempt(vec![key], NOW).await, Ok(Attempt::Allowed), "throttles know no users");
}

pub(crate) async fn a_page_tour_sees_everyone_once(world: World) {
    for number in 0..7 {
        let mut new = new_user(&format!("u{number}"));
        new.user.created_at = NOW + number / 2;
        world.create_user(new).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.list_users(ListUsers { after, limit: 2, search: None }).await.unwrap();
        assert!(page.items.len() <= 2 && !page.items.is_empty());
        seen.extend(page.items.into_iter().map(|user| user.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["ann", "bob", "u0", "u1", "u2", "u3", "u4", "u5", "u6"]);
    let page = world.list_users(ListUsers { limit: 9, ..ListUsers::default() }).await.unwrap();
    assert_eq!((page.items.len(), page.next), (9, None), "a page that is exactly full is the last");
    let page = world.list_users(ListUsers { limit: 0, ..ListUsers::default() }).await.unwrap();
    assert_eq!(page.items.len(), 1);
}

pub(crate) async fn search_finds_parts_and_takes_signs_literally(world: World) {
    let found = async |text: &str| {
        let list = ListUsers { limit: 10, search: Some(text.into()), ..ListUsers::default() };
        world.list_users(list).await.unwrap().items.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(found("AnN@").await, ["ann"]);
    assert_eq!(found("EXAMPLE").await, ["ann", "bob"]);
    for nothing in ["%", "_nn", "a%n", r"\", "' OR 1=1 --"] {
        assert!(found(nothing).await.is_empty(), "{nothing}");
    }
}

pub(crate) async fn forged_cursors_are_refused(world: World) {
    for forged in ["", "nonsense", "1 OR 1=1"] {
        let list = ListUsers { after: Some(forged.into()), limit: 1, search: None };
        assert!(matches!(world.list_users(list).await, Err(StoreError::Invalid(_))), "{forged}");
        let sessions = world.list_sessions(Some(forged.into()), 1, NOW).await;
        assert!(matches!(sessions, Err(StoreError::Invalid(_))), "{forged}");
    }
}
