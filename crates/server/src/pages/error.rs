//! The error page: what happened, and what to do (experience §4).
//!
//! Shown for protocol errors until client and redirect URI are proven (specs rule 2), and for everything
//! else that ends on a page. Nothing received from outside becomes a link, a form target or a refresh
//! (security 2): what was received is shown as text.

use askama::Template;
use http::StatusCode;

use super::{AccountView, PageShell, WebUrl};
use crate::words;

/// Any page that says no.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What surrounds the page.
    pub shell: PageShell,
    /// What happened.
    pub what: ErrorWhat,
    /// The request's id, by which the operator finds the cause in the log.
    pub request_id: Option<String>,
    /// The application to return to: its name and a registered address of its own.
    pub back: Option<(String, WebUrl)>,
    /// For whoever wanted to sign out and is signed in still: to do it anyway.
    pub sign_out: Option<SignOutAnyway>,
}

/// The form that signs out where the request of an application could not be followed.
#[derive(Clone, Debug)]
pub struct SignOutAnyway {
    /// Who would be signed out.
    pub account: AccountView,
    /// Anti-forgery token, bound to the session cookie.
    pub csrf: String,
    /// What is left of the request: who asked, and in which languages.
    pub logout: String,
}

/// What can end on an error page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ErrorWhat {
    /// A form without the cookie it belongs to.
    CookiesNeeded,
    /// A form without a valid anti-forgery token, or sent from another site.
    Forgery,
    /// Our own failure; the cause is in the log only.
    Internal,
    /// An invitation that is unknown, used or too old.
    InvitationOver,
    /// An operator's one-time link that is unknown, used or too old.
    LinkExpired {
        /// The command that makes a new one.
        command: &'static str,
    },
    /// The address exists, but not for this method.
    MethodNotAllowed,
    /// No such page.
    NotFound,
    /// A sign-in left open for too long.
    PageExpired,
    /// The address to go to after signing out is not registered.
    PostLogoutRedirectUri {
        /// The client's name.
        client: String,
        /// The parameter that named it.
        parameter: &'static str,
        /// What was received; shown as text.
        received: String,
        /// How many are registered.
        registered: usize,
    },
    /// A request of the application that breaks the protocol.
    Protocol {
        /// The standard's error code.
        code: String,
        /// The public description.
        description: String,
    },
    /// A redirect URI that is not registered.
    RedirectUri {
        /// The client's name.
        client: String,
        /// What was received; shown as text.
        received: String,
        /// How many are registered.
        registered: usize,
    },
    /// The same of a link for a new password.
    ResetLinkExpired(AnotherLink),
    /// The server is set up already.
    SetUpAlready,
    /// Nobody makes accounts here by themselves, or not on the way to this client.
    SignUpClosed,
    /// The link of a sign-up that is unknown, used or too old.
    SignUpOver,
    /// Too many requests or attempts.
    TooMany {
        /// Seconds to wait.
        wait_secs: u64,
    },
    /// The store or a pool cannot take the request now.
    Unavailable,
    /// A client id that is not registered.
    UnknownClient {
        /// What was received; shown as text.
        received: String,
    },
}

/// How people get another link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnotherLink {
    /// They have it mailed.
    ByMail,
    /// No mail is sent: the operator makes one.
    OfOperator,
}

impl ErrorPage {
    fn words(&self) -> words::Error {
        words::Error::of(self.shell.language)
    }

    /// The page's status.
    pub fn status(&self) -> StatusCode {
        match self.what {
            ErrorWhat::Forgery | ErrorWhat::SignUpClosed => StatusCode::FORBIDDEN,
            ErrorWhat::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorWhat::InvitationOver
            | ErrorWhat::LinkExpired { .. }
            | ErrorWhat::ResetLinkExpired(_)
            | ErrorWhat::SetUpAlready
            | ErrorWhat::SignUpOver => StatusCode::GONE,
            ErrorWhat::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ErrorWhat::NotFound => StatusCode::NOT_FOUND,
            ErrorWhat::CookiesNeeded
            | ErrorWhat::PageExpired
            | ErrorWhat::PostLogoutRedirectUri { .. }
            | ErrorWhat::Protocol { .. }
            | ErrorWhat::RedirectUri { .. }
            | ErrorWhat::UnknownClient { .. } => StatusCode::BAD_REQUEST,
            ErrorWhat::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            ErrorWhat::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn home(&self) -> words::Home {
        words::Home::of(self.shell.language)
    }

    /// One look at every state of the page.
    #[cfg(test)]
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        let page = |what| Self {
            shell: sample::shell(),
            what,
            request_id: Some("req_7Qm2vXk1".into()),
            back: None,
            sign_out: None,
        };
        let back = WebUrl::parse("http://localhost:4401/").map(|url| ("Dragons".to_owned(), url));
        let hostile = || sample::HOSTILE.to_owned();
        let post_logout = |client: &str| ErrorWhat::PostLogoutRedirectUri {
            client: client.into(),
            parameter: "post_logout_redirect_uri",
            received: format!("http://localhost:4401/{client}"),
            registered: 1,
        };
        let anyway = |client: &str, account| {
            let sign_out = SignOutAnyway { account, csrf: "sample-csrf".into(), logout: client.into() };
            Self { sign_out: Some(sign_out), ..page(post_logout(client)) }
        };
        vec![
            ("error-forgery", page(ErrorWhat::Forgery)),
            ("error-internal", page(ErrorWhat::Internal)),
            ("error-link", page(ErrorWhat::LinkExpired { command: "symbolon admin setup-link" })),
            ("error-invitation", page(ErrorWhat::InvitationOver)),
            ("error-reset-link", page(ErrorWhat::ResetLinkExpired(AnotherLink::ByMail))),
            (
                "error-reset-link-support",
                Self { shell: sample::supported_shell(), ..page(ErrorWhat::ResetLinkExpired(AnotherLink::OfOperator)) },
            ),
            ("error-method", page(ErrorWhat::MethodNotAllowed)),
            ("error-not-found", Self { request_id: None, ..page(ErrorWhat::NotFound) }),
            ("error-cookies", Self { back: back.clone(), ..page(ErrorWhat::CookiesNeeded) }),
            ("error-expired", Self { back, ..page(ErrorWhat::PageExpired) }),
            (
                "error-protocol",
                page(ErrorWhat::Protocol {
                    code: "invalid_request".into(),
                    description: "The parameter code_challenge is missing.".into(),
                }),
            ),
            (
                "error-redirect",
                page(ErrorWhat::RedirectUri {
                    client: "Dragons".into(),
                    received: "http://localhost:4401/calback".into(),
                    registered: 2,
                }),
            ),
            ("error-post-logout", page(post_logout("Dragons"))),
            ("error-post-logout-signed-in", anyway("Dragons", sample::account())),
            ("error-hostile-sign-out", anyway(sample::HOSTILE, AccountView { name: hostile(), identifier: hostile() })),
            ("error-set-up", page(ErrorWhat::SetUpAlready)),
            ("error-sign-up-closed", page(ErrorWhat::SignUpClosed)),
            ("error-sign-up-over", page(ErrorWhat::SignUpOver)),
            ("error-too-many", page(ErrorWhat::TooMany { wait_secs: 90 })),
            ("error-unavailable", page(ErrorWhat::Unavailable)),
            ("error-client", page(ErrorWhat::UnknownClient { received: "dragons-sap".into() })),
            ("error-hostile", page(ErrorWhat::RedirectUri { client: hostile(), received: hostile(), registered: 1 })),
            (
                "error-hostile-code",
                Self {
                    request_id: Some(hostile()),
                    ..page(ErrorWhat::Protocol { code: hostile(), description: hostile() })
                },
            ),
        ]
    }
}
