//! From the file, the environment and flags to a [`Config`]: defaults < file < environment < flags.

use std::path::{Path, PathBuf};

use symbolon_oauth::Issuer;
use symbolon_server::config::{ConfigError, Log, LogFormat, Problem, Reader, SecretText, Tls, Values};
use url::Url;

use super::setting::{API, GATEWAY};
use super::{Api, App, Config, Http, Session, Upstream};
use crate::origin::{Origin, is_loopback};

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config`; without it `gateway.toml` here, if there is one.
    pub file: Option<PathBuf>,
    /// The part of the environment that starts with `SYMBOLON_`.
    pub environment: Vec<(String, String)>,
    /// Flags by the setting they set: (`http.listen`, `--listen`, value).
    pub flags: Vec<(&'static str, &'static str, String)>,
}

/// A configuration, and the file that was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Where most of them stand.
    pub file: PathBuf,
}

/// Reads everything and checks it, or reports every problem found at once.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let file = sources.file.clone().unwrap_or_else(|| PathBuf::from("gateway.toml"));
    let mut table = read_file(&file).map_err(|problem| ConfigError { problems: vec![problem] })?;
    let apis = table.remove("api");
    let mut values = Values::of(&GATEWAY);
    values.take_table(&file, &table);
    values.take_environment(&sources.environment);
    for (path, flag, text) in &sources.flags {
        values.take_flag(path, flag, text.clone());
    }
    let mut problems = Vec::new();
    let apis = read_apis(&file, apis, &mut problems);
    let config = match read(&values, apis) {
        Ok(config) => Some(config),
        Err(error) => {
            problems.extend(error.problems);
            None
        }
    };
    // Names first: a value that is missing may be the one that was misspelt.
    let mut all = values.into_problems();
    all.append(&mut problems);
    match config {
        Some(config) if all.is_empty() => config.check().map(|()| Loaded { config, file }),
        _ => Err(ConfigError { problems: all }),
    }
}

fn read_file(file: &Path) -> Result<toml::Table, Problem> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => {
            Problem::new(format!("there is no configuration file at {shown}"), "write one with: symbolon gateway init")
        }
        _ => Problem::new(format!("{shown} cannot be read: {why}"), "check who may read it"),
    })?;
    text.parse().map_err(|error: toml::de::Error| {
        Problem::new(format!("{shown} is not TOML: {}", error.to_string().trim_end()), "correct that line")
    })
}

fn read_apis(file: &Path, found: Option<toml::Value>, problems: &mut Vec<Problem>) -> Vec<Api> {
    let tables = match found {
        None => Vec::new(),
        Some(toml::Value::Array(tables)) => tables,
        Some(_) => {
            problems.push(Problem::new("`api` is no list of APIs", "begin each of them with [[api]]"));
            return Vec::new();
        }
    };
    let mut apis = Vec::new();
    for one in tables {
        let mut values = Values::of(&API);
        // Under the name it has in the table of settings.
        values.take_table(file, &toml::Table::from_iter([("api".to_owned(), one)]));
        match read_api(&values) {
            Ok(api) => apis.push(api),
            Err(error) => problems.extend(error.problems),
        }
        problems.extend(values.into_problems());
    }
    apis
}

fn read_api(values: &Values) -> Result<Api, ConfigError> {
    let mut read = Reader::of(values);
    let private = read.choice("api.transport") == "private-network";
    let path = read.text("api.path");
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path }.to_owned();
    if let Err(why) = is_plain_path(&path) {
        read.misfit::<()>("api.path", why);
    }
    let url = match upstream(read.text("api.url"), private) {
        Ok(url) => url,
        Err(why) => read.misfit("api.url", why).unwrap_or_else(nowhere),
    };
    let api = Api { path, url, audience: read.optional("api.audience"), scope: read.optional("api.scope") };
    read.finish(api)
}

/// A path that means the same to everybody.
fn is_plain_path(path: &str) -> Result<(), &'static str> {
    if !path.starts_with('/') {
        return Err("must be set, and begin with a slash");
    }
    let plain = |segment: &str| {
        !segment.is_empty()
            && !matches!(segment, "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    if path == "/" || path[1..].split('/').all(plain) {
        return Ok(());
    }
    Err("may have letters, digits, -, ., _ and ~ between single slashes")
}

/// Where calls go: to a place that the operator named, and nowhere else.
fn upstream(text: &str, private: bool) -> Result<Url, &'static str> {
    let mut url = Url::parse(text).map_err(|_| "must be set, to an address like https://api.example.com")?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !bare || url.host().is_none() {
        return Err("must have a host, and no user, query or fragment");
    }
    match url.scheme() {
        "https" => {}
        "http" if private || is_loopback(&url) => {}
        "http" => {
            return Err(
                "is plain http, and tokens would travel open; begin it with https, or say transport = \"private-network\"",
            );
        }
        _ => return Err("must begin with https"),
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Stands in for what could not be read; nothing is built of it.
fn nowhere() -> Url {
    Url::parse("https://invalid.invalid").expect("it is an address")
}

fn read(values: &Values, apis: Vec<Api>) -> Result<Config, ConfigError> {
    let mut read = Reader::of(values);
    let origin = origin(&mut read, "url");
    let issuer = match Issuer::parse(read.text("issuer")) {
        Ok(issuer) => issuer,
        Err(why) => {
            read.misfit::<()>("issuer", &why.to_string());
            Issuer::parse("https://invalid.invalid").expect("it is one")
        }
    };
    if read.text("client_id").is_empty() {
        read.misfit::<()>("client_id", "must be set");
    }
    let origins: Vec<Result<Origin, String>> = read.list("origins").map(Origin::parse).collect();
    let origins = origins.into_iter().filter_map(|one| match one {
        Ok(origin) => Some(origin),
        Err(why) => read.misfit("origins", &why),
    });
    let config = Config {
        origins: origins.collect(),
        origin,
        issuer,
        client_id: read.text("client_id").to_owned(),
        client_secret: read.optional("client_secret").map(SecretText::new),
        scope: read.text("scope").to_owned(),
        data: PathBuf::from(read.text("data")),
        app: App {
            folder: read.optional("app.folder").map(PathBuf::from),
            content_security_policy: read.text("app.content_security_policy").to_owned(),
        },
        session: Session { idle_secs: read.number("session.idle"), absolute_secs: read.number("session.absolute") },
        http: http(&mut read),
        upstream: Upstream {
            timeout_secs: read.number("upstream.timeout"),
            ca: read.optional("upstream.ca").map(PathBuf::from),
        },
        apis,
        log: log(&mut read),
    };
    read.finish(config)
}

fn origin(read: &mut Reader<'_>, path: &'static str) -> Origin {
    Origin::parse(read.text(path)).unwrap_or_else(|why| {
        read.misfit::<()>(path, &why);
        Origin::parse("https://invalid.invalid").expect("it is one")
    })
}

fn http(read: &mut Reader<'_>) -> Http {
    let tls = match (read.optional("http.tls.cert"), read.optional("http.tls.key")) {
        (Some(cert), Some(key)) => Some(Tls { cert: cert.into(), key: key.into() }),
        (None, None) => None,
        (Some(_), None) => read.misfit("http.tls.key", "is missing, and http.tls.cert is set"),
        (None, Some(_)) => read.misfit("http.tls.cert", "is missing, and http.tls.key is set"),
    };
    Http {
        listen: read.parsed("http.listen").unwrap_or(symbolon_server::config::Listen::Unix(PathBuf::new())),
        tls,
        trusted_proxies: read.networks("http.trusted_proxies"),
        max_header_bytes: read.number("http.max_header"),
        max_body_bytes: read.number("http.max_body"),
        max_connections: read.number("http.max_connections"),
        header_timeout_secs: read.number("http.header_timeout"),
        drain_timeout_secs: read.number("http.drain_timeout"),
    }
}

fn log(read: &mut Reader<'_>) -> Log {
    let format = match read.choice("log.format") {
        "json" => LogFormat::Json,
        "pretty" => LogFormat::Pretty,
        _ => LogFormat::Auto,
    };
    Log { format, level: read.text("log.level").to_owned() }
}
