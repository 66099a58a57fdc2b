//! Links of Markdown files to files of the tree lead somewhere, and so do the names of files that say why an example is not run. Addresses on
//! the network are not followed.

use super::{File, Findings};
use crate::tree::Workspace;

/// Every `](target)` outside code blocks whose target is a local path.
pub(super) fn resolve(workspace: &Workspace, files: &[File]) -> Findings {
    let mut findings = Findings::new();
    for file in files.iter().filter(|file| file.has_extension(&["md"])) {
        let folder = workspace.root.join(&file.path).parent().map(std::path::Path::to_path_buf).unwrap_or_default();
        for (number, target) in targets(file) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !folder.join(path).exists() {
                findings.push(file.finding(number, format_args!("link to {target} leads nowhere")));
            }
        }
        for (number, path) in reasons(file) {
            if !workspace.root.join(path).exists() {
                findings.push(
                    file.finding(number, format_args!("an example is not run because of {path}, which does not exist")),
                );
            }
        }
    }
    findings
}

/// Folders of the tree in which a reason is looked for.
const TESTED: &[&str] = &["crates/", "sdk/", "tests/"];

/// Files and folders that stand in `<!-- not run: … -->`.
fn reasons(file: &File) -> Vec<(usize, &str)> {
    let comments = file.lines().filter_map(|(number, line)| Some((number, line.strip_prefix("<!-- not run:")?)));
    let words = comments.flat_map(|(number, why)| why.split_whitespace().map(move |word| (number, word)));
    let words = words.map(|(number, word)| (number, word.trim_end_matches([',', ';', '.', ':', ')'])));
    words.filter(|(_, word)| TESTED.iter().any(|folder| word.starts_with(folder))).collect()
}

fn targets(file: &File) -> Vec<(usize, &str)> {
    let mut inside_code = false;
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            inside_code = !inside_code;
        }
        if inside_code {
            continue;
        }
        let parts = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let local =
            parts.map(|(target, _)| target).filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
        found.extend(local.map(|target| (number, target)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{File, reasons, targets};

    #[test]
    fn finds_local_targets_outside_code() {
        let text = "[a](x.md) and [b](https://example.com) and ![c](y.png#z)\n```\n[d](gone.md)\n```\n[e](#here)";
        let file = File { path: "a.md".into(), text: text.into() };
        assert_eq!(targets(&file), [(1, "x.md"), (1, "y.png#z"), (5, "#here")]);
    }

    #[test]
    fn finds_what_runs_instead_of_an_example() {
        let text =
            "<!-- not run: as tests/a.test.js, and crates/b do -->\n`tests/c.js`\n<!-- not run: in a browser -->";
        let file = File { path: "a.md".into(), text: text.into() };
        assert_eq!(reasons(&file), [(1, "tests/a.test.js"), (1, "crates/b")]);
    }
}
