//! An issuer, an API, a gateway, and a browser without a page.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use hyper::body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use symbolon_gateway::config::{Sources, load};
use symbolon_gateway::{Running, start};
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, jwt};
use symbolon_server::Clock;
use symbolon_server::config::ConfigError;
use tempfile::TempDir;

pub(crate) const NOW: u64 = 1_800_000_000;

/// What the issuer does, and what it was asked.
#[derive(Default)]
pub(crate) struct Does {
    /// Status and body of the token endpoint in place of tokens.
    pub(crate) refuses: Option<(u16, Value)>,
    /// Changes of the ID token.
    pub(crate) claims: Vec<(&'static str, Value)>,
    /// Forms that came to the token endpoint.
    pub(crate) asked: Vec<String>,
    /// Forms that came to the revocation endpoint.
    pub(crate) revoked: Vec<String>,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    key: SigningKey,
    set: Value,
    pub(crate) clock: Clock,
    pub(crate) does: Mutex<Does>,
}

impl Issuer {
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        jwt::sign(&self.key, typ, claims).unwrap()
    }
}

/// What reached the API: path and query, and the head.
pub(crate) type Heard = Arc<Mutex<Vec<(String, HeaderMap)>>>;

pub(crate) struct World {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) heard: Heard,
    pub(crate) api: SocketAddr,
    pub(crate) clock: Clock,
    running: Option<Running>,
    pub(crate) url: String,
    folder: TempDir,
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn issuer(clock: Clock) -> Arc<Issuer> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let jwk = Jwk::generate(Algorithm::ES256).unwrap().with_kid("k");
    let set = JwkSet::from_value(&json!({ "keys": [jwk.public_value().unwrap()] })).unwrap().to_value();
    let issuer = Arc::new(Issuer {
        url: format!("http://{}", listener.local_addr().unwrap()),
        key: SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap(),
        set,
        clock,
        does: Mutex::default(),
    });
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/jwks", get(async |State(issuer): State<Arc<Issuer>>| Json(issuer.set.clone())))
        .route("/token", post(token))
        .route("/userinfo", get(async || Json(json!({ "sub": "ada", "name": "Ada" }))))
        .route(
            "/revoke",
            post(async |State(issuer): State<Arc<Issuer>>, form: String| {
                issuer.does.lock().unwrap().revoked.push(form);
            }),
        )
        .with_state(Arc::clone(&issuer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    issuer
}

async fn metadata(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", issuer.url);
    Json(json!({
        "issuer": issuer.url, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"), "jwks_uri": at("/jwks"),
        "userinfo_endpoint": at("/userinfo"), "revocation_endpoint": at("/revoke"), "end_session_endpoint": at("/logout"),
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn token(State(issuer): State<Arc<Issuer>>, form: String) -> Response {
    let mut does = issuer.does.lock().unwrap();
    does.asked.push(form.clone());
    if let Some((status, body)) = &does.refuses {
        return (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response();
    }
    // The code is the nonce of its question.
    let field = |name: &str| {
        url::form_urlencoded::parse(form.as_bytes()).find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
    };
    let now = issuer.clock.now();
    let mut claims = json!({ "iss": issuer.url, "aud": "app", "sub": "ada", "sid": "s1", "iat": now, "exp": now + 600, "nonce": field("code") });
    for (name, value) in &does.claims {
        claims[*name] = value.clone();
    }
    let number = does.asked.len();
    Json(json!({
        "access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": 60, "scope": "openid",
        "refresh_token": format!("refresh-{number}"), "id_token": issuer.sign("JWT", &claims),
    }))
    .into_response()
}

async fn heard(State(heard): State<Heard>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    heard.lock().unwrap().push((path.clone(), request.headers().clone()));
    match path.as_str() {
        "/live" => echoes(&mut request),
        "/refuse" => StatusCode::UNAUTHORIZED.into_response(),
        "/hang" => std::future::pending().await,
        "/silent" => Body::new(Begun::default()).into_response(),
        _ => axum::body::to_bytes(request.into_body(), usize::MAX)
            .await
            .map_or(StatusCode::BAD_REQUEST, |_| StatusCode::OK)
            .into_response(),
    }
}

/// Speaks another protocol from now on: every byte comes back.
fn echoes(request: &mut Request) -> Response {
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let stream = hyper_util::rt::TokioIo::new(upgraded.await.unwrap());
        let (mut read, mut write) = tokio::io::split(stream);
        // Whoever is on the other side may cut it.
        drop(tokio::io::copy(&mut read, &mut write).await);
    });
    let headers = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-protocol", "dragons")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// A body that begins and then says nothing more.
#[derive(Default)]
struct Begun(bool);

impl hyper::body::Body for Begun {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Self::Error>>> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(bytes::Bytes::from_static(b"begun")))))
    }
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn location(&self) -> url::Url {
        self.headers[header::LOCATION].to_str().unwrap().parse().unwrap()
    }

    pub(crate) fn cookies(&self) -> Vec<String> {
        let set = self.headers.get_all(header::SET_COOKIE).iter();
        set.map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
    }
}

/// A browser that is signed in.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = Clock::fixed(NOW);
        let issuer = issuer(clock.clone()).await;
        let calls = Heard::default();
        let api = serve(Router::new().fallback(any(heard)).with_state(Arc::clone(&calls))).await;
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = format!(
            "url = \"http://localhost:{port}\"\nissuer = \"{}\"\nclient_id = \"app\"\norigins = [\"http://localhost:4200\"]\n\
             [http]\nlisten = \"127.0.0.1:0\"\nmax_body = \"4KiB\"\n[upstream]\ntimeout = \"1s\"\n\
             [[api]]\npath = \"/api\"\nurl = \"http://{api}\"\n\
             [[api]]\npath = \"/gone\"\nurl = \"http://127.0.0.1:1\"\n",
            issuer.url
        );
        std::fs::write(folder.path().join("gateway.toml"), text).unwrap();
        let mut world = Self { issuer, heard: calls, api, clock, running: None, url: String::new(), folder };
        world.start().await;
        world
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("gateway.toml")
    }

    async fn start(&mut self) {
        let config = load(&Sources { file: Some(self.file()), ..Sources::default() }).unwrap().config;
        let running = start(config, self.clock.clone()).await.unwrap();
        self.url = format!("http://{}", running.address.unwrap());
        self.running = Some(running);
    }

    pub(crate) async fn restart(&mut self) {
        self.running.take().unwrap().shutdown().await;
        self.start().await;
    }

    /// Puts other words into the file, and has it read again, as SIGHUP does.
    pub(crate) fn change(&self, from: &str, to: &str) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(self.file()).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.file(), text.replace(from, to)).unwrap();
        let new = load(&Sources { file: Some(self.file()), ..Sources::default() })?.config;
        self.running.as_ref().unwrap().reload(&new)
    }

    /// The gateway's own name of itself.
    pub(crate) fn origin(&self) -> String {
        load(&Sources { file: Some(self.file()), ..Sources::default() }).unwrap().config.origin.to_string()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request.body(body.into()).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = http_body_util::BodyExt::collect(body).await.map(|body| body.to_bytes().to_vec());
        let body = body.unwrap_or_else(|_| b"(cut)".to_vec());
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub(crate) async fn get(&self, browser: &Browser, path: &str) -> Answer {
        self.send("GET", path, &[("cookie", &browser.cookie)], "").await
    }

    /// Begins a sign-in; gives the cookie, and the question.
    pub(crate) async fn begin(&self) -> (String, url::Url) {
        let answer = self.send("GET", "/login?return_to=/x", &[], "").await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        (answer.cookies()[0].clone(), answer.location())
    }

    /// The issuer's yes to a question.
    pub(crate) fn yes(&self, question: &url::Url) -> String {
        let param = |name: &str| question.query_pairs().find(|(it, _)| it == name).unwrap().1.into_owned();
        format!("/callback?code={}&state={}&iss={}", param("nonce"), param("state"), self.issuer.url)
    }

    pub(crate) async fn sign_in(&self) -> Browser {
        let (cookie, question) = self.begin().await;
        let answer = self.send("GET", &self.yes(&question), &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.cookies().into_iter().find(|cookie| !cookie.contains("sign-in")).unwrap();
        let session = self.send("GET", "/session", &[("cookie", &cookie)], "").await.json();
        Browser { cookie, token: session["csrf_token"].as_str().unwrap().to_owned() }
    }
}
