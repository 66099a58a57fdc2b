//! 149: through everything that handles a secret, at the most talkative level, by the real binary: no line of the log, no word of a
//! command and no byte of the database holds one, and every line of the log is a JSON object.

use std::fs;

use serde_json::Value;

use crate::http::{Answer, Browser, form};
use crate::node::{Node, database};

const PASSWORDS: [&str; 4] =
    ["violet piano harbour", "swordfish swordfish", "lantern orbit quilt", "cello meadow lantern"];
const API: &str = "https://api.example.com";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What a run meets, and must not repeat.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn keep(&mut self, what: &str, secret: &str) -> String {
        assert!(secret.len() >= 8, "{what} is too short to be looked for: {secret}");
        self.0.push((what.to_owned(), secret.to_owned()));
        secret.to_owned()
    }

    fn keep_json(&mut self, answer: &Value, member: &str) -> String {
        self.keep(member, answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}")))
    }

    fn keep_tokens(&mut self, answer: &Answer) -> Value {
        assert_eq!(answer.status, 200, "{answer:?}");
        let tokens = answer.json();
        for member in ["access_token", "refresh_token", "id_token", "token"] {
            if tokens[member].is_string() {
                self.keep_json(&tokens, member);
            }
        }
        tokens
    }

    fn keep_cookies(&mut self, browser: &Browser) {
        for (name, value) in &browser.cookies {
            self.keep(name, value);
        }
    }

    fn keep_fields(&mut self, page: &Answer) {
        for name in ["csrf", "interaction"] {
            if page.body.contains(&format!("name=\"{name}\"")) {
                self.keep(name, &page.field(name));
            }
        }
    }

    /// Fills in the sign-in page.
    fn sign_in(&mut self, browser: &mut Browser, page: &Answer, password: &str) -> Answer {
        self.keep_fields(page);
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let fields =
            [("interaction", &*interaction), ("csrf", &csrf), ("username", "ada@example.com"), ("password", password)];
        let answer = browser.post("/login", &fields);
        let answer = browser.follow(answer);
        self.keep_cookies(browser);
        answer
    }

    fn are_not_in(&self, what: &str, bytes: &[u8]) {
        for (name, secret) in &self.0 {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} is in {what}: {secret}");
        }
    }
}

/// A new password by link, for the set-up or a reset.
fn by_link(secrets: &mut Secrets, browser: &mut Browser, path: &str, link: &str, password: &str) {
    let page = browser.get(link);
    assert_eq!(page.status, 200, "{page:?}");
    let code = secrets.keep("link", &page.field("code"));
    secrets.keep_fields(&page);
    let csrf = page.field("csrf");
    let mut fields = vec![("code", &*code), ("csrf", &csrf), ("password", password), ("password_confirm", password)];
    fields.extend([("email", "ada@example.com"), ("name", "Ada")].iter().filter(|_| path == "/setup"));
    let done = browser.post(path, &fields);
    assert_eq!(done.status, 200, "{done:?}");
}

/// What the operator registers.
struct Registered {
    web: String,
    machine: String,
    api: String,
}

fn register(node: &Node, secrets: &mut Secrets, words: &mut String) -> Registered {
    let mut run = |arguments: &str, input: &str| node.run(arguments, input, words);
    run(&format!("api add {API} --name Dragons"), "");
    let api = secrets.keep_json(&run(&format!("api secret rotate {API}"), ""), "api_secret");
    let add = "client add --web --name Web --auth-method client_secret_post --redirect https://app.example.com/cb \
               --api https://api.example.com";
    let web = secrets.keep_json(&run(add, ""), "client_secret");
    let add = "client add --machine --name Reports --auth-method client_secret_post --api https://api.example.com";
    let first = secrets.keep_json(&run(add, ""), "client_secret");
    let machine = secrets.keep_json(&run("client secret rotate reports", ""), "client_secret");
    assert_ne!(first, machine);
    let spa = "client add --spa --name Spa --redirect https://spa.example.com/ --password-sign-in";
    run(spa, "");
    run("user add --email bob@example.com --name Bob --password-stdin", PASSWORDS[3]);
    for look in ["user list", "client list", "client show web", "keys list", "config show"] {
        run(look, "");
    }
    Registered { web, machine, api }
}

/// A life of tokens, from sign-in to revocation, with its mistakes.
fn live(node: &Node, secrets: &mut Secrets, registered: &Registered) {
    let mut browser = Browser::new(node.address);
    let authorize = form(&[
        ("client_id", "web"),
        ("redirect_uri", "https://app.example.com/cb"),
        ("response_type", "code"),
        ("scope", "openid profile offline_access"),
        ("audience", API),
        ("state", "state-of-the-client"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let page = browser.get(&format!("/authorize?{authorize}"));
    let again = secrets.sign_in(&mut browser, &page, PASSWORDS[1]);
    assert_eq!(again.status, 400, "{again:?}");
    let answer = secrets.sign_in(&mut browser, &again, PASSWORDS[0]);
    let code = secrets.keep("code", &answer.param("code"));
    secrets.keep("verifier", VERIFIER);
    let own = [("client_id", "web"), ("client_secret", &*registered.web)];
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", "https://app.example.com/cb"),
        ("code_verifier", VERIFIER),
    ];
    let mut post = |path: &str, more: &[(&str, &str)]| browser.post(path, &[&own[..], more].concat());
    let tokens = secrets.keep_tokens(&post("/oauth/token", &redeem));
    let refresh = |token: &Value| token["refresh_token"].as_str().unwrap().to_owned();
    let first = refresh(&tokens);
    let second =
        secrets.keep_tokens(&post("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", &first)]));
    let access = second["access_token"].as_str().unwrap().to_owned();
    let bearer = format!("GET /userinfo HTTP/1.1\r\nauthorization: Bearer {access}");
    assert_eq!(Browser::new(node.address).request(&bearer, "").status, 200);
    let ask = [("token", &*access), ("client_id", API), ("client_secret", &registered.api)];
    assert_eq!(Browser::new(node.address).post("/oauth/introspect", &ask).json()["active"], true);
    for wrong in ["swordfish-is-no-secret", &registered.api] {
        let wrong = [("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", wrong)];
        assert_eq!(Browser::new(node.address).post("/oauth/token", &wrong).status, 401);
    }
    secrets.keep("wrong client secret", "swordfish-is-no-secret");
    assert_eq!(post("/oauth/revoke", &[("token", &refresh(&second))]).status, 200);
    assert_eq!(post("/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", &first)]).status, 400);
    assert_eq!(post("/oauth/token", &redeem).status, 400);
    let machine =
        [("grant_type", "client_credentials"), ("client_id", "reports"), ("client_secret", &*registered.machine)];
    secrets.keep_tokens(&Browser::new(node.address).post("/oauth/token", &machine));
    let json = "POST /authenticate HTTP/1.1\r\ncontent-type: application/json";
    for (password, status) in [(PASSWORDS[3], 200), (PASSWORDS[1], 401)] {
        let body = serde_json::json!({
            "username": "bob@example.com", "password": password, "client_id": "spa", "audience": API
        });
        let answer = Browser::new(node.address).request(json, &body.to_string());
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 200 {
            secrets.keep_tokens(&answer);
        }
    }
    let page = browser.get("/oidc/logout");
    secrets.keep_fields(&page);
}

#[test]
fn no_line_word_or_byte_on_disk_holds_a_secret() {
    let mut node = Node::start("[log]\nlevel = \"trace\"\n");
    let (mut secrets, mut words) = (Secrets::default(), String::new());
    for password in PASSWORDS {
        secrets.keep("password", password);
    }
    let master = fs::read_to_string(node.data().join("master.key")).unwrap();
    secrets.keep("master key", master.trim());
    let setup = node.run("admin setup-link", "", &mut words)["link"].as_str().unwrap().to_owned();
    by_link(&mut secrets, &mut Browser::new(node.address), "/setup", &setup, PASSWORDS[0]);
    let registered = register(&node, &mut secrets, &mut words);
    live(&node, &mut secrets, &registered);
    let reset = node.run("user reset-link bob@example.com", "", &mut words)["link"].as_str().unwrap().to_owned();
    by_link(&mut secrets, &mut Browser::new(node.address), "/reset", &reset, PASSWORDS[2]);
    node.configure("[log]\nlevel = \"trace,symbolon_server=debug\"\n");
    node.signal("HUP");
    node.told("READY=1");
    let metrics = node.watch("/metrics").body;
    node.signal("TERM");
    assert!(node.ended().success());

    let log = node.log();
    let mut requests = 0;
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        requests += u32::from(line["target"] == "symbolon::request");
    }
    assert!(requests > 15, "{requests}");
    let line = node.logged(&["\"route\":\"/oauth/token\"", "\"status\":200", "\"client\":\"web\"", "\"sub\":\"usr_"]);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["store_calls"].as_u64().unwrap() >= 2 && line["store_ms"].is_u64(), "{line}");
    assert_eq!(line["address"], "127.0.0.1", "{line}");
    secrets.are_not_in("the log", log.as_bytes());
    secrets.are_not_in("the metrics", metrics.as_bytes());
    secrets.are_not_in("what commands said", words.as_bytes());
    // The audit log among it.
    let stored = database(&node.data());
    assert!(stored.windows(13).any(|window| window == b"session.start"), "the audit log is in there");
    secrets.are_not_in("the database", &stored);
    assert!(secrets.0.len() > 25);
}
