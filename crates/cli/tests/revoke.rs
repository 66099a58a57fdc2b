//! A real token of a running server, revoked from the command line: it works before, not afterwards, and is in none of the words.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

const API: &str = "https://api.example.com";

/// A server on a Unix socket in its folder, with an API and a machine that may ask for its tokens.
struct Server {
    folder: tempfile::TempDir,
    child: Child,
    client_secret: String,
    api_secret: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // The test has what it wanted, or fails already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn symbolon(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_symbolon"));
    command.current_dir(folder).env_clear().args(arguments.split(' '));
    command.env("SYMBOLON_ISSUER", "http://localhost:4400").env("SYMBOLON_HTTP__LISTEN", "unix:http.sock");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, arguments: &str, input: &str) -> Output {
    let mut child = symbolon(folder, arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut serve = symbolon(folder.path(), "serve");
        let child = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self { folder, child, client_secret: String::new(), api_secret: String::new() };
        for _ in 0..300 {
            if server.run("healthcheck", "").status.success() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        server.json(&format!("api add {API} --name Dragons"), "");
        server.api_secret = server.json(&format!("api secret rotate {API}"), "")["api_secret"].as_str().unwrap().into();
        let add = format!("client add --machine --name Reports --auth-method client_secret_post --api {API}");
        server.client_secret = server.json(&add, "")["client_secret"].as_str().unwrap().into();
        server
    }

    fn run(&self, arguments: &str, input: &str) -> Output {
        run(self.folder.path(), arguments, input)
    }

    fn json(&self, arguments: &str, input: &str) -> Value {
        let output = self.run(&format!("{arguments} --json"), input);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Posts a form whose values need no encoding.
    fn post(&self, path: &str, form: &str) -> Value {
        let mut stream = UnixStream::connect(self.folder.path().join("http.sock")).unwrap();
        let length = form.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: localhost:4400\r\nconnection: close\r\ncontent-length: {length}");
        write!(stream, "{head}\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\n{form}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn token(&self) -> String {
        let secret = &self.client_secret;
        let form = format!("grant_type=client_credentials&client_id=reports&client_secret={secret}");
        self.post("/oauth/token", &form)["access_token"].as_str().unwrap().to_owned()
    }

    fn is_active(&self, token: &str) -> bool {
        let form = format!("token={token}&client_id=https%3A%2F%2Fapi.example.com&client_secret={}", self.api_secret);
        self.post("/oauth/introspect", &form)["active"] == true
    }
}

#[test]
fn a_token_that_is_handed_in_counts_no_more_and_is_not_repeated() {
    let server = Server::start();
    let [token, other] = [server.token(), server.token()];
    assert!(server.is_active(&token));
    let output = server.run("token revoke", &format!("Authorization: Bearer {token}\n"));
    let words = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(output.status.success() && words.contains("client\treports"), "{words}");
    assert!(words.contains("an API that does not accepts them until 20") && words.contains("Z (in "), "{words}");
    assert!(!words.contains(token.rsplit('.').next().unwrap()), "{words}");
    assert!(!server.is_active(&token) && server.is_active(&other));
    let again = server.json("token revoke", &token);
    assert_eq!((&again["revoked"], &again["tokens_until"]), (&Value::Bool(false), &Value::Null));
    server.json("token revoke --client reports --yes", "");
    assert!(!server.is_active(&other));
}
