//! A machine client that gets tokens and revokes them, over plain HTTP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use symbolon_jose::base64url;

use crate::Failure;
use crate::server::Installation;

/// The API its tokens are for.
pub(crate) const AUDIENCE: &str = "https://revocation.bench.example";

const ID: &str = "bench";

/// Registers the API and the client; the secret stands in the installation's answer only once, so it is rotated for use.
pub(crate) fn register(installation: &Installation) -> Result<(), Failure> {
    installation.run(&["api", "add", AUDIENCE, "--name", "Bench", "--scope", "read=Measure"], "")?;
    let api = format!("{AUDIENCE}=read");
    installation.run(&["client", "add", "--machine", "--id", ID, "--name", "Bench", "--api", &api], "")?;
    Ok(())
}

pub(crate) struct Machine {
    address: SocketAddr,
    host: String,
    secret: String,
}

impl Machine {
    /// The client of [`register`], beside the running server.
    pub(crate) fn new(installation: &Installation, address: SocketAddr) -> Result<Self, Failure> {
        let answer = installation.run(&["client", "secret", "rotate", ID, "--overlap", "1h"], "")?;
        let secret = answer["client_secret"].as_str().ok_or("the client has no secret")?.to_owned();
        Ok(Self { address, host: installation.host(), secret })
    }

    /// The same client at another node.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self { address, host: self.host.clone(), secret: self.secret.clone() }
    }

    /// An access token.
    pub(crate) fn token(&self) -> Result<String, Failure> {
        let answer = self.post("/oauth/token", &format!("grant_type=client_credentials&audience={AUDIENCE}"))?;
        Ok(answer["access_token"].as_str().ok_or("no token")?.to_owned())
    }

    /// Revokes a token; it has been acknowledged when this comes back.
    pub(crate) fn revoke(&self, token: &str) -> Result<(), Failure> {
        let answer = self.post("/oauth/revoke", &format!("token={token}"))?;
        if answer["revoked"] == true { Ok(()) } else { Err("the token was not revoked".into()) }
    }

    fn post(&self, path: &str, form: &str) -> Result<Value, Failure> {
        let credentials = base64url::encode(format!("{ID}:{}", self.secret).as_bytes());
        let credentials = standard(&credentials);
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Basic {credentials}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            self.host,
            form.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("{path}: {answer}").into());
        }
        Ok(serde_json::from_str(body)?)
    }
}

/// Base64 as Basic wants it (RFC 7617 §2), from base64url.
fn standard(url: &str) -> String {
    let mut text = url.replace('-', "+").replace('_', "/");
    text.extend(std::iter::repeat_n('=', (4 - text.len() % 4) % 4));
    text
}
