//! SIGHUP, as `systemctl reload` sends it: what changed is taken up and told, what is wrong changes nothing, and systemd hears of both.

use std::io::Write as _;

use crate::http::{connect, exchange};
use crate::node::Node;

fn lifetime(node: &Node, body: &str) -> u64 {
    let head = "POST /oauth/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded";
    exchange(node.address, head, body).unwrap().json()["expires_in"].as_u64().unwrap()
}

#[test]
fn a_changed_file_is_taken_up_and_told_to_systemd_and_in_the_log() {
    let node = Node::start("");
    let body = node.machine();
    assert_eq!(lifetime(&node, &body), 600);
    node.told("WATCHDOG=1");

    node.configure("[tokens]\naccess_lifetime = \"2m\"\n[log]\nlevel = \"debug\"\n[revocation]\nmax_followers = 7\n");
    node.signal("HUP");
    let reloading = node.told("RELOADING=1");
    let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
    assert!(time.parse::<u64>().unwrap() > 0, "{reloading}");
    node.told("READY=1");
    assert_eq!(lifetime(&node, &body), 120);
    node.logged(&["\"setting\":\"tokens.access_lifetime\"", "\"from\":\"10m\"", "\"to\":\"2m\"", "was taken up"]);
    node.logged(&["\"setting\":\"revocation.max_followers\"", "\"to\":\"7\"", "only after a restart"]);
    assert!(!node.log().contains("\"setting\":\"http.listen\""), "{}", node.log());
    // The level too.
    connect(node.address).unwrap().write_all(b"GET /login").unwrap();
    node.logged(&["\"level\":\"DEBUG\""]);
}

#[test]
fn a_file_with_a_mistake_changes_nothing_and_says_what_to_do() {
    let mut node = Node::start("");
    let body = node.machine();
    for (wrong, said) in [
        ("[tokens]\naccess_lifetime = \"2m\"\n[session]\nidle = \"30d\"\n", "make session.idle the shorter one"),
        ("[tokens]\naccess_lifetime = \"2m\"\nacces_lifetime = \"3m\"\n", "did you mean `tokens.access_lifetime`?"),
        ("[tokens]\naccess_lifetime = \n", "is not TOML"),
        ("[tokens]\naccess_lifetime = \"2m\"\n[log]\nlevel = \"in=fo=x\"\n", "log.level cannot be taken up"),
    ] {
        node.configure(wrong);
        node.signal("HUP");
        node.told("RELOADING=1");
        node.told("READY=1");
        node.logged(&["\"level\":\"ERROR\"", "the old one stays in force", said]);
        assert_eq!(lifetime(&node, &body), 600, "{wrong}");
    }
    assert!(node.is_running());
    node.signal("TERM");
    node.told("STOPPING=1");
    assert!(node.ended().success());
}
