//! `symbolon doctor`: what is wrong, and what to do about it. Looks from outside (configuration, files, network) and asks the
//! server or the data from inside.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use symbolon_guard::Keys;
use symbolon_server::Config;
use symbolon_server::admin::{ClientCommand, Command};
use symbolon_server::config::Tls;
use symbolon_server::listen::certificate::{self, Examined, Fault};

use super::Global;
use crate::connect;
use crate::error::{CHECK_FAILED, CliError};
use crate::output::{Output, text, visible};
use crate::time;

/// A clock before this date (2026-01-01) is wrong: the program is younger.
const CLOCK_FLOOR: u64 = 1_767_225_600;

#[derive(Args, Debug)]
#[command(after_help = "Exit code 8 when something is wrong; warnings alone do not count.")]
pub(crate) struct Doctor {}

/// A certificate that ends sooner than this should have been renewed by whatever renews it.
const RENEW_AHEAD_SECS: u64 = 14 * 86_400;
const RENEW: &str = "renew it; the running server takes up the new file by itself";

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grade {
    Ok,
    Skipped,
    Warning,
    Wrong,
}

/// One finding.
#[derive(Debug)]
struct Finding {
    about: &'static str,
    grade: Grade,
    what: String,
    fix: String,
}

impl Doctor {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let Self {} = self;
        let findings = examine(global);
        let wrong = findings.iter().filter(|finding| finding.grade == Grade::Wrong).count();
        if output.is_json() {
            let checks: Vec<Value> = findings.iter().map(|finding| finding.json(output)).collect();
            output.json(&json!({ "ok": wrong == 0, "checks": checks }));
        } else {
            for finding in &findings {
                finding.print(output);
            }
        }
        if wrong == 0 {
            return Ok(());
        }
        Err(CliError::new(
            CHECK_FAILED,
            format!("{wrong} of {} checks found something wrong", findings.len()),
            "follow the fixes above",
        ))
    }
}

impl Grade {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

impl Finding {
    fn new(about: &'static str, grade: Grade, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { about, grade, what: what.into(), fix: fix.into() }
    }

    fn ok(about: &'static str, what: impl Into<String>) -> Self {
        Self::new(about, Grade::Ok, what, "")
    }

    fn json(&self, output: &Output) -> Value {
        let fix = Some(output.spell(&self.fix)).filter(|fix| !fix.is_empty());
        json!({ "check": self.about, "result": self.grade.word(), "message": self.what, "try": fix })
    }

    fn print(&self, output: &Output) {
        let (about, grade, what, fix) =
            (self.about, self.grade.word(), visible(&self.what), visible(&output.spell(&self.fix)));
        if !output.is_terminal() {
            return output.line(format!("{about}\t{grade}\t{what}\t{fix}").trim_end());
        }
        output.line(&format!("{about:<14}  {grade:<7}  {what}"));
        if !fix.is_empty() {
            output.line(&format!("                  try: {fix}"));
        }
    }
}

fn examine(global: &Global) -> Vec<Finding> {
    let loaded = match global.load() {
        Ok(loaded) => loaded,
        Err(error) => {
            let findings = error.problems.into_iter();
            return findings.map(|(what, fix)| Finding::new("configuration", Grade::Wrong, what, fix)).collect();
        }
    };
    let mut config = loaded.config;
    let mut findings = vec![clock()];
    let facts = connect::execute(global, &Command::Doctor);
    if let Ok(facts) = &facts
        && config.issuer.is_empty()
    {
        // The data knows who it belongs to, as in development.
        config.issuer = text(&facts["issuer"]);
    }
    findings.extend(configuration(&config));
    findings.extend(files(&config));
    match facts {
        Ok(facts) => findings.extend(inside(&facts)),
        Err(error) => {
            let problems = error.problems.into_iter();
            findings.extend(problems.map(|(what, fix)| Finding::new("data", Grade::Wrong, what, fix)));
        }
    }
    findings.extend(redirects(&config, global));
    findings.push(issuer(&config));
    findings
}

fn clock() -> Finding {
    let now = time::now();
    let shown = time::calendar(now);
    if now < CLOCK_FLOOR {
        return Finding::new(
            "clock",
            Grade::Wrong,
            format!("the clock says {shown}"),
            "set the clock, and keep it with NTP",
        );
    }
    Finding::ok("clock", shown)
}

fn configuration(config: &Config) -> Vec<Finding> {
    let mut findings = match config.check() {
        Ok(()) => vec![Finding::ok("configuration", format!("issuer {}", config.issuer))],
        Err(error) => {
            error.problems.into_iter().map(|it| Finding::new("configuration", Grade::Wrong, it.what, it.fix)).collect()
        }
    };
    findings
        .extend(config.warnings().into_iter().map(|it| Finding::new("configuration", Grade::Warning, it.what, it.fix)));
    findings
}

/// Whether secrets on the disk are for their owner only, and the certificate is there.
fn files(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let key = config.master_key_file();
    if config.master_key.is_none() && key.exists() {
        findings.push(private("master key", &key, 0o077, "chmod 600"));
    }
    if symbolon_server::storage::exists(config) {
        findings.push(private("data folder", &config.data, 0o027, "chmod 700"));
    }
    if let Some(tls) = &config.http.tls {
        findings.extend(certificate(tls, &config.issuer));
    }
    findings
}

/// Whether clients would accept the certificate, as far as that can be seen without them; who signed it is seen when the issuer is
/// asked.
fn certificate(tls: &Tls, issuer: &str) -> Vec<Finding> {
    let host = issuer.strip_prefix("https://").unwrap_or_default().split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(host, _)| host);
    let Examined { ends_at, faults } = certificate::examine(tls, host, time::now());
    let (cert, key) = (tls.cert.display(), tls.key.display());
    let wrong = |fault: &Fault| {
        let (what, fix) = match fault {
            Fault::Expired(at) => (format!("{cert} has expired on {}", time::calendar(*at)), RENEW.to_owned()),
            Fault::NotYet(at) => (
                format!("{cert} is not valid before {}", time::calendar(*at)),
                "check the clock, or take the certificate of today".to_owned(),
            ),
            Fault::Mismatch => (
                format!("{key} is not the key of {cert}"),
                "set http.tls.key to the key that the certificate was made for".to_owned(),
            ),
            Fault::OtherName(names) => (
                format!("{cert} does not name {host}, but: {}", names.join(", ")),
                "get a certificate for the issuer's host, or correct the issuer".to_owned(),
            ),
            Fault::Unusable { path, why } => (
                format!("{} cannot be used: {why}", path.display()),
                "check the path, that it is PEM, and who may read it".to_owned(),
            ),
            _ => (format!("{cert} would not be accepted"), RENEW.to_owned()),
        };
        Finding::new("certificate", Grade::Wrong, what, fix)
    };
    if !faults.is_empty() {
        return faults.iter().map(wrong).collect();
    }
    let until = ends_at.map_or_else(|| "for ever".to_owned(), |at| format!("until {}", time::calendar(at)));
    let what = format!("{cert} goes with its key and names {host}, {until}");
    if ends_at.is_some_and(|at| at < time::now().saturating_add(RENEW_AHEAD_SECS)) {
        return vec![Finding::new("certificate", Grade::Warning, what, RENEW)];
    }
    vec![Finding::ok("certificate", what)]
}

fn private(about: &'static str, path: &Path, too_much: u32, fix: &str) -> Finding {
    let shown = path.display();
    match fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777) {
        Ok(mode) if mode & too_much == 0 => Finding::ok(about, format!("{shown}, mode {mode:o}")),
        Ok(mode) => Finding::new(
            about,
            Grade::Wrong,
            format!("{shown} has mode {mode:o}: others can get at it"),
            format!("{fix} {shown}"),
        ),
        Err(why) => {
            Finding::new(about, Grade::Wrong, format!("{shown} cannot be examined: {why}"), "check who may read it")
        }
    }
}

/// Where failed sign-ins are counted, if not in the store.
fn valkey(fact: &Value) -> Option<Finding> {
    const FIX: &str = "check throttle.valkey and that server; until then the database counts failed sign-ins";
    Some(if fact["answers"].as_bool()? {
        Finding::ok("valkey", "it counts failed sign-ins")
    } else {
        Finding::new("valkey", Grade::Warning, format!("away: {}", text(&fact["why"])), FIX)
    })
}

fn inside(facts: &Value) -> Vec<Finding> {
    let counts = format!("{} users, {} clients, {} apis", facts["users"], facts["clients"], facts["apis"]);
    let mut findings = vec![Finding::ok("data", counts)];
    findings.push(if facts["administrator"] == true {
        Finding::ok("administrator", "there is one")
    } else {
        Finding::new("administrator", Grade::Warning, "nobody can administer this server", "symbolon admin setup-link")
    });
    findings.push(if facts["signing"].as_array().is_none_or(Vec::is_empty) {
        Finding::new("signing keys", Grade::Warning, "there are none yet", "start the server once: symbolon serve")
    } else {
        Finding::ok("signing keys", text(&facts["signing"]))
    });
    findings.extend(deliveries(&facts["deliveries"]));
    if let Some(full) = facts["full_streams"].as_u64().filter(|full| *full > 0) {
        let what = format!("{full} lose events, because their receivers do not take them");
        findings.push(Finding::new("event streams", Grade::Warning, what, "symbolon stream list"));
    }
    findings.extend(valkey(&facts["valkey"]));
    let version = text(&facts["version"]);
    if version != env!("CARGO_PKG_VERSION") {
        let what = format!("the server runs version {version}, this command is {}", env!("CARGO_PKG_VERSION"));
        findings.push(Finding::new("version", Grade::Warning, what, "restart the server with the new version"));
    }
    findings
}

/// Messages to others that do not arrive. A server of an older version says nothing of them.
fn deliveries(facts: &Value) -> Option<Finding> {
    let (failing, given_up) = (facts["failing"].as_u64()?, facts["given_up"].as_u64()?);
    Some(if failing + given_up == 0 {
        Finding::ok("deliveries", "none fails")
    } else {
        let what = format!("{failing} fail, {given_up} were given up within a week");
        Finding::new("deliveries", Grade::Warning, what, "symbolon delivery list --failed")
    })
}

/// Redirect URIs that only make sense while developing.
fn redirects(config: &Config, global: &Global) -> Vec<Finding> {
    if !config.issuer.starts_with("https:") {
        return Vec::new();
    }
    let Ok(answer) = connect::execute(global, &Command::Client(ClientCommand::List)) else { return Vec::new() };
    let clients = answer["clients"].as_array().into_iter().flatten().filter(|client| client["kind"] != "native");
    let local = |uri: &&Value| text(uri).starts_with("http:");
    let of = |client: &Value| {
        let uris = client["redirect_uris"].as_array().into_iter().flatten().filter(local);
        let id = text(&client["client_id"]);
        let finding = |uri: &Value| {
            let uri = text(uri);
            Finding::new(
                "redirect URIs",
                Grade::Warning,
                format!("`{id}` may be redirected to {uri}"),
                format!("symbolon client set {id} --remove-redirect {uri}"),
            )
        };
        uris.map(finding).collect::<Vec<Finding>>()
    };
    clients.flat_map(of).collect()
}

/// Whether the issuer answers from here, under its own name and with keys.
fn issuer(config: &Config) -> Finding {
    if config.issuer.is_empty() {
        return Finding::new("issuer", Grade::Skipped, "no issuer is known", "");
    }
    let set = connect::runtime().map(|runtime| runtime.block_on(Keys::fetch_once(&config.issuer)));
    match set {
        Ok(Ok(set)) => Finding::ok("issuer", format!("{} answers with {} keys", config.issuer, set.keys().len())),
        Ok(Err(why)) => Finding::new(
            "issuer",
            Grade::Wrong,
            format!("{} does not answer as it should: {why}", config.issuer),
            "start the server; check DNS, proxy and certificate",
        ),
        Err(_) => Finding::new("issuer", Grade::Skipped, "could not be asked", ""),
    }
}
