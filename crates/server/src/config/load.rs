//! Where each value comes from: defaults < file < environment < flags. Unknown names are errors that say what was meant.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::setting::{Kind, SERVER, SETTINGS, Setting, Table};
use super::{Config, ConfigError, Problem, environment, file};

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config`; without it `SYMBOLON_CONFIG`, else `symbolon.toml` in `directory` if there is one.
    pub file: Option<PathBuf>,
    /// The working directory.
    pub directory: PathBuf,
    /// The environment, or the part of it that starts with `SYMBOLON_`.
    pub environment: Vec<(String, String)>,
    /// Flags by the setting they set: (`http.listen`, `--listen`, value).
    pub flags: Vec<(&'static str, &'static str, String)>,
    /// Whether `--dev` was given. There is no setting for it: a file must not turn production into development.
    pub mode: Mode,
}

/// Development is plain HTTP on loopback with a sample app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `serve --dev`.
    Development,
    /// Everything else.
    #[default]
    Production,
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Default,
    /// Follows from `--dev`.
    Development,
    /// The variable of this name.
    Environment(String),
    /// The file.
    File(PathBuf),
    /// The flag of this name.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Development => f.write_str("--dev"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A configuration and how it came about.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The typed values.
    pub config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Every setting in reading order, with its source and its value; secrets are masked.
    pub effective: Vec<Effective>,
}

impl Loaded {
    /// Who set the value at `path`.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.effective.iter().find(|line| line.setting.path == path).map(|line| &line.source)
    }
}

/// One line of `config show`.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The setting.
    pub setting: &'static Setting,
    /// Who set it.
    pub source: Source,
    /// The value as text; `********` for a secret that is set.
    pub value: String,
}

/// Texts by path, each with its source, and what was wrong with what was read.
#[derive(Debug)]
pub struct Values {
    table: &'static Table,
    entries: BTreeMap<&'static str, (String, Source)>,
    problems: Vec<Problem>,
}

impl Values {
    /// The defaults of a table.
    pub fn of(table: &'static Table) -> Self {
        let mut values = Self { table, entries: BTreeMap::new(), problems: Vec::new() };
        for setting in table.settings {
            values.set(setting.path, setting.default.to_owned(), Source::Default);
        }
        values
    }

    /// Takes what stands in one table of a file. Relative paths, those of defaults too, are beside the file.
    pub fn take_table(&mut self, file: &Path, table: &toml::Table) {
        file::root_defaults(file, self);
        file::read_table(file, "", table, self);
    }

    /// Takes what stands in the environment.
    pub fn take_environment(&mut self, environment: &[(String, String)]) {
        environment::read(environment, self);
    }

    /// Takes a flag.
    pub fn take_flag(&mut self, path: &'static str, flag: &'static str, text: String) {
        self.set(path, text, Source::Flag(flag));
    }

    /// What was wrong, each with its fix.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    pub(super) fn text(&self, path: &str) -> &str {
        self.entries.get(path).map_or("", |(text, _)| text)
    }

    pub(super) fn source(&self, path: &str) -> Source {
        self.entries.get(path).map_or(Source::Default, |(_, source)| source.clone())
    }

    pub(super) fn set(&mut self, path: &'static str, text: String, source: Source) {
        self.entries.insert(path, (text, source));
    }

    /// Notes something that is wrong.
    pub fn problem(&mut self, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem::new(what, fix));
    }
}

/// Reads everything, or reports every problem found at once.
///
/// This checks names and the form of values. Whether they make sense together is [`Config::check`]'s question.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut values = Values::of(&SERVER);
    let file = find_file(sources, &mut values);
    if let Some(path) = &file {
        file::root_defaults(path, &mut values);
        file::read(path, &mut values);
    }
    environment::read(&sources.environment, &mut values);
    for (path, flag, text) in &sources.flags {
        match SERVER.find(path) {
            Some(setting) => values.set(setting.path, text.clone(), Source::Flag(flag)),
            None => values.problem(format!("flag {flag} names no setting"), "report this"),
        }
    }
    if values.problems.is_empty() && sources.mode == Mode::Development {
        assume_development(&mut values);
    }
    if !values.problems.is_empty() {
        return Err(ConfigError { problems: values.problems });
    }
    let config = Config::from_values(&values, sources.mode)?;
    Ok(Loaded { effective: effective(&values), config, file })
}

/// In development the issuer follows the listener, so that `--listen` alone moves everything, and people can sign up.
fn assume_development(values: &mut Values) {
    if values.source("sign_up") == Source::Default {
        values.set("sign_up", "open".to_owned(), Source::Development);
    }
    if !values.text("issuer").is_empty() {
        return;
    }
    let port = values.text("http.listen").rsplit(':').next().unwrap_or("4400").to_owned();
    values.set("issuer", format!("http://localhost:{port}"), Source::Development);
}

fn effective(values: &Values) -> Vec<Effective> {
    SETTINGS
        .iter()
        .map(|setting| {
            let text = values.text(setting.path);
            let masked = setting.kind == Kind::Secret && !text.is_empty();
            let value = if masked { "********".to_owned() } else { text.to_owned() };
            Effective { setting, source: values.source(setting.path), value }
        })
        .collect()
}

fn find_file(sources: &Sources, values: &mut Values) -> Option<PathBuf> {
    let from_environment = || {
        let named = sources.environment.iter().find(|(name, _)| name == "SYMBOLON_CONFIG");
        named.filter(|(_, path)| !path.is_empty()).map(|(_, path)| PathBuf::from(path))
    };
    if let Some(path) = sources.file.clone().or_else(from_environment) {
        let path = sources.directory.join(path);
        if path.is_file() {
            return Some(path);
        }
        values
            .problem(format!("there is no configuration file at {}", path.display()), "write one with: symbolon init");
        return None;
    }
    let path = sources.directory.join("symbolon.toml");
    path.is_file().then_some(path)
}

/// Takes a secret from the file named in its place.
pub(super) fn read_secret(setting: &'static Setting, path: &Path, source: Source, values: &mut Values) {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => {
            values.set(setting.path, text.trim().to_owned(), source);
        }
        Ok(_) => values.problem(format!("{} is empty ({source})", path.display()), setting.help),
        Err(error) => values.problem(
            format!("{} cannot be read: {error} ({source})", path.display()),
            "check the path and who may read it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Sources {
        let environment = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Sources { environment, ..Sources::default() }
    }

    fn with_file(text: &str) -> (tempfile::TempDir, Sources) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("symbolon.toml"), text).unwrap();
        let sources = Sources { directory: directory.path().to_owned(), ..Sources::default() };
        (directory, sources)
    }

    fn problem(sources: &Sources) -> Problem {
        load(sources).unwrap_err().problems.remove(0)
    }

    #[test]
    fn later_sources_win_and_are_named() {
        let (directory, mut sources) = with_file(
            "issuer = \"https://file.example\"\n[session]\nidle = \"1h\"\n[http]\nlisten = \"127.0.0.1:1\"\n",
        );
        sources.environment =
            env(&[("SYMBOLON_SESSION__IDLE", "2h"), ("SYMBOLON_HTTP__LISTEN", "127.0.0.1:2")]).environment;
        sources.flags = vec![("http.listen", "--listen", "127.0.0.1:3".into())];
        let loaded = load(&sources).unwrap();
        assert_eq!(loaded.config.issuer, "https://file.example");
        assert_eq!(loaded.config.session.idle_secs, 7_200);
        assert_eq!(loaded.config.http.listen.to_string(), "127.0.0.1:3");
        let shown = |path: &str| {
            let line = loaded.effective.iter().find(|line| line.setting.path == path).unwrap();
            line.source.to_string()
        };
        assert_eq!(shown("issuer"), directory.path().join("symbolon.toml").display().to_string());
        assert_eq!(shown("session.idle"), "environment SYMBOLON_SESSION__IDLE");
        assert_eq!(shown("http.listen"), "--listen");
        assert_eq!(shown("session.absolute"), "default");
    }

    #[test]
    fn relative_paths_of_the_file_are_beside_it() {
        let (directory, sources) = with_file("data = \"here\"\n");
        assert_eq!(load(&sources).unwrap().config.data, directory.path().join("here"));
        // The default too, so that a line that shows it may lose its comment sign.
        let (directory, sources) = with_file("");
        assert_eq!(load(&sources).unwrap().config.data, directory.path().join("symbolon-data"));
    }

    #[test]
    fn unknown_keys_are_refused_with_what_was_meant() {
        for (text, meant) in [
            ("isuer = \"x\"", "issuer"),
            ("[http]\nlitsen = \"x\"", "http.listen"),
            ("[session]\nremember_idel = \"1d\"", "session.remember_idle"),
        ] {
            let (_directory, sources) = with_file(text);
            assert_eq!(problem(&sources).fix, format!("did you mean `{meant}`?"), "{text}");
        }
        for text in ["surprise = 1", "[surprise]\nx = 1", "issuer_file = \"x\"", "[issuer]\nx = 1", "dev = true"] {
            let (_directory, sources) = with_file(text);
            assert!(load(&sources).is_err(), "{text}");
        }
        assert_eq!(problem(&env(&[("SYMBOLON_ISUER", "x")])).fix, "did you mean `SYMBOLON_ISSUER`?");
        assert!(load(&env(&[("SYMBOLON_DEV", "1")])).is_err());
    }

    #[test]
    fn a_setting_that_is_gone_is_refused_with_what_took_its_place() {
        for (text, path, fix) in [
            ("[throttle.pair]\nwindow = \"1h\"", "throttle.pair.window", "set throttle.window"),
            ("[throttle]\naddress.max_delay = \"1h\"", "throttle.address.max_delay", "set throttle.max_delay"),
            ("[password]\nlanes = 4", "password.lanes", "remove it"),
        ] {
            let (_directory, sources) = with_file(text);
            let problem = problem(&sources);
            assert!(problem.what.starts_with(&format!("`{path}` in ")), "{problem:?}");
            assert!(problem.what.ends_with("is no longer a setting") && problem.fix.starts_with(fix), "{problem:?}");
        }
        let problem = problem(&env(&[("SYMBOLON_THROTTLE__ACCOUNT__BASE_DELAY", "2s")]));
        assert!(problem.what.contains("no longer a setting") && problem.fix.starts_with("remove it"), "{problem:?}");
    }

    #[test]
    fn no_setting_makes_a_stranger_s_guesses_keep_an_account_for_longer_than_half_a_minute() {
        for (longest, of_all, of_account) in [("1h", 3_600, 30), ("15m", 900, 30), ("5s", 5, 5)] {
            let throttle = load(&env(&[("SYMBOLON_THROTTLE__MAX_DELAY", longest)])).unwrap().config.throttle;
            let found = [throttle.pair, throttle.account, throttle.address].map(|limit| limit.max_delay_secs);
            assert_eq!(found, [of_all, of_account, of_all]);
        }
    }

    #[test]
    fn values_of_the_wrong_form_are_refused() {
        for text in [
            "data = 5",
            "[session]\nidle = 900",
            "[session]\nidle = \"15\"",
            "[password]\nmin_length = \"many\"",
            "[password]\nmin_length = 3",
            "[http]\nlisten = \"4400\"",
            "[http]\ntrusted_proxies = [1]",
            "[http]\ntrusted_proxies = [\"x\"]",
            "[log]\nformat = \"xml\"",
            "[http]\nmax_body = \"1MB\"",
            "issuer = ",
            "[tokens]\ncode_lifetime = \"1d\"",
            "issuer = true",
        ] {
            let (_directory, sources) = with_file(text);
            assert!(load(&sources).is_err(), "{text}");
        }
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let (_directory, sources) = with_file("isuer = \"x\"\nsurprise = 1\n");
        assert_eq!(load(&sources).unwrap_err().problems.len(), 2);
    }

    #[test]
    fn a_named_file_that_is_missing_is_an_error_and_an_unnamed_one_is_not() {
        assert!(load(&Sources::default()).is_ok());
        let sources = Sources { file: Some("missing.toml".into()), ..Sources::default() };
        assert!(problem(&sources).what.contains("missing.toml"));
        assert!(load(&env(&[("SYMBOLON_CONFIG", "/missing.toml")])).is_err());
    }

    #[test]
    fn secrets_come_from_files_and_are_masked() {
        let (directory, mut sources) = with_file("master_key_file = \"key\"\n");
        std::fs::write(directory.path().join("key"), "sesame\n").unwrap();
        let loaded = load(&sources).unwrap();
        assert_eq!(loaded.config.master_key.as_ref().unwrap().expose(), "sesame");
        assert!(!format!("{loaded:?}").contains("sesame"));

        std::fs::write(directory.path().join("other"), "mellon").unwrap();
        let path = directory.path().join("other").display().to_string();
        sources.environment = vec![("SYMBOLON_MASTER_KEY_FILE".into(), path)];
        assert_eq!(load(&sources).unwrap().config.master_key.unwrap().expose(), "mellon");

        assert!(load(&env(&[("SYMBOLON_MASTER_KEY_FILE", "/missing")])).is_err());
        assert!(load(&env(&[("SYMBOLON_ISSUER_FILE", "/missing")])).is_err());
    }

    #[test]
    fn variables_of_a_kubernetes_service_and_empty_ones_are_ignored() {
        let sources = env(&[
            ("SYMBOLON_PORT", "tcp://10.0.0.1:4400"),
            ("SYMBOLON_PORT_4400_TCP", "tcp://10.0.0.1:4400"),
            ("SYMBOLON_SERVICE_HOST", "10.0.0.1"),
            ("SYMBOLON_ISSUER", ""),
        ]);
        assert_eq!(load(&sources).unwrap().config.issuer, "");
    }

    #[test]
    fn in_development_the_issuer_follows_the_listener() {
        let flags = vec![("http.listen", "--listen", "127.0.0.1:9000".to_owned())];
        let sources = Sources { flags, mode: Mode::Development, ..Sources::default() };
        assert_eq!(load(&sources).unwrap().config.issuer, "http://localhost:9000");
    }
}
