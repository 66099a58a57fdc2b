//! Checks of one source file at a time: length, header, lint exceptions, clock and randomness.

use super::{File, Findings};

/// Longer files have two reasons to change.
const MAX_LINES: usize = 600;

/// Files that may ask although their name says nothing of it, and why.
const ARGUED: &[(&str, &str)] = &[
    (
        "crates/jose/src/jwe/entropy.rs",
        "a vector used twice under one key ends its secrecy, so no caller may choose it",
    ),
    (
        "crates/jose/src/jwk/generate.rs",
        "shared secrets are made by the back end's own generator, as its key pairs are",
    ),
];

/// Names that ask the system for time or randomness.
const SYSTEM_CALLS: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "rand::fill",
    "rand::random",
    "rand::thread_rng",
    "rand::rng()",
    "OsRng",
    "getrandom::",
];

/// Only files named `clock.rs` and `rng.rs` ask the system. Tests time out.
pub(super) fn clock_and_randomness(file: &File) -> Findings {
    let tests = file.is_under("tests") || file.file_name().ends_with("tests.rs");
    let argued = ARGUED.iter().any(|(path, _)| *path == file.path);
    let exempt = tests || argued || ["clock.rs", "rng.rs"].contains(&file.file_name()) || file.is_under("tidy");
    if !file.has_extension(&["rs"]) || exempt {
        return Findings::new();
    }
    let code = file.lines().filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter_map(|(number, line)| {
        let call = SYSTEM_CALLS.iter().find(|call| line.contains(**call))?;
        Some(file.finding(number, format_args!("{call} belongs in clock.rs or rng.rs; take the value as an argument")))
    })
    .collect()
}

/// At most [`MAX_LINES`] lines in anything written by hand.
pub(super) fn length(file: &File) -> Findings {
    let lines = file.text.lines().count();
    if !file.has_extension(&["css", "html", "js", "mjs", "py", "rs", "sql", "ts"]) || lines <= MAX_LINES {
        return Findings::new();
    }
    vec![file.finding(lines, format_args!("longer than {MAX_LINES} lines; split it"))]
}

/// Every Rust file starts with `//!`: what it does, what it implements, what it refuses.
pub(super) fn header(file: &File) -> Findings {
    let test_module = file.file_name().ends_with("tests.rs") || file.is_under("tests");
    let documented = ["//!", "#![doc = include_str!("].iter().any(|start| file.text.starts_with(start));
    if !file.has_extension(&["rs"]) || test_module || documented {
        return Findings::new();
    }
    vec![file.finding(1, "starts without a //! header")]
}

/// `#[expect(…)]` needs a reason; `#[allow(…)]` outlives the thing it excuses, so it needs one all the more.
pub(super) fn lint_exceptions(file: &File) -> Findings {
    if !file.has_extension(&["rs"]) {
        return Findings::new();
    }
    let mut findings = Findings::new();
    for (number, line) in file.lines() {
        let Some(attribute) = line.trim_start().strip_prefix("#[").or_else(|| line.trim_start().strip_prefix("#!["))
        else {
            continue;
        };
        let excuses = ["allow(", "expect("]
            .iter()
            .any(|word| attribute.starts_with(word) || attribute.contains(&format!(" {word}")));
        // rustfmt breaks a long attribute over lines; it ends where its bracket stands alone.
        let rest = file.text.lines().skip(number - 1);
        let whole: String = rest
            .scan(false, |done, line| {
                let last = *done;
                *done = line.trim_end().ends_with(")]");
                (!last).then_some(line)
            })
            .collect();
        if excuses && !whole.contains("reason = \"") {
            findings.push(file.finding(number, "a lint exception without a reason"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{File, clock_and_randomness, header, length, lint_exceptions};

    fn rust(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn the_system_clock_has_one_home() {
        let text = "let now = SystemTime::now();";
        assert_eq!(clock_and_randomness(&rust("crates/server/src/http/token.rs", text)).len(), 1);
        assert!(clock_and_randomness(&rust("crates/server/src/clock.rs", text)).is_empty());
        assert!(clock_and_randomness(&rust("crates/server/tests/it/main.rs", text)).is_empty());
        assert!(clock_and_randomness(&rust("a.rs", "// SystemTime::now is elsewhere")).is_empty());
    }

    #[test]
    fn an_exception_without_a_reason_is_found_also_over_lines() {
        let bare = "#[allow(dead_code)]\nfn f() {}";
        let broken = "#[expect(\n    dead_code,\n    clippy::all\n)]\nlet reason = \"none\";";
        let argued = "#[expect(\n    dead_code,\n    reason = \"why\"\n)]";
        assert_eq!(lint_exceptions(&rust("a.rs", bare)).len(), 1);
        assert_eq!(lint_exceptions(&rust("a.rs", broken)).len(), 1);
        assert!(lint_exceptions(&rust("a.rs", argued)).is_empty());
        assert!(lint_exceptions(&rust("a.rs", "value.expect(\"why this holds\")")).is_empty());
    }

    #[test]
    fn headers_and_length() {
        assert_eq!(header(&rust("a.rs", "use std::fmt;")).len(), 1);
        assert!(header(&rust("src/tests.rs", "use std::fmt;")).is_empty());
        assert_eq!(length(&rust("a.rs", &"x\n".repeat(601))).len(), 1);
        assert!(length(&rust("a.rs", &"x\n".repeat(600))).is_empty());
        assert!(length(&rust("vectors.json", &"x\n".repeat(601))).is_empty());
    }
}
