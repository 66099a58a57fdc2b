//! The mail of a development server: the letters it would have sent, and one of them in both its forms.

use askama::Template;

use super::{PageShell, WebUrl};

/// `GET /dev/mail`.
#[derive(Clone, Debug, Template)]
#[template(path = "dev_letters.html")]
pub struct Letters {
    /// What surrounds the page.
    pub shell: PageShell,
    /// The letters, the newest first.
    pub letters: Vec<LetterLine>,
}

/// One letter in the list.
#[derive(Clone, Debug)]
pub struct LetterLine {
    /// Its number, which its address ends in.
    pub number: u64,
    /// To whom.
    pub to: String,
    /// What about.
    pub subject: String,
    /// When, in words.
    pub at: String,
}

/// `GET /dev/mail/{number}`.
#[derive(Clone, Debug, Template)]
#[template(path = "dev_letter.html")]
pub struct Letter {
    /// What surrounds the page.
    pub shell: PageShell,
    /// What the list says of it.
    pub line: LetterLine,
    /// Its text, line by line.
    pub text: Vec<TextLine>,
}

/// A line of a letter's text.
#[derive(Clone, Debug)]
pub enum TextLine {
    /// An address, which can be followed.
    Link(WebUrl),
    /// Words.
    Words(String),
}

impl TextLine {
    /// The lines of a text.
    pub fn all(text: &str) -> Vec<Self> {
        let line = |line: &str| match WebUrl::parse(line).filter(|url| url.as_str() == line) {
            Some(url) => Self::Link(url),
            None => Self::Words(line.to_owned()),
        };
        text.lines().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample;

    fn line(subject: &str) -> LetterLine {
        let (to, at) = (subject.replace("Choose a new password", "ada@example.com"), "2026-11-29 13:05:00Z".to_owned());
        LetterLine { number: 3, to, subject: subject.to_owned(), at }
    }

    impl Letters {
        /// One look at every state of the page.
        pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
            let page = |letters| Self { shell: sample::shell(), letters };
            let usual = vec![line("Choose a new password"), line("Your password was changed")];
            vec![
                ("dev-mail", page(usual)),
                ("dev-mail-empty", page(Vec::new())),
                ("dev-mail-hostile", page(vec![line(sample::HOSTILE)])),
            ]
        }
    }

    impl Letter {
        /// One look at every state of the page.
        pub(in crate::pages) fn samples() -> Vec<(&'static str, Self)> {
            let page = |line, text: &str| Self { shell: sample::shell(), line, text: TextLine::all(text) };
            let text = "Somebody has forgotten a password.\n\nChoose a new one:\nhttp://localhost:4400/reset?code=x\n";
            vec![
                ("dev-letter", page(line("Choose a new password"), text)),
                ("dev-letter-hostile", page(line(sample::HOSTILE), sample::HOSTILE)),
            ]
        }
    }

    #[test]
    fn only_addresses_of_their_own_line_are_links() {
        let found = TextLine::all("see\nhttps://a.example/x?y=1\njavascript:alert(1)\n https://a.example/");
        let links = found.iter().filter(|one| matches!(one, TextLine::Link(_))).count();
        assert_eq!((found.len(), links), (4, 1));
    }
}
