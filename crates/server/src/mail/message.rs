//! A letter as it is sent: the words in text and in HTML, both of one template for all letters. No picture, no script, nothing remote:
//! nobody learns that it was opened.

use askama::Template;
use symbolon_oauth::Issuer;

use super::letter::Letter;
use super::words::{self, Words};
use crate::account::normalize::EmailAddress;
use crate::pages::WebUrl;
use crate::words::Language;

/// The style of the HTML form. Colours are the reader's own, light or dark, but for the one button.
pub(crate) const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:0;padding:24px 16px;font:16px/1.5 -apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}\
.letter{max-width:480px;margin:0 auto;overflow-wrap:anywhere}\
p{margin:0 0 16px}\
.code{font-size:28px;line-height:1.3;font-weight:600;letter-spacing:4px;font-family:ui-monospace,Menlo,Consolas,monospace}\
.first{display:inline-block;padding:12px 20px;border-radius:6px;background:#14594f;color:#ffffff;font-weight:600;text-decoration:none}\
.link{font-size:13px;opacity:.75}\
.host{margin-top:32px;padding-top:12px;border-top:1px solid #8a8d84;font-size:13px;opacity:.75}";

/// A letter, ready to be sent.
#[derive(Clone)]
pub(crate) struct Written {
    /// Its name, for developers.
    pub(crate) template: &'static str,
    /// The same for every attempt, so that who gets it twice sees it once.
    pub(crate) message_id: String,
    /// To whom.
    pub(crate) to: EmailAddress,
    /// When it was written, Unix seconds.
    pub(crate) at: u64,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Text<'a> {
    words: &'a Words,
    host: &'a str,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    words: &'a Words,
    host: &'a str,
    language: Language,
}

impl Written {
    /// Writes `letter`, which has this number among all letters, at this time.
    pub(crate) fn new(issuer: &Issuer, letter: &Letter, to: EmailAddress, lang: &str, number: &str, at: u64) -> Self {
        let language = Language::of_tag(lang).unwrap_or_default();
        let host = WebUrl::parse(issuer.as_str()).map_or_else(|| issuer.as_str().to_owned(), |url| url.host());
        let words = words::of(letter, &to.as_typed, issuer, &host, language);
        let domain = host.split(':').next().unwrap_or("localhost");
        Self {
            template: letter.template(),
            message_id: format!("<{number}@{domain}>"),
            at,
            text: Text { words: &words, host: &host }.render().expect("its parts are text"),
            html: Html { words: &words, host: &host, language }.render().expect("its parts are text"),
            subject: words.subject,
            to,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mail::FactorChange;

    fn all() -> Vec<Letter> {
        let link = || "https://auth.example.com/x?code=sym_pr_1".to_owned();
        vec![
            Letter::Invitation { link: link(), days: 7, client: Some("Dragons".into()) },
            Letter::AccountDeleted,
            Letter::AccountShut { link: link(), minutes: 20 },
            Letter::AddressKnown,
            Letter::EmailAsked { email: "ada@new.example.com".into(), link: Some(link()), days: 3 },
            Letter::EmailAsked { email: "ada@new.example.com".into(), link: None, days: 3 },
            Letter::EmailChanged {
                old: "ada@example.com".into(),
                email: "ada@new.example.com".into(),
                link: None,
                days: 3,
            },
            Letter::EmailLeft,
            Letter::EmailProof { link: link(), minutes: 60 },
            Letter::OwnEmailProof { link: link(), minutes: 60 },
            Letter::EmailTaken,
            Letter::EmailUndone { email: "ada@example.com".into() },
            Letter::FactorChanged { change: FactorChange::PasskeyAdded, not_me: Some(link()) },
            Letter::FactorChanged { change: FactorChange::RecoveryCodeUsed, not_me: Some(link()) },
            Letter::FactorChanged { change: FactorChange::RecoveryCodesMade, not_me: Some(link()) },
            Letter::FactorChanged { change: FactorChange::Removed, not_me: None },
            Letter::FactorRefused,
            Letter::FactorChanged { change: FactorChange::TotpAdded, not_me: Some(link()) },
            new_device(Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")),
            new_device(None),
            Letter::PasswordChanged { not_me: Some(link()) },
            Letter::PasswordChanged { not_me: None },
            Letter::PasswordReset { link: link(), minutes: 20, client: None },
            Letter::PasswordReset { link: link(), minutes: 20, client: Some("Dragons".into()) },
            Letter::SecondStepCode { code: "27182818".into(), minutes: 10 },
            Letter::SignInCode { code: "27182818".into(), link: link(), minutes: 10 },
            Letter::SignUpCode { code: "271828".into(), link: link(), minutes: 20 },
            Letter::SignUpLink { link: link(), minutes: 20 },
            Letter::Test,
        ]
    }

    fn new_device(user_agent: Option<&str>) -> Letter {
        Letter::NewDevice {
            user_agent: user_agent.map(str::to_owned),
            address: "192.0.2.7".into(),
            at: 1_800_000_000,
            not_me: "https://auth.example.com/not-me?code=sym_nm_1".into(),
        }
    }

    #[test]
    fn a_letter_about_a_new_device_says_where_and_when_and_nothing_that_the_device_wrote() {
        let text = written(&new_device(Some("Chrome/1.0 Linux call 555-0100")), "ada@example.com").text;
        assert!(
            text.contains("Chrome on Linux")
                && text.contains("192.0.2.7")
                && text.contains("15 January 2027, 08:00 UTC"),
            "{text}"
        );
        assert!(!text.contains("555"), "{text}");
        assert!(text.contains("\nhttps://auth.example.com/not-me?code=sym_nm_1\n"), "{text}");
    }

    fn written(letter: &Letter, to: &str) -> Written {
        written_in(Language::En, letter, to)
    }

    fn written_in(language: Language, letter: &Letter, to: &str) -> Written {
        let issuer = Issuer::parse("https://auth.example.com").unwrap();
        Written::new(&issuer, letter, EmailAddress::parse(to).unwrap(), language.tag(), "7.1000", 1_000)
    }

    #[test]
    fn every_letter_says_the_same_in_both_forms_and_shows_its_links() {
        let all = all();
        for (letter, language) in all.iter().flat_map(|letter| Language::ALL.map(|language| (letter, language))) {
            let written = written_in(language, letter, "ada@example.com");
            assert!(!written.subject.is_empty() && written.subject.chars().count() < 60, "{letter:?}");
            assert!(
                written.html.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", language.tag())),
                "{}",
                written.html
            );
            assert!(written.text.ends_with("auth.example.com"));
            if let Letter::AccountShut { link, .. }
            | Letter::Invitation { link, .. }
            | Letter::PasswordReset { link, .. }
            | Letter::SignInCode { link, .. }
            | Letter::SignUpCode { link, .. }
            | Letter::SignUpLink { link, .. } = letter
            {
                assert!(written.text.contains(&format!("\n{link}\n")), "{}", written.text);
                assert!(
                    written.html.contains(&format!("href=\"{link}\"")) && written.html.contains(&format!(">{link}<"))
                );
            }
            assert_eq!(written.message_id, "<7.1000@auth.example.com>");
        }
    }

    #[test]
    fn every_letter_is_there_in_every_language() {
        for letter in all() {
            let all: BTreeSet<String> =
                Language::ALL.map(|language| written_in(language, &letter, "a@b.example").text).into();
            assert_eq!(all.len(), Language::ALL.len(), "{letter:?}");
        }
        let german = written_in(Language::De, &Letter::PasswordChanged { not_me: None }, "a@b.example");
        assert_eq!(german.subject, "Ihr Passwort wurde geändert");
    }

    #[test]
    fn a_letter_brings_nothing_from_elsewhere_security_148() {
        for letter in all() {
            let Written { html, text, .. } = written(&letter, "ada@example.com");
            for remote in ["<img", "src=", "url(", "@import", "<link", "<script", "http://"] {
                assert!(!html.contains(remote) && !text.contains(remote), "{letter:?} has {remote}");
            }
            let addresses = html.matches("https://").count();
            assert_eq!(addresses, html.matches("https://auth.example.com").count(), "{letter:?}");
        }
    }

    #[test]
    fn an_address_is_text_in_html_cve_2024_41953() {
        let written = written(&Letter::PasswordChanged { not_me: None }, "o'neil&x@example.com");
        assert!(written.html.contains("o&#39;neil&#38;x@example.com"), "{}", written.html);
        assert!(written.text.contains("o'neil&x@example.com"));
    }
}
