use super::*;
use crate::testing::{API, NOW, apis, at, authenticated, machine, spa, third_party, user};
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};

fn with_mode(mode: DeliveryMode) -> Client {
    let mut client = third_party();
    client.grant_types.insert(Grant::Ciba.name().to_owned());
    client.backchannel.backchannel_token_delivery_mode = Some(mode);
    client
}

fn parse(form: &str) -> Result<Request, OAuthError> {
    Request::parse(&Params::parse(form.as_bytes())?)
}

const FORM: &str = "scope=openid+read:dragons+fly&login_hint=ada%40example.com";

fn device() -> Device {
    Device { address: "192.0.2.7".to_owned(), user_agent: None }
}

fn start_for(client: &Client, form: &str, found: (Option<&UserFacts>, usize)) -> Result<Started, OAuthError> {
    let request = parse(form)?;
    let found = (found.0, Waiting { now: found.1, at_most: 5 });
    at(NOW, |ctx| decide(ctx, authenticated(client), &request, found, device(), &apis()))
}

fn start(more: &str) -> Result<Started, OAuthError> {
    start_for(&with_mode(DeliveryMode::Poll), &format!("{FORM}{more}"), (Some(&user()), 0))
}

#[test]
fn ciba_section_7_3_a_registered_client_gets_an_id() {
    let started = start(&format!("&resource={API}&binding_message=W4SCT")).unwrap();
    assert_eq!(started.grant.asked.scope.to_string(), "openid read:dragons");
    assert_eq!((started.grant.user_id.as_str(), &started.grant.asked.answer), ("usr_ada", &Answer::Pending));
    assert_eq!(started.grant.binding_message.as_deref(), Some("W4SCT"));
    let json = serde_json::to_value(started.response()).unwrap();
    assert_eq!((&json["expires_in"], &json["interval"]), (&json!(300), &json!(5)));
    assert!(json["auth_req_id"].as_str().unwrap().starts_with("sym_aq_"));
    let shown = format!("{started:?} {:?}", started.response());
    assert!(!shown.contains(started.auth_req_id.reveal()));
    let pushed = start_for(
        &with_mode(DeliveryMode::Push),
        &format!("{FORM}&client_notification_token=t0k3n"),
        (Some(&user()), 0),
    );
    let pushed = serde_json::to_value(pushed.unwrap().response()).unwrap();
    assert_eq!(pushed.get("interval"), None, "who is pushed to does not ask");
}

#[test]
fn ciba_section_7_1_scope_with_openid_is_required() {
    assert_eq!(parse("login_hint=ada").err(), Some(OAuthError::ParameterMissing("scope")));
    assert_eq!(parse("scope=read&login_hint=ada").err(), Some(OAuthError::ScopeOpenidMissing));
}

#[test]
fn ciba_section_7_1_exactly_one_hint_is_required() {
    for (hints, error) in [
        ("", OAuthError::ParameterMissing("login_hint")),
        ("&login_hint=ada&id_token_hint=a.b.c", OAuthError::HintsSeveral),
        ("&login_hint_token=x", OAuthError::ParameterInvalid("login_hint_token")),
        ("&login_hint=ada&login_hint_token=x", OAuthError::ParameterInvalid("login_hint_token")),
        ("&id_token_hint=x", OAuthError::IdTokenHintInvalid),
        ("&login_hint=a%0Ab", OAuthError::UserIdUnknown),
    ] {
        let refused = parse(&format!("scope=openid{hints}")).unwrap_err();
        assert_eq!(refused, error, "{hints}");
        assert!(matches!(refused.wire().code, "invalid_request" | "unknown_user_id"));
    }
    assert!(parse("scope=openid&id_token_hint=a.b.c").unwrap().hint == Hint::IdToken("a.b.c".to_owned()));
}

#[test]
fn ciba_section_13_a_message_that_cannot_be_shown_is_invalid_binding_message() {
    assert!(start(&format!("&binding_message={}", "x".repeat(80))).is_ok());
    assert!(start("&binding_message=%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85+W4SCT").is_ok());
    let (hidden, line_end) = ("a%D8%9Cb", "a%E2%80%A8b");
    for message in ["a%0Ab", "%20%20", "%E2%80%AEabc", "a%E2%80%8Bb", hidden, line_end, &"x".repeat(81)] {
        let error = start(&format!("&binding_message={message}")).unwrap_err();
        assert_eq!((error.clone(), error.wire().code), (OAuthError::BindingMessageInvalid, "invalid_binding_message"));
    }
}

#[test]
fn ciba_section_7_1_a_notification_token_is_required_for_ping_and_push_and_shaped_like_one() {
    for mode in [DeliveryMode::Ping, DeliveryMode::Push] {
        let run = |more: &str| start_for(&with_mode(mode), &format!("{FORM}{more}"), (Some(&user()), 0)).map(|_| ());
        assert_eq!(run(""), Err(OAuthError::ParameterMissing("client_notification_token")));
        assert_eq!(run("&client_notification_token=8d67dc78-7faa-4d41-aabd-67707b374255"), Ok(()));
        for token in ["a%20b", "a%0D%0AX-Evil:1", "%C3%A4", "=", &"x".repeat(1025)] {
            let error = run(&format!("&client_notification_token={token}"));
            assert_eq!(error, Err(OAuthError::ParameterInvalid("client_notification_token")), "{token}");
        }
    }
}

#[test]
fn ciba_section_7_1_requested_expiry_is_a_positive_number_and_shortens_only() {
    for (asked, expires_in) in [("60", 60), ("300", 300), ("86400", 300)] {
        assert_eq!(start(&format!("&requested_expiry={asked}")).unwrap().expires_in, expires_in, "{asked}");
    }
    for asked in ["0", "-1", "1.5", "soon", "9999999999"] {
        let error = start(&format!("&requested_expiry={asked}")).err();
        assert_eq!(error, Some(OAuthError::ParameterInvalid("requested_expiry")), "{asked}");
    }
}

#[test]
fn ciba_section_13_the_grant_is_off_unless_registered() {
    let mut public = spa();
    (public.grant_types, public.backchannel) =
        (with_mode(DeliveryMode::Poll).grant_types, with_mode(DeliveryMode::Poll).backchannel);
    let no_mode = Client { backchannel: third_party().backchannel, ..with_mode(DeliveryMode::Poll) };
    for client in [third_party(), machine(), public, no_mode] {
        assert_eq!(start_for(&client, FORM, (Some(&user()), 0)).err(), Some(OAuthError::GrantNotAllowed));
    }
    assert_eq!(start("&resource=https%3A%2F%2Felsewhere.example").err(), Some(OAuthError::TargetUnknown));
}

#[test]
fn ciba_section_13_nobody_and_the_blocked_are_unknown_user_id() {
    let blocked = UserFacts { status: UserStatus::Blocked, ..user() };
    for found in [None, Some(&blocked)] {
        let error = start_for(&with_mode(DeliveryMode::Poll), FORM, (found, 0)).unwrap_err();
        assert_eq!((error.wire().code, error.wire().status), ("unknown_user_id", 400));
    }
}

#[test]
fn a_person_is_not_worn_out_by_requests() {
    let run = |waiting| start_for(&with_mode(DeliveryMode::Poll), FORM, (Some(&user()), waiting)).err();
    assert_eq!((run(4), run(5)), (None, Some(OAuthError::PersonAskedTooOften { retry_after_secs: 60 })));
}

#[test]
fn an_answer_keeps_what_was_asked_and_what_was_shown() {
    let grant = start("").unwrap().grant;
    let session = SessionFacts {
        user_id: "usr_ada".to_owned(),
        sid: "s".to_owned(),
        auth_time: NOW - 9,
        amr: vec!["pwd".to_owned()],
        acr: None,
    };
    let allowed = grant.clone().allowed(&Scope::parse("openid").unwrap(), &session, NOW + 5);
    assert_eq!((allowed.asked.scope.to_string().as_str(), allowed.answered_at), ("openid", NOW + 5));
    let stored = serde_json::to_value(&allowed).unwrap();
    assert_eq!(serde_json::from_value::<CibaGrant>(stored).unwrap(), allowed);
    assert_eq!(grant.denied(NOW).asked.answer, Answer::Denied);
}

#[test]
fn ciba_section_7_1_acr_values_are_met_by_the_sign_in_or_the_request_fails() {
    const PWD: &str = "urn:symbolon:acr:pwd";
    assert_eq!(start("&acr_values=gold+silver").err(), Some(OAuthError::UnmetAuthenticationRequirements));
    let grant = start(&format!("&acr_values=gold+{PWD}")).unwrap().grant;
    assert_eq!(grant.acr_values, ["gold", PWD]);
    let stored = serde_json::to_value(&grant).unwrap();
    assert_eq!(serde_json::from_value::<CibaGrant>(stored).unwrap(), grant);
    let levels = Levels::parse(["recent=pwd@10s", "known=pwd"], |_| Ok(10)).unwrap();
    let session = |auth_time, methods: &[&str]| SessionFacts {
        user_id: "usr_ada".to_owned(),
        sid: "s".to_owned(),
        auth_time,
        amr: methods.iter().map(ToString::to_string).collect(),
        acr: Some("strongest".to_owned()),
    };
    let wanting =
        |values: &[&str]| CibaGrant { acr_values: values.iter().map(ToString::to_string).collect(), ..grant.clone() };
    let met = |name: &str| Level::Met(Some(name.to_owned()));
    for (values, auth_time, methods, level) in [
        (&[][..], NOW - 900, &["pwd"][..], met("strongest")),
        (&["recent"], NOW - 5, &["pwd"], met("recent")),
        (&["known", "recent"], NOW - 5, &["pwd"], met("known")),
        (&["recent"], NOW - 900, &["pwd"], Level::SignInAgain),
        (&["recent", "known"], NOW - 900, &["pwd"], met("known")),
        // Since it was asked for, half a minute ago.
        (&["recent"], NOW - 30, &["pwd"], met("recent")),
        (&["recent"], NOW - 30, &[], Level::Unmet),
        (&["known"], NOW - 900, &[], Level::SignInAgain),
    ] {
        let found = wanting(values).level(&levels, &session(auth_time, methods), (NOW - 30, NOW));
        assert_eq!(found, level, "{values:?} {auth_time} {methods:?}");
    }
    assert_eq!(grant.unmet(NOW).asked.answer, Answer::Unmet);
}

struct Signer {
    client: Client,
    key: SigningKey,
}

fn signer() -> Signer {
    let jwk = Jwk::generate(Algorithm::ES256).unwrap();
    let jwks = Some(json!({ "keys": [jwk.public_value().unwrap()] }));
    let mut client = Client { jwks, ..with_mode(DeliveryMode::Poll) };
    client.backchannel.backchannel_authentication_request_signing_alg = Some(Algorithm::ES256);
    Signer { client, key: SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap() }
}

fn open_as(client: &Client, form: &str) -> Result<Option<SignedRequest>, OAuthError> {
    let params = Params::parse(form.as_bytes()).unwrap();
    let keys = crate::client_auth::keys_of(client);
    at(NOW, |ctx| open(ctx, client, keys.as_ref(), &params))
}

fn signed(signer: &Signer, typ: &str, changes: &Value) -> Result<Option<SignedRequest>, OAuthError> {
    let mut claims = json!({
        "iss": "third", "aud": "https://auth.example", "exp": NOW + 60, "iat": NOW, "nbf": NOW, "jti": "j1",
        "scope": "openid", "login_hint": "ada@example.com", "requested_expiry": 60
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    open_as(&signer.client, &format!("request={}", jwt::sign(&signer.key, typ, &claims).unwrap()))
}

#[test]
fn ciba_section_7_1_1_a_signed_request_speaks_for_itself() {
    let signer = signer();
    let opened = signed(&signer, "JWT", &json!({})).unwrap().unwrap();
    assert_eq!((opened.params.get("requested_expiry"), opened.remember_until), (Some("60"), NOW + 75));
    assert!(Request::parse(&opened.params).unwrap().hint == Hint::Login("ada@example.com".to_owned()));
    assert_eq!(signed(&signer, "JWT", &json!({})).unwrap().unwrap().key, opened.key);
    assert_ne!(signed(&signer, "JWT", &json!({"jti": "j2"})).unwrap().unwrap().key, opened.key);
}

#[test]
fn ciba_section_7_1_1_what_must_be_in_it_is_missed() {
    let signer = signer();
    for changes in [
        json!({"iss": null}),
        json!({"iss": "other"}),
        json!({"aud": null}),
        json!({"aud": "https://elsewhere.example"}),
        json!({"exp": null}),
        json!({"exp": NOW - 16}),
        json!({"exp": NOW + 3_700}),
        json!({"iat": null}),
        json!({"iat": NOW + 60}),
        json!({"nbf": null}),
        json!({"nbf": NOW + 60}),
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"request": "x"}),
        json!({"sub": "third"}),
    ] {
        let error = signed(&signer, "JWT", &changes).unwrap_err();
        assert_eq!(error.wire().code, "invalid_request", "{changes}");
    }
}

#[test]
fn ciba_section_7_1_1_nothing_stands_beside_it_and_no_other_key_or_kind_will_do() {
    let (signer, other) = (signer(), self::signer());
    for typ in ["at+jwt", "logout+jwt", "client-authentication+jwt"] {
        assert!(signed(&signer, typ, &json!({})).is_err(), "{typ}");
    }
    let stolen = Signer { client: signer.client.clone(), key: other.key };
    assert!(signed(&stolen, "JWT", &json!({})).is_err());
    for form in ["request=x&scope=openid", "request=a.b.c", FORM] {
        assert!(open_as(&signer.client, form).is_err(), "{form}");
    }
    assert!(open_as(&with_mode(DeliveryMode::Poll), "request=a.b.c").is_err(), "not registered to sign");
    assert!(open_as(&with_mode(DeliveryMode::Poll), FORM).unwrap().is_none());
}

#[test]
fn fapi_ciba_section_5_2_2_a_request_says_what_it_is_about() {
    let mut client = with_mode(DeliveryMode::Poll);
    client.security.security_profile = crate::profile::SecurityProfile::Ciba;
    let admitted = |form: &str| admit(&client, &parse(form).unwrap());
    assert_eq!(admitted(FORM), Err(OAuthError::ParameterMissing("binding_message")));
    assert_eq!(admitted(&format!("{FORM}&binding_message=W4SCT")), Ok(DeliveryMode::Poll));
}
