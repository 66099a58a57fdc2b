//! What every check starts from: Ann and Bob, fixed times, and short ways to sign them in.

use std::ops::Deref;
use std::sync::Arc;

use serde_json::json;

use crate::port::Store;
use crate::record::{
    Artefact, Document, DocumentWrite, Expect, Family, Hash32, Issued, IssuedAccessToken, NewFamily, NewSession,
    NewUser, RedeemCode, RefreshState, RefreshToken, Revocation, RevocationKind, Rotate, RotateExpect, Session, User,
    UserStatus,
};

/// The moment at which checks begin.
pub(crate) const NOW: u64 = 1_700_000_000;
/// Idle expiry of what the world makes.
pub(crate) const IDLE: u64 = NOW + 3600;
/// Absolute expiry of what the world makes.
pub(crate) const ABSOLUTE: u64 = NOW + 36_000;
/// Expiry of access tokens.
pub(crate) const ACCESS: u64 = NOW + 600;

/// A store with two users.
#[derive(Clone)]
pub(crate) struct World {
    store: Arc<dyn Store>,
}

impl Deref for World {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl World {
    pub(crate) async fn new(store: Arc<dyn Store>) -> Self {
        for name in ["ann", "bob"] {
            store.create_user(new_user(name)).await.unwrap();
        }
        Self { store }
    }

    /// Runs `count` copies of a call at the same time and collects what they answered.
    pub(crate) async fn at_once<T, F>(&self, count: u8, call: impl Fn(Self, u8) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let calls: Vec<_> = (0..count).map(|number| tokio::spawn(call(self.clone(), number))).collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        answers
    }

    /// Registers a client, or changes what is registered.
    pub(crate) async fn put_client(&self, id: &str, body: serde_json::Value) {
        let put = DocumentWrite::Put { kind: Document::CLIENT.into(), id: id.into(), body, expect: Expect::Any };
        self.apply(vec![put]).await.unwrap();
    }

    pub(crate) async fn ann(&self) -> User {
        self.user("ann").await.unwrap().unwrap()
    }

    /// Signs a user in; the sid is `sid-NUMBER`.
    pub(crate) async fn sign_in(&self, user: &str, number: u8) -> Session {
        let session = session(user, number);
        assert_eq!(self.create_session(begin(session.clone())).await, Ok(Issued::Done));
        session
    }

    /// A family in this session with refresh token `hash(number)` and access token `jti-NUMBER`.
    pub(crate) async fn authorise(&self, session: &Session, number: u8) -> Family {
        let family = family(session, number);
        let new = NewFamily {
            family: family.clone(),
            session: None,
            refresh_token: Some(refresh_token(&family.id, number)),
            access_token: access_token(&session.user_id, number),
        };
        assert_eq!(self.create_family(new).await, Ok(Issued::Done));
        family
    }

    /// A code of this session, stored under `hash(number)`.
    pub(crate) async fn code(&self, session: &Session, number: u8) -> Artefact {
        let code = code(session, number);
        self.put_artefact(code.clone()).await.unwrap();
        code
    }

    pub(crate) async fn state(&self, number: u8) -> RefreshState {
        self.refresh_facts(None, hash(number)).await.unwrap().unwrap().token.state
    }

    pub(crate) async fn family_lives(&self, id: &str) -> bool {
        self.family(id).await.unwrap().unwrap().ended_at.is_none()
    }

    pub(crate) async fn session_lives(&self, sid: &str) -> bool {
        self.session_by_sid(sid).await.unwrap().unwrap().is_live(NOW)
    }

    /// What the revocation log names, sorted.
    pub(crate) async fn revoked(&self) -> Vec<(RevocationKind, String)> {
        let log: Vec<Revocation> = self.revocations(0, 1000).await.unwrap();
        let mut named: Vec<_> = log.into_iter().map(|entry| (entry.kind, entry.id)).collect();
        named.sort_by(|one, other| one.1.cmp(&other.1));
        named
    }
}

pub(crate) fn hash(number: u8) -> Hash32 {
    Hash32([number; 32])
}

/// The handle a user has at the beginning.
pub(crate) fn handle(user: &str) -> String {
    format!("handle-{user}")
}

pub(crate) fn new_user(name: &str) -> NewUser {
    let email = format!("{name}@example.com");
    NewUser {
        user: User {
            id: name.into(),
            username: Some(name.into()),
            email: Some(email.clone()),
            email_verified: true,
            name: Some(name.to_uppercase()),
            profile: json!({ "locale": "de", "address": { "country": "AT" } }).as_object().cloned().unwrap(),
            password_hash: Some(format!("$argon2id${name}")),
            status: UserStatus::Active,
            roles: ["reader".to_owned()].into(),
            revocation_handle: handle(name),
            created_at: NOW - 1000,
            updated_at: NOW - 1000,
            password_changed_at: Some(NOW - 1000),
            revision: 1,
        },
        identifiers: vec![name.into(), email],
    }
}

pub(crate) fn session(user: &str, number: u8) -> Session {
    Session {
        id_hash: hash(number),
        sid: format!("sid-{number}"),
        user_id: user.into(),
        created_at: NOW,
        auth_time: NOW,
        last_seen_at: NOW,
        idle_expires_at: IDLE,
        absolute_expires_at: ABSOLUTE,
        persistent: true,
        amr: vec!["pwd".into(), "otp".into()],
        user_agent: Some("a browser".into()),
        address: Some("192.0.2.1".into()),
        ended_at: None,
        ended_why: None,
    }
}

pub(crate) fn begin(session: Session) -> NewSession {
    let revocation_handle = handle(&session.user_id);
    NewSession { session, replaces: None, revocation_handle }
}

pub(crate) fn family(session: &Session, number: u8) -> Family {
    Family {
        id: format!("family-{number}"),
        client_id: "spa".into(),
        user_id: session.user_id.clone(),
        sid: Some(session.sid.clone()),
        session_bound: true,
        scope: "openid read:dragons".into(),
        audience: vec!["https://api.example".into()],
        auth_time: NOW,
        created_at: NOW,
        absolute_expires_at: ABSOLUTE,
        ended_at: None,
        ended_why: None,
        payload: json!({ "nonce": "n" }),
    }
}

pub(crate) fn refresh_token(family: &str, number: u8) -> RefreshToken {
    RefreshToken {
        hash: hash(number),
        family: family.into(),
        state: RefreshState::Current,
        created_at: NOW,
        expires_at: IDLE,
    }
}

pub(crate) fn access_token(user: &str, number: u8) -> IssuedAccessToken {
    IssuedAccessToken {
        jti: format!("jti-{number}"),
        expires_at: ACCESS,
        sid: None,
        revocation_handle: handle(user),
        session_hash: None,
    }
}

pub(crate) fn code(session: &Session, number: u8) -> Artefact {
    Artefact {
        kind: Artefact::AUTHORIZATION_CODE.into(),
        hash: hash(number),
        family: None,
        client_id: Some("spa".into()),
        user_id: Some(session.user_id.clone()),
        sid: Some(session.sid.clone()),
        created_at: NOW,
        expires_at: NOW + 60,
        redeemed_at: None,
        payload: json!({ "code_challenge": "c" }),
    }
}

/// Redeems code `hash(code)`; what is born of it has the number `born`.
pub(crate) fn redeem(session: &Session, code: u8, born: u8) -> RedeemCode {
    let family = family(session, born);
    RedeemCode {
        kind: Artefact::AUTHORIZATION_CODE,
        hash: hash(code),
        now: NOW + 1,
        refresh_token: Some(refresh_token(&family.id, born)),
        access_token: access_token(&session.user_id, born),
        family,
    }
}

/// Ann's token `presented` rotates to token `successor` of the same family.
pub(crate) fn rotate(family: &Family, presented: u8, successor: u8, expect: RotateExpect) -> Rotate {
    Rotate {
        forget_until: 0,
        presented: hash(presented),
        expect,
        successor: refresh_token(&family.id, successor),
        sealed_successor: vec![successor; 3],
        access_token: access_token(&family.user_id, successor),
        now: NOW + 10,
    }
}
