//! Promises of the metrics: what happens is counted, under names and labels that callers cannot invent, in text that a strict reader
//! takes; and health with what it goes by, on a listener of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::{Method, Request};
use http_body_util::Full;

use crate::support::client::exchange;
use crate::support::flow::authorize_url;
use crate::support::receiver::Receiver;
use crate::support::{API, Answer, World, postgres};

/// Samples by name and labels, as they stand in the text.
type Samples = BTreeMap<String, f64>;

async fn watched() -> World {
    World::with(|config| config.metrics.listen = Some("127.0.0.1:0".parse().unwrap())).await
}

async fn look(world: &World, path: &str) -> Answer {
    let request = Request::get(path).header("host", "metrics").body(Full::default()).unwrap();
    exchange(world.running.metrics_address.unwrap(), request).await
}

async fn scrape(world: &World) -> Samples {
    let answer = look(world, "/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    parse(&answer.body)
}

/// Reads OpenMetrics text strictly (specification 1.0): each family once and in one piece, with HELP and TYPE before its samples, no
/// sample twice, counters that end in `_total`, buckets that add up, and the end marked.
fn parse(text: &str) -> Samples {
    let lines: Vec<&str> = text.strip_suffix("# EOF\n").expect("the end is marked").lines().collect();
    let (mut samples, mut families) = (Samples::new(), BTreeMap::new());
    let mut family = ("", "");
    for line in lines {
        if let Some(comment) = line.strip_prefix("# ") {
            let (what, rest) = comment.split_once(' ').unwrap();
            let (name, value) = rest.split_once(' ').unwrap();
            match what {
                "HELP" => assert!(value.ends_with('.'), "{line}"),
                "TYPE" => {
                    family = (name, value);
                    assert!(families.insert(name, value).is_none(), "{name} is declared twice");
                }
                "UNIT" => assert!(name.ends_with(&format!("_{value}")) && name == family.0, "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (key, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let name = key.split('{').next().unwrap();
        let suffixes: &[&str] = match family.1 {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_sum", "_count", "_bucket"],
            "info" => &["_info"],
            other => panic!("{other}"),
        };
        assert!(suffixes.iter().any(|suffix| format!("{}{suffix}", family.0) == name), "{line} is not of {family:?}");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
        let value: f64 = value.parse().unwrap_or_else(|why| panic!("{line}: {why}"));
        assert!(value >= 0.0, "{line}");
        assert!(samples.insert(key.to_owned(), value).is_none(), "{key} stands twice");
    }
    let counts = samples.iter().filter_map(|(key, count)| Some((key.split_once("_seconds_count")?, *count)));
    for ((name, labels), count) in counts {
        let labels = labels.trim_matches(['{', '}']);
        let comma = if labels.is_empty() { "" } else { "," };
        let bucket = [format!("{{le=\"+Inf\"{comma}{labels}}}"), format!("{{{labels}{comma}le=\"+Inf\"}}")]
            .map(|labels| samples.get(&format!("{name}_seconds_bucket{labels}")).copied());
        assert!(bucket.contains(&Some(count)), "the buckets of {name} {labels} do not add up to {count}: {bucket:?}");
    }
    samples
}

/// By how much the one sample that has this name and all these labels went up.
fn risen(before: &Samples, after: &Samples, name: &str, labels: &[&str]) -> f64 {
    let of = |samples: &Samples| {
        let found = samples
            .iter()
            .filter(|(key, _)| key.split('{').next() == Some(name) && labels.iter().all(|label| key.contains(label)));
        found.map(|(_, value)| value).sum::<f64>()
    };
    of(after) - of(before)
}

#[tokio::test]
async fn a_life_of_tokens_moves_the_counters_it_should() {
    let world = watched().await;
    let before = scrape(&world).await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    browser.clone().sign_in(&page, "ada@example.com", "wrong").await;
    let code = browser.code("web", "ada@example.com", &[]).await;
    let tokens = world.redeem("web", &code).await.json();
    let first = tokens["refresh_token"].as_str().unwrap();
    let fresh = world.refresh("web", first).await.json();
    // Again within the grace, as another tab would.
    assert_eq!(world.refresh("web", first).await.status, 200);
    let access = fresh["access_token"].as_str().unwrap();
    assert_eq!(world.introspect(access).await["active"], true);
    let refresh_token = fresh["refresh_token"].as_str().unwrap();
    assert_eq!(world.post_as("web", "/oauth/revoke", &[("token", refresh_token)]).await.status, 200);
    assert_eq!(world.introspect(access).await["active"], false);
    assert_eq!(world.refresh("web", refresh_token).await.status, 400);
    world.token("web", &[("grant_type", "swordfish")]).await;
    let machine = world.token("machine", &[("grant_type", "client_credentials"), ("audience", API)]).await;
    assert_eq!(machine.status, 200, "{}", machine.body);
    browser.get(&authorize_url("web", &[("prompt", "none"), ("max_age", "0")])).await;

    let after = scrape(&world).await;
    for (name, labels, by) in [
        ("symbolon_http_requests_total", &["route=\"/oauth/token\"", "method=\"POST\"", "status=\"200\""][..], 4.0),
        ("symbolon_http_requests_total", &["route=\"/oauth/token\"", "status=\"400\""], 2.0),
        ("symbolon_http_request_duration_seconds_count", &["route=\"/oauth/revoke\""], 1.0),
        ("symbolon_logins_total", &["method=\"password\"", "outcome=\"success\"", "reason=\"\""], 1.0),
        ("symbolon_logins_total", &["outcome=\"failure\"", "reason=\"credentials\""], 1.0),
        ("symbolon_login_duration_seconds_count", &[], 2.0),
        ("symbolon_password_hash_seconds_count", &[], 2.0),
        ("symbolon_authorizations_total", &["outcome=\"success\"", "error=\"\""], 1.0),
        ("symbolon_authorizations_total", &["outcome=\"failure\"", "error=\"login_required\""], 1.0),
        ("symbolon_token_requests_total", &["grant=\"authorization_code\"", "outcome=\"success\""], 1.0),
        ("symbolon_token_requests_total", &["grant=\"refresh_token\"", "outcome=\"success\""], 2.0),
        ("symbolon_token_requests_total", &["grant=\"refresh_token\"", "error=\"invalid_grant\""], 1.0),
        ("symbolon_token_requests_total", &["grant=\"other\"", "error=\"unsupported_grant_type\""], 1.0),
        ("symbolon_tokens_issued_total", &["grant=\"authorization_code\"", "kind=\"id\""], 1.0),
        ("symbolon_tokens_issued_total", &["grant=\"authorization_code\"", "kind=\"refresh\""], 1.0),
        ("symbolon_tokens_issued_total", &["grant=\"client_credentials\"", "kind=\"access\""], 1.0),
        ("symbolon_refresh_reuse_total", &["verdict=\"grace\""], 1.0),
        ("symbolon_introspections_total", &["active=\"true\""], 1.0),
        ("symbolon_introspections_total", &["active=\"false\""], 1.0),
        ("symbolon_revocations_total", &["kind=\"family\""], 1.0),
        ("symbolon_db_seconds_count", &["op=\"rotate_refresh_token\""], 1.0),
    ] {
        assert!((risen(&before, &after, name, labels) - by).abs() < 0.5, "{name} {labels:?}: {after:#?}");
    }
    for name in [
        "symbolon_build_info",
        "symbolon_db_write_queue",
        "symbolon_password_hash_queue",
        "symbolon_password_hash_shed_total",
        "symbolon_rate_limited_total",
        "symbolon_sessions_active",
        "symbolon_signing_keys",
        "symbolon_signing_key_rotation_timestamp_seconds",
        "symbolon_panics_total",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        assert!(after.keys().any(|key| key.split('{').next() == Some(name)), "{name} is missing");
    }
    assert!(after["process_resident_memory_bytes"] > 1e6 && after["process_open_fds"] > 3.0);
    assert!(after["symbolon_signing_keys{state=\"active\",alg=\"RS256\"}"] >= 1.0);
}

/// Somebody uses a refresh token that was used before.
async fn replay(world: &World) {
    let tokens = world.tokens("web", "ada@example.com").await;
    let first = tokens["refresh_token"].as_str().unwrap().to_owned();
    let second = world.refresh("web", &first).await.json()["refresh_token"].as_str().unwrap().to_owned();
    world.refresh("web", &second).await;
    world.advance(60);
    world.refresh("web", &first).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_session_that_ends_and_a_replay_are_counted_with_their_reason() {
    let world = watched().await;
    let before = scrape(&world).await;
    replay(&world).await;
    let after = scrape(&world).await;
    let by = |name, labels: &[&str]| risen(&before, &after, name, labels);
    assert!((by("symbolon_refresh_reuse_total", &["verdict=\"alarm\""]) - 1.0).abs() < 0.5);
    assert!((by("symbolon_sessions_ended_total", &["reason=\"refresh_token_reused\""]) - 1.0).abs() < 0.5);
    assert!((by("symbolon_revocations_total", &["kind=\"session\""]) - 1.0).abs() < 0.5);
}

/// Whatever callers write, the number of series stays what it is.
#[tokio::test]
async fn callers_cannot_invent_labels() {
    let world = watched().await;
    for number in 0..5 {
        let mut browser = world.browser();
        browser.get(&format!("/swordfish/{number}")).await;
        let method = Method::from_bytes(format!("SWORDFISH{number}").as_bytes()).unwrap();
        browser.send(method, "/oauth/token", &[], None).await;
        let (client, grant) = (format!("swordfish{number}"), format!("swordfish{number}"));
        browser.post("/oauth/token", &[("client_id", &client), ("grant_type", &grant)]).await;
    }
    let answer = look(&world, "/metrics").await;
    assert!(!answer.body.to_lowercase().contains("swordfish"), "{}", answer.body);
    let samples = parse(&answer.body);
    assert!((samples["symbolon_http_requests_total{route=\"-\",method=\"GET\",status=\"404\"}"] - 5.0).abs() < 0.5);
    assert!(
        (samples["symbolon_http_requests_total{route=\"/oauth/token\",method=\"other\",status=\"405\"}"] - 5.0).abs()
            < 0.5
    );
}

#[tokio::test]
async fn health_tells_there_what_it_goes_by_and_the_public_door_has_no_metrics() {
    let world = watched().await;
    // The feed's first word comes a moment after the start.
    let first_word = async {
        while look(&world, "/readyz").await.json()["feed_age_secs"].is_null() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), first_word).await.unwrap();
    let ready = look(&world, "/readyz").await;
    assert_eq!(ready.status, 200);
    let detail = ready.json();
    assert_eq!((&detail["ready"], &detail["draining"]), (&true.into(), &false.into()));
    assert!(detail["schema_version"].as_u64().unwrap() >= 6, "{detail}");
    assert!(detail["store_error"].is_null(), "{detail}");
    assert!(detail["signing_algorithms"].as_array().unwrap().contains(&"RS256".into()), "{detail}");
    assert_eq!(look(&world, "/livez").await.body, "ok\n");
    for path in ["/login", "/oauth/token", "/.well-known/jwks.json"] {
        assert_eq!(look(&world, path).await.status, 404, "{path}");
    }
    assert_eq!(world.browser().get("/metrics").await.status, 404);
}

#[tokio::test]
async fn without_a_setting_there_is_no_such_listener() {
    assert!(World::new().await.running.metrics_address.is_none());
}

/// A metric that some text asks for, with the labels it names.
type Asked = (String, BTreeSet<String>);

/// The metrics that an expression of PromQL, or any text, names.
fn asked(text: &str) -> Vec<Asked> {
    let in_a_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(in_a_name) {
        let end = rest[start..].find(|letter| !in_a_name(letter)).map_or(rest.len(), |length| start + length);
        let name = &rest[start..end];
        rest = &rest[end..];
        if !["symbolon_", "process_"].iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let matchers = rest.strip_prefix('{').and_then(|inside| inside.split('}').next()).unwrap_or_default();
        let labels = matchers.split(',').filter_map(|matcher| matcher.split(['=', '!']).next());
        let labels = labels.map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect();
        found.push((name.to_owned(), labels));
    }
    found
}

/// The labels after `by` in an expression.
fn grouped_by(expression: &str) -> BTreeSet<String> {
    let lists = expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    lists.flat_map(|list| list.split(',').map(|label| label.trim().to_owned())).collect()
}

/// The expressions of a board, however deep they stand.
fn expressions(board: &serde_json::Value) -> Vec<&str> {
    match board {
        serde_json::Value::Array(items) => items.iter().flat_map(expressions).collect(),
        serde_json::Value::Object(members) => {
            let own = members.get("expr").and_then(serde_json::Value::as_str);
            own.into_iter().chain(members.values().flat_map(expressions)).collect()
        }
        _ => Vec::new(),
    }
}

/// A node over PostgreSQL that makes backups, tells others of ends, and has met a little of everything.
async fn eventful(receiver: &Receiver) -> World {
    let url = postgres::database().await;
    let world = Box::pin(World::with(|config| {
        config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
        config.store.url = Some(url);
        config.store.connections = 4;
        config.backup.every_secs = 3_600;
        config.outgoing.allow = vec!["127.0.0.0/8".parse().unwrap()];
    }))
    .await;
    let uri = receiver.url("/web");
    world.change_client("web", |client| client.backchannel_logout_uri = Some(uri)).await;
    replay(&world).await;
    world
}

/// What is watched from outside goes by names of ours, so one that is renamed here must not leave a board empty or an alert mute.
#[tokio::test(flavor = "multi_thread")]
async fn the_board_and_the_alerts_ask_for_what_is_there() {
    let board: serde_json::Value =
        serde_json::from_str(include_str!("../../../../deploy/grafana/symbolon.json")).unwrap();
    let rules = include_str!("../../../../deploy/prometheus/symbolon.rules.yml");
    let board: Vec<&str> = expressions(&board);
    assert!(board.len() > 20 && asked(rules).len() > 5, "{board:?}");

    let mut receiver = Receiver::new().await;
    let world = eventful(&receiver).await;
    receiver.next().await;
    let all_is_there = async {
        loop {
            let samples = scrape(&world).await;
            let labels_of = |name: &str| -> Option<BTreeSet<String>> {
                let keys: Vec<&String> = samples.keys().filter(|key| key.split('{').next() == Some(name)).collect();
                let inside = keys.iter().filter_map(|key| key.split_once('{'));
                let names = inside.flat_map(|(_, labels)| labels.split("\",").filter_map(|one| one.split('=').next()));
                (!keys.is_empty()).then(|| names.map(str::to_owned).collect())
            };
            let missing = missing(&board, rules, labels_of);
            if missing.is_empty() {
                return samples;
            }
            // The backup, the delivery and the feed's first word come when they come.
            let may_come = ["symbolon_backup", "symbolon_deliveries", "symbolon_revocation_feed_age"];
            assert!(missing.iter().all(|name| may_come.iter().any(|late| name.starts_with(late))), "{missing:?}");
            tokio::task::yield_now().await;
        }
    };
    let samples = tokio::time::timeout(Duration::from_secs(30), all_is_there).await.expect("what comes late comes");
    let open = ["busy", "idle"].map(|state| samples[&format!("symbolon_db_connections{{state=\"{state}\"}}")]);
    assert!((1.0..=4.0).contains(&(open[0] + open[1])), "{open:?}");
    let backup_age =
        f64::from(u32::try_from(world.clock.now()).unwrap()) - samples["symbolon_backup_timestamp_seconds"];
    assert!((0.0..=60.0).contains(&backup_age), "{backup_age}");
}

/// Metrics and labels that are asked for and are not there.
fn missing(board: &[&str], rules: &str, labels_of: impl Fn(&str) -> Option<BTreeSet<String>>) -> Vec<String> {
    let mut missing = Vec::new();
    for expression in board.iter().copied().chain(rules.lines()) {
        let asked = asked(expression);
        let mut known = BTreeSet::from(["instance".to_owned()]);
        for (name, labels) in &asked {
            match labels_of(name) {
                None => missing.push(name.clone()),
                Some(has) => {
                    let lacks = labels.iter().filter(|label| *label != "instance" && !has.contains(*label));
                    missing.extend(lacks.map(|label| format!("{name}{{{label}}}")));
                    known.extend(has);
                }
            }
        }
        if asked.iter().all(|(name, _)| labels_of(name).is_some()) {
            let strange = grouped_by(expression).into_iter().filter(|label| !known.contains(label));
            missing.extend(strange.map(|label| format!("{label} of {expression}")));
        }
    }
    missing
}
