//! What an older release left behind is taken up (security part 3, row 10): its schema is brought up to date, who was signed in stays so, what
//! was handed out counts, and what was used or revoked does not.
//!
//! `fixtures/schema-N` holds the data of a release of schema N, and the secrets of that time. It was made by that release:
//! `cargo xtask fault --fixture crates/server/tests/it/fixtures/schema-N [--store postgres]`.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;
use symbolon_server::config::SecretText;
use symbolon_server::{Clock, Config};
use symbolon_store::transfer::SCHEMA;

use crate::support::client::form;
use crate::support::{Answer, Stopped, World, flow, postgres};

/// What the release and its people knew.
#[derive(Deserialize)]
struct Left {
    schema: u32,
    made_at: u64,
    issuer: String,
    master_key: String,
    app: String,
    callback: String,
    audience: String,
    machine: String,
    machine_secret: String,
    kids: BTreeSet<String>,
    email: String,
    password: String,
    cookies: BTreeMap<String, String>,
    code: String,
    code_verifier: String,
    used_code: String,
    reset_link: String,
    access_token: String,
    revoked_access_token: String,
    refresh_token: String,
    revoked_refresh_token: String,
    stolen_refresh_token: String,
    refresh_token_of_the_stolen: String,
}

/// The codes of that time are still good for half a minute.
const LATER_SECS: u64 = 30;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures")
}

fn schema(number: u32) -> PathBuf {
    fixtures().join(format!("schema-{number}"))
}

impl Left {
    fn read(file: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }

    /// A server of this version on the data, which `lay_out` puts into the folder, half a minute later.
    async fn taken_up(&self, lay_out: impl FnOnce(&Path), change: impl Fn(&mut Config)) -> World {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("master.key");
        std::fs::write(&key, &self.master_key).unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        lay_out(folder.path());
        let stopped = Stopped::of(folder, Clock::fixed(self.made_at + LATER_SECS));
        let change = |config: &mut Config| {
            config.issuer.clone_from(&self.issuer);
            change(config);
        };
        let world = stopped.start(change).await.unwrap_or_else(|(why, _)| panic!("{why}"));
        // What the first start has done is done: the second one finds it so.
        world.try_restart(change).await.unwrap_or_else(|(why, _)| panic!("{why}"))
    }

    async fn token(&self, world: &World, pairs: &[(&str, &str)]) -> Answer {
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        world.browser().send(Method::POST, "/oauth/token", &headers, Some(form(pairs))).await
    }

    async fn refresh(&self, world: &World, refresh_token: &str) -> u16 {
        let pairs = [("grant_type", "refresh_token"), ("client_id", &*self.app), ("refresh_token", refresh_token)];
        self.token(world, &pairs).await.status.as_u16()
    }

    async fn redeem(&self, world: &World, code: &str) -> u16 {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("client_id", &*self.app),
            ("code", code),
            ("redirect_uri", &*self.callback),
            ("code_verifier", &*self.code_verifier),
        ];
        self.token(world, &pairs).await.status.as_u16()
    }

    async fn userinfo(&self, world: &World, access_token: &str) -> u16 {
        world.userinfo(access_token).await.status.as_u16()
    }

    /// What counted goes on counting.
    async fn is_honoured(&self, world: &World) {
        let set = world.browser().get("/.well-known/jwks.json").await.json();
        let published: BTreeSet<String> =
            set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
        assert!(published.is_superset(&self.kids), "a key is gone: {published:?}");
        assert_eq!(self.userinfo(world, &self.access_token).await, 200, "the access token");
        assert_eq!(self.redeem(world, &self.code).await, 200, "the code");
        assert_eq!(self.refresh(world, &self.refresh_token).await, 200, "the refresh token");
        let mut browser = world.browser();
        browser.cookies.clone_from(&self.cookies);
        let more = [("client_id", &*self.app), ("redirect_uri", &*self.callback), ("audience", &*self.audience)];
        let path = flow::authorize_url("", &[&more[..], &[("prompt", "none"), ("scope", "openid read")]].concat());
        assert!(browser.get(&path).await.param("code").is_some(), "the session");
        assert_eq!(world.browser().get(&self.reset_link).await.status, 200, "the link to choose a password");
        let secret = flow::basic(&self.machine, &self.machine_secret);
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (AUTHORIZATION, &*secret)];
        let body = form(&[("grant_type", "client_credentials"), ("audience", &self.audience)]);
        let answer = world.browser().send(Method::POST, "/oauth/token", &headers, Some(body)).await;
        assert_eq!(answer.status, 200, "the machine's secret: {}", answer.body);
        let body: Value =
            serde_json::json!({ "username": self.email, "password": self.password, "client_id": self.app });
        assert_eq!(world.post_json("/authenticate", &[], &body).await.status, 200, "the password");
    }

    /// What did not count does not come back.
    async fn is_refused(&self, world: &World) {
        assert_eq!(self.userinfo(world, &self.revoked_access_token).await, 401, "the revoked access token");
        assert_eq!(self.refresh(world, &self.revoked_refresh_token).await, 400, "the revoked refresh token");
        assert_eq!(self.refresh(world, &self.stolen_refresh_token).await, 400, "a refresh token that was used");
        let heir = &self.refresh_token_of_the_stolen;
        assert_eq!(self.refresh(world, heir).await, 400, "its successors, after that alarm");
        assert_eq!(self.redeem(world, &self.code).await, 400, "the code, a second time");
        assert_eq!(self.redeem(world, &self.used_code).await, 400, "a code that was used");
    }
}

/// Who adds a migration finds the fixture of the schema before here, and leaves one of the new schema for the next.
#[test]
fn there_is_a_fixture_of_every_schema_since_the_fifth() {
    for number in 5..=SCHEMA {
        assert!(schema(number).join("sqlite.db").exists(), "no fixture of schema {number}: see the head of this file");
        let since = number >= 6;
        assert_eq!(schema(number).join("postgres.dump").exists(), since, "schema {number} over PostgreSQL");
    }
}

#[tokio::test]
async fn a_file_of_an_older_release_is_migrated_and_honoured() {
    for number in 5..=SCHEMA {
        let left = Left::read(&schema(number).join("sqlite.json"));
        assert_eq!(left.schema, number);
        let lay_out = |data: &Path| {
            std::fs::copy(schema(number).join("sqlite.db"), data.join("symbolon.db")).unwrap();
            let found = symbolon_store::Sqlite::schema(&data.join("symbolon.db")).unwrap().found;
            assert_eq!(found, number, "the fixture is of another schema");
        };
        let world = left.taken_up(lay_out, |_| {}).await;
        assert_eq!(symbolon_store::Sqlite::schema(&world.data().join("symbolon.db")).unwrap().found, SCHEMA);
        left.is_honoured(&world).await;
        left.is_refused(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_older_release_is_migrated_and_honoured() {
    for number in 6..=SCHEMA {
        let left = Left::read(&schema(number).join("postgres.json"));
        assert_eq!(left.schema, number);
        let url: SecretText =
            postgres::database_with(std::fs::read_to_string(schema(number).join("postgres.dump")).unwrap()).await;
        let world = left.taken_up(|_| {}, |config| config.store.url = Some(url.clone())).await;
        let state = symbolon_server::storage::schema(&world.running.app.config()).await.unwrap();
        assert_eq!(state.found, SCHEMA);
        left.is_honoured(&world).await;
        left.is_refused(&world).await;
    }
}
