//! An authority that issues certificates by ACME (RFC 8555), as strict as these tests need: it checks signatures and nonces, and looks at every node
//! for a proof before it believes one. `tests/e2e/acme.test.js` has a real one.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use symbolon_jose::jws::json::Unverified;
use symbolon_jose::{Algorithm, Jwk, VerifyingKey, base64url, sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::tls_client::unverified;

/// What stands before the point in a P-256 key (RFC 5480 §2).
const P256: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

pub struct Authority {
    pub directory: String,
    state: Arc<Shared>,
}

struct Shared {
    base: String,
    issuer: CertifiedIssuer<'static, KeyPair>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    nodes: Vec<SocketAddr>,
    nonces: BTreeSet<String>,
    account: Option<Jwk>,
    orders: Vec<Order>,
    refuses: bool,
    refused: usize,
}

#[derive(Clone, Default)]
struct Order {
    domain: String,
    proven: bool,
    chain: Option<String>,
}

struct Point(Vec<u8>);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl Authority {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        let state = Arc::new(Shared { base: base.clone(), issuer, book: Mutex::default() });
        let router = Router::new()
            .route("/directory", get(directory))
            .route("/nonce", get(nonce))
            .route("/{what}", post(begin))
            .route("/{what}/{order}", post(go_on))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { directory: format!("{base}/directory"), state }
    }

    /// Where it looks for proofs: at every one of them.
    pub fn looks_at(&self, nodes: &[SocketAddr]) {
        self.state.book.lock().unwrap().nodes = nodes.to_vec();
    }

    /// How many certificates it has issued.
    pub fn issued(&self) -> usize {
        self.state.book.lock().unwrap().orders.iter().filter(|order| order.chain.is_some()).count()
    }

    /// How many orders it was given.
    pub fn orders(&self) -> usize {
        self.state.book.lock().unwrap().orders.len()
    }

    /// Whether it takes orders from now on.
    pub fn refuses(&self, refuses: bool) {
        self.state.book.lock().unwrap().refuses = refuses;
    }

    /// How many it has refused.
    pub fn refused(&self) -> usize {
        self.state.book.lock().unwrap().refused
    }

    /// The certificate that it has issued last.
    pub fn newest(&self) -> Vec<u8> {
        use rustls::pki_types::pem::PemObject as _;
        let book = self.state.book.lock().unwrap();
        let chain = book.orders.iter().rev().find_map(|order| order.chain.clone()).unwrap();
        CertificateDer::from_pem_slice(chain.as_bytes()).unwrap().to_vec()
    }
}

impl Shared {
    fn fresh_nonce(&self) -> [(&'static str, String); 1] {
        let mut book = self.book.lock().unwrap();
        let nonce = format!("nonce-{}-{}", book.nonces.len(), book.orders.len());
        let nonce = base64url::encode(&sha256(nonce.as_bytes()));
        book.nonces.insert(nonce.clone());
        [("replay-nonce", nonce)]
    }

    /// RFC 8555 §6.2 to §6.5: the header, if all of it holds, and the payload.
    fn verify(&self, url: &str, body: &str) -> Result<(Value, Vec<u8>), &'static str> {
        let parsed: Value = serde_json::from_str(body).map_err(|_| "malformed")?;
        let header = base64url::decode(parsed["protected"].as_str().unwrap_or_default()).map_err(|_| "malformed")?;
        let header: Value = serde_json::from_slice(&header).map_err(|_| "malformed")?;
        let mut book = self.book.lock().unwrap();
        if !book.nonces.remove(header["nonce"].as_str().unwrap_or_default()) {
            return Err("badNonce");
        }
        let key = match (&header["jwk"], header["kid"].as_str()) {
            (Value::Object(_), None) => Jwk::from_value(&header["jwk"]).map_err(|_| "badPublicKey")?,
            (Value::Null, Some(kid)) if kid == format!("{}/account/1", self.base) => {
                book.account.clone().ok_or("accountDoesNotExist")?
            }
            _ => return Err("malformed"),
        };
        let verifying = VerifyingKey::from_jwk(&key, Algorithm::ES256).map_err(|_| "badPublicKey")?;
        let verified = Unverified::parse(body.as_bytes()).and_then(|it| it.verify(&verifying));
        let verified = verified.map_err(|_| "unauthorized")?;
        if header["url"] != *url {
            return Err("unauthorized");
        }
        if url.ends_with("/account") {
            book.account = Some(key);
        }
        Ok((header, verified.payload().to_vec()))
    }
}

fn problem(name: &str) -> Response {
    let problem = json!({ "type": format!("urn:ietf:params:acme:error:{name}"), "detail": "no" });
    (StatusCode::BAD_REQUEST, Json(problem)).into_response()
}

async fn directory(State(state): State<Arc<Shared>>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", state.base);
    Json(json!({ "newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("order") }))
}

async fn nonce(State(state): State<Arc<Shared>>) -> impl axum::response::IntoResponse {
    state.fresh_nonce()
}

async fn begin(State(state): State<Arc<Shared>>, Path(what): Path<String>, body: String) -> Response {
    let answer = match (state.verify(&format!("{}/{what}", state.base), &body), what.as_str()) {
        (Err(name), _) => problem(name),
        (Ok((_, payload)), "account") => {
            let asked: Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(asked["termsOfServiceAgreed"], true);
            (StatusCode::CREATED, [("location", format!("{}/account/1", state.base))], "{}").into_response()
        }
        (Ok((_, payload)), _) => {
            let asked: Value = serde_json::from_slice(&payload).unwrap();
            let domain = asked["identifiers"][0]["value"].as_str().unwrap().to_owned();
            let mut book = state.book.lock().unwrap();
            if book.refuses {
                book.refused += 1;
                problem("rateLimited")
            } else {
                book.orders.push(Order { domain, ..Order::default() });
                let number = book.orders.len() - 1;
                let order = order(&state.base, number, &book.orders[number]);
                drop(book);
                let location = [("location", format!("{}/orders/{number}", state.base))];
                (StatusCode::CREATED, location, Json(order)).into_response()
            }
        }
    };
    (state.fresh_nonce(), answer).into_response()
}

fn order(base: &str, number: usize, order: &Order) -> Value {
    let at = |path: &str| format!("{base}/{path}/{number}");
    let status = match order {
        Order { chain: Some(_), .. } => "valid",
        Order { proven: true, .. } => "ready",
        _ => "pending",
    };
    json!({
        "status": status, "authorizations": [at("authorization")], "finalize": at("finalize"),
        "certificate": order.chain.as_ref().map(|_| at("certificate")),
    })
}

async fn go_on(
    State(state): State<Arc<Shared>>,
    Path((what, number)): Path<(String, usize)>,
    body: String,
) -> Response {
    let url = format!("{}/{what}/{number}", state.base);
    let answer = match state.verify(&url, &body) {
        Err(name) => problem(name),
        Ok((_, payload)) => {
            if what == "challenge" {
                prove(&state, number).await;
            }
            act(&state, &what, number, &payload)
        }
    };
    (state.fresh_nonce(), answer).into_response()
}

fn act(state: &Shared, what: &str, number: usize, payload: &[u8]) -> Response {
    let mut book = state.book.lock().unwrap();
    let found = &mut book.orders[number];
    match what {
        "orders" => Json(order(&state.base, number, found)).into_response(),
        "authorization" => {
            let status = if found.proven { "valid" } else { "pending" };
            let challenge = format!("{}/challenge/{number}", state.base);
            let challenges = json!([{ "type": "tls-alpn-01", "url": challenge, "token": format!("token-{number}") }]);
            let identifier = json!({ "type": "dns", "value": found.domain });
            Json(json!({ "identifier": identifier, "status": status, "challenges": challenges })).into_response()
        }
        "challenge" => Json(json!({})).into_response(),
        "finalize" => {
            let asked: Value = serde_json::from_slice(payload).unwrap();
            let csr = base64url::decode(asked["csr"].as_str().unwrap()).unwrap();
            let at = csr.windows(P256.len()).position(|bytes| bytes == P256).unwrap() + P256.len();
            let mut parameters = CertificateParams::new(vec![found.domain.clone()]).unwrap();
            parameters.not_before = rcgen::date_time_ymd(2027, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2027, 4, 15);
            let certificate = parameters.signed_by(&Point(csr[at..at + 65].to_vec()), &state.issuer).unwrap();
            let pem = |der: &[u8]| {
                let text = base64_simd::STANDARD.encode_to_string(der);
                format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
            };
            found.chain = Some(format!("{}{}", pem(certificate.der()), pem(state.issuer.der())));
            Json(order(&state.base, number, found)).into_response()
        }
        _ => found.chain.clone().unwrap().into_response(),
    }
}

/// RFC 8737 §3: every node must show, to whoever speaks `acme-tls/1`, a certificate with the hash of the key authorization.
async fn prove(state: &Shared, number: usize) {
    let (nodes, domain, account) = {
        let book = state.book.lock().unwrap();
        (book.nodes.clone(), book.orders[number].domain.clone(), book.account.clone().unwrap())
    };
    let hash = sha256(format!("token-{number}.{}", account.thumbprint_base64url()).as_bytes());
    for node in nodes {
        let connector = TlsConnector::from(unverified(&[b"acme-tls/1"]));
        let name = ServerName::try_from(domain.clone()).unwrap();
        let stream = connector.connect(name, TcpStream::connect(node).await.unwrap()).await;
        let stream = stream.unwrap_or_else(|why| panic!("{node} does not answer the challenge: {why}"));
        let connection = stream.get_ref().1;
        assert_eq!(connection.alpn_protocol(), Some(&b"acme-tls/1"[..]));
        let shown = &connection.peer_certificates().unwrap()[0];
        assert!(shown.windows(hash.len()).any(|bytes| bytes == hash), "{node} shows another proof");
    }
    state.book.lock().unwrap().orders[number].proven = true;
}
