//! What people do with their own account: each change counts once, as the account was read, and takes along what it must.

use serde_json::json;

use super::logs::event;
use super::world::{ACCESS, NOW, World, code, handle, hash, refresh_token, session};
use crate::error::{Conflict, StoreError};
use crate::record::{
    Artefact, Change, ChangeEmail, ChangePassword, Claim, Consent, Credential, DeleteAccount, Deleted, Ended, Family,
    Issued, NewCredentials, NewDelivery, NewFamily, Redeemed, RevocationKind, SignedOut, UserStatus, UserUpdate,
};

fn link(kind: &str, number: u8) -> Artefact {
    Artefact { kind: kind.into(), client_id: None, sid: None, ..code(&session("ann", 1), number) }
}

fn letter(name: &str) -> NewDelivery {
    NewDelivery { kind: "mail".into(), target: "mail.server".into(), payload: json!({ "template": name }) }
}

fn new_password() -> ChangePassword {
    ChangePassword {
        user_id: "ann".into(),
        revocation_handle: handle("ann"),
        hash: "$argon2id$new".into(),
        new_handle: "handle-new".into(),
        tell: vec![letter("password_changed")],
        now: NOW,
    }
}

/// Ann's new address, by the link `hash(number)`.
fn new_email(number: u8, email: &str) -> ChangeEmail {
    ChangeEmail {
        kind: Artefact::EMAIL_CHANGE,
        hash: hash(number),
        expect_revision: 1,
        email: Some(email.into()),
        email_verified: true,
        identifiers: vec!["ann".into(), email.into()],
        new_handle: None,
        locked: None,
        void_since: None,
        undo: Some(link(Artefact::EMAIL_UNDO, 90)),
        tell: vec![letter("email_changed")],
        now: NOW + 5,
    }
}

fn app(number: u8) -> NewCredentials {
    let credential = Credential {
        id: format!("totp-{number}"),
        user_id: "ann".into(),
        kind: Credential::TOTP.into(),
        key: None,
        name: "App".into(),
        payload: json!({ "sealed": number }),
        counter: 0,
        created_at: NOW,
        last_used_at: None,
    };
    NewCredentials {
        user_id: "ann".into(),
        revocation_handle: handle("ann"),
        replaces: vec![Credential::TOTP],
        credentials: vec![credential],
        expect: None,
        keep_sid: None,
        tell: vec![letter("factor_changed")],
        now: NOW,
    }
}

impl World {
    async fn letters(&self) -> Vec<String> {
        let claim =
            Claim { kind: "mail".into(), target: "mail.server".into(), limit: 100, lease_secs: 9000, now: NOW + 60 };
        let letters = self.claim_deliveries(claim).await.unwrap();
        let mut names: Vec<_> =
            letters.iter().map(|one| one.payload["template"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }
}

pub(crate) async fn a_changed_password_ends_everything_and_is_told_once(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    world.put_artefact(link(Artefact::EMAIL_CHANGE, 1)).await.unwrap();
    world.put_artefact(link(Artefact::EMAIL_UNDO, 2)).await.unwrap();
    world.put_artefact(link(Artefact::NOT_ME, 3)).await.unwrap();
    world.put_artefact(link(Artefact::EMAIL_CODE, 4)).await.unwrap();
    world.put_artefact(link(Artefact::PASSWORD_BY_LINK, 5)).await.unwrap();
    world.put_artefact(link(Artefact::REPORTED, 6)).await.unwrap();
    let stale = ChangePassword { revocation_handle: "handle-old".into(), ..new_password() };
    assert_eq!(world.change_password(stale).await, Ok(None));
    let unknown = ChangePassword { user_id: "eve".into(), ..new_password() };
    assert_eq!(world.change_password(unknown).await, Ok(None));
    let changed = world.change_password(new_password()).await;
    assert_eq!(changed, Ok(Some(SignedOut { sessions: 1, families: 1, tokens_until: Some(ACCESS) })));
    assert_eq!(world.change_password(new_password()).await, Ok(None), "sent twice");
    assert_eq!(world.ann().await.password_hash.as_deref(), Some("$argon2id$new"));
    assert_eq!(world.letters().await, ["password_changed"]);
    assert_eq!(world.artefact(Artefact::EMAIL_CHANGE, hash(1)).await, Ok(None), "asked for under the old password");
    assert_eq!(world.artefact(Artefact::EMAIL_CODE, hash(4)).await, Ok(None), "beside the old password");
    assert!(world.artefact(Artefact::PASSWORD_BY_LINK, hash(5)).await.unwrap().is_some(), "it is about the new one");
    assert!(world.artefact(Artefact::REPORTED, hash(6)).await.unwrap().is_some(), "what its owner looks for then");
    let undo = world.artefact(Artefact::EMAIL_UNDO, hash(2)).await.unwrap();
    assert!(world.artefact(Artefact::NOT_ME, hash(3)).await.unwrap().is_some(), "nor the last word");
    assert!(undo.is_some(), "whoever takes an account over must not void its owner's way back");
}

pub(crate) async fn of_parallel_changes_of_a_password_one_counts(world: World) {
    let answers = world.at_once(12, |world, number| async move {
        let change = ChangePassword { new_handle: format!("handle-{number}"), ..new_password() };
        world.change_password(change).await.unwrap()
    });
    assert_eq!(answers.await.into_iter().flatten().count(), 1);
    assert_eq!(world.letters().await, ["password_changed"]);
}

pub(crate) async fn a_blocked_user_changes_nothing(world: World) {
    world.put_artefact(link(Artefact::EMAIL_UNDO, 1)).await.unwrap();
    world.set_user_status("ann", UserStatus::Blocked, "handle-new", NOW).await.unwrap();
    let change = ChangePassword { revocation_handle: "handle-new".into(), ..new_password() };
    assert_eq!(world.change_password(change).await, Ok(None));
    let undo = ChangeEmail { kind: Artefact::EMAIL_UNDO, expect_revision: 2, ..new_email(1, "new@example.com") };
    assert_eq!(world.change_email(undo).await, Ok(Redeemed::Gone));
}

pub(crate) async fn of_two_that_may_be_the_only_one_the_last_stays(world: World) {
    let others = Artefact { user_id: Some("bob".into()), ..link(Artefact::EMAIL_CHANGE, 3) };
    world.put_only_artefact(others, Vec::new()).await.unwrap();
    for number in [1, 2] {
        world.put_only_artefact(link(Artefact::EMAIL_CHANGE, number), vec![letter("email_proof")]).await.unwrap();
    }
    assert_eq!(world.artefact(Artefact::EMAIL_CHANGE, hash(1)).await, Ok(None));
    assert!(world.artefact(Artefact::EMAIL_CHANGE, hash(2)).await.unwrap().is_some());
    assert!(world.artefact(Artefact::EMAIL_CHANGE, hash(3)).await.unwrap().is_some(), "another user's");
    assert_eq!(world.letters().await, ["email_proof", "email_proof"]);
    assert_eq!(world.forget_artefacts(Artefact::EMAIL_CHANGE, "bob", Some(hash(2))).await, Ok(0), "not bob's");
    assert_eq!(world.forget_artefacts(Artefact::EMAIL_CHANGE, "ann", Some(hash(2))).await, Ok(1));
    assert_eq!(world.forget_artefacts(Artefact::EMAIL_CHANGE, "bob", None).await, Ok(1));
}

pub(crate) async fn an_address_changes_once_with_what_takes_it_back(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    world.put_artefact(link(Artefact::EMAIL_CHANGE, 1)).await.unwrap();
    world.put_artefact(link(Artefact::PASSWORD_RESET, 2)).await.unwrap();
    world.put_artefact(link(Artefact::EMAIL_CODE, 3)).await.unwrap();
    let change = new_email(1, "new@example.com");
    let late = ChangeEmail { now: NOW + 60, ..change.clone() };
    assert_eq!(world.change_email(late).await, Ok(Redeemed::Expired));
    let stale = ChangeEmail { expect_revision: 7, ..change.clone() };
    assert_eq!(world.change_email(stale).await, Ok(Redeemed::Changed));
    let other_kind = ChangeEmail { kind: Artefact::EMAIL_UNDO, ..change.clone() };
    assert_eq!(world.change_email(other_kind).await, Ok(Redeemed::Unknown));
    let taken = ChangeEmail { identifiers: vec!["ann".into(), "bob@example.com".into()], ..change.clone() };
    assert_eq!(world.change_email(taken).await, Err(StoreError::Conflict(Conflict::IdentifierTaken)));
    assert!(world.letters().await.is_empty(), "nothing has changed");
    assert_eq!(world.change_email(change.clone()).await, Ok(Redeemed::Done));
    assert_eq!(world.change_email(change).await, Ok(Redeemed::AlreadyRedeemed));
    let ann = world.ann().await;
    assert_eq!((ann.email.as_deref(), ann.email_verified, ann.revision), (Some("new@example.com"), true, 2));
    assert_eq!(world.user_by_identifier("ann@example.com").await, Ok(None));
    assert_eq!(world.user_by_identifier("new@example.com").await, Ok(Some(ann)));
    assert!(world.session_lives("sid-1").await && world.family_lives(&family.id).await);
    assert_eq!(world.letters().await, ["email_changed"]);
    assert_eq!(world.artefact(Artefact::PASSWORD_RESET, hash(2)).await, Ok(None), "in the old mailbox");
    assert_eq!(world.artefact(Artefact::EMAIL_CODE, hash(3)).await, Ok(None), "there, too");
    // Whoever has it now changes it once more, and would get it back by a later link.
    let later = Artefact { created_at: NOW + 1, ..link(Artefact::EMAIL_UNDO, 91) };
    world.put_artefact(later).await.unwrap();
    world.put_artefact(link(Artefact::EMAIL_CODE, 4)).await.unwrap();
    let earlier = Artefact { created_at: NOW - 1, ..link(Artefact::EMAIL_UNDO, 89) };
    world.put_artefact(earlier).await.unwrap();
    let undo = ChangeEmail {
        kind: Artefact::EMAIL_UNDO,
        expect_revision: 2,
        new_handle: Some("handle-new".into()),
        locked: Some("$argon2id$locked".into()),
        void_since: Some(NOW),
        undo: None,
        ..new_email(90, "ann@example.com")
    };
    assert_eq!(world.change_email(undo).await, Ok(Redeemed::Done));
    assert!(!world.session_lives("sid-1").await && !world.family_lives(&family.id).await);
    assert_eq!(world.revoked().await, [(RevocationKind::UserHandle, "handle-ann".to_owned())]);
    assert!(world.user_by_identifier("ann@example.com").await.unwrap().is_some());
    assert_eq!(world.artefact(Artefact::EMAIL_UNDO, hash(91)).await, Ok(None), "the first owner wins");
    assert_eq!(
        world.artefact(Artefact::EMAIL_CODE, hash(4)).await,
        Ok(None),
        "in the mailbox that was taken back from"
    );
    assert!(world.artefact(Artefact::EMAIL_UNDO, hash(89)).await.unwrap().is_some());
    assert_eq!(
        world.ann().await.password_hash.as_deref(),
        Some("$argon2id$locked"),
        "whoever was in knows the old one"
    );
}

pub(crate) async fn who_it_was_not_shuts_the_account_once_and_takes_its_address_back(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    world.put_artefact(link(Artefact::NOT_ME, 1)).await.unwrap();
    world.put_artefact(Artefact { created_at: NOW + 2, ..link(Artefact::NOT_ME, 2) }).await.unwrap();
    world.put_artefact(Artefact { created_at: NOW + 2, ..link(Artefact::EMAIL_UNDO, 3) }).await.unwrap();
    world.put_artefact(link(Artefact::EMAIL_CODE, 4)).await.unwrap();
    let shut = ChangeEmail {
        kind: Artefact::NOT_ME,
        new_handle: Some("handle-new".into()),
        locked: Some("$argon2id$locked".into()),
        void_since: Some(NOW + 1),
        undo: None,
        ..new_email(1, "first@example.com")
    };
    let stale = ChangeEmail { expect_revision: 7, ..shut.clone() };
    assert_eq!(world.change_email(stale).await, Ok(Redeemed::Changed), "as it was read, or not at all");
    assert_eq!(world.change_email(shut.clone()).await, Ok(Redeemed::Done));
    assert_eq!(world.change_email(shut).await, Ok(Redeemed::AlreadyRedeemed));
    assert!(!world.session_lives(&session.sid).await);
    let ann = world.ann().await;
    assert_eq!((ann.email.as_deref(), ann.revocation_handle.as_str()), (Some("first@example.com"), "handle-new"));
    assert_eq!(ann.password_hash.as_deref(), Some("$argon2id$locked"));
    assert_eq!(world.artefact(Artefact::NOT_ME, hash(2)).await, Ok(None), "made for whoever had the address then");
    assert_eq!(world.artefact(Artefact::EMAIL_UNDO, hash(3)).await, Ok(None));
    assert_eq!(world.artefact(Artefact::EMAIL_CODE, hash(4)).await, Ok(None), "whoever reads the mail has it");
}

pub(crate) async fn an_address_by_the_operator_ends_every_link_about_the_one_before(world: World) {
    let kinds = [
        Artefact::EMAIL_CHANGE,
        Artefact::EMAIL_CODE,
        Artefact::EMAIL_UNDO,
        Artefact::NOT_ME,
        Artefact::PASSWORD_RESET,
    ];
    for kind in kinds {
        world.put_artefact(link(kind, 1)).await.unwrap();
        let others = Artefact { user_id: Some("bob".into()), ..link(kind, 2) };
        world.put_artefact(others).await.unwrap();
    }
    let name = UserUpdate { name: Change::Set(Some("Ann".into())), now: NOW, ..UserUpdate::default() };
    world.update_user("ann", name).await.unwrap();
    assert!(
        world.artefact(Artefact::EMAIL_UNDO, hash(1)).await.unwrap().is_some(),
        "of another field they hear nothing"
    );
    let email = Change::Set(Some("ann@new.example.com".to_owned()));
    world.update_user("ann", UserUpdate { email, now: NOW, ..UserUpdate::default() }).await.unwrap();
    for kind in kinds {
        assert_eq!(world.artefact(kind, hash(1)).await, Ok(None), "{kind}");
        assert!(world.artefact(kind, hash(2)).await.unwrap().is_some(), "{kind} of another user");
    }
}

pub(crate) async fn of_parallel_proofs_of_an_address_one_counts(world: World) {
    world.put_artefact(link(Artefact::EMAIL_CHANGE, 1)).await.unwrap();
    let answers = world.at_once(12, |world, number| async move {
        let undo = Some(link(Artefact::EMAIL_UNDO, 90 + number));
        world.change_email(ChangeEmail { undo, ..new_email(1, "new@example.com") }).await.unwrap()
    });
    let done = answers.await.into_iter().filter(|answer| *answer == Redeemed::Done).count();
    assert_eq!((done, world.letters().await.len()), (1, 1));
}

pub(crate) async fn an_account_is_deleted_as_it_was_read_and_told(world: World) {
    let delete = goes("ann", None);
    world.sign_in("ann", 1).await;
    let stale = DeleteAccount { revocation_handle: "handle-old".into(), ..delete.clone() };
    assert_eq!(world.delete_account(stale).await, Ok(Deleted::Changed));
    let gone = world.delete_account(delete.clone()).await;
    assert_eq!(gone, Ok(Deleted::Done(SignedOut { sessions: 1, families: 0, tokens_until: None })));
    assert_eq!(world.delete_account(delete).await, Ok(Deleted::Changed));
    assert_eq!(world.letters().await, ["account_deleted"]);
    assert_eq!(world.user_by_identifier("ann@example.com").await, Ok(None));
    assert!(world.user("bob").await.unwrap().is_some());
}

/// Somebody's wish to go, unless nobody else has this role.
fn goes(user: &str, unless_last_with: Option<&str>) -> DeleteAccount {
    DeleteAccount {
        user_id: user.into(),
        revocation_handle: handle(user),
        unless_last_with: unless_last_with.map(str::to_owned),
        tell: vec![letter("account_deleted")],
        now: NOW,
    }
}

pub(crate) async fn of_all_who_have_a_role_one_stays_whoever_goes_at_once(world: World) {
    let admin = ["admin".to_owned()];
    for name in ["ann", "bob"] {
        world.set_user_roles(name, &admin, &[], None, NOW).await.unwrap();
    }
    let answers = world.at_once(2, |world, number| async move {
        world.delete_account(goes(["ann", "bob"][usize::from(number)], Some("admin"))).await.unwrap()
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| **answer == Deleted::Last).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Deleted::Done(_))).count(), 1, "{answers:?}");
    assert_eq!(world.letters().await, ["account_deleted"]);
}

pub(crate) async fn who_is_blocked_or_has_another_role_takes_nobodys_place(world: World) {
    world.set_user_roles("ann", &["admin".to_owned()], &[], None, NOW).await.unwrap();
    world.set_user_roles("bob", &["admin-of-dragons".to_owned()], &[], None, NOW).await.unwrap();
    assert_eq!(world.delete_account(goes("ann", Some("admin"))).await, Ok(Deleted::Last));
    world.set_user_roles("bob", &["admin".to_owned()], &[], None, NOW).await.unwrap();
    world.set_user_status("bob", UserStatus::Blocked, &handle("bob"), NOW).await.unwrap();
    assert_eq!(world.delete_account(goes("ann", Some("admin"))).await, Ok(Deleted::Last));
    assert!(world.letters().await.is_empty());
    let stale = DeleteAccount { revocation_handle: "handle-old".into(), ..goes("ann", Some("admin")) };
    assert_eq!(world.delete_account(stale).await, Ok(Deleted::Changed));
    world.set_user_status("bob", UserStatus::Active, &handle("bob"), NOW).await.unwrap();
    assert!(matches!(world.delete_account(goes("ann", Some("admin"))).await, Ok(Deleted::Done(_))));
}

pub(crate) async fn what_is_elsewhere_ends_and_what_is_here_goes_on(world: World) {
    let (here, there) = (world.sign_in("ann", 1).await, world.sign_in("ann", 2).await);
    let bobs = world.sign_in("bob", 3).await;
    let (kept, bound) = (world.authorise(&here, 11).await, world.authorise(&there, 12).await);
    world.put_artefact(link(Artefact::REMEMBERED_BROWSER, 21)).await.unwrap();
    let ended = world.end_elsewhere("ann", "sid-1", "ended_by_user", NOW).await;
    assert_eq!(ended, Ok(Ended { families: 1, session: true, tokens_until: Some(ACCESS) }));
    assert!(world.session_lives("sid-1").await && world.family_lives(&kept.id).await);
    assert!(!world.session_lives("sid-2").await && !world.family_lives(&bound.id).await);
    assert!(world.session_lives(&bobs.sid).await);
    assert_eq!(world.artefact(Artefact::REMEMBERED_BROWSER, hash(21)).await, Ok(None));
    assert_eq!(world.end_elsewhere("ann", "sid-1", "ended_by_user", NOW).await, Ok(Ended::default()));
}

pub(crate) async fn an_account_has_one_app_however_many_are_set_up_at_once(world: World) {
    let answers = world.at_once(12, |world, number| async move {
        world.add_credentials(NewCredentials { expect: Some(Vec::new()), ..app(number) }).await.unwrap()
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| **answer == Issued::Done).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Issued::Done | Issued::Changed)));
    assert_eq!(world.letters().await, ["factor_changed"], "a letter for each change and no other");
    // Whoever replaces it leaves one, and who does not mean to, none at all.
    assert_eq!(world.add_credentials(app(50)).await, Ok(Issued::Done));
    let second = NewCredentials { replaces: Vec::new(), ..app(51) };
    assert_eq!(world.add_credentials(second).await, Err(StoreError::Conflict(Conflict::Exists)));
    let ids: Vec<_> = world.credentials_of("ann").await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["totp-50"]);
}

pub(crate) async fn an_app_in_anothers_place_ends_what_is_elsewhere(world: World) {
    world.sign_in("ann", 1).await;
    world.sign_in("ann", 2).await;
    world.put_artefact(link(Artefact::REMEMBERED_BROWSER, 21)).await.unwrap();
    assert_eq!(world.add_credentials(app(1)).await, Ok(Issued::Done));
    assert!(world.session_lives("sid-2").await, "the first one takes nothing away");
    let replaced = NewCredentials { keep_sid: Some("sid-1".into()), expect: Some(vec!["totp-1".into()]), ..app(2) };
    assert_eq!(world.add_credentials(replaced).await, Ok(Issued::Done));
    assert!(world.session_lives("sid-1").await && !world.session_lives("sid-2").await);
    assert_eq!(world.artefact(Artefact::REMEMBERED_BROWSER, hash(21)).await, Ok(None));
}

pub(crate) async fn people_see_their_own_events_and_nobody_elses(world: World) {
    let mut events = Vec::new();
    for number in 0..5 {
        events.push(event(NOW + number, &format!("ann-{number}")));
        events.push(crate::record::AuditEvent { user_id: Some("bob".into()), ..event(NOW, "bob") });
        events.push(crate::record::AuditEvent { user_id: None, ..event(NOW, "nobody") });
    }
    world.append_audit(events).await.unwrap();
    let first = world.audit_of("ann", None, 2).await.unwrap();
    let rest = world.audit_of("ann", Some(first[1].seq), 10).await.unwrap();
    let names: Vec<_> = first.iter().chain(&rest).map(|one| one.event.name.clone()).collect();
    assert_eq!(names, ["ann-4", "ann-3", "ann-2", "ann-1", "ann-0"]);
    assert!(world.audit_of("eve", None, 10).await.unwrap().is_empty());
    assert!(world.audit_of("ann", Some(0), 10).await.unwrap().is_empty());
}

pub(crate) async fn people_see_what_they_allowed_and_when_it_was_used(world: World) {
    let consent = |user: &str, client: &str, audience: &str| Consent {
        user_id: user.into(),
        client_id: client.into(),
        audience: audience.into(),
        scope: "openid".into(),
        granted_at: NOW,
    };
    let (one, two, three) =
        (consent("ann", "a", ""), consent("ann", "a", "https://api.example"), consent("ann", "b", ""));
    for consent in [&three, &two, &consent("bob", "a", ""), &one] {
        world.grant_consent(consent.clone()).await.unwrap();
    }
    assert_eq!(world.consents_of("ann").await, Ok(vec![one, two, three]));
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    let offline = Family { sid: None, session_bound: false, ..super::world::family(&session, 12) };
    let token = crate::record::RefreshToken { created_at: NOW + 7, ..refresh_token(&offline.id, 12) };
    let access_token = super::world::access_token("ann", 12);
    let new = NewFamily { family: offline.clone(), session: None, refresh_token: Some(token), access_token };
    assert_eq!(world.create_family(new).await, Ok(Issued::Done));
    assert_eq!(world.families_used("ann", NOW).await, Ok(vec![(family.id, NOW), (offline.id, NOW + 7)]));
    assert_eq!(world.families_used("bob", NOW).await, Ok(Vec::new()));
}
