//! Runs the transcripts in `tests/cli/*.txt` against the real program, each in a folder of its own.
//!
//! | Line | Meaning |
//! |---|---|
//! | `# …` | words |
//! | `$ symbolon …` | runs a command, or `$ any/path/symbolon …` to have been called by it; quotes keep words together |
//! | `< …` | a line of its standard input |
//! | `\| …`, `! …` | a line of standard output, of standard error; a tab is written `→` |
//! | `\| ...` | any number of further lines |
//! | `? N` | the exit code, 0 if not said |
//! | `& symbolon serve …` | starts a server and waits until it answers; `& stop` and `& kill` end it politely or not |
//! | `@ file NAME` … `@ end` | writes a file |
//! | `@ env NAME=VALUE`, `@ unset NAME`, `@ mode NAME OCTAL` | for what follows |
//!
//! `[..]` in an expectation matches anything. `{name}` is taken from the first line that shows it and must be the same from then
//! on, in commands too. Known from the start: five free ports `{p1}` to `{p5}`, and `{dir}`, the folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};

/// One test for each transcript, and none forgotten.
macro_rules! transcripts {
    ($($name:ident)+) => {
        $(#[test] fn $name() { play(stringify!($name)); })+

        #[test]
        fn every_transcript_is_played() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
            let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            for name in names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()) {
                assert!([$(stringify!($name)),+].contains(&name.as_str()), "{name}");
            }
        }
    };
}

transcripts! { admin backup bench clients config delivery gateway help import init issuers keyfiles mail migrate passwords ports registration revoke server stream tls token tokens users }

fn play(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(format!("{name}.txt"));
    let text = fs::read_to_string(&path).unwrap();
    let mut stage = Stage::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let place = format!("{name}.txt:{}", number + 1);
        if let Some(command) = line.strip_prefix("$ ") {
            let mut scene = Scene { place, ..Scene::default() };
            while lines.next_if(|(_, line)| scene.take(line)).is_some() {}
            stage.run(command, &scene);
        } else if let Some(command) = line.strip_prefix("& ") {
            stage.background(command, &place);
        } else if let Some(file) = line.strip_prefix("@ file ") {
            let content: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "@ end").collect();
            fs::write(stage.path(file), stage.fill(&content.join("\n"))).unwrap();
        } else if let Some(variable) = line.strip_prefix("@ env ") {
            let (name, value) = variable.split_once('=').unwrap();
            let value = stage.fill(value);
            stage.environment.insert(name.to_owned(), value);
        } else if let Some(name) = line.strip_prefix("@ unset ") {
            stage.environment.remove(name);
        } else if let Some(mode) = line.strip_prefix("@ mode ") {
            let (file, mode) = mode.split_once(' ').unwrap();
            let mode = fs::Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap());
            fs::set_permissions(stage.path(file), mode).unwrap();
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "{place}: what is `{line}`?");
        }
    }
}

/// A command's input and what is expected of it.
#[derive(Default)]
struct Scene {
    place: String,
    input: Vec<String>,
    out: Vec<String>,
    err: Vec<String>,
    code: i32,
}

impl Scene {
    /// Takes a line that belongs to the command.
    fn take(&mut self, line: &str) -> bool {
        let (mark, rest) = line.split_at(line.len().min(1));
        let rest = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
        match mark {
            "<" => self.input.push(rest),
            "|" => self.out.push(rest),
            "!" => self.err.push(rest),
            "?" => self.code = rest.parse().unwrap(),
            _ => return false,
        }
        true
    }
}

/// The folder in which a transcript is played, its environment, and what its lines have shown.
struct Stage {
    directory: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    known: BTreeMap<String, String>,
    server: Option<Child>,
}

impl Stage {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut known: BTreeMap<String, String> =
            (1..=5).map(|number| (format!("p{number}"), free_port().to_string())).collect();
        known.insert("dir".to_owned(), directory.path().display().to_string());
        write_tokens(directory.path());
        Self { directory, environment: BTreeMap::new(), known, server: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts in what is known.
    fn fill(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn command(&self, line: &str) -> Command {
        let mut words = words(&self.fill(line)).into_iter();
        let called = words.next().filter(|word| Path::new(word).ends_with("symbolon")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
        command.arg0(called).args(words).current_dir(self.directory.path()).env_clear().envs(&self.environment);
        command
    }

    fn run(&mut self, line: &str, scene: &Scene) {
        let mut command = self.command(line);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for line in &scene.input {
            // A command that fails early does not read.
            let _ = writeln!(input, "{}", self.fill(line));
        }
        drop(input);
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        let whole = format!("{}: {line}\n--- stdout\n{stdout}--- stderr\n{stderr}--- {status}", scene.place);
        self.compare(&scene.out, &stdout, &whole);
        self.compare(&scene.err, &stderr, &whole);
        assert_eq!(status.code(), Some(scene.code), "{whole}");
    }

    fn compare(&mut self, expected: &[String], text: &str, whole: &str) {
        let mut actual = text.lines().map(|line| line.replace('\t', "→"));
        let mut expected = expected.iter();
        while let Some(line) = expected.next() {
            if line == "..." {
                let Some(next) = expected.next() else { return };
                let found = actual.by_ref().any(|line| self.matches(next, &line));
                assert!(found, "nothing like `{next}` in {whole}");
                continue;
            }
            let shown = actual.next().unwrap_or_else(|| panic!("`{line}` is missing in {whole}"));
            assert!(self.matches(line, &shown), "expected `{line}`, not `{shown}` in {whole}");
        }
        if let Some(more) = actual.next() {
            panic!("nobody expected `{more}` in {whole}");
        }
    }

    /// Whether a line is as expected; learns the names it shows first.
    fn matches(&mut self, expected: &str, line: &str) -> bool {
        let mut learnt = Vec::new();
        let fits = pattern(&self.fill(expected), line, &mut learnt);
        if fits {
            self.known.extend(learnt);
        }
        fits
    }

    fn background(&mut self, line: &str, place: &str) {
        match line {
            "stop" => {
                let child = self.server.take().unwrap();
                let id = child.id().to_string();
                assert!(Command::new("kill").arg(id).status().unwrap().success());
                let Output { status, stderr, .. } = child.wait_with_output().unwrap();
                assert!(status.success(), "{place}: {status}: {}", String::from_utf8_lossy(&stderr));
            }
            "kill" => {
                let mut child = self.server.take().unwrap();
                child.kill().unwrap();
                child.wait().unwrap();
            }
            line => {
                let mut command = self.command(line);
                let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
                self.server = Some(child.unwrap());
                self.wait_until_ready(line, place);
            }
        }
    }

    /// Asks as a container would.
    fn wait_until_ready(&mut self, line: &str, place: &str) {
        let listen = words(&self.fill(line)).into_iter().skip_while(|word| word != "--listen").nth(1).unwrap();
        for _ in 0..300 {
            let mut check = self.command("symbolon healthcheck");
            if check.env("SYMBOLON_HTTP__LISTEN", &listen).output().unwrap().status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.server.as_mut().unwrap().kill().unwrap();
        let output = self.server.take().unwrap().wait_with_output().unwrap();
        panic!("{place}: the server does not answer: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // The test fails already, or the server has gone by itself.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// A port that nobody has, below those which systems give to outgoing connections: nobody gets it by chance before it is used.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let mine = u16::try_from(std::process::id() % 100).unwrap() * 100;
    let port = || 20_000 + mine + NEXT.fetch_add(1, Ordering::Relaxed);
    std::iter::repeat_with(port).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// `[..]` matches anything, `{name}` something without spaces that is learnt.
fn pattern(expected: &str, line: &str, learnt: &mut Vec<(String, String)>) -> bool {
    if let Some(rest) = expected.strip_prefix("[..]") {
        let mut ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        return ends.any(|at| pattern(rest, &line[at..], learnt));
    }
    let name = expected.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    if let Some((name, rest)) =
        name.filter(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()))
    {
        let end = line.find([' ', '→', '"', '&']).unwrap_or(line.len());
        learnt.push((name.to_owned(), line[..end].to_owned()));
        return end > 0 && pattern(rest, &line[end..], learnt);
    }
    let mut expected = expected.chars();
    match (expected.next(), line.chars().next()) {
        (None, None) => true,
        (Some(one), Some(other)) if one == other => pattern(expected.as_str(), &line[other.len_utf8()..], learnt),
        _ => false,
    }
}

/// Splits a command line; double quotes keep words, and parts of words, together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Tokens to look at: `good.jwt`, `expired.jwt`, `forged.jwt`, and `keys.json` that verifies the first two.
fn write_tokens(directory: &Path) {
    let key = |_| Jwk::generate(Algorithm::EdDSA).unwrap().with_kid("k1");
    let [key, stranger] = [0, 1].map(key);
    let sign = |key: &Jwk, exp: u64| {
        let claims = json!({
            "iss": "https://auth.example.com", "aud": "https://api.example.com", "sub": "usr_1",
            "iat": 1_700_000_000, "exp": exp, "scope": "read:dragons",
        });
        jwt::sign(&SigningKey::from_jwk(key, Algorithm::EdDSA).unwrap(), "at+jwt", &claims).unwrap()
    };
    let far = 4_000_000_000;
    let public = key.public().unwrap().public_value().unwrap();
    for (name, text) in [
        ("good.jwt", sign(&key, far)),
        ("expired.jwt", sign(&key, 1_700_000_600)),
        ("forged.jwt", sign(&stranger, far)),
        ("keys.json", json!({ "keys": [public] }).to_string()),
    ] {
        fs::write(directory.join(name), text).unwrap();
    }
}
