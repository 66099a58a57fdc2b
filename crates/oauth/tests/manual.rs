//! The tables that README and manual list by hand what the registries know: each name has its row, and no other name has one.

use std::collections::BTreeSet;

use symbolon_oauth::authorize::Prompt;
use symbolon_oauth::profile::SecurityProfile;
use symbolon_oauth::registration::AuthMethod;
use symbolon_oauth::{Grant, ResponseMode, ResponseType};

const README: &str = include_str!("../../../README.md");
const ASKING: &str = include_str!("../../../docs/manual/flows/asking-again.md");
const FAPI: &str = include_str!("../../../docs/manual/flows/fapi2.md");
const HYBRID: &str = include_str!("../../../docs/manual/flows/implicit-and-hybrid.md");
const JARM: &str = include_str!("../../../docs/manual/flows/jarm.md");

/// What stands as code in a text.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The one row of the table whose first cell is `name`: what stands as code in the cells behind it.
fn row<'a>(page: &'a str, name: &str) -> BTreeSet<&'a str> {
    let start = format!("| {name} | ");
    let mut rows = page.lines().filter_map(|line| line.strip_prefix(&start));
    let row = rows.next().unwrap_or_else(|| panic!("no row {name}"));
    assert!(rows.next().is_none(), "two rows {name}");
    spans(row).collect()
}

/// What stands as code in the first cells of the table whose head begins with `head`.
fn column<'a>(page: &'a str, head: &str) -> BTreeSet<&'a str> {
    let mut lines = page.lines().skip_while(|line| !line.starts_with(head));
    assert!(lines.next().is_some(), "no table {head}");
    let rows = lines.skip(1).map_while(|line| line.strip_prefix("| "));
    rows.flat_map(|row| spans(row.split(" | ").next().unwrap_or_default())).collect()
}

/// A grant's wire value without the address it is under.
fn short(grant: Grant) -> &'static str {
    grant.name().rsplit([':', '/']).next().unwrap_or_default()
}

fn signed_modes() -> BTreeSet<&'static str> {
    ResponseMode::ALL.iter().filter(|mode| mode.is_signed()).map(|mode| mode.name()).collect()
}

#[test]
fn readme_lists_every_grant_and_no_other() {
    assert_eq!(row(README, "Grants"), Grant::ALL.iter().copied().map(short).collect());
}

#[test]
fn readme_lists_every_way_of_client_authentication_and_no_other() {
    assert_eq!(row(README, "Client authentication"), AuthMethod::ALL.iter().map(|method| method.name()).collect());
}

#[test]
fn readme_and_manual_list_every_response_type_and_no_other() {
    let types: BTreeSet<_> = ResponseType::ALL.iter().map(|one| one.name()).collect();
    assert_eq!(row(README, "Response types"), types);
    assert_eq!(column(HYBRID, "| `response_type` |"), types);
}

#[test]
fn readme_and_manual_list_every_response_mode_and_no_other() {
    assert_eq!(row(README, "Response modes"), ResponseMode::ALL.iter().map(|mode| mode.name()).collect());
    assert_eq!(column(JARM, "| `response_mode` |"), signed_modes());
}

#[test]
fn the_manual_lists_every_prompt_and_no_other() {
    let listed = column(ASKING, "| Parameter |");
    let prompts: BTreeSet<_> = listed.iter().filter_map(|name| name.strip_prefix("prompt=")).collect();
    assert_eq!(prompts, Prompt::ALL.iter().map(|prompt| prompt.name()).collect());
}

#[test]
fn readme_and_manual_list_every_security_profile_and_no_other() {
    let profiles: BTreeSet<_> = SecurityProfile::ALL.iter().map(|profile| profile.name()).collect();
    assert_eq!(row(README, "Security profiles"), profiles);
    assert_eq!(column(FAPI, "| `security_profile` |"), profiles);
}
