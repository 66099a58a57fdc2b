//! Whom people ask who cannot help themselves: an address or a page of the operator's, as pages name it and link to it.
//!
//! Refuses every other kind of address, so that no setting makes a link that does something else.

use std::fmt::Write as _;

use super::WebUrl;
use crate::account::normalize::EmailAddress;

/// A contact of whoever runs the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// Their mailbox.
    Mailbox(String),
    /// Their page.
    Page(WebUrl),
}

impl Support {
    /// Reads an address of mail or an `https` one.
    ///
    /// ```
    /// use symbolon_server::pages::Support;
    /// assert_eq!(Support::parse("help@example.com").unwrap().link(), "mailto:help@example.com");
    /// assert_eq!(Support::parse("https://help.example.com/a").unwrap().name(), "help.example.com/a");
    /// assert_eq!(Support::parse("javascript:alert(1)"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        match WebUrl::parse_https(text) {
            Some(page) => Some(Self::Page(page)),
            None => EmailAddress::parse(text).ok().map(|address| Self::Mailbox(address.as_typed)),
        }
    }

    /// What people read.
    pub fn name(&self) -> &str {
        match self {
            Self::Mailbox(address) => address,
            Self::Page(url) => url.as_str().trim_start_matches("https://").trim_end_matches('/'),
        }
    }

    /// Where it leads (RFC 6068 §2: what has a meaning in such a link is written in percent-encoding).
    pub fn link(&self) -> String {
        match self {
            Self::Mailbox(address) => address.bytes().fold("mailto:".to_owned(), |mut link, byte| {
                if byte.is_ascii_alphanumeric() || b"@.-_+~!'*".contains(&byte) {
                    link.push(char::from(byte));
                } else {
                    let written = write!(link, "%{byte:02X}");
                    debug_assert!(written.is_ok(), "a String takes everything");
                }
                link
            }),
            Self::Page(url) => url.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mailbox_or_a_page_becomes_a_link() {
        for bad in [
            "",
            "javascript:alert(1)",
            "http://help.example.com/",
            "data:text/html,x",
            "mailto:a@example.com",
            "help",
            "+43 1 234",
        ] {
            assert_eq!(Support::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn rfc6068_section_2_an_address_cannot_add_a_header_to_the_letter() {
        let odd = Support::Mailbox("a?bcc=b&c%@example.com".to_owned());
        assert_eq!(odd.link(), "mailto:a%3Fbcc%3Db%26c%25@example.com");
    }
}
