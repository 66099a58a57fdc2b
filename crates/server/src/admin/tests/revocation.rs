//! What commands revoke: which rules they log with a change, which they do not, and until when they say tokens can live on.

use std::collections::BTreeSet;

use symbolon_oauth::access_token::{AccessTokenClaims, TYP};
use symbolon_oauth::{LONGEST_TOKEN_SECS, OpaqueToken, Scope, TokenKind, random_id};
use symbolon_store::{
    Family, IssuedAccessToken, NewFamily, RefreshState, RefreshToken, Revocation, RevocationKind, TokenQuery,
};

use super::*;
use crate::keys::{KeyRing, KeyState, Schedule};
use crate::registry::documents_of;

const API: &str = "https://api.example.com";
const ISSUER: &str = "https://auth.example.com/";
/// `tokens.access_lifetime`, unless said otherwise.
const LIFE: u64 = 600;
/// Bytes: more than any token has.
const TOO_LONG: usize = 64 * 1024 + 1;

/// Picks keys by where they stand in their life.
type State = fn(&KeyState) -> bool;

fn named(log: &[Revocation]) -> Vec<(RevocationKind, &str)> {
    log.iter().map(|entry| (entry.kind, entry.id.as_str())).collect()
}

impl Bench {
    async fn log(&self) -> Vec<Revocation> {
        self.store.revocations(0, 1000).await.unwrap()
    }

    /// Runs a command; gives its answer and what it logged as revoked.
    async fn revoked_by(&mut self, command: Command) -> (Value, Vec<Revocation>) {
        let before = self.log().await.len();
        let answer = self.run(command).await.unwrap();
        (answer, self.log().await.split_off(before))
    }

    /// An API, a client of users and one that acts for itself.
    async fn register(&mut self) {
        self.run(Command::Api(ApiCommand::Add(dragons()))).await.unwrap();
        let apis = vec![(API.to_owned(), "read:dragons".to_owned())];
        let third = NewClient { third_party: true, apis: apis.clone(), ..web() };
        let kind = symbolon_oauth::registration::ClientKind::Machine;
        let machine = NewClient { kind, name: "Reports".into(), apis, redirect_uris: Vec::new(), ..web() };
        for client in [spa(), third, machine] {
            self.run(Command::Client(ClientCommand::Add(client))).await.unwrap();
        }
    }

    /// A next, an active and, after a rotation, a retired key.
    async fn make_keys(&mut self) -> KeyRing {
        let schedule =
            Schedule { rotate_after_secs: 10, publish_ahead_secs: 1, longest_token_secs: LONGEST_TOKEN_SECS };
        for now in [NOW - 100, NOW - 50] {
            let documents = documents_of(&self.store, keys::KIND).await.unwrap();
            let writes =
                keys::upkeep(&documents, &BTreeSet::from([Algorithm::EdDSA]), schedule, &self.keys.0, now).unwrap();
            self.store.apply(writes).await.unwrap();
        }
        let documents = documents_of(&self.store, keys::KIND).await.unwrap();
        KeyRing::open(&keys::records(&documents).unwrap(), &self.keys.0).unwrap()
    }

    async fn key(&self, state: State) -> Option<String> {
        let documents = documents_of(&self.store, keys::KIND).await.unwrap();
        keys::records(&documents).unwrap().into_iter().find(|key| state(&key.life)).map(|key| key.kid)
    }

    /// A grant of the user, as the code flow leaves it: its refresh token and the `jti` of its access token.
    async fn grant(&mut self, user: &str, sid: &str) -> (OpaqueToken, String) {
        let refresh_token = OpaqueToken::generate(TokenKind::RefreshToken, &mut self.rng);
        let (id, jti) = (random_id(&mut self.rng), random_id(&mut self.rng));
        let family = Family {
            id: id.clone(),
            client_id: "my-app".into(),
            user_id: user.into(),
            sid: Some(sid.into()),
            session_bound: true,
            scope: "openid".into(),
            audience: vec![API.into()],
            auth_time: NOW,
            created_at: NOW,
            absolute_expires_at: NOW + 1_000,
            ended_at: None,
            ended_why: None,
            payload: Value::Null,
        };
        let hash = refresh_token.hash().into();
        let state = RefreshState::Current;
        let token = RefreshToken { hash, family: id, state, created_at: NOW, expires_at: NOW + 1_000 };
        let revocation_handle = self.store.user(user).await.unwrap().unwrap().revocation_handle;
        let access_token = IssuedAccessToken {
            jti: jti.clone(),
            expires_at: NOW + LIFE,
            sid: None,
            revocation_handle,
            session_hash: None,
        };
        let new = NewFamily { session: None, family, refresh_token: Some(token), access_token };
        self.store.create_family(new).await.unwrap();
        (refresh_token, jti)
    }
}

fn claims(jti: &str) -> AccessTokenClaims {
    AccessTokenClaims {
        iss: ISSUER.into(),
        user_id: None,
        sub: "reports".into(),
        aud: symbolon_jose::jwt::Audience::One(API.into()),
        exp: NOW + LIFE,
        iat: NOW,
        jti: jti.into(),
        client_id: "reports".into(),
        scope: Scope::empty(),
        sid: None,
        rh: None,
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        authorization_details: Vec::new(),
        roles: Vec::new(),
        cnf: None,
        act: None,
        csrf: None,
        status: None,
    }
}

fn sign(ring: &KeyRing, typ: &str, claims: &AccessTokenClaims) -> TokenTarget {
    let token = symbolon_jose::jwt::sign(ring.signing(Algorithm::EdDSA).unwrap(), typ, claims).unwrap();
    TokenTarget::Token(PresentedToken(token.into()))
}

fn revoke(target: TokenTarget) -> Command {
    Command::Token(TokenCommand::Revoke { target })
}

fn set_client(id: &str, change: ClientChange) -> Command {
    Command::Client(ClientCommand::Set { client: id.into(), change: Box::new(change) })
}

fn set_api(change: ApiChange) -> Command {
    Command::Api(ApiCommand::Set { api: API.into(), change })
}

#[tokio::test]
async fn a_compromised_client_secret_ends_at_once_with_the_tokens_it_may_have_brought() {
    let mut bench = Bench::new();
    bench.register().await;
    let rotate = |cause| ClientCommand::RotateSecret { client: "reports".into(), overlap_secs: 60, cause };
    let (answer, logged) = bench.revoked_by(Command::Client(rotate(Cause::Routine))).await;
    assert!(logged.is_empty() && answer["tokens_until"].is_null());

    let (answer, logged) = bench.revoked_by(Command::Client(rotate(Cause::Compromised))).await;
    assert_eq!((&answer["previous_valid_until"], &answer["tokens_until"]), (&json!(NOW), &json!(NOW + LIFE)));
    assert_eq!(named(&logged), [(RevocationKind::Client, "reports")]);
    assert_eq!((logged[0].revoked_at, logged[0].expires_at), (NOW, NOW + LONGEST_TOKEN_SECS));
    let shown = bench.run(Command::Client(ClientCommand::Show { client: "reports".into() })).await.unwrap();
    assert_eq!(shown["client"]["secrets"].as_array().unwrap().len(), 1);
    let event = bench.audit().await.pop().unwrap().event;
    assert_eq!((event.name.as_str(), &event.detail["cause"]), ("client.secret.rotate", &json!("compromised")));
}

#[tokio::test]
async fn a_compromised_secret_of_an_api_concerns_no_token() {
    let mut bench = Bench::new();
    bench.register().await;
    let rotate = |cause| Command::Api(ApiCommand::RotateSecret { api: API.into(), overlap_secs: 60, cause });
    bench.run(rotate(Cause::Routine)).await.unwrap();
    let (answer, logged) = bench.revoked_by(rotate(Cause::Compromised)).await;
    assert_eq!((&answer["previous_valid_until"], logged.len()), (&json!(NOW), 0));
    let shown = bench.run(Command::Api(ApiCommand::Show { api: API.into() })).await.unwrap();
    assert_eq!(shown["api"]["secrets"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_taken_from_a_client_is_taken_from_its_tokens_and_what_is_added_revokes_nothing() {
    let narrower = || vec![(API.to_owned(), String::new())];
    let whole = || vec![(API.to_owned(), "read:dragons".to_owned())];
    let apis = |apis| ClientChange { apis, ..ClientChange::default() };
    let without_api = || ClientChange { remove_apis: vec![API.into()], ..ClientChange::default() };
    let off = || ClientChange { disabled: Some(true), ..ClientChange::default() };
    let third_party = |third_party| ClientChange { third_party: Some(third_party), ..ClientChange::default() };
    let renamed = || ClientChange { name: Some("New".into()), ..ClientChange::default() };
    for (client, change, revokes) in [
        ("shop", apis(narrower()), true),
        ("shop", without_api(), true),
        ("reports", without_api(), true),
        ("reports", off(), true),
        ("my-app", off(), true),
        ("my-app", third_party(true), true),
        // Until an entry limits it, a first-party client has all scopes for its users.
        ("my-app", apis(narrower()), true),
        ("my-app", apis(whole()), false),
        ("my-app", renamed(), false),
        ("shop", third_party(false), false),
        ("reports", ClientChange { access_token_lifetime_secs: Some(60), ..renamed() }, false),
    ] {
        let mut bench = Bench::new();
        bench.register().await;
        let words = format!("{client} {change:?}");
        let (answer, logged) = bench.revoked_by(set_client(client, change)).await;
        let (rules, until) =
            if revokes { (vec![(RevocationKind::Client, client)], json!(NOW + LIFE)) } else { (vec![], Value::Null) };
        assert_eq!((named(&logged), &answer["tokens_until"]), (rules, &until), "{words}");
        assert_eq!(bench.audit().await.pop().unwrap().event.detail["tokens_revoked"], json!(revokes), "{words}");
    }
    // Switched off already, and on again: there is nothing more to take.
    let mut bench = Bench::new();
    bench.register().await;
    bench.run(set_client("shop", off())).await.unwrap();
    for change in [ClientChange { name: Some("Shut".into()), ..off() }, ClientChange { disabled: Some(false), ..off() }]
    {
        assert!(bench.revoked_by(set_client("shop", change)).await.1.is_empty());
    }
    let (answer, logged) = bench.revoked_by(Command::Client(ClientCommand::Delete { client: "my-app".into() })).await;
    assert_eq!(
        (named(&logged), &answer["tokens_until"]),
        (vec![(RevocationKind::Client, "my-app")], &json!(NOW + LIFE))
    );
}

#[tokio::test]
async fn what_is_taken_from_an_api_is_taken_from_its_tokens_and_what_is_added_revokes_nothing() {
    let change = ApiChange::default;
    for (change, revokes) in [
        (ApiChange { remove_scopes: vec!["read:dragons".into()], ..change() }, true),
        (ApiChange { disabled: Some(true), ..change() }, true),
        (ApiChange { without_roles: Some(true), ..change() }, true),
        (ApiChange { add_scopes: vec![("fly".into(), String::new())], ..change() }, false),
        (ApiChange { add_scopes: vec![("read:dragons".into(), "Look".into())], ..change() }, false),
        (ApiChange { always_ask_consent: Some(true), ..change() }, false),
    ] {
        let mut bench = Bench::new();
        bench.register().await;
        let words = format!("{change:?}");
        let (answer, logged) = bench.revoked_by(set_api(change)).await;
        let (rules, until) =
            if revokes { (vec![(RevocationKind::Api, API)], json!(NOW + LIFE)) } else { (vec![], Value::Null) };
        assert_eq!((named(&logged), &answer["tokens_until"]), (rules, &until), "{words}");
    }
    let mut bench = Bench::new();
    bench.run(Command::Api(ApiCommand::Add(dragons()))).await.unwrap();
    let (answer, logged) = bench.revoked_by(Command::Api(ApiCommand::Delete { api: API.into() })).await;
    assert_eq!((named(&logged), &answer["tokens_until"]), (vec![(RevocationKind::Api, API)], &json!(NOW + LIFE)));
}

/// `tokens_until` follows what registrations and settings allow, as they were when the tokens were issued.
#[tokio::test]
async fn the_longest_life_that_a_token_can_have_is_told() {
    let mut bench = Bench::new();
    bench.register().await;
    let life_of = async |bench: &mut Bench, target: TokenTarget| {
        bench.now += 1;
        let answer = bench.run(revoke(target)).await.unwrap();
        answer["tokens_until"].as_u64().unwrap() - bench.now
    };
    let client = |id: &str| TokenTarget::Client(id.into());
    for target in [client("my-app"), client("reports"), TokenTarget::Api(API.into()), TokenTarget::Everything] {
        assert_eq!(life_of(&mut bench, target).await, LIFE);
    }
    let lifetime = |secs| ClientChange { access_token_lifetime_secs: Some(secs), ..ClientChange::default() };
    bench.run(set_client("reports", lifetime(3_600))).await.unwrap();
    assert_eq!(life_of(&mut bench, client("reports")).await, 3_600);
    assert_eq!(life_of(&mut bench, client("my-app")).await, LIFE);
    assert_eq!(life_of(&mut bench, TokenTarget::Api(API.into())).await, 3_600);
    bench.run(set_api(ApiChange { token_lifetime_secs: Some(1_200), ..ApiChange::default() })).await.unwrap();
    // The API's limit counts where it is the shorter one. Its users' clients can also get tokens that are for userinfo alone.
    for (target, secs) in [
        (client("reports"), 1_200),
        (client("my-app"), 1_200),
        (TokenTarget::Api(API.into()), 1_200),
        (TokenTarget::Everything, 1_200),
        (TokenTarget::Jti(random_id(&mut Counting(99))), 1_200),
    ] {
        assert_eq!(life_of(&mut bench, target.clone()).await, secs, "{target:?}");
    }
    bench.config.tokens.access_lifetime_secs = 7_200;
    assert_eq!(life_of(&mut bench, client("my-app")).await, 7_200);
    assert_eq!(life_of(&mut bench, client("reports")).await, 1_200);
    // What shortens lives does so for new tokens only.
    bench.now += 1;
    let shorter = ClientChange { disabled: Some(true), ..lifetime(60) };
    let answer = bench.run(set_client("my-app", shorter)).await.unwrap();
    assert_eq!(answer["tokens_until"], json!(bench.now + 7_200));
}

#[tokio::test]
async fn all_tokens_of_a_client_or_for_an_api_or_all_at_all_are_revoked_by_rule() {
    let mut bench = Bench::new();
    bench.register().await;
    for (target, entry) in [
        (TokenTarget::Client("my-app".into()), (RevocationKind::Client, "my-app")),
        (TokenTarget::Api(API.into()), (RevocationKind::Api, API)),
        (TokenTarget::Everything, (RevocationKind::All, "")),
    ] {
        let (answer, logged) = bench.revoked_by(revoke(target)).await;
        assert_eq!((&answer["revoked"], named(&logged)), (&json!(true), vec![entry]));
        assert_eq!(bench.last_event().await, "token.revoke");
    }
    for unknown in [TokenTarget::Client("my-ap".into()), TokenTarget::Api("https://api.example.com/".into())] {
        bench.refused(revoke(unknown), AdminErrorKind::NotFound).await;
    }
    // Of what is deleted tokens may still be out.
    bench.run(Command::Client(ClientCommand::Delete { client: "my-app".into() })).await.unwrap();
    bench.now += 1;
    let (_, logged) = bench.revoked_by(revoke(TokenTarget::Client("my-app".into()))).await;
    assert_eq!(named(&logged), [(RevocationKind::Client, "my-app")]);
}

#[tokio::test]
async fn a_clients_own_token_ends_by_itself() {
    let mut bench = Bench::new();
    let ring = bench.make_keys().await;
    let [jti, other] = [1, 2].map(|seed| random_id(&mut Counting(seed)));
    let (answer, logged) = bench.revoked_by(revoke(sign(&ring, TYP, &claims(&jti)))).await;
    assert_eq!((&answer["revoked"], &answer["tokens_until"]), (&json!(true), &json!(NOW + LIFE)));
    assert_eq!((named(&logged), logged[0].expires_at), (vec![(RevocationKind::Jti, jti.as_str())], NOW + LIFE));
    let event = bench.audit().await.pop().unwrap().event;
    assert_eq!(
        (event.name.as_str(), event.client_id.as_deref(), event.user_id),
        ("token.revoke", Some("reports"), None)
    );
    let (again, logged) = bench.revoked_by(revoke(sign(&ring, TYP, &claims(&jti)))).await;
    assert_eq!((&again["revoked"], &again["tokens_until"], logged.len()), (&json!(false), &Value::Null, 0));

    // By name alone nobody knows when it ends: it is remembered as long as any token can live.
    let (answer, logged) = bench.revoked_by(revoke(TokenTarget::Jti(other.clone()))).await;
    assert_eq!((&answer["revoked"], &answer["tokens_until"]), (&json!(true), &json!(NOW + LIFE)));
    assert_eq!(
        (named(&logged), logged[0].expires_at),
        (vec![(RevocationKind::Jti, other.as_str())], NOW + LONGEST_TOKEN_SECS)
    );
}

#[tokio::test]
async fn a_token_of_a_grant_ends_the_grant() {
    let mut bench = Bench::new();
    let ring = bench.make_keys().await;
    let ada = bench.ada().await;
    bench.sign_in(&ada, "s1").await;
    let (_, by_name) = bench.grant(&ada, "s1").await;
    let (_, by_token) = bench.grant(&ada, "s1").await;
    let (refresh_token, by_refresh_token) = bench.grant(&ada, "s1").await;
    let of_ada = AccessTokenClaims { sub: ada.clone(), rh: Some("handle".into()), ..claims(&by_token) };
    let refresh_text = TokenTarget::Token(PresentedToken(refresh_token.reveal().to_owned().into()));
    for (target, jti) in [
        (TokenTarget::Jti(by_name.clone()), by_name),
        (sign(&ring, TYP, &of_ada), by_token),
        (refresh_text.clone(), by_refresh_token),
    ] {
        let (answer, logged) = bench.revoked_by(revoke(target)).await;
        assert_eq!((&answer["ended"]["families"], &answer["tokens_until"]), (&json!(1), &json!(NOW + LIFE)));
        assert_eq!(named(&logged), [(RevocationKind::Jti, jti.as_str())]);
    }
    assert!(bench.store.session_by_sid("s1").await.unwrap().unwrap().is_live(NOW), "the session goes on");
    let (again, logged) = bench.revoked_by(revoke(refresh_text)).await;
    assert_eq!((&again["revoked"], logged.len()), (&json!(false), 0));
    let said = format!("{again}{:?}", bench.audit().await);
    assert!(!said.contains(refresh_token.reveal()), "no token in an answer or the audit log");
}

#[tokio::test]
async fn an_expired_token_is_answered_as_such_and_one_a_guard_may_still_take_is_logged() {
    let mut bench = Bench::new();
    let ring = bench.make_keys().await;
    let jti = random_id(&mut Counting(1));
    bench.now = NOW + LIFE + 300;
    let (answer, logged) = bench.revoked_by(revoke(sign(&ring, TYP, &claims(&jti)))).await;
    assert_eq!((&answer["expired"], &answer["revoked"], logged.len()), (&json!(true), &json!(false), 0));
    bench.now = NOW + LIFE + 200;
    let (answer, logged) = bench.revoked_by(revoke(sign(&ring, TYP, &claims(&jti)))).await;
    assert_eq!((&answer["expired"], &answer["tokens_until"]), (&json!(true), &Value::Null));
    assert_eq!(named(&logged), [(RevocationKind::Jti, jti.as_str())]);
}

#[tokio::test]
async fn what_is_no_token_of_this_server_is_refused_and_not_repeated() {
    let mut bench = Bench::new();
    let ring = bench.make_keys().await;
    let stranger = Bench::new().make_keys().await;
    let jti = random_id(&mut Counting(1));
    let text = |text: &str| TokenTarget::Token(PresentedToken(text.to_owned().into()));
    let secret = OpaqueToken::generate(TokenKind::ClientSecret, &mut bench.rng);
    for wrong in [
        sign(&stranger, TYP, &claims(&jti)),
        sign(&ring, "JWT", &claims(&jti)),
        sign(&ring, TYP, &AccessTokenClaims { iss: "https://other.example/".into(), ..claims(&jti) }),
        text(""),
        text("nonsense"),
        text("eyJhbGciOiJub25lIn0.e30."),
        text(&"x".repeat(TOO_LONG)),
        text(secret.reveal()),
        text("sym_rt_nonsense"),
        text("sym_"),
        TokenTarget::Jti("short".into()),
        TokenTarget::Jti("a.b.c".into()),
        TokenTarget::Jti(String::new()),
    ] {
        bench.refused(revoke(wrong), AdminErrorKind::Invalid).await;
    }
    let unknown = OpaqueToken::generate(TokenKind::RefreshToken, &mut bench.rng);
    bench.refused(revoke(text(unknown.reveal())), AdminErrorKind::NotFound).await;
}

#[tokio::test]
async fn a_compromised_key_is_gone_and_revoked_in_one_go() {
    let states: [(State, Option<u64>); 3] = [
        (|life| matches!(life, KeyState::Active { .. }), Some(NOW + LIFE)),
        // It retired 50 seconds ago, and has signed nothing since.
        (|life| matches!(life, KeyState::Retired { .. }), Some(NOW + LIFE - 50)),
        (|life| matches!(life, KeyState::Next), None),
    ];
    for (state, until) in states {
        let mut bench = Bench::new();
        bench.make_keys().await;
        let kid = bench.key(state).await.unwrap();
        let retire = |kid: &str, cause| Command::Key(KeyCommand::Retire { kid: kid.into(), cause });
        bench.refused(retire(&kid, Cause::Routine), AdminErrorKind::Invalid).await;
        bench.refused(retire("none", Cause::Compromised), AdminErrorKind::NotFound).await;
        let (answer, logged) = bench.revoked_by(retire(&kid, Cause::Compromised)).await;
        assert_eq!(
            (named(&logged), logged[0].expires_at),
            (vec![(RevocationKind::Key, kid.as_str())], NOW + LONGEST_TOKEN_SECS)
        );
        assert_eq!((&answer["retired"]["kid"], &answer["tokens_until"]), (&json!(kid), &json!(until)));
        assert_eq!(answer["key_set_until"], json!(NOW + 300));
        assert!(!answer["keys"].to_string().contains(&kid));
        assert!(bench.key(|life| matches!(life, KeyState::Active { .. })).await.is_some(), "one signs");
        assert_eq!(bench.last_event().await, "key.retire");
        bench.refused(retire(&kid, Cause::Compromised), AdminErrorKind::NotFound).await;
    }
}

#[tokio::test]
async fn what_ends_with_a_session_or_a_user_says_until_when_tokens_can_live_on() {
    let ends: [fn(String) -> Command; 7] = [
        |user| Command::User(UserCommand::SignOut { user }),
        |_| Command::Session(SessionCommand::End { sid: "s1".into() }),
        |user| Command::Session(SessionCommand::EndAll { user }),
        |user| Command::User(UserCommand::Block { user }),
        |user| Command::User(UserCommand::Delete { user }),
        |user| {
            let change = UserChange { password: password("cello meadow lantern").password, ..UserChange::default() };
            Command::User(UserCommand::Set { user, change })
        },
        |user| Command::Role(RoleCommand::Grant { user, roles: vec!["admin".into()] }),
    ];
    for end in ends {
        let mut bench = Bench::new();
        let ada = bench.ada().await;
        bench.sign_in(&ada, "s1").await;
        bench.grant(&ada, "s1").await;
        let (answer, logged) = bench.revoked_by(end(ada.clone())).await;
        assert_eq!((&answer["tokens_until"], logged.len()), (&json!(NOW + LIFE), 1), "{answer}");
        let mut bench = Bench::new();
        let ada = bench.ada().await;
        bench.sign_in(&ada, "s1").await;
        assert_eq!(bench.run(end(ada)).await.unwrap()["tokens_until"], Value::Null, "no token was alive");
    }
}

/// Between a change and its taking up the second may turn, and tokens are issued by the old registration still.
#[tokio::test]
async fn a_rule_reaches_up_to_the_moment_in_which_the_change_was_taken_up() {
    let bench = Bench::new();
    let rule =
        |kind, id: &str| NewRevocation { kind, id: id.into(), revoked_at: NOW, expires_at: NOW + LONGEST_TOKEN_SECS };
    let rules = vec![rule(RevocationKind::Client, "shop"), rule(RevocationKind::Key, "kid")];
    bench.store.revoke(rules.clone()).await.unwrap();
    let until = async || {
        let query = TokenQuery { client_id: Some("shop".into()), ..TokenQuery::default() };
        bench.store.token_facts(query).await.unwrap().revoked_until
    };
    crate::admin::revocation::extend(&bench.store, rules.clone(), NOW).await.unwrap();
    assert_eq!((until().await, bench.log().await.len()), (Some(NOW), 2), "within the second there is nothing to add");
    crate::admin::revocation::extend(&bench.store, rules, NOW + 1).await.unwrap();
    assert_eq!((until().await, bench.log().await.len()), (Some(NOW + 1), 3), "a key is revoked whenever");
}

/// A rule is forgotten only when no token it refuses can be left: no setting allows a longer life.
#[test]
fn no_setting_allows_a_longer_life_than_rules_remember() {
    use crate::config::{Kind, SETTINGS};
    for path in ["tokens.access_lifetime", "tokens.id_lifetime"] {
        let setting = SETTINGS.iter().find(|setting| setting.path == path).unwrap();
        assert!(matches!(setting.kind, Kind::Duration { max: LONGEST_TOKEN_SECS, .. }), "{path}");
    }
}
