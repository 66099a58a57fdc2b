//! The manual's table of settings says what the code's table says.

use super::{File, Findings};

/// Each table, and the page that tells it.
const TABLES: &[(&str, &str)] = &[
    ("crates/server/src/config/setting.rs", "docs/manual/configuration.md"),
    ("crates/gateway/src/config/setting.rs", "docs/manual/gateway.md"),
];

/// Every setting has its line in the manual, with its default and its meaning, and the manual names no other.
pub(super) fn in_the_manual(files: &[File]) -> Findings {
    TABLES.iter().flat_map(|(table, manual)| one_in_the_manual(files, table, manual)).collect()
}

fn one_in_the_manual(files: &[File], table_path: &str, manual_path: &str) -> Findings {
    let file = |path: &str| files.iter().find(|file| file.path == path);
    let (Some(table), Some(manual)) = (file(table_path), file(manual_path)) else {
        return vec![format!("{table_path} or {manual_path} is missing")];
    };
    let expected: Vec<String> = table.text.lines().filter_map(expected_line).collect();
    if expected.is_empty() {
        return vec![format!("{table_path} has no rows in the form this check reads")];
    }
    let missing = expected.iter().filter(|line| !manual.text.lines().any(|it| it == line.as_str()));
    let mut findings: Findings = missing.map(|line| format!("{manual_path} lacks the line {line}")).collect();
    for (number, line) in manual.lines().filter(|(_, line)| line.starts_with("| `")) {
        if !expected.iter().any(|it| it == line) {
            findings.push(manual.finding(number, "no such setting"));
        }
    }
    findings
}

/// `row("path", kind, "default", "help"),` as a line of the manual.
fn expected_line(row: &str) -> Option<String> {
    let row = row.trim().strip_prefix("row(")?.strip_suffix("),")?;
    let texts = texts(row);
    let (path, [.., default, help]) = (texts.first()?, texts.as_slice()) else { return None };
    let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
    Some(format!("| `{path}` | {default} | {help} |"))
}

/// The string literals of a line of code.
fn texts(code: &str) -> Vec<String> {
    let (mut found, mut open, mut escaped) = (Vec::new(), None::<String>, false);
    for character in code.chars() {
        match (&mut open, character) {
            (Some(text), it) if escaped => {
                text.push(it);
                escaped = false;
            }
            (Some(_), '\\') => escaped = true,
            (Some(_), '"') => found.extend(open.take()),
            (Some(text), it) => text.push(it),
            (None, '"') => open = Some(String::new()),
            (None, _) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::expected_line;

    #[test]
    fn reads_rows_of_the_table() {
        let row =
            r#"    row("log.format", Kind::Choice(&["auto", "json"]), "auto", "auto: \"pretty\" on a terminal"),"#;
        assert_eq!(expected_line(row).unwrap(), "| `log.format` | `auto` | auto: \"pretty\" on a terminal |");
        assert_eq!(expected_line(r#"row("a", Kind::Text, "", "x"),"#).unwrap(), "| `a` |  | x |");
        assert!(expected_line("const fn row(path: &'static str) {").is_none());
    }
}
