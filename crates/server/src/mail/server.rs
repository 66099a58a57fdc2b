//! The operator's mail server (RFC 5321): one connection for a letter, verified, bounded in time.
//!
//! What the server says decides what becomes of a letter: refused for good (5yz), later perhaps (4yz), or not there. A password
//! that it does not take is the operator's to mend, so letters wait for that.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::message::Written;
use super::route::{Route, Security, Sender};
use crate::account::normalize::EmailAddress;
use crate::config::{Config, Problem};

/// How long a server may take to say good-bye. By then the letter is its own.
const QUIT: Duration = Duration::from_secs(5);

/// The server, and how it is reached.
pub struct Server {
    route: Route,
    hello: ClientId,
    ca: Option<PathBuf>,
    tls: OnceCell<TlsParameters>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("route", &self.route).finish_non_exhaustive()
    }
}

/// Why a letter was not taken, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MailError {
    /// The server refuses this letter for good.
    Refused(String),
    /// The server takes this letter later, perhaps.
    Later(String),
    /// The server is not there, or takes nothing from us as we are set up.
    Unreachable(String),
}

impl MailError {
    /// Why.
    pub(crate) fn into_words(self) -> String {
        match self {
            Self::Refused(why) | Self::Later(why) | Self::Unreachable(why) => why,
        }
    }
}

impl Server {
    pub(super) fn new(config: &Config, route: Route) -> Result<Self, Problem> {
        let host = url::Url::parse(&config.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
        address(&route.from.address).map_err(|why| Problem::new(format!("mail.from: {why}"), "write it in ASCII"))?;
        Ok(Self {
            hello: ClientId::Domain(host.unwrap_or_else(|| "localhost".to_owned())),
            ca: config.outgoing.ca.clone(),
            route,
            tls: OnceCell::new(),
        })
    }

    /// Sends a letter; its server has it then and has said so, or why not.
    pub(super) async fn send(&self, written: Written, patience: Duration) -> Result<String, MailError> {
        let message = compose(&self.route.from, written)?;
        self.within(patience, async {
            let mut connection = self.connect().await?;
            let sent = connection.send(message.envelope(), &message.formatted()).await;
            leave(connection);
            let said = sent.map_err(|error| refusal(&error))?;
            Ok(printable(&format!("{} {}", said.code(), said.message().collect::<Vec<_>>().join(" "))))
        })
        .await
    }

    /// Whether the server takes us, without a letter.
    pub(super) async fn greet(&self, patience: Duration) -> Result<(), MailError> {
        self.within(patience, async { self.connect().await.map(leave) }).await
    }

    /// The server, for people.
    pub(super) fn name(&self) -> String {
        self.route.server()
    }

    async fn within<T>(
        &self,
        patience: Duration,
        conversation: impl Future<Output = Result<T, MailError>>,
    ) -> Result<T, MailError> {
        let late = |_| MailError::Unreachable(format!("{} did not answer in time", self.route.server()));
        timeout(patience, conversation).await.map_err(late)?
    }

    /// A connection over which letters are taken from us.
    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let Route { security, host, port, login, .. } = &self.route;
        let unreachable = |error: lettre::transport::smtp::Error| {
            MailError::Unreachable(format!("{} cannot be used: {}", self.route.server(), words(&error)))
        };
        let tls = match security {
            Security::Loopback => None,
            Security::StartTls | Security::Tls => Some(self.tls().await?),
        };
        let at_once = tls.clone().filter(|_| *security == Security::Tls);
        let place = (host.as_str(), *port);
        let connected = AsyncSmtpConnection::connect_tokio1(place, None, &self.hello, at_once, None).await;
        let mut connection = connected.map_err(unreachable)?;
        if let Some(tls) = tls.filter(|_| *security == Security::StartTls) {
            connection.starttls(tls, &self.hello).await.map_err(unreachable)?;
        }
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).await.map_err(|error| {
                MailError::Unreachable(format!(
                    "{} does not take our user and password: {}",
                    self.route.server(),
                    words(&error)
                ))
            })?;
        }
        Ok(connection)
    }

    /// What a connection is made with: the certificates of the system, and those of `outgoing.ca`. Read when first needed.
    async fn tls(&self) -> Result<TlsParameters, MailError> {
        let build = async || {
            let (host, ca) = (self.route.host.clone(), self.ca.clone());
            // Some hundred files: not for a thread that answers requests.
            let built = tokio::task::spawn_blocking(move || {
                let mut builder = TlsParameters::builder(host);
                if let Some(path) = ca {
                    let pem = std::fs::read(&path).map_err(|why| format!("outgoing.ca: {}: {why}", path.display()))?;
                    let certificate = Certificate::from_pem(&pem).map_err(|error| words(&error))?;
                    builder = builder.add_root_certificate(certificate);
                }
                builder.build_rustls().map_err(|error| words(&error))
            });
            built.await.unwrap_or_else(|_| Err("the process is stopping".to_owned())).map_err(MailError::Unreachable)
        };
        self.tls.get_or_try_init(build).await.cloned()
    }
}

/// Ends the conversation. Nobody waits for that: if it hangs, what was said stays said.
fn leave(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move { timeout(QUIT, connection.abort()).await });
}

fn refusal(error: &lettre::transport::smtp::Error) -> MailError {
    let why = words(error);
    // RFC 5321 §4.2.1: 5yz is for good. 421 ends the conversation, and 530, 534, 535 and 538 (RFC 4954 §6) are about who we are.
    match error.status().map(u16::from) {
        Some(421 | 530 | 534 | 535 | 538) | None => MailError::Unreachable(why),
        Some(500..) => MailError::Refused(why),
        Some(_) => MailError::Later(why),
    }
}

/// What went wrong with what led to it, printable: servers choose their words.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    printable(&text)
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).take(300).collect()
}

/// The address for the envelope (RFC 5321 §4.1.2).
fn address(address: &EmailAddress) -> Result<Address, String> {
    address
        .as_typed
        .parse()
        .map_err(|why| format!("{address} is no address a mail server takes: {why}", address = address.as_typed))
}

fn compose(from: &Sender, written: Written) -> Result<Message, MailError> {
    let refused = |why: String| MailError::Refused(why);
    let sender = Mailbox::new(from.name.clone(), address(&from.address).map_err(refused)?);
    let to = Mailbox::new(None, address(&written.to).map_err(refused)?);
    let written_at = std::time::UNIX_EPOCH + Duration::from_secs(written.at);
    // RFC 3834 §5: no answers from machines, please.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let part = |kind, text| SinglePart::builder().header(kind).body(text);
    let both = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, written.text))
        .singlepart(part(ContentType::TEXT_HTML, written.html));
    let builder = Message::builder().from(sender).to(to).subject(written.subject).date(written_at);
    let message = builder.message_id(Some(written.message_id)).raw_header(automatic).multipart(both);
    message.map_err(|why| MailError::Refused(format!("it cannot be put together: {why}")))
}

#[cfg(test)]
mod tests {
    use super::super::letter::Letter;
    use super::*;
    use symbolon_oauth::Issuer;

    fn composed(name: Option<&str>) -> String {
        let address = |text| EmailAddress::parse(text).unwrap();
        let from = Sender { name: name.map(str::to_owned), address: address("no-reply@example.com") };
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        let letter =
            Letter::PasswordReset { link: "https://auth.example.com/reset?code=1".into(), minutes: 20, client: None };
        let written = Written::new(&issuer, &letter, address("ada@example.com"), "en", "7.1000", 1_000);
        String::from_utf8(compose(&from, written).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_letter_has_the_headers_of_one_that_a_machine_wrote() {
        let text = composed(Some("Example"));
        for header in [
            "From: Example <no-reply@example.com>\r\n",
            "To: ada@example.com\r\n",
            "Subject: Choose a new password\r\n",
            "Date: Thu, 01 Jan 1970 00:16:40 +0000\r\n",
            "Message-ID: <7.1000@auth.example.com>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(text.contains(header), "{header} in {text}");
        }
        let (plain, html) = (text.find("text/plain").unwrap(), text.find("text/html").unwrap());
        assert!(plain < html, "the better form is last (RFC 2046 §5.1.4)");
    }

    #[test]
    fn a_name_is_no_second_sender_security_148() {
        let text = composed(Some("A\" <eve@example.com>, \"B"));
        let from = text.lines().find(|line| line.starts_with("From:")).unwrap();
        assert!(from.ends_with(" <no-reply@example.com>") && !from.contains("eve@"), "{from}");
    }
}
