//! Commands against a real store in memory: what they change, what they refuse, and that every change leaves an audit event.

mod names;
mod revocation;

use serde_json::{Value, json};
use symbolon_jose::Algorithm;
use symbolon_oauth::Rng;
use symbolon_oauth::registration::AccessTokenType;
use symbolon_oauth::registration::AuthMethod::{self, ClientSecretPost, PrivateKeyJwt};
use symbolon_store::{AuditRecord, Document, DocumentWrite, NewSession, Session, Sqlite, Store};

use super::*;
use crate::account::password::{Parameters, PoolSettings};
use crate::keys;
use crate::seal::{MasterKey, Sealer};

const NOW: u64 = 1_700_000_000;

/// Counts up: every value is new, every run the same.
struct Counting(u64);

impl Rng for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            chunk.copy_from_slice(&self.0.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Keys are retired for real, and none is in use to be rotated.
struct Keys(Sealer);

#[async_trait]
impl KeyRotation for Keys {
    async fn rotation(&self, _: Vec<Document>, _: Option<Algorithm>, _: u64) -> Result<Vec<DocumentWrite>, AdminError> {
        Ok(Vec::new())
    }

    async fn retirement(
        &self,
        documents: Vec<Document>,
        kid: &str,
        now: u64,
    ) -> Result<Vec<DocumentWrite>, AdminError> {
        Ok(keys::retirement(&documents, kid, &self.0, now).unwrap())
    }
}

struct Bench {
    store: Sqlite,
    config: Config,
    passwords: Pool,
    rng: Counting,
    keys: Keys,
    outgoing: Outgoing,
    now: u64,
}

impl Bench {
    fn new() -> Self {
        let parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };
        let config = Config::development(std::path::Path::new("unused")).unwrap();
        Self {
            store: Sqlite::in_memory().unwrap(),
            outgoing: Outgoing::new(&config).unwrap(),
            config,
            passwords: Pool::start(PoolSettings { parameters, workers: 1, ..PoolSettings::default() })
                .unwrap()
                .of_service("https://auth.example.com/"),
            rng: Counting(0),
            keys: Keys(MasterKey::from_text(&symbolon_jose::base64url::encode(&[1; 32]), "test").unwrap().sealer()),
            now: NOW,
        }
    }

    async fn run(&mut self, command: Command) -> Result<Value, AdminError> {
        // Through JSON, as over the control socket.
        let command = serde_json::from_slice(&serde_json::to_vec(&command).unwrap()).unwrap();
        let mut context = AdminContext {
            store: &self.store,
            issuer: "https://auth.example.com/",
            config: &self.config,
            now: self.now,
            rng: &mut self.rng,
            passwords: &self.passwords,
            keys: &self.keys,
            outgoing: &self.outgoing,
            mail: &crate::mail::Mail::Off,
            sealer: &self.keys.0,
            actor: "test",
            origin: Origin::default(),
            forwarded_by: None,
            rules: Vec::new(),
        };
        execute(&mut context, command).await
    }

    async fn refused(&mut self, command: Command, kind: AdminErrorKind) {
        let before = (self.audit().await.len(), self.store.revocation_head().await.unwrap());
        let error = self.run(command.clone()).await.expect_err("should be refused");
        assert_eq!(error.kind, kind, "{command:?}: {error}");
        assert!(!error.hint.is_empty());
        let after = (self.audit().await.len(), self.store.revocation_head().await.unwrap());
        assert_eq!(after, before, "a refused command leaves no event and revokes nothing");
    }

    async fn audit(&self) -> Vec<AuditRecord> {
        self.store.audit(0, 1000).await.unwrap()
    }

    async fn last_event(&self) -> String {
        self.audit().await.pop().unwrap().event.name
    }

    async fn ada(&mut self) -> String {
        let account = NewAccount {
            email: Some("Ada@Example.com".into()),
            name: Some("Ada".into()),
            ..password("violet piano harbour")
        };
        let answer = self.run(Command::User(UserCommand::Add(account))).await.unwrap();
        answer["user"]["id"].as_str().unwrap().to_owned()
    }

    async fn sign_in(&self, user: &str, sid: &str) {
        let handle = self.store.user(user).await.unwrap().unwrap().revocation_handle;
        let session = Session {
            id_hash: symbolon_jose::sha256(sid.as_bytes()).into(),
            sid: sid.into(),
            user_id: user.into(),
            created_at: NOW,
            auth_time: NOW,
            last_seen_at: NOW,
            idle_expires_at: NOW + 100,
            absolute_expires_at: NOW + 100,
            persistent: false,
            amr: vec!["pwd".into()],
            user_agent: None,
            address: None,
            ended_at: None,
            ended_why: None,
        };
        self.store.create_session(NewSession { session, replaces: None, revocation_handle: handle }).await.unwrap();
    }
}

fn password(text: &str) -> NewAccount {
    NewAccount { password: Some(NewPassword(text.to_owned().into())), ..NewAccount::default() }
}

fn user(name: &str) -> String {
    name.to_owned()
}

fn spa() -> NewClient {
    NewClient {
        kind: symbolon_oauth::registration::ClientKind::Spa,
        client_id: None,
        name: "My app".into(),
        third_party: false,
        redirect_uris: vec!["http://localhost:4200/".into()],
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
        backchannel_logout_session_required: false,
        allowed_origins: Vec::new(),
        apis: Vec::new(),
        default_audience: None,
        auth_method: None,
        jwks: None,
        jwks_uri: None,
        id_token_alg: None,
        password_sign_in: false,
        preset: None,
        access_token_format: None,
        token_delivery: None,
        dpop: DpopDemand::Optional,
        device: None,
        metadata: None,
        security_profile: None,
        authorization_details_types: std::collections::BTreeSet::new(),
    }
}

fn web() -> NewClient {
    NewClient {
        kind: symbolon_oauth::registration::ClientKind::Web,
        name: "Shop".into(),
        redirect_uris: vec!["https://shop.example.com/callback".into()],
        ..spa()
    }
}

fn dragons() -> NewApi {
    NewApi {
        identifier: "https://api.example.com".into(),
        name: "Dragons".into(),
        scopes: vec![("read:dragons".into(), "See them".into())],
        signing_alg: None,
        access_token_type: AccessTokenType::AtJwt,
        token_lifetime_secs: None,
        always_ask_consent: false,
        without_roles: false,
        status_list: false,
        authorization_details_types: Vec::new(),
    }
}

#[tokio::test]
async fn what_a_client_must_prove_is_said_at_registration_and_changed_later() {
    let mut bench = Bench::new();
    let new = NewClient { dpop: DpopDemand::Required, ..spa() };
    let answer = bench.run(Command::Client(ClientCommand::Add(new))).await.unwrap();
    let switches = |answer: &Value| {
        ["dpop_bound_access_tokens", "dpop_nonce_required"].map(|member| answer["client"][member].clone())
    };
    assert_eq!(switches(&answer), [json!(true), json!(false)]);
    let client = answer["client"]["client_id"].as_str().unwrap().to_owned();
    for (dpop, expected) in [(DpopDemand::RequiredWithNonce, true), (DpopDemand::Optional, false)] {
        let change = Box::new(ClientChange { dpop: Some(dpop), ..ClientChange::default() });
        let set = ClientCommand::Set { client: client.clone(), change };
        let answer = bench.run(Command::Client(set)).await.unwrap();
        assert_eq!(switches(&answer), [json!(expected), json!(expected)]);
    }
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_any_spelling_of_the_address() {
    let mut bench = Bench::new();
    let id = bench.ada().await;
    assert_eq!(bench.last_event().await, "user.create");
    for name in [&id, "ada@example.com", "ADA@EXAMPLE.COM", " Ada@Example.com "] {
        let shown = bench.run(Command::User(UserCommand::Show { user: user(name) })).await.unwrap();
        assert_eq!(shown["user"]["id"], json!(id), "{name}");
        assert!(!shown.to_string().contains("argon2"), "no hash in the answer");
    }
    for name in ["ada", "example.com", "", "%", "usr_"] {
        bench.refused(Command::User(UserCommand::Show { user: user(name) }), AdminErrorKind::NotFound).await;
    }
}

#[tokio::test]
async fn accounts_that_clash_or_make_no_sense_are_refused() {
    let mut bench = Bench::new();
    bench.ada().await;
    let mail = |text: &str| NewAccount { email: Some(text.into()), ..NewAccount::default() };
    let name = |text: &str| NewAccount { username: Some(text.into()), ..NewAccount::default() };
    for taken in [mail("ADA@example.com"), name("ada@example.com")] {
        bench.refused(Command::User(UserCommand::Add(taken)), AdminErrorKind::Conflict).await;
    }
    let short = NewAccount { username: Some("bob".into()), ..password("too short") };
    let own = NewAccount { username: Some("robertsonian".into()), ..password("robertsonian robertsonian") };
    let claim = NewAccount { claims: [("sub".to_owned(), "x".to_owned())].into(), ..name("bob") };
    for wrong in [NewAccount::default(), mail("not an address"), name("two words"), name("\u{200b}"), short, own, claim]
    {
        bench.refused(Command::User(UserCommand::Add(wrong)), AdminErrorKind::Invalid).await;
    }
    let role = NewAccount { roles: vec!["editor".into()], ..name("bob") };
    bench.refused(Command::User(UserCommand::Add(role)), AdminErrorKind::NotFound).await;
}

#[tokio::test]
async fn a_new_address_is_unverified_and_the_old_one_is_free_again() {
    let mut bench = Bench::new();
    let id = bench.ada().await;
    let verified = UserChange { email_verified: Some(true), ..UserChange::default() };
    bench.run(Command::User(UserCommand::Set { user: id.clone(), change: verified })).await.unwrap();
    let moved = UserChange { email: Some("ada@example.org".into()), ..UserChange::default() };
    let answer = bench.run(Command::User(UserCommand::Set { user: id.clone(), change: moved })).await.unwrap();
    assert_eq!(answer["user"]["email_verified"], json!(false));
    bench.refused(Command::User(UserCommand::Show { user: user("ada@example.com") }), AdminErrorKind::NotFound).await;
    bench.ada().await;

    let nothing = UserChange::default();
    bench.refused(Command::User(UserCommand::Set { user: id.clone(), change: nothing }), AdminErrorKind::Invalid).await;
    let bare = UserChange { email: Some(String::new()), ..UserChange::default() };
    bench.refused(Command::User(UserCommand::Set { user: id, change: bare }), AdminErrorKind::Invalid).await;
}

#[tokio::test]
async fn blocking_and_a_new_password_end_every_session() {
    let mut bench = Bench::new();
    let id = bench.ada().await;
    bench.sign_in(&id, "s1").await;
    let change = UserChange { password: password("cello meadow lantern").password, ..UserChange::default() };
    let answer = bench.run(Command::User(UserCommand::Set { user: id.clone(), change })).await.unwrap();
    assert_eq!((&answer["ended"]["sessions"], &answer["tokens_until"]), (&json!(1), &Value::Null));
    assert_eq!(bench.last_event().await, "user.password.set");

    bench.sign_in(&id, "s2").await;
    let answer = bench.run(Command::User(UserCommand::Block { user: id.clone() })).await.unwrap();
    assert_eq!((&answer["ended"]["sessions"], &answer["user"]["status"]), (&json!(1), &json!("blocked")));
    let answer = bench.run(Command::User(UserCommand::Unblock { user: id.clone() })).await.unwrap();
    assert_eq!((&answer["ended"]["sessions"], &answer["user"]["status"]), (&json!(0), &json!("active")));
    bench.run(Command::User(UserCommand::Delete { user: id.clone() })).await.unwrap();
    bench.refused(Command::User(UserCommand::Delete { user: id }), AdminErrorKind::NotFound).await;
}

#[tokio::test]
async fn one_session_ends_or_all_of_a_user() {
    let mut bench = Bench::new();
    let id = bench.ada().await;
    for sid in ["s1", "s2", "s3"] {
        bench.sign_in(&id, sid).await;
    }
    let list = |user| Command::Session(SessionCommand::List { user, after: None, limit: 10 });
    assert_eq!(bench.run(list(None)).await.unwrap()["sessions"].as_array().unwrap().len(), 3);
    bench.run(Command::Session(SessionCommand::End { sid: "s1".into() })).await.unwrap();
    assert_eq!(bench.run(list(Some(id.clone()))).await.unwrap()["sessions"].as_array().unwrap().len(), 2);
    let answer = bench.run(Command::Session(SessionCommand::EndAll { user: id })).await.unwrap();
    assert_eq!(answer["ended"]["sessions"], json!(2));
    bench.refused(Command::Session(SessionCommand::End { sid: "s9".into() }), AdminErrorKind::NotFound).await;
    bench.refused(list(Some("nobody".into())), AdminErrorKind::NotFound).await;
}

#[tokio::test]
async fn links_work_where_the_issuer_says_and_are_kept_as_hashes() {
    let mut bench = Bench::new();
    let link = bench.run(Command::Setup(SetupCommand::Link)).await.unwrap();
    let code = link["link"].as_str().unwrap().strip_prefix("https://auth.example.com/setup?code=").unwrap();
    let hash = symbolon_jose::sha256(code.as_bytes()).into();
    assert_eq!(bench.store.artefact("setup", hash).await.unwrap().unwrap().expires_at, NOW + 900);

    let id = bench.ada().await;
    let reset = |valid_secs| Command::User(UserCommand::ResetLink { user: user("ada@example.com"), valid_secs });
    let link = bench.run(reset(3600)).await.unwrap();
    let code = link["link"].as_str().unwrap().strip_prefix("https://auth.example.com/reset?code=").unwrap();
    let artefact =
        bench.store.artefact("password_reset", symbolon_jose::sha256(code.as_bytes()).into()).await.unwrap().unwrap();
    assert_eq!(artefact.user_id.as_deref(), Some(id.as_str()));
    for wrong in [0, 59, 30 * 86_400] {
        bench.refused(reset(wrong), AdminErrorKind::Invalid).await;
    }
    assert!(!format!("{:?}", bench.audit().await).contains(code), "no secret in the audit log");
}

#[tokio::test]
async fn a_setup_link_is_given_until_there_is_an_administrator() {
    let mut bench = Bench::new();
    let id = bench.ada().await;
    bench.run(Command::Setup(SetupCommand::Link)).await.unwrap();
    let grant = RoleCommand::Grant { user: id.clone(), roles: vec!["admin".into()] };
    bench.run(Command::Role(grant)).await.unwrap();
    bench.refused(Command::Setup(SetupCommand::Link), AdminErrorKind::Conflict).await;
    let last = |answer: Value| answer["last_administrator"].clone();
    let show = Command::User(UserCommand::Show { user: id.clone() });
    assert_eq!(last(bench.run(show.clone()).await.unwrap()), json!(true));
    let other = NewAccount { username: Some("root1".into()), roles: vec!["admin".into()], ..NewAccount::default() };
    bench.run(Command::User(UserCommand::Add(other))).await.unwrap();
    assert_eq!(last(bench.run(show.clone()).await.unwrap()), json!(false), "there are two");
    bench.run(Command::User(UserCommand::Block { user: "root1".into() })).await.unwrap();
    assert_eq!(last(bench.run(show.clone()).await.unwrap()), json!(true), "a blocked one does not count");
    // A blocked administrator lets nobody in.
    bench.run(Command::User(UserCommand::Block { user: id })).await.unwrap();
    assert_eq!(last(bench.run(show).await.unwrap()), json!(false), "and is none any more");
    bench.run(Command::Setup(SetupCommand::Link)).await.unwrap();
}

#[tokio::test]
async fn only_known_roles_are_granted_and_a_grant_replaces_the_handle() {
    let mut bench = Bench::new();
    let id = bench.ada().await;
    let handle = bench.store.user(&id).await.unwrap().unwrap().revocation_handle;
    let grant = |roles: &[&str]| {
        Command::Role(RoleCommand::Grant { user: id.clone(), roles: roles.iter().map(ToString::to_string).collect() })
    };
    bench.refused(grant(&["editor"]), AdminErrorKind::NotFound).await;
    let add = |name: &str| Command::Role(RoleCommand::Add { name: name.into(), description: "edits".into() });
    bench.run(add("editor")).await.unwrap();
    bench.refused(add("editor"), AdminErrorKind::Conflict).await;
    bench.refused(add("two words"), AdminErrorKind::Invalid).await;
    assert_eq!(bench.run(grant(&["editor", "admin"])).await.unwrap()["roles"], json!(["admin", "editor"]));
    assert_ne!(bench.store.user(&id).await.unwrap().unwrap().revocation_handle, handle, "old tokens die");
    let revoke = Command::Role(RoleCommand::Revoke { user: id.clone(), roles: vec!["admin".into()] });
    let answer = bench.run(revoke.clone()).await.unwrap();
    assert_eq!((&answer["roles"], &answer["changed"]), (&json!(["editor"]), &json!(true)));
    assert_eq!(bench.run(revoke).await.unwrap()["changed"], json!(false), "they do not have it any more");
    let names = bench.run(Command::Role(RoleCommand::List)).await.unwrap();
    assert_eq!(names["roles"].as_array().unwrap().len(), 2, "admin and editor");
}

#[tokio::test]
async fn a_browser_program_gets_its_origin_and_way_back_and_no_secret() {
    let mut bench = Bench::new();
    let answer = bench.run(Command::Client(ClientCommand::Add(spa()))).await.unwrap();
    let client = &answer["client"];
    assert_eq!((&client["client_id"], &answer["client_secret"]), (&json!("my-app"), &Value::Null));
    assert_eq!(client["allowed_origins"], json!(["http://localhost:4200"]));
    assert_eq!(client["post_logout_redirect_uris"], client["redirect_uris"]);
    let again = bench.run(Command::Client(ClientCommand::Add(spa()))).await.unwrap();
    assert_ne!(again["client"]["client_id"], json!("my-app"), "a free id is found");

    let taken = NewClient { client_id: Some("my-app".into()), ..spa() };
    bench.refused(Command::Client(ClientCommand::Add(taken)), AdminErrorKind::Conflict).await;
    let plain = NewClient { redirect_uris: vec!["http://app.example.com/".into()], ..web() };
    let nowhere = NewClient { redirect_uris: Vec::new(), ..spa() };
    let spaced = NewClient { client_id: Some("a b".into()), ..spa() };
    let nameless = NewClient { name: " ".into(), client_id: Some("x".into()), ..spa() };
    for wrong in [plain, nowhere, spaced, nameless] {
        bench.refused(Command::Client(ClientCommand::Add(wrong)), AdminErrorKind::Invalid).await;
    }
    let unknown = NewClient { apis: vec![("https://nowhere.example".into(), String::new())], ..spa() };
    bench.refused(Command::Client(ClientCommand::Add(unknown)), AdminErrorKind::NotFound).await;
}

#[tokio::test]
async fn a_secret_is_shown_once_and_rotates_with_an_overlap() {
    let mut bench = Bench::new();
    let answer = bench.run(Command::Client(ClientCommand::Add(web()))).await.unwrap();
    let first = answer["client_secret"].as_str().unwrap().to_owned();
    assert!(first.starts_with("sym_cs_"));
    let rotate = |overlap_secs| {
        Command::Client(ClientCommand::RotateSecret { client: "shop".into(), overlap_secs, cause: Cause::Routine })
    };
    let second = bench.run(rotate(60)).await.unwrap()["client_secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let shown = bench.run(Command::Client(ClientCommand::Show { client: "shop".into() })).await.unwrap();
    assert_eq!(
        shown["client"]["secrets"],
        json!([
            { "created_at": NOW, "expires_at": NOW + 60 },
            { "created_at": NOW, "expires_at": null },
        ])
    );
    bench.run(rotate(0)).await.unwrap();
    let shown = bench.run(Command::Client(ClientCommand::Show { client: "shop".into() })).await.unwrap();
    assert_eq!(shown["client"]["secrets"].as_array().unwrap().len(), 1, "without overlap the others end at once");

    bench.run(Command::Client(ClientCommand::Add(spa()))).await.unwrap();
    let public = Command::Client(ClientCommand::RotateSecret {
        client: "my-app".into(),
        overlap_secs: 0,
        cause: Cause::Compromised,
    });
    bench.refused(public, AdminErrorKind::Invalid).await;
    let stored = bench.store.document("client", "shop").await.unwrap().unwrap().body.into_text();
    let dump = format!("{:?}{stored}", bench.audit().await);
    assert!(!dump.contains(&first) && !dump.contains(&second));
}

#[tokio::test]
async fn registrations_change_entry_by_entry() {
    let mut bench = Bench::new();
    bench.run(Command::Api(ApiCommand::Add(dragons()))).await.unwrap();
    bench.run(Command::Client(ClientCommand::Add(spa()))).await.unwrap();
    let set = |change: ClientChange| {
        Command::Client(ClientCommand::Set { client: "my-app".into(), change: Box::new(change) })
    };
    let list = |add: &[&str], remove: &[&str]| ListChange {
        add: add.iter().map(ToString::to_string).collect(),
        remove: remove.iter().map(ToString::to_string).collect(),
    };
    let change = ClientChange {
        redirect_uris: list(&["https://app.example.com/"], &["http://localhost:4200/"]),
        apis: vec![("https://api.example.com".into(), "read:dragons".into())],
        default_audience: Some("https://api.example.com".into()),
        disabled: Some(true),
        ..ClientChange::default()
    };
    let answer = bench.run(set(change)).await.unwrap();
    assert_eq!(answer["client"]["redirect_uris"], json!(["https://app.example.com/"]));
    assert_eq!(answer["client"]["disabled"], json!(true));

    let without = ClientChange { redirect_uris: list(&[], &["https://app.example.com/"]), ..ClientChange::default() };
    bench.refused(set(without), AdminErrorKind::Invalid).await;
    let strange = ClientChange { redirect_uris: list(&[], &["https://other.example/"]), ..ClientChange::default() };
    bench.refused(set(strange), AdminErrorKind::NotFound).await;
    let scope =
        ClientChange { apis: vec![("https://api.example.com".into(), "fly".into())], ..ClientChange::default() };
    bench.refused(set(scope), AdminErrorKind::NotFound).await;
    bench.refused(set(ClientChange::default()), AdminErrorKind::Invalid).await;

    let delete = Command::Api(ApiCommand::Delete { api: "https://api.example.com".into() });
    bench.refused(delete.clone(), AdminErrorKind::Conflict).await;
    bench.run(Command::Client(ClientCommand::Delete { client: "my-app".into() })).await.unwrap();
    bench.run(delete).await.unwrap();
}

/// A switch of a newer command line must not be dropped in silence.
#[test]
fn a_member_this_server_does_not_know_is_refused() {
    for (command, at) in [
        (Command::Client(ClientCommand::Add(spa())), "/client/add"),
        (Command::Api(ApiCommand::Add(dragons())), "/api/add"),
        (Command::Api(ApiCommand::Set { api: "a".into(), change: ApiChange::default() }), "/api/set"),
        (Command::Api(ApiCommand::Set { api: "a".into(), change: ApiChange::default() }), "/api/set/change"),
        (Command::Client(ClientCommand::Set { client: "a".into(), change: Box::default() }), "/client/set/change"),
        (
            Command::Client(ClientCommand::Set { client: "a".into(), change: Box::default() }),
            "/client/set/change/redirect_uris",
        ),
    ] {
        let mut value = serde_json::to_value(&command).unwrap();
        assert!(serde_json::from_value::<Command>(value.clone()).is_ok(), "{at}");
        let object = value.pointer_mut(at).and_then(Value::as_object_mut).unwrap_or_else(|| panic!("{at}"));
        object.insert("only_on_tuesdays".into(), json!(true));
        assert!(serde_json::from_value::<Command>(value).is_err(), "{at}");
    }
}

#[tokio::test]
async fn a_client_that_turns_to_keys_loses_its_secret_and_gets_one_when_it_turns_back() {
    let mut bench = Bench::new();
    bench.run(Command::Client(ClientCommand::Add(web()))).await.unwrap();
    let set =
        |change: ClientChange| Command::Client(ClientCommand::Set { client: "shop".into(), change: Box::new(change) });
    let method = |method| ClientChange { auth_method: Some(method), ..ClientChange::default() };
    bench.refused(set(method(PrivateKeyJwt)), AdminErrorKind::Invalid).await;
    bench.refused(set(method(AuthMethod::None)), AdminErrorKind::Invalid).await;
    let jwks = json!({ "keys": [symbolon_jose::Jwk::generate(Algorithm::EdDSA).unwrap().public_value().unwrap()] });
    let answer = bench.run(set(ClientChange { jwks: Some(jwks), ..method(PrivateKeyJwt) })).await.unwrap();
    assert_eq!(answer["client"]["secrets"], json!([]));
    let answer = bench.run(set(method(ClientSecretPost))).await.unwrap();
    assert!(answer["client_secret"].as_str().unwrap().starts_with("sym_cs_"));
}

#[tokio::test]
async fn an_api_changes_its_scopes_and_gets_a_credential() {
    let mut bench = Bench::new();
    bench.run(Command::Api(ApiCommand::Add(dragons()))).await.unwrap();
    bench.refused(Command::Api(ApiCommand::Add(dragons())), AdminErrorKind::Conflict).await;
    let twice = NewApi {
        identifier: "b".into(),
        scopes: vec![("x".into(), String::new()), ("x".into(), String::new())],
        ..dragons()
    };
    let standard = NewApi { identifier: "c".into(), scopes: vec![("openid".into(), String::new())], ..dragons() };
    for wrong in [twice, standard, NewApi { identifier: "a#b".into(), ..dragons() }] {
        bench.refused(Command::Api(ApiCommand::Add(wrong)), AdminErrorKind::Invalid).await;
    }
    let set = |change: ApiChange| Command::Api(ApiCommand::Set { api: "https://api.example.com".into(), change });
    let change = ApiChange {
        add_scopes: vec![("write:dragons".into(), "Train them".into())],
        remove_scopes: vec!["read:dragons".into()],
        ..ApiChange::default()
    };
    let answer = bench.run(set(change)).await.unwrap();
    assert_eq!(answer["api"]["scopes"], json!([{ "name": "write:dragons", "description": "Train them" }]));
    let gone = ApiChange { remove_scopes: vec!["read:dragons".into()], ..ApiChange::default() };
    bench.refused(set(gone), AdminErrorKind::NotFound).await;
    bench.refused(set(ApiChange::default()), AdminErrorKind::Invalid).await;

    let rotate = Command::Api(ApiCommand::RotateSecret {
        api: "https://api.example.com".into(),
        overlap_secs: 0,
        cause: Cause::Routine,
    });
    let answer = bench.run(rotate).await.unwrap();
    assert!(answer["api_secret"].as_str().unwrap().starts_with("sym_as_"));
    assert_eq!(bench.last_event().await, "api.secret.rotate");
}

#[tokio::test]
async fn every_change_leaves_an_event_with_its_actor_and_no_look_does() {
    let mut bench = Bench::new();
    let id = bench.ada().await;
    let looks = [
        Command::Doctor,
        Command::Api(ApiCommand::List),
        Command::Client(ClientCommand::List),
        Command::Key(KeyCommand::List),
        Command::Role(RoleCommand::List),
        Command::User(UserCommand::Show { user: id.clone() }),
        Command::User(UserCommand::List { search: None, after: None, limit: 10 }),
    ];
    let before = bench.audit().await.len();
    for look in looks {
        bench.run(look).await.unwrap();
    }
    assert_eq!(bench.audit().await.len(), before);
    bench
        .refused(
            Command::Key(KeyCommand::Rotate { algorithm: None, haste: Haste::WhenKnown }),
            AdminErrorKind::NotFound,
        )
        .await;
    bench.run(Command::User(UserCommand::Delete { user: id })).await.unwrap();
    let event = bench.audit().await.pop().unwrap().event;
    assert_eq!((event.name.as_str(), event.actor.as_deref(), event.at), ("user.delete", Some("test"), NOW));
}
