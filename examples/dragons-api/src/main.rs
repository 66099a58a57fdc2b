//! Serves the sample API. `ISSUER`, `AUDIENCE`, `PUBLIC`, `ORIGIN`, `LISTEN` and `COOKIE` say otherwise than the defaults, which fit `symbolon serve --dev`.

use std::error::Error;

use symbolon_guard::{Dpop, Guard, SignedUrls};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Why a token was refused, or keys could not be fetched, is told here and not to the caller.
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG).init();

    let issuer = setting("ISSUER", "http://localhost:4400");
    let audience = setting("AUDIENCE", "http://localhost:4402");
    let public = setting("PUBLIC", "http://localhost:4402");
    let origin = setting("ORIGIN", "http://localhost:4401");
    let listen = setting("LISTEN", "127.0.0.1:4402");

    // Plain tokens, and those that are bound to a key (RFC 9449), which nobody else can use.
    let dpop = Dpop::accept(&public)?;
    // And URLs that the API has signed, for pictures.
    let mut guard = Guard::new(issuer, audience)?.dpop(dpop).signed_urls(SignedUrls::of_this_process()?);
    // And the cookie that the issuer gave to pages of `ORIGIN`, where the API is at the issuer's host.
    if let Ok(cookie) = std::env::var("COOKIE") {
        guard = guard.cookie(cookie).cookie_origins([origin.clone()]);
    }
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    println!("the dragons live at http://{listen}/api/dragons");
    axum::serve(listener, dragons_api::router(&guard, &[origin])).await?;
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}
