//! A browser that signs in once through the gateway and the issuer's page, to have the cookie that calls are made with.

use std::collections::BTreeMap;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::http::response::Parts;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Failure;

/// More requests than any sign-in takes.
const MAX_STEPS: u32 = 12;

/// Signs in at the gateway; gives the `Cookie` header of its session.
pub(super) fn sign_in(gateway: &str, email: &str, password: &str) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut browser = Browser::default();
        // To where it shows that it worked.
        let end = format!("{gateway}/session");
        let mut at = format!("{gateway}/login?return_to=/session");
        for _ in 0..MAX_STEPS {
            let (mut head, mut body) = browser.send(&at, None).await?;
            if let (Some(csrf), Some(interaction)) = (field(&body, "csrf"), field(&body, "interaction")) {
                let typed = format!("username={}&password={}", email.replace('@', "%40"), password.replace(' ', "+"));
                let form = format!("csrf={csrf}&interaction={interaction}&{typed}");
                at = format!("{}/login", origin(&at)?);
                (head, body) = browser.send(&at, Some(form)).await?;
            }
            match head.headers.get("location") {
                Some(to) if to.as_bytes().starts_with(b"/") => at = format!("{}{}", origin(&at)?, to.to_str()?),
                Some(to) => to.to_str()?.clone_into(&mut at),
                None if at == end && head.status.is_success() => return browser.cookie(&end),
                None => return Err(format!("{at} answered {} in a sign-in: {body}", head.status).into()),
            }
        }
        Err("a sign-in that does not end".into())
    })
}

/// Cookies by who set them and their name: on this machine all servers have one host, and browsers know no ports.
#[derive(Default)]
struct Browser(BTreeMap<(String, String), String>);

impl Browser {
    fn cookie(&self, url: &str) -> Result<String, Failure> {
        let origin = origin(url)?;
        let own = self.0.iter().filter(|((from, _), value)| *from == origin && !value.is_empty());
        Ok(own.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; "))
    }

    async fn send(&mut self, url: &str, form: Option<String>) -> Result<(Parts, String), Failure> {
        let uri: Uri = url.parse()?;
        let authority = uri.authority().ok_or("an address without a host")?;
        let stream = TcpStream::connect(("127.0.0.1", authority.port_u16().unwrap_or(80))).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().uri(path).header("host", authority.as_str());
        let cookie = self.cookie(url)?;
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        if form.is_some() {
            request = request.method("POST").header("origin", origin(url)?);
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let answer = sender.send_request(request.body(Full::new(Bytes::from(form.unwrap_or_default())))?).await?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        drop(sender);
        driver.await??;
        for set in head.headers.get_all("set-cookie") {
            let pair = set.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').ok_or("a cookie without a value")?;
            self.0.insert((origin(url)?, name.to_owned()), value.to_owned());
        }
        Ok((head, String::from_utf8_lossy(&body).into_owned()))
    }
}

fn origin(url: &str) -> Result<String, Failure> {
    let uri: Uri = url.parse()?;
    let authority = uri.authority().ok_or("an address without a host")?;
    Ok(format!("{}://{authority}", uri.scheme_str().unwrap_or("http")))
}

/// The value of a hidden field.
fn field<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next()
}
