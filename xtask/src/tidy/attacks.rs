//! The manual's list of known attacks names tests that exist.

use std::collections::HashSet;

use super::{File, Findings};

const MANUAL: &str = "docs/manual/known-attacks.md";

/// Every row of the list names at least one test in its last column, and each of them is in the tree.
pub(super) fn have_tests(files: &[File]) -> Findings {
    let Some(manual) = files.iter().find(|file| file.path == MANUAL) else {
        return vec![format!("{MANUAL} is missing")];
    };
    let names: HashSet<&str> = files.iter().flat_map(names).collect();
    let mut findings = Findings::new();
    for (number, line) in manual.lines().filter(|(_, line)| line.starts_with("| ") && !is_frame(line)) {
        let tests = tests_of(line);
        if tests.is_empty() {
            findings.push(manual.finding(number, "names no test"));
        }
        let gone = tests.into_iter().filter(|test| !names.contains(test));
        findings.extend(gone.map(|test| manual.finding(number, format_args!("there is no test `{test}`"))));
    }
    findings
}

/// A table's heading or the line below it.
fn is_frame(line: &str) -> bool {
    line.ends_with("| Tests |") || line.starts_with("| ---")
}

/// The code spans of the last cell.
fn tests_of(line: &str) -> Vec<&str> {
    let cell = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
    cell.split('`').skip(1).step_by(2).collect()
}

/// Functions of a Rust file, titles of the tests in a JavaScript file.
fn names(file: &File) -> Vec<&str> {
    let (before, after) = match file.path.rsplit_once('.') {
        Some((_, "rs")) => ("fn ", '('),
        Some((_, "js")) => ("test('", '\''),
        _ => return Vec::new(),
    };
    file.text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[cfg(test)]
mod tests {
    use super::{File, have_tests};

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn finds_rows_without_a_test_and_tests_that_are_gone() {
        let rows =
            "| Attack | Tests |\n| --- | --- |\n| `x` | `kept`, `says no: twice` |\n| y | `gone` |\n| `z` | none |\n";
        let files = [
            file("docs/manual/known-attacks.md", rows),
            file("a.rs", "    async fn kept() {\n"),
            file("b.test.js", "test('says no: twice', async () => {"),
        ];
        let found = have_tests(&files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with(":4: there is no test `gone`"), "{found:?}");
        assert!(found[1].ends_with(":5: names no test"), "{found:?}");
    }
}
