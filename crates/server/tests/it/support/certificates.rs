//! Clients that show certificates (RFC 8705), on the listener that asks for them or by a proxy's header.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, Method, Request};
use http_body_util::Full;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use symbolon_oauth::{AuthMethod, Client, ClientApi, ClientId, Scope};
use symbolon_server::Config;
use symbolon_server::config::Tls;

use super::client::{Answer, Browser, exchange_over, form};
use super::{API, World};

/// A file of the folder `tests/certificates`.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/certificates").join(name)
}

/// Certificates of that folder in DER, each of which signs the one before.
pub fn chain(names: &[&str]) -> Vec<CertificateDer<'static>> {
    names.iter().map(|name| CertificateDer::from_pem_file(file(&format!("{name}.crt"))).unwrap()).collect()
}

/// `x5t#S256` of a certificate of that folder.
pub fn thumbprint(name: &str) -> String {
    symbolon_oauth::certificate::thumbprint(&chain(&[name])[0])
}

/// A certificate as RFC 9440 writes it.
pub fn header(name: &str) -> String {
    format!(":{}:", base64_simd::STANDARD.encode_to_string(&chain(&[name])[0]))
}

/// TLS with a certificate for `localhost`, and the listener that asks for certificates.
pub fn with_certificates(config: &mut Config) {
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name);
    "https://localhost".clone_into(&mut config.issuer);
    config.http.tls = Some(Tls { cert: fixture("one.crt"), key: fixture("one.key") });
    config.mtls.listen = Some("127.0.0.1:0".parse().unwrap());
    config.mtls.ca = Some(file("authority.crt"));
}

/// A client that shows a certificate of the folder (and what it was signed with), or none.
pub fn tls(names: &[&str], versions: &[&'static rustls::SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/one.crt");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let builder = builder.with_root_certificates(roots);
    let config = match names.first() {
        None => builder.with_no_client_auth(),
        Some(first) => {
            let key = if *first == "self-again" { "self" } else { first };
            let key = PrivateKeyDer::from_pem_file(file(&format!("{key}.key"))).unwrap();
            builder.with_client_auth_cert(chain(names), key).unwrap()
        }
    };
    Arc::new(config)
}

pub const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A service that is known by the DNS name of the certificates `client`, `deep`, `stranger`, `expired` and `of-server`.
pub fn reports() -> Client {
    let mut client = Client::machine(ClientId::parse("reports").unwrap(), "Reports");
    client.token_endpoint_auth_method = AuthMethod::TlsClientAuth;
    client.certificate.tls_client_auth_san_dns = Some("reports.example.com".to_owned());
    client.apis = vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read").unwrap() }];
    client
}

/// A service that is known by the key of the certificates `self` and `self-again`.
pub fn own() -> Client {
    let pem = std::fs::read_to_string(file("self.key")).unwrap();
    let key = symbolon_jose::Jwk::from_pem(&pem).unwrap().public_value().unwrap();
    let mut client = reports();
    client.client_id = ClientId::parse("own").unwrap();
    client.token_endpoint_auth_method = AuthMethod::SelfSignedTlsClientAuth;
    client.certificate = symbolon_oauth::registration::CertificateRules::default();
    client.jwks = Some(serde_json::json!({ "keys": [key] }));
    client
}

impl World {
    /// A world with the listener that asks for certificates, and the clients above.
    pub async fn with_certificates() -> Self {
        let world = Self::with(with_certificates).await;
        world.put_client(&reports()).await;
        world.put_client(&own()).await;
        world
    }

    /// One request on a connection of its own to the listener that asks for certificates.
    pub async fn over(
        &self,
        tls: &Arc<ClientConfig>,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Option<String>,
    ) -> std::io::Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::from(body.unwrap_or_default())).unwrap();
        exchange_over(self.running.mtls_address.unwrap(), tls, request).await
    }

    /// A browser that speaks TLS to the ordinary address.
    pub fn tls_browser(&self) -> Browser {
        Browser { tls: Some(tls(&[], VERSIONS)), ..self.browser() }
    }

    /// Posts a form to that listener with this certificate.
    pub async fn post_over(&self, names: &[&str], path: &str, pairs: &[(&str, &str)]) -> Answer {
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        let tls = tls(names, VERSIONS);
        self.over(&tls, Method::POST, path, &headers, Some(form(pairs))).await.unwrap()
    }

    /// A client asks for a token of its own with this certificate.
    pub async fn token_over(&self, names: &[&str], client: &str) -> Answer {
        let pairs = [("grant_type", "client_credentials"), ("client_id", client), ("audience", API)];
        self.post_over(names, "/oauth/token", &pairs).await
    }

    /// `GET /userinfo` at that listener.
    pub async fn userinfo_over(&self, names: &[&str], scheme: &str, token: &str) -> Answer {
        let shown = format!("{scheme} {token}");
        let tls = tls(names, VERSIONS);
        self.over(&tls, Method::GET, "/userinfo", &[(AUTHORIZATION, &shown)], None).await.unwrap()
    }

    /// The metadata document.
    pub fn metadata(&self) -> Value {
        serde_json::from_slice(&self.running.app.registry().metadata()).unwrap()
    }
}
