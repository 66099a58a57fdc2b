//! What programs find on pages stays: names and ids of forms, fields and buttons, as they stand in `fields.txt`. Whoever changes one breaks
//! somebody's password manager or test, and says so in the changelog. A form that goes to a client has names of the standard and none here.

use std::collections::BTreeSet;

use super::lint::{Page, pages, tags};

/// A line each: where a form goes and its id, then of what stands in it the element, the name and the id.
const KNOWN: &str = include_str!("fields.txt");

/// Numbers stand for a place in a list: `deny-1` is `deny-N`.
fn counted(id: &str) -> String {
    let (text, number) = id.rsplit_once('-').unwrap_or((id, ""));
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("{text}-N") } else { id.to_owned() }
}

fn lines_of(page: &Page<'_>) -> BTreeSet<String> {
    let mut form = String::new();
    let mut lines = BTreeSet::new();
    for tag in &page.tags {
        let of = |name: &str| counted(tag.attribute(name).unwrap_or("-"));
        match tag.name {
            "form" => form = format!("{} #{}", of("action"), of("id")),
            "button" | "input" | "select" | "textarea"
                if form.starts_with('/') && tag.attribute("type") != Some("hidden") =>
            {
                let value = tag.attribute("value").filter(|_| tag.attribute("name") == Some("decision"));
                let value = value.map(|value| format!("={value}")).unwrap_or_default();
                lines.insert(format!("{form} {} {}{value} #{}", tag.name, of("name"), of("id")));
            }
            _ => {}
        }
    }
    lines
}

#[test]
fn names_and_ids_of_what_people_fill_in_are_those_of_before() {
    let found: BTreeSet<String> =
        pages().iter().flat_map(|(name, html)| lines_of(&Page { name, html, tags: tags(html) })).collect();
    let known: BTreeSet<String> = KNOWN.lines().map(str::to_owned).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    let new: Vec<_> = found.difference(&known).collect();
    assert!(gone.is_empty() && new.is_empty(), "gone: {gone:#?}\nnew: {new:#?}");
}
