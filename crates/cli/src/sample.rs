//! The sample of `serve --dev`: the dragons API under the guard, and the plain single-page app, each on its own port so that it is
//! a different origin, as in real life. The app's files are embedded; its configuration is made for the ports in use.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use axum::Router;
use axum::http::header;
use axum::routing::get;
use serde_json::json;
use symbolon_guard::{Dpop, Guard, SignedUrls};

use crate::error::{CliError, FAILED, UNREACHABLE};

/// The ports of the sample, taken before anything else happens.
#[derive(Debug)]
pub(crate) struct Ports {
    spa: Vec<TcpListener>,
    api: Vec<TcpListener>,
    urls: Urls,
}

/// Where `examples/dragons-spa` answers: its pages may call the API, too.
const ANGULAR_APP: &str = "http://localhost:4200";

/// Where the sample is.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    /// The app.
    pub(crate) spa: String,
    /// The API.
    pub(crate) api: String,
}

impl Ports {
    pub(crate) fn take(sample: symbolon_server::config::Sample) -> Result<Self, CliError> {
        Ok(Self {
            spa: take("the sample app", sample.spa_port)?,
            api: take("the sample API", sample.api_port)?,
            urls: Urls {
                spa: format!("http://localhost:{}", sample.spa_port),
                api: format!("http://localhost:{}", sample.api_port),
            },
        })
    }

    /// Serves both in the background, until the process ends.
    pub(crate) fn serve(self, issuer: &str) -> Result<Urls, CliError> {
        let failed = |why: &dyn std::fmt::Display| {
            CliError::new(
                FAILED,
                format!("the sample cannot be served: {why}"),
                "choose other ports with --sample-ports",
            )
        };
        let guard = Guard::new(issuer, &self.urls.api).map_err(|why| failed(&why))?;
        let guard = guard.dpop(Dpop::accept(&self.urls.api).map_err(|why| failed(&why))?);
        let guard = guard.signed_urls(SignedUrls::of_this_process().map_err(|why| failed(&why))?);
        let api = dragons_api::router(&guard, &[self.urls.spa.clone(), ANGULAR_APP.to_owned()]);
        let spa = app(issuer, &self.urls);
        let doors = self.api.into_iter().map(|door| (door, api.clone()));
        for (door, router) in doors.chain(self.spa.into_iter().map(|door| (door, spa.clone()))) {
            let door = tokio::net::TcpListener::from_std(door).map_err(|why| failed(&why))?;
            tokio::spawn(async move {
                // axum answers accept errors by trying again; this does not end.
                let _ = axum::serve(door, router).await;
            });
        }
        Ok(self.urls)
    }
}

/// Takes a port on both loopback addresses: browsers may try either for `localhost`, and must not meet a stranger on one of them.
fn take(whose: &str, port: u16) -> Result<Vec<TcpListener>, CliError> {
    let bind = |address: SocketAddr| {
        let door = TcpListener::bind(address)?;
        door.set_nonblocking(true)?;
        Ok::<TcpListener, std::io::Error>(door)
    };
    let refused = |why: std::io::Error| {
        CliError::new(
            UNREACHABLE,
            format!("port {port} for {whose} cannot be taken: {why}"),
            "stop the other program, or choose two free ports: --sample-ports 4411,4412",
        )
    };
    let first = bind((Ipv4Addr::LOCALHOST, port).into()).map_err(refused)?;
    match bind((Ipv6Addr::LOCALHOST, port).into()) {
        Ok(second) => Ok(vec![first, second]),
        Err(why) if why.kind() == std::io::ErrorKind::AddrInUse => Err(refused(why)),
        // A machine without IPv6.
        Err(_) => Ok(vec![first]),
    }
}

/// The embedded app: path, type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("../../../examples/dragons-spa-plain/index.html")),
    ("/app.js", "text/javascript; charset=utf-8", include_str!("../../../examples/dragons-spa-plain/app.js")),
    ("/icon.svg", "image/svg+xml", include_str!("../../../examples/dragons-spa-plain/icon.svg")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../../../examples/dragons-spa-plain/style.css")),
];

fn app(issuer: &str, urls: &Urls) -> Router {
    let config = json!({ "issuer": issuer, "clientId": "dragons-spa", "api": urls.api }).to_string();
    // The app loads the SDK from the issuer and talks to issuer and API; nothing else may run or be called.
    let policy = format!(
        "default-src 'none'; script-src 'self' {issuer}; style-src 'self'; img-src 'self'; connect-src 'self' {issuer} {}; \
         form-action {issuer}; base-uri 'none'; frame-ancestors 'none'; worker-src blob:",
        urls.api
    );
    let headers = |kind: &'static str| {
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy.clone()),
            (header::CACHE_CONTROL, "no-cache".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ]
    };
    let json = headers("application/json");
    let mut router = Router::new().route("/config.json", get(move || async move { (json, config) }));
    for (path, kind, content) in FILES {
        let headers = headers(kind);
        router = router.route(path, get(move || async move { (headers, *content) }));
    }
    router
}
