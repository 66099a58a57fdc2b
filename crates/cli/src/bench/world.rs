//! What is measured: a real server in this process, on a free port of loopback, with its data in a folder of its own that is gone
//! afterwards.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, sha256};
use symbolon_oauth::extent::Extent;
use symbolon_oauth::registration::{AccessTokenFormat, AccessTokenType, ClientKind};
use symbolon_oauth::{FamilyGrant, OpaqueToken, Scope, TokenKind, random_id};
use symbolon_server::admin::{ApiCommand, Cause, ClientCommand, Command, DpopDemand, NewAccount, NewApi, NewClient};
use symbolon_server::admin::{NewPassword, UserCommand, control};
use symbolon_server::rng::SystemRng;
use symbolon_server::{App, Clock, Config, Running};
use symbolon_store::{
    Family, Hash32, IssuedAccessToken, NewFamily, NewRevocation, RevocationKind, Session, Store, User,
};

use super::wire::Wire;

/// The API whose requests are checked.
pub(crate) const API: &str = "https://api.example.com";
/// Another, whose tokens live for [`BRIEF_SECS`].
pub(crate) const BRIEF_API: &str = "https://brief.example.com";
/// The shortest life that is worth measuring.
pub(crate) const BRIEF_SECS: u64 = 2;
/// A client that is given signed tokens.
pub(crate) const TOKENS: &str = "tokens";
/// A client that is given session values.
pub(crate) const SESSIONS: &str = "sessions";

const USER: &str = "ada@example.com";
const PASSWORD: &str = "a password for a server that lives a minute";
/// How many sessions are written at once, so that they share a commit.
const WRITERS: u64 = 32;

/// The server and what an API needs to talk to it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) issuer: String,
    /// The API's secret.
    pub(crate) secret: String,
    address: SocketAddr,
    user_id: String,
    running: Running,
    folder: Folder,
}

impl World {
    /// Starts the server and registers what is needed.
    pub(crate) async fn start() -> Result<Self, String> {
        let folder = Folder::make()?;
        let mut config = Config::development(&folder.0).map_err(|why| why.to_string())?;
        let address = free_port()?;
        config.dev = false;
        config.issuer = format!("http://{address}");
        config.http.listen = address.to_string().parse().map_err(|_| "an address cannot be read".to_owned())?;
        // Signing in is not what is measured.
        (config.password.memory_kib, config.password.passes) = (64, 1);
        let running = symbolon_server::start(config, Clock::system()).await.map_err(|why| why.to_string())?;
        let app = Arc::clone(&running.app);
        for (identifier, life) in [(API, None), (BRIEF_API, Some(BRIEF_SECS))] {
            run(&app, Command::Api(ApiCommand::Add(api(identifier, life)))).await?;
        }
        let rotate = ApiCommand::RotateSecret { api: API.to_owned(), overlap_secs: 0, cause: Cause::Routine };
        let secret = member(&run(&app, Command::Api(rotate)).await?, "api_secret")?;
        for (id, format) in [(TOKENS, AccessTokenFormat::Jwt), (SESSIONS, AccessTokenFormat::Session)] {
            run(&app, Command::Client(ClientCommand::Add(client(id, format)))).await?;
        }
        let password = Some(NewPassword(PASSWORD.to_owned().into()));
        let account = NewAccount { email: Some(USER.to_owned()), password, ..NewAccount::default() };
        run(&app, Command::User(UserCommand::Add(account))).await?;
        let user_id = app.store.user_by_identifier(USER).await.map_err(|why| why.to_string())?.ok_or("no user")?.id;
        Ok(Self { issuer: app.issuer.as_str().to_owned(), app, secret, address, user_id, running, folder })
    }

    pub(crate) async fn connect(&self) -> Result<Wire, String> {
        Wire::connect(self.address).await
    }

    /// Signs the user in through the front door; gives the access token or session value.
    pub(crate) async fn sign_in(&self, wire: &mut Wire, client: &str, audience: &str) -> Result<String, String> {
        let body = json!({ "username": USER, "password": PASSWORD, "client_id": client, "audience": audience });
        member(&wire.json("/authenticate", &body).await?, "token")
    }

    /// Ends what a token or session value belongs to (RFC 7009).
    pub(crate) async fn revoke(&self, wire: &mut Wire, client: &str, token: &str) -> Result<(), String> {
        let answer = wire.form("/oauth/revoke", &[("token", token), ("client_id", client)]).await?;
        if answer["revoked"] == true { Ok(()) } else { Err(format!("nothing was revoked: {answer}")) }
    }

    /// Asks about a token or session value as the API.
    pub(crate) async fn is_active(&self, wire: &mut Wire, path: &str, name: &str, value: &str) -> Result<bool, String> {
        let fields = [(name, value), ("client_id", API), ("client_secret", &self.secret)];
        Ok(wire.form(path, &fields).await?["active"] == true)
    }

    /// Whether a session value counts, looked up in a database itself: hash, read, compare the times.
    pub(crate) async fn is_in_database(&self, store: &dyn Store, value: &str) -> Result<bool, String> {
        let hash = Hash32(sha256(value.as_bytes()));
        let found = store.session_value_facts(hash).await.map_err(|why| why.to_string())?;
        let now = self.app.clock.now();
        Ok(found.is_some_and(|found| {
            let lives = found.token.session.is_some_and(|session| session.is_live(now));
            lives && found.family.ended_at.is_none() && now < found.family.absolute_expires_at
        }))
    }

    /// The user whose sessions are looked up.
    pub(crate) async fn user(&self) -> Result<User, String> {
        self.app.store.user(&self.user_id).await.map_err(|why| why.to_string())?.ok_or_else(|| "no user".to_owned())
    }

    /// Access tokens of the server for this many requests: like `token` but for their ids.
    pub(crate) fn tokens_like(&self, token: &str, count: usize) -> Result<Vec<String>, String> {
        let mut claims = claims(token)?;
        let registry = self.app.registry();
        let sign = |_| {
            claims["jti"] = random_id(&mut SystemRng).into();
            registry.sign(Algorithm::ES256, "at+jwt", &claims).map_err(|why| format!("{why:?}"))
        };
        (0..count).map(sign).collect()
    }

    /// Fills a database with live sessions; gives their values.
    pub(crate) async fn add_sessions(&self, store: &Arc<dyn Store>, count: u64) -> Result<Vec<String>, String> {
        let user = self.user().await?;
        let now = self.app.clock.now();
        let mut values = Vec::new();
        let mut left = count;
        while left > 0 {
            let mut writers = tokio::task::JoinSet::new();
            for _ in 0..WRITERS.min(left) {
                let value = OpaqueToken::generate(TokenKind::SessionValue, &mut SystemRng);
                let new = new_session(&user.id, &user.revocation_handle, &value, now)?;
                let store = Arc::clone(store);
                values.push(value.reveal().to_owned());
                writers.spawn(async move { store.create_family(new).await });
                left -= 1;
            }
            while let Some(written) = writers.join_next().await {
                written.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?;
            }
        }
        Ok(values)
    }

    /// Fills the revocation log, which is what a guard holds in memory.
    pub(crate) async fn add_revocations(&self, count: usize) -> Result<(), String> {
        let now = self.app.clock.now();
        let entry = |_| NewRevocation {
            kind: RevocationKind::Jti,
            id: random_id(&mut SystemRng),
            revoked_at: now,
            expires_at: now + 3_600,
        };
        let entries = (0..count).map(entry).collect();
        self.app.store.revoke(entries).await.map(drop).map_err(|why| why.to_string())
    }

    pub(crate) async fn stop(self) {
        let Self { running, folder, app, .. } = self;
        drop(app);
        running.shutdown().await;
        drop(folder);
    }
}

/// What a token says.
pub(crate) fn claims(token: &str) -> Result<Value, String> {
    let decoded = symbolon_jose::jwt::decode_unverified(token).map_err(|why| why.to_string())?;
    Ok(Value::Object(decoded.claims))
}

async fn run(app: &App, command: Command) -> Result<Value, String> {
    control::run(app, command, "bench").await.map_err(|why| why.to_string())
}

fn member(answer: &Value, name: &str) -> Result<String, String> {
    answer[name].as_str().map(str::to_owned).ok_or_else(|| format!("there is no {name} in {answer}"))
}

/// A port that was free a moment ago. The issuer has to be known before the server listens.
fn free_port() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|why| why.to_string())?;
    listener.local_addr().map_err(|why| why.to_string())
}

fn api(identifier: &str, token_lifetime_secs: Option<u64>) -> NewApi {
    NewApi {
        identifier: identifier.to_owned(),
        name: "Dragons".to_owned(),
        scopes: vec![("read:dragons".to_owned(), "See the dragons".to_owned())],
        signing_alg: Some(Algorithm::ES256),
        access_token_type: AccessTokenType::AtJwt,
        token_lifetime_secs,
        always_ask_consent: false,
        without_roles: false,
        status_list: false,
        authorization_details_types: Vec::new(),
    }
}

fn client(id: &str, format: AccessTokenFormat) -> NewClient {
    NewClient {
        kind: ClientKind::Spa,
        client_id: Some(id.to_owned()),
        name: id.to_owned(),
        third_party: false,
        redirect_uris: vec!["https://app.example.com/".to_owned()],
        post_logout_redirect_uris: Vec::new(),
        allowed_origins: Vec::new(),
        apis: Vec::new(),
        default_audience: Some(API.to_owned()),
        auth_method: None,
        jwks: None,
        jwks_uri: None,
        id_token_alg: None,
        password_sign_in: true,
        preset: None,
        device: None,
        metadata: None,
        access_token_format: Some(format),
        token_delivery: None,
        dpop: DpopDemand::Optional,
        backchannel_logout_uri: None,
        backchannel_logout_session_required: false,
        security_profile: None,
        authorization_details_types: BTreeSet::new(),
    }
}

/// A session as a sign-in makes one.
fn new_session(user_id: &str, handle: &str, value: &OpaqueToken, now: u64) -> Result<NewFamily, String> {
    let ends_at = now + 36_000;
    let session = Session {
        id_hash: Hash32(OpaqueToken::generate(TokenKind::Session, &mut SystemRng).hash()),
        sid: random_id(&mut SystemRng),
        user_id: user_id.to_owned(),
        created_at: now,
        auth_time: now,
        last_seen_at: now,
        idle_expires_at: now + 1_800,
        absolute_expires_at: ends_at,
        persistent: false,
        amr: vec!["pwd".to_owned()],
        user_agent: None,
        address: None,
        ended_at: None,
        ended_why: None,
    };
    let grant = FamilyGrant {
        scope: Scope::parse("openid read:dragons").map_err(|why| format!("{why:?}"))?,
        audience: Some(API.to_owned()),
        auth_time: now,
        amr: session.amr.clone(),
        acr: None,
        claims: None,
        cnf: None,
        extent: Extent::default(),
    };
    let family = Family {
        id: random_id(&mut SystemRng),
        client_id: SESSIONS.to_owned(),
        user_id: user_id.to_owned(),
        sid: Some(session.sid.clone()),
        session_bound: true,
        scope: grant.scope.to_string(),
        audience: vec![API.to_owned()],
        auth_time: now,
        created_at: now,
        absolute_expires_at: ends_at,
        ended_at: None,
        ended_why: None,
        payload: serde_json::to_value(&grant).map_err(|why| why.to_string())?,
    };
    let access_token = IssuedAccessToken {
        jti: random_id(&mut SystemRng),
        expires_at: ends_at,
        sid: Some(session.sid.clone()),
        revocation_handle: handle.to_owned(),
        session_hash: Some(Hash32(value.hash())),
    };
    Ok(NewFamily { family, session: Some(session), refresh_token: None, access_token })
}

/// A folder for this run, readable by its owner, removed at the end.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("symbolon-bench-{}", random_id(&mut SystemRng)));
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map(|()| Self(path.clone())).map_err(|why| format!("{} cannot be made: {why}", path.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for temporary files.
        drop(fs::remove_dir_all(&self.0));
    }
}
