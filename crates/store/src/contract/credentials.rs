//! Passkeys, authenticator apps and recovery codes: each is one user's, is used once at a time, and takes along what it must when it goes.

use serde_json::{Value, json};

use super::world::{ABSOLUTE, ACCESS, NOW, World, access_token, family, handle, hash, new_user, refresh_token};
use crate::error::{Conflict, StoreError};
use crate::record::{
    Artefact, Credential, Ended, Family, Issued, NewCredentials, NewFamily, RemoveCredential, RevocationKind,
    SignedOut, UseCredential, UserStatus,
};

fn credential(user: &str, kind: &str, number: u8) -> Credential {
    Credential {
        id: format!("{kind}-{number}"),
        user_id: user.into(),
        kind: kind.into(),
        key: (kind != Credential::TOTP).then(|| vec![number, 0, 0xff]),
        name: format!("My {kind}"),
        payload: json!({ "sealed": "…", "n": number }),
        counter: 0,
        created_at: NOW + u64::from(number),
        last_used_at: None,
    }
}

fn new(credentials: Vec<Credential>) -> NewCredentials {
    let user_id = credentials.first().map_or_else(|| "ann".to_owned(), |first| first.user_id.clone());
    NewCredentials {
        revocation_handle: handle(&user_id),
        user_id,
        replaces: Vec::new(),
        credentials,
        expect: None,
        keep_sid: None,
        tell: Vec::new(),
        now: NOW,
    }
}

fn using(id: &str, expect: u64, counter: u64) -> UseCredential {
    UseCredential { id: id.into(), expect, counter, payload: None, now: NOW + 60 }
}

pub(super) fn removing(id: &str) -> RemoveCredential {
    RemoveCredential { user_id: "ann".into(), id: id.into(), keep_sid: "sid-1".into(), tell: Vec::new(), now: NOW + 60 }
}

impl World {
    pub(super) async fn set_up(&self, kind: &str, number: u8) -> Credential {
        let one = credential("ann", kind, number);
        assert_eq!(self.add_credentials(new(vec![one.clone()])).await, Ok(Issued::Done));
        one
    }

    async fn ids(&self, user: &str) -> Vec<String> {
        self.credentials_of(user).await.unwrap().into_iter().map(|one| one.id).collect()
    }

    async fn remember_browser(&self, number: u8) {
        let artefact = Artefact {
            kind: Artefact::REMEMBERED_BROWSER.into(),
            hash: hash(number),
            family: None,
            client_id: None,
            user_id: Some("ann".into()),
            sid: None,
            created_at: NOW,
            expires_at: ABSOLUTE,
            redeemed_at: None,
            payload: Value::Null,
        };
        self.put_artefact(artefact).await.unwrap();
    }

    async fn remembers(&self, number: u8) -> bool {
        self.artefact(Artefact::REMEMBERED_BROWSER, hash(number)).await.unwrap().is_some()
    }
}

pub(crate) async fn a_credential_is_found_by_its_key_and_by_its_user(world: World) {
    let passkey = world.set_up(Credential::PASSKEY, 2).await;
    let app = world.set_up(Credential::TOTP, 1).await;
    assert_eq!(world.credentials_of("ann").await, Ok(vec![app.clone(), passkey.clone()]), "the oldest first");
    assert_eq!(world.credentials_of("bob").await, Ok(Vec::new()));
    let key = passkey.key.clone().unwrap();
    let found = world.credential(Credential::PASSKEY, &key).await;
    assert_eq!(found, Ok(Some((passkey, world.ann().await))));
    assert_eq!(world.credential(Credential::RECOVERY_CODE, &key).await, Ok(None), "of another kind");
    assert_eq!(world.credential(Credential::PASSKEY, &key[..2]).await, Ok(None));
    assert_eq!(world.rename_credential("bob", &app.id, "Mine").await, Ok(false));
    assert_eq!(world.rename_credential("ann", &app.id, "Phone").await, Ok(true));
    assert_eq!(world.credentials_of("ann").await.unwrap()[0].name, "Phone");
}

pub(crate) async fn a_key_is_one_credentials_of_its_kind(world: World) {
    world.set_up(Credential::PASSKEY, 1).await;
    let stolen = Credential { id: "other".into(), ..credential("bob", Credential::PASSKEY, 1) };
    let fresh = credential("bob", Credential::PASSKEY, 2);
    let taken = world.add_credentials(new(vec![fresh, stolen.clone()])).await;
    assert_eq!(taken, Err(StoreError::Conflict(Conflict::Exists)), "WebAuthn 7.1, step 26");
    assert_eq!(world.ids("bob").await, Vec::<String>::new(), "all or none");
    let code = Credential { kind: Credential::RECOVERY_CODE.into(), ..stolen };
    assert_eq!(world.add_credentials(new(vec![code])).await, Ok(Issued::Done), "a key of another kind is another key");
    // Apps have no key, so any number of people have one.
    world.set_up(Credential::TOTP, 3).await;
    assert_eq!(world.add_credentials(new(vec![credential("bob", Credential::TOTP, 4)])).await, Ok(Issued::Done));
}

pub(crate) async fn new_ones_need_the_user_as_read_and_replace_their_kind(world: World) {
    let codes =
        |from: u8| (from..from + 3).map(|number| credential("ann", Credential::RECOVERY_CODE, number)).collect();
    let passkey = world.set_up(Credential::PASSKEY, 9).await;
    let first = NewCredentials { replaces: vec![Credential::RECOVERY_CODE], ..new(codes(1)) };
    assert_eq!(world.add_credentials(first).await, Ok(Issued::Done));
    let second = NewCredentials { replaces: vec![Credential::RECOVERY_CODE], ..new(codes(4)) };
    let stale = NewCredentials { revocation_handle: "handle-old".into(), ..second.clone() };
    assert_eq!(world.add_credentials(stale).await, Ok(Issued::Changed));
    assert_eq!(world.add_credentials(second.clone()).await, Ok(Issued::Done));
    assert_eq!(world.ids("ann").await, ["recovery_code-4", "recovery_code-5", "recovery_code-6", &*passkey.id]);
    world.set_user_status("ann", UserStatus::Blocked, "handle-new", NOW).await.unwrap();
    let blocked = NewCredentials { revocation_handle: "handle-new".into(), ..second };
    assert_eq!(world.add_credentials(blocked).await, Ok(Issued::Gone));
}

pub(crate) async fn a_use_counts_once_and_never_goes_back(world: World) {
    let app = world.set_up(Credential::TOTP, 1).await;
    assert_eq!(world.use_credential(using(&app.id, 0, 50)).await, Ok(true));
    assert_eq!(world.use_credential(using(&app.id, 0, 51)).await, Ok(false), "somebody else was first");
    let payload = json!({ "backed_up": true });
    assert_eq!(
        world.use_credential(UseCredential { payload: Some(payload.clone()), ..using(&app.id, 50, 51) }).await,
        Ok(true)
    );
    let now = world.credentials_of("ann").await.unwrap().remove(0);
    assert_eq!((now.counter, now.last_used_at, now.payload), (51, Some(NOW + 60), payload));
    assert_eq!(world.use_credential(using("unknown", 0, 1)).await, Ok(false));
    // An authenticator that does not count is used as often as it likes.
    let passkey = world.set_up(Credential::PASSKEY, 2).await;
    for _ in 0..2 {
        assert_eq!(world.use_credential(using(&passkey.id, 0, 0)).await, Ok(true));
    }
}

pub(crate) async fn of_parallel_uses_one_counts(world: World) {
    let code = world.set_up(Credential::RECOVERY_CODE, 1).await;
    let used = world.at_once(16, |world, _| {
        let id = code.id.clone();
        async move { world.use_credential(using(&id, 0, 1)).await.unwrap() }
    });
    assert_eq!(used.await.into_iter().filter(|used| *used).count(), 1);
}

pub(crate) async fn a_removal_ends_what_is_elsewhere_and_nothing_here(world: World) {
    let (passkey, app) = (world.set_up(Credential::PASSKEY, 1).await, world.set_up(Credential::TOTP, 2).await);
    let (here, there) = (world.sign_in("ann", 1).await, world.sign_in("ann", 2).await);
    let bobs = world.sign_in("bob", 3).await;
    let (kept, bound) = (world.authorise(&here, 11).await, world.authorise(&there, 12).await);
    let offline = Family { sid: None, session_bound: false, ..family(&there, 13) };
    let new = NewFamily {
        family: offline.clone(),
        session: None,
        refresh_token: Some(refresh_token(&offline.id, 13)),
        access_token: access_token("ann", 13),
    };
    assert_eq!(world.create_family(new).await, Ok(Issued::Done));
    world.remember_browser(21).await;
    assert_eq!(
        world.remove_credential(RemoveCredential { user_id: "bob".into(), ..removing(&passkey.id) }).await,
        Ok(None)
    );
    assert_eq!(world.remove_credential(removing("unknown")).await, Ok(None));
    assert!(world.session_lives("sid-2").await && world.remembers(21).await, "nothing was removed");
    let ended = world.remove_credential(removing(&passkey.id)).await;
    assert_eq!(ended, Ok(Some(Ended { families: 2, session: true, tokens_until: Some(ACCESS) })));
    assert_eq!(world.ids("ann").await, [app.id]);
    assert!(world.session_lives("sid-1").await && world.family_lives(&kept.id).await, "where it was done");
    assert!(!world.session_lives("sid-2").await && !world.family_lives(&bound.id).await);
    assert!(!world.family_lives(&offline.id).await && !world.remembers(21).await);
    assert!(world.session_lives(&bobs.sid).await);
    assert_eq!(world.revoked().await, [(RevocationKind::Jti, "jti-13".into()), (RevocationKind::Sid, "sid-2".into())]);
}

pub(crate) async fn the_last_factor_takes_the_recovery_codes_along(world: World) {
    let (passkey, app) = (world.set_up(Credential::PASSKEY, 1).await, world.set_up(Credential::TOTP, 2).await);
    let code = world.set_up(Credential::RECOVERY_CODE, 3).await;
    world.remove_credential(removing(&passkey.id)).await.unwrap();
    assert_eq!(world.ids("ann").await, [&*app.id, &code.id], "there is an app still");
    world.remove_credential(removing(&app.id)).await.unwrap();
    assert_eq!(world.ids("ann").await, Vec::<String>::new());
}

pub(crate) async fn a_reset_leaves_no_factor_and_no_session(world: World) {
    world.set_up(Credential::PASSKEY, 1).await;
    world.set_up(Credential::RECOVERY_CODE, 2).await;
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    world.remember_browser(21).await;
    let out = world.reset_credentials("ann", "handle-new", NOW).await;
    assert_eq!(out, Ok(SignedOut { sessions: 1, families: 1, tokens_until: Some(ACCESS) }));
    assert!(world.ids("ann").await.is_empty() && !world.remembers(21).await);
    assert_eq!(world.ann().await.revocation_handle, "handle-new");
    assert_eq!(world.revoked().await, [(RevocationKind::UserHandle, "handle-ann".to_owned())]);
    assert_eq!(world.reset_credentials("eve", "h", NOW).await, Err(StoreError::NotFound("user")));
}

pub(crate) async fn credentials_go_with_their_user(world: World) {
    let passkey = world.set_up(Credential::PASSKEY, 1).await;
    world.delete_user("ann", NOW).await.unwrap();
    assert_eq!(world.credential(Credential::PASSKEY, passkey.key.as_deref().unwrap()).await, Ok(None));
    world.create_user(new_user("ann")).await.unwrap();
    assert_eq!(world.credentials_of("ann").await, Ok(Vec::new()));
}

pub(crate) async fn streams_hear_of_factors_and_not_of_recovery_codes(world: World) {
    world.listen("all", &["credential_change"]).await;
    let mut passkey = credential("ann", Credential::PASSKEY, 1);
    passkey.payload = json!({ "attachment": "platform" });
    world.add_credentials(new(vec![passkey.clone()])).await.unwrap();
    world.set_up(Credential::RECOVERY_CODE, 2).await;
    world.set_up(Credential::TOTP, 3).await;
    world.remove_credential(removing(&passkey.id)).await.unwrap();
    world.reset_credentials("ann", "handle-new", NOW).await.unwrap();
    let heard: Vec<(Value, Value)> = world
        .heard("all")
        .await
        .into_iter()
        .map(|event| (event["credential_type"].clone(), event["change"].clone()))
        .collect();
    let expected = [("fido2-platform", "create"), ("app", "create"), ("fido2-platform", "delete"), ("app", "revoke")];
    assert_eq!(heard, expected.map(|(kind, change)| (json!(kind), json!(change))));
}
