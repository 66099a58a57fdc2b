//! Families: birth, end, and what the end leaves in the revocation log.

use super::world::{ABSOLUTE, ACCESS, NOW, World, access_token, family, rotate};
use crate::error::StoreError;
use crate::record::{
    AlsoSession, Artefact, Consent, Ended, Family, FamilyWanted, Issued, IssuedAccessToken, NewFamily, RevocationKind,
    RotateExpect, TokenQuery,
};

fn jti(number: u8) -> (RevocationKind, String) {
    (RevocationKind::Jti, format!("jti-{number}"))
}

pub(crate) async fn a_family_without_a_code_needs_its_user_as_read(world: World) {
    let session = world.sign_in("ann", 1).await;
    let stale = IssuedAccessToken { revocation_handle: "handle-old".into(), ..access_token("ann", 1) };
    let mut new = NewFamily { family: family(&session, 1), refresh_token: None, session: None, access_token: stale };
    assert_eq!(world.create_family(new.clone()).await, Ok(Issued::Changed));
    assert_eq!(world.family("family-1").await, Ok(None));
    new.access_token = access_token("ann", 1);
    new.family.sid = None;
    assert!(matches!(world.create_family(new.clone()).await, Err(StoreError::Invalid(_))), "bound to nothing");
    new.family.session_bound = false;
    assert_eq!(world.create_family(new.clone()).await, Ok(Issued::Done));
    assert_eq!(world.family("family-1").await, Ok(Some(new.family)));
}

pub(crate) async fn a_family_lists_while_it_lives(world: World) {
    let session = world.sign_in("ann", 1).await;
    let his = world.sign_in("bob", 2).await;
    for number in 1..=3 {
        world.authorise(&session, number).await;
    }
    world.authorise(&his, 9).await;
    world.end_family("family-2", "revoked", NOW, AlsoSession::No).await.unwrap();
    let ids: Vec<_> = world.families_of("ann", NOW).await.unwrap().into_iter().map(|family| family.id).collect();
    assert_eq!(ids, ["family-1", "family-3"]);
    assert!(world.families_of("ann", ABSOLUTE).await.unwrap().is_empty());
}

pub(crate) async fn theft_ends_family_and_session_but_no_other_device(world: World) {
    let (phone, laptop) = (world.sign_in("ann", 1).await, world.sign_in("ann", 2).await);
    let (stolen, sibling) = (world.authorise(&phone, 11).await, world.authorise(&phone, 12).await);
    let other = world.authorise(&laptop, 13).await;
    let ended = world.end_family(&stolen.id, "refresh_token_replayed", NOW, AlsoSession::Yes).await;
    assert_eq!(ended, Ok(Ended { families: 2, session: true, tokens_until: Some(ACCESS) }));
    assert!(!world.family_lives(&sibling.id).await && !world.session_lives("sid-1").await);
    let found = world.family(&stolen.id).await.unwrap().unwrap();
    assert_eq!((found.ended_at, found.ended_why.as_deref()), (Some(NOW), Some("refresh_token_replayed")));
    assert!(world.family_lives(&other.id).await && world.session_lives("sid-2").await);
    assert_eq!(world.revoked().await, [jti(11), (RevocationKind::Sid, "sid-1".to_owned())]);
}

pub(crate) async fn ending_twice_ends_nothing_twice(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    let ended = world.end_family("family-11", "revoked", NOW, AlsoSession::No).await;
    assert_eq!(ended, Ok(Ended { families: 1, session: false, tokens_until: Some(ACCESS) }));
    assert!(world.session_lives("sid-1").await);
    for id in ["family-11", "nobody"] {
        let again = world.end_family(id, "other", NOW + 5, AlsoSession::No).await;
        assert_eq!(again, Ok(Ended::default()));
    }
    let found = world.family("family-11").await.unwrap().unwrap();
    assert_eq!((found.ended_at, found.ended_why.as_deref()), (Some(NOW), Some("revoked")), "the first reason stays");
    let session = world.end_family("family-11", "theft", NOW + 5, AlsoSession::Yes).await;
    assert_eq!(
        session,
        Ok(Ended { families: 0, session: true, tokens_until: Some(ACCESS) }),
        "the session part is done even then"
    );
    assert_eq!(world.revoked().await, [jti(11), (RevocationKind::Sid, "sid-1".to_owned())]);
}

pub(crate) async fn a_noted_access_token_is_revoked_with_its_family(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    world.rotate_refresh_token(rotate(&family, 11, 12, RotateExpect::Current)).await.unwrap();
    assert_eq!(world.note_access_token(&family.id, access_token("ann", 13), NOW).await, Ok(Issued::Done));
    let other = world.authorise(&session, 14).await;
    world.end_family(&family.id, "revoked", NOW, AlsoSession::No).await.unwrap();
    assert_eq!(world.revoked().await, [jti(11), jti(12), jti(13)]);
    assert!(world.family_lives(&other.id).await);
}

pub(crate) async fn only_unexpired_access_tokens_are_logged(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    let later = IssuedAccessToken { expires_at: ACCESS + 1000, ..access_token("ann", 12) };
    world.note_access_token(&family.id, later, NOW).await.unwrap();
    world.end_family(&family.id, "revoked", ACCESS + 300, AlsoSession::No).await.unwrap();
    assert_eq!(world.revoked().await, [jti(12)], "300 s past its expiry no guard accepts the first");
    assert_eq!(world.revocations(0, 9).await.unwrap()[0].expires_at, ACCESS + 1000);
}

pub(crate) async fn note_is_refused_after_the_end(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    let late = world.note_access_token(&family.id, access_token("ann", 12), ABSOLUTE).await;
    assert_eq!(late, Ok(Issued::Gone));
    world.end_family(&family.id, "revoked", NOW, AlsoSession::No).await.unwrap();
    assert_eq!(world.note_access_token(&family.id, access_token("ann", 12), NOW).await, Ok(Issued::Gone));
    assert_eq!(world.note_access_token("nobody", access_token("ann", 12), NOW).await, Ok(Issued::Gone));
    assert_eq!(world.revoked().await, [jti(11)]);
}

pub(crate) async fn token_facts_are_read_together(world: World) {
    let session = world.sign_in("ann", 1).await;
    let family = world.authorise(&session, 11).await;
    let query = |jti: &str| TokenQuery {
        sub: Some("ann".into()),
        sid: Some("sid-1".into()),
        jti: Some(jti.into()),
        ..TokenQuery::default()
    };
    let facts = world.token_facts(query("jti-11")).await.unwrap();
    assert_eq!((facts.user, facts.session), (Some(world.ann().await), Some(session)));
    assert!(!facts.jti_revoked && facts.family.is_none(), "what is not wanted is not read");
    let with_family = |jti: &str| TokenQuery { family: FamilyWanted::Yes, ..query(jti) };
    assert_eq!(world.token_facts(with_family("jti-11")).await.unwrap().family.as_ref(), Some(&family));
    assert_eq!(world.token_facts(with_family("jti-12")).await.unwrap().family, None);
    world.end_family(&family.id, "revoked", NOW, AlsoSession::Yes).await.unwrap();
    let facts = world.token_facts(query("jti-11")).await.unwrap();
    assert!(facts.jti_revoked && facts.session.unwrap().ended_at.is_some());
    assert!(!world.token_facts(query("sid-1")).await.unwrap().jti_revoked, "a sid is not a jti");
    let nothing = world.token_facts(TokenQuery::default()).await.unwrap();
    assert!(nothing.user.is_none() && nothing.session.is_none() && !nothing.jti_revoked);
}

pub(crate) async fn withdrawn_consent_ends_the_clients_families_only(world: World) {
    let session = world.sign_in("ann", 1).await;
    let his = world.sign_in("bob", 2).await;
    let spa = world.authorise(&session, 11).await;
    let other = NewFamily {
        session: None,
        family: Family { client_id: "other".into(), ..family(&session, 12) },
        refresh_token: None,
        access_token: access_token("ann", 12),
    };
    world.create_family(other).await.unwrap();
    let his = world.authorise(&his, 13).await;
    world.code(&session, 21).await;
    let consent = Consent {
        user_id: "ann".into(),
        client_id: "spa".into(),
        scope: "a".into(),
        audience: String::new(),
        granted_at: NOW,
    };
    world.grant_consent(consent).await.unwrap();
    let ended = world.withdraw_consent("ann", "spa", NOW).await;
    assert_eq!(ended, Ok(Ended { families: 1, session: false, tokens_until: Some(ACCESS) }));
    assert_eq!(world.consent("ann", "spa", "").await, Ok(None));
    assert!(!world.family_lives(&spa.id).await);
    assert_eq!(
        world.code_facts(Artefact::AUTHORIZATION_CODE, super::world::hash(21)).await,
        Ok(None),
        "an open code dies too"
    );
    assert!(world.family_lives("family-12").await && world.family_lives(&his.id).await);
    assert!(world.session_lives(&session.sid).await);
    assert_eq!(world.withdraw_consent("ann", "spa", NOW).await, Ok(Ended::default()));
}

pub(crate) async fn an_access_token_is_revoked_with_its_family_or_alone(world: World) {
    let session = world.sign_in("ann", 1).await;
    world.authorise(&session, 11).await;
    world.authorise(&session, 12).await;
    let with_family = world.revoke_access_token("jti-11", ACCESS, "revoked", NOW).await;
    assert_eq!(with_family, Ok(Ended { families: 1, session: false, tokens_until: Some(ACCESS) }));
    assert_eq!(world.family("family-11").await.unwrap().unwrap().ended_why.as_deref(), Some("revoked"));
    let alone = world.revoke_access_token("of-a-machine", ACCESS + 9, "revoked", NOW).await;
    assert_eq!(alone, Ok(Ended { tokens_until: Some(ACCESS + 9), ..Ended::default() }));
    for again in ["jti-11", "of-a-machine"] {
        assert_eq!(world.revoke_access_token(again, ACCESS, "revoked", NOW).await, Ok(Ended::default()), "{again}");
    }
    let expected = [(RevocationKind::Jti, "jti-11".into()), (RevocationKind::Jti, "of-a-machine".into())];
    assert_eq!(world.revoked().await, expected);
    assert!(world.session_lives("sid-1").await);
    assert_eq!(world.family("family-12").await.unwrap().unwrap().ended_at, None);
}
