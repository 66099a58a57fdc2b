//! Tests that are named after the section whose MUST they keep, `rfc6749_section_4_1_2_a_code_works_once`, counted by standard.
//!
//! What was reached once is not given up: fewer than [`FLOOR`] in all is a finding.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, Findings};

/// How many there are at least.
const FLOOR: usize = 950;
/// Words of a standard's name at most; a longer one is the beginning of a sentence.
const WORDS: usize = 3;
/// What stands between the standard's name and the section's number.
const SECTION: &str = "_section_";

/// Names of tests by standard.
pub(super) fn by_standard(files: &[File]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for name in
        files.iter().filter(|file| file.has_extension(&["rs"])).flat_map(|file| file.text.lines().filter_map(name))
    {
        let (standard, _) = name.split_once(SECTION).expect("what makes it a name");
        found.entry(standard).or_default().insert(name);
    }
    found
}

/// The test that a line declares: as a function, or as a row of a macro's table.
fn name(line: &str) -> Option<&str> {
    let declared = line.trim_start();
    let declared = declared.strip_prefix("async ").unwrap_or(declared);
    let declared = declared.strip_prefix("fn ").unwrap_or(declared);
    let end = declared.find(|one: char| !one.is_ascii_alphanumeric() && one != '_')?;
    let (name, rest) = declared.split_at(end);
    let (standard, section) = name.split_once(SECTION)?;
    let whole = !standard.is_empty()
        && standard.split('_').count() <= WORDS
        && section.starts_with(|one: char| one.is_ascii_digit());
    (whole && rest.starts_with(['(', ':'])).then_some(name)
}

pub(super) fn are_kept(files: &[File]) -> Findings {
    let count: usize = by_standard(files).values().map(BTreeSet::len).sum();
    if count >= FLOOR {
        return Findings::new();
    }
    vec![format!("{count} tests are named after a section of a standard; there were {FLOOR} (cargo xtask musts)")]
}

#[cfg(test)]
mod tests {
    use super::{File, are_kept, by_standard};

    #[test]
    fn counts_functions_and_rows_by_standard() {
        let text = "async fn rfc1_section_2_1_says_no() {\n    fn rfc1_section_2_1_says_no() {\n    rfc1_section_3_no: \"a\";\n\
                    fn openid_core_section_2_no() {}\nlet x = rfc1_section_9_no();\nfn the_section_of_a_text() {}\n";
        let file = |path: &str| File { path: path.into(), text: text.into() };
        let files = [file("a.rs"), file("b.rs"), file("c.md")];
        let found = by_standard(&files);
        let counts: Vec<_> = found.iter().map(|(standard, names)| (*standard, names.len())).collect();
        assert_eq!(counts, [("openid_core", 1), ("rfc1", 2)]);
        assert_eq!(are_kept(&files).len(), 1);
    }
}
