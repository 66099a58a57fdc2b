//! Templates of pages and letters hold no sentence: what people read stands in `crates/server/src/words/`, in every language.

use std::path::Path;

use super::{File, Findings};

/// Where the templates are.
const FOLDER: &str = "crates/server/templates/";
/// Pages that nobody sees but developers, and one that nobody sees.
const FOR_NOBODY: &[&str] = &["check_session.html", "dev_letter.html", "dev_letters.html"];
/// The same in every language.
const NAMES: &[&str] = &["Symbolon"];
/// What stands in these is for machines, or is typed as it stands.
const VERBATIM: &[&str] = &["code", "pre", "script", "style", "svg"];
/// A block of the layout that is a class, no text.
const CLASS: &str = "{% block coin %}";
/// Attributes that people read or hear.
const READ: &[&str] = &["alt", "aria-label", "content", "placeholder", "title"];
/// Values of `content` that browsers read.
const FOR_BROWSERS: &[&str] = &["width=device-width, initial-scale=1", "light dark", "noindex"];

/// Letters between tags, or in an attribute that is read aloud, are a sentence that somebody forgot to translate.
pub(super) fn hold_no_sentence(file: &File) -> Findings {
    let name = file
        .path
        .strip_prefix(FOLDER)
        .filter(|name| !FOR_NOBODY.contains(name) && Path::new(name).extension().is_some_and(|it| it == "html"));
    if name.is_none() {
        return Findings::new();
    }
    let text = without_code(&file.text);
    let (mut findings, mut within) = (Findings::new(), None::<String>);
    let mut line = 1;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (piece, after) = match rest.find('<') {
            Some(0) => rest.split_at(end_of_tag(rest)),
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if let Some(tag) = piece.strip_prefix('<') {
            within = entered(within, tag);
            findings.extend(read_aloud(tag).map(|what| file.finding(line, format_args!("an untranslated `{what}`"))));
        } else if within.is_none() && is_sentence(piece) {
            findings.push(file.finding(line, format_args!("words of one language: `{}`", piece.trim())));
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    findings
}

/// The same text with the template's own language blanked out; line breaks stay.
fn without_code(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = [rest.find("{{"), rest.find("{%")].into_iter().flatten().min() {
        let close = match &rest[at..] {
            code if code.starts_with("{{") => "}}",
            code if code.starts_with(CLASS) => "{% endblock %}",
            _ => "%}",
        };
        let end = rest[at..].find(close).map_or(rest.len(), |end| at + end + close.len());
        plain.push_str(&rest[..at]);
        plain.extend(rest[at..end].chars().filter(|sign| *sign == '\n'));
        rest = &rest[end..];
    }
    plain + rest
}

/// Behind the `>` that ends a tag.
fn end_of_tag(rest: &str) -> usize {
    let mut quoted = false;
    let end = rest.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    });
    end.map_or(rest.len(), |end| end + 1)
}

/// The verbatim element that the text behind this tag is in.
fn entered(within: Option<String>, tag: &str) -> Option<String> {
    let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
    match within {
        Some(open) if tag.starts_with('/') && open == name => None,
        None if VERBATIM.contains(&name.as_str()) && !tag.starts_with('/') => Some(name),
        within => within,
    }
}

/// Attributes of a tag that have letters of their own and are read by people.
fn read_aloud(tag: &str) -> impl Iterator<Item = &'static str> {
    READ.iter().copied().filter(|name| {
        let value = tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next());
        value.is_some_and(|value| !FOR_BROWSERS.contains(&value) && is_sentence(value))
    })
}

fn is_sentence(text: &str) -> bool {
    let text = NAMES.iter().fold(text.to_owned(), |text, name| text.replace(name, ""));
    text.split('&').enumerate().any(|(number, part)| {
        // What stands between `&` and `;` is a character.
        let part = if number == 0 { part } else { part.split_once(';').map_or(part, |(_, rest)| rest) };
        part.chars().any(char::is_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Findings {
        hold_no_sentence(&File { path: format!("{FOLDER}x.html"), text: text.to_owned() })
    }

    #[test]
    fn a_forgotten_sentence_is_found_with_its_line() {
        let text = "<p>{{ say.hello() }}</p>\n{% if x %}<p class=\"a\">Hello</p>{% endif %}\n<img alt=\"A dog\">";
        let expected = ["x.html:2: words of one language: `Hello`", "x.html:3: an untranslated `alt`"];
        assert_eq!(found(text), expected.map(|what| format!("{FOLDER}{what}")));
    }

    #[test]
    fn names_code_and_what_machines_read_are_no_sentences() {
        let text = "{% block coin %}near{% endblock %}<title>{{ a }} · Symbolon</title><pre><code>symbolon add\n  --x</code></pre><p>{{ b }}&nbsp;401, </p>\
                    <input placeholder=\"{{ c.d(\"e\") }}\" name=\"f\"><meta name=\"robots\" content=\"noindex\">";
        assert_eq!(found(text), Findings::new());
        let other = File { path: "docs/x.html".to_owned(), text: "<p>Hello</p>".to_owned() };
        assert_eq!(hold_no_sentence(&other), Findings::new());
    }
}
