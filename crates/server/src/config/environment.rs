//! The environment: `SYMBOLON_HTTP__LISTEN` is `http.listen`, `SYMBOLON_MASTER_KEY_FILE` names a file that holds `master_key`.
//! A misspelt name is refused, for it would otherwise be silently ignored.

use std::path::Path;

use super::load::{Source, Values, read_secret};
use super::setting::{Kind, Setting, Table};
use super::suggest;

/// Environment names that begin with the prefix and are no settings: the file's place, and what the guard reads in an API.
const RESERVED: &[&str] = &["SYMBOLON_AUDIENCE", "SYMBOLON_CONFIG"];
/// What belongs to another program of ours, which may run beside this one with the same environment.
const OTHERS: &str = "SYMBOLON_GATEWAY__";

/// Takes every setting of the environment.
pub(super) fn read(environment: &[(String, String)], values: &mut Values) {
    let table = values.table();
    let is_ours = |name: &str| name.starts_with(table.prefix) && (table.prefix == OTHERS || !name.starts_with(OTHERS));
    let mut names: Vec<&(String, String)> = environment.iter().filter(|(name, _)| is_ours(name)).collect();
    names.sort();
    for (name, text) in names {
        let known = table.settings.iter().find(|setting| table.env_name(setting.path) == *name);
        let source = Source::Environment(name.clone());
        match known {
            // An empty variable is how container files say "not set".
            Some(_) if text.is_empty() => {}
            Some(setting) => values.set(setting.path, text.clone(), source),
            None if is_foreign(name) => {}
            None => match secret_behind_variable(table, name) {
                Some(_) if text.is_empty() => {}
                Some(setting) => read_secret(setting, Path::new(text), source, values),
                None => unknown_variable(name, values),
            },
        }
    }
}

/// Kubernetes gives every pod variables of this form for a service that is named `symbolon`.
fn is_foreign(name: &str) -> bool {
    RESERVED.contains(&name)
        || name == "SYMBOLON_PORT"
        || name.starts_with("SYMBOLON_PORT_")
        || name.starts_with("SYMBOLON_SERVICE_")
}

fn unknown_variable(name: &str, values: &mut Values) {
    let table = values.table();
    if let Some(gone) = table.gone.iter().find(|gone| table.env_name(gone.path) == name) {
        return values.problem(format!("`{name}` in the environment is no longer a setting"), gone.fix);
    }
    let known: Vec<String> = table.settings.iter().map(|setting| table.env_name(setting.path)).collect();
    let fix = match suggest::nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("unset it; {}", table.listed),
    };
    values.problem(format!("unknown setting `{name}` in the environment"), fix);
}

fn secret_behind_variable(table: &Table, name: &str) -> Option<&'static Setting> {
    let name = name.strip_suffix("_FILE")?;
    table.settings.iter().find(|setting| setting.kind == Kind::Secret && table.env_name(setting.path) == name)
}
