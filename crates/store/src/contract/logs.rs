//! Logs, consents, replay windows, values written once.

use serde_json::json;

use super::world::{NOW, World, hash};
use crate::record::{AuditEvent, Consent};

pub(crate) fn event(at: u64, name: &str) -> AuditEvent {
    AuditEvent {
        at,
        name: name.into(),
        outcome: "success".into(),
        actor: Some("ann".into()),
        user_id: Some("ann".into()),
        client_id: None,
        sid: Some("sid-1".into()),
        address: Some("192.0.2.1".into()),
        request_id: Some("r-1".into()),
        detail: json!({ "why": "because" }),
    }
}

pub(crate) async fn audit_is_read_in_order_and_in_pages(world: World) {
    let events = vec![event(NOW, "a"), event(NOW - 5, "b"), event(NOW, "c")];
    world.append_audit(events.clone()).await.unwrap();
    world.append_audit(vec![]).await.unwrap();
    let all = world.audit(0, 100).await.unwrap();
    assert_eq!(all.iter().map(|record| &record.event).collect::<Vec<_>>(), events.iter().collect::<Vec<_>>());
    assert!(all.is_sorted_by(|one, next| one.seq < next.seq));
    let rest = world.audit(all[0].seq, 1).await.unwrap();
    assert_eq!(rest, all[1..2]);
    assert!(world.audit(all[2].seq, 100).await.unwrap().is_empty());
}

/// Whatever somebody sent, the event is written.
pub(crate) async fn audit_takes_any_text(world: World) {
    let mut sent = event(NOW, "a");
    sent.client_id = Some("a\0b\u{202e}\u{10ffff}'; DROP TABLE audit".into());
    sent.detail = serde_json::json!({ "sent": "a\0b" });
    world.append_audit(vec![sent.clone()]).await.unwrap();
    let found = world.audit(0, 1).await.unwrap().remove(0).event;
    assert_eq!(found.detail, sent.detail);
    assert!(found.client_id.unwrap().ends_with("b\u{202e}\u{10ffff}'; DROP TABLE audit"));
}

pub(crate) async fn consents_grow_and_stay_apart(world: World) {
    let consent = |user: &str, audience: &str, scope: &str| Consent {
        user_id: user.into(),
        client_id: "spa".into(),
        audience: audience.into(),
        scope: scope.into(),
        granted_at: NOW,
    };
    let (one, other) = ("https://api.example", "https://other.example");
    assert_eq!(world.consent("ann", "spa", one).await, Ok(None));
    for (user, audience, scope) in
        [("ann", one, "a b"), ("ann", one, "b c"), ("ann", other, "d"), ("ann", "", "e"), ("bob", one, "f")]
    {
        world.grant_consent(consent(user, audience, scope)).await.unwrap();
    }
    for (user, audience, scope) in [("ann", one, "a b c"), ("ann", other, "d"), ("ann", "", "e"), ("bob", one, "f")] {
        assert_eq!(world.consent(user, "spa", audience).await, Ok(Some(consent(user, audience, scope))));
    }
    assert_eq!(world.consent("bob", "spa", other).await, Ok(None));
    assert_eq!(world.consent("bob", "spa", "").await, Ok(None));
    assert_eq!(world.consent("ann", "web", one).await, Ok(None));
    world.withdraw_consent("ann", "spa", NOW).await.unwrap();
    for audience in [one, other, ""] {
        assert_eq!(world.consent("ann", "spa", audience).await, Ok(None));
    }
    assert!(world.consent("bob", "spa", one).await.unwrap().is_some());
}

pub(crate) async fn of_parallel_first_times_one_is_first(world: World) {
    let answers = world
        .at_once(50, |world, _| async move { world.remember_once("assertion", hash(1), NOW + 60, NOW).await.unwrap() })
        .await;
    assert_eq!(answers.into_iter().filter(|first| *first).count(), 1);
    assert_eq!(world.remember_once("proof", hash(1), NOW + 60, NOW).await, Ok(true), "kinds stay apart");
    assert_eq!(world.remember_once("assertion", hash(2), NOW + 60, NOW).await, Ok(true));
}

pub(crate) async fn remembered_keys_are_forgotten_after_their_time(world: World) {
    assert_eq!(world.remember_once("assertion", hash(1), NOW + 60, NOW).await, Ok(true));
    assert_eq!(world.remember_once("assertion", hash(1), NOW + 600, NOW + 59).await, Ok(false));
    assert_eq!(world.remember_once("assertion", hash(1), NOW + 120, NOW + 60).await, Ok(true));
    assert_eq!(world.remember_once("assertion", hash(1), NOW + 120, NOW + 61).await, Ok(false));
}

pub(crate) async fn meta_is_written_once(world: World) {
    assert_eq!(world.meta("issuer").await, Ok(None));
    let answers = world
        .at_once(10, |world, number| async move { world.put_meta_once("issuer", &number.to_string()).await.unwrap() })
        .await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.meta("issuer").await, Ok(Some(answers[0].clone())));
}
