//! What comes out of the printer of the page with recovery codes: the codes, and whose they are and where, so that the paper is worth something in a
//! year; no button, nothing of the page around them.

use askama::Template as _;

use super::recovery_codes::RecoveryCodes;
use super::sample;

/// The classes that are not printed, by the stylesheet.
fn unprinted() -> Vec<&'static str> {
    let css = include_str!("../../templates/style.css");
    let (_, print) = css.split_once("@media print {").expect("there are rules for paper");
    let (selectors, _) = print.split_once("{ display: none; }").expect("something is left away");
    selectors.split(',').map(|one| one.trim().strip_prefix('.').expect("a class")).collect()
}

/// The text of a page without the elements of these classes, a line for each piece.
fn text_without(html: &str, classes: &[&str]) -> Vec<String> {
    const VOID: [&str; 5] = ["meta", "link", "input", "img", "br"];
    let (_, body) = html.split_once("<body").expect("there is a body");
    let mut open: Vec<bool> = vec![false];
    let mut lines = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.split_whitespace().next().unwrap_or_default();
        if tag.starts_with('/') {
            open.pop();
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            let of = tag.split_once("class=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
            let hidden = of.split_whitespace().any(|class| classes.contains(&class));
            open.push(hidden || open.last().copied().unwrap_or_default());
        }
        let text = text.trim();
        if !text.is_empty() && !open.last().copied().unwrap_or_default() {
            lines.push(text.to_owned());
        }
    }
    lines
}

#[test]
fn paper_has_the_codes_whose_they_are_and_where_and_nothing_else() {
    let codes: Vec<String> = (0..10).map(|number| format!("0123-4567-89AB-CDE{number}")).collect();
    let page = RecoveryCodes {
        shell: sample::shell(),
        codes: codes.clone(),
        account: "ada@example.com".to_owned(),
        onward: "/account/security".to_owned(),
    };
    let html = page.render().expect("it renders");
    let printed = text_without(&html, &unprinted());
    let what_for = format!("lets ada@example.com in at {}.", page.shell.host);
    assert_eq!(printed[0], "Recovery codes");
    assert!(printed[1].contains(&what_for), "{printed:?}");
    assert_eq!(printed[2..], codes);
    // It is the rules for paper that leave the rest away.
    assert!(text_without(&html, &[]).len() > printed.len() + 4);
}
