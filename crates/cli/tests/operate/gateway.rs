//! A gateway as systemd runs it: it tells when it answers, gives signs of life, takes up a changed file at SIGHUP and ends at SIGTERM.

use std::fs;

use crate::node::Node;

#[test]
fn a_gateway_tells_systemd_what_a_server_tells_it() {
    let mut gateway = Node::gateway();
    gateway.told("WATCHDOG=1");
    let file = gateway.folder.path().join("gateway.toml");
    let sound = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{sound}[log]\nlevel = \"debug\"\n")).unwrap();
    gateway.signal("HUP");
    assert!(gateway.told("RELOADING=1").contains("MONOTONIC_USEC="));
    gateway.told("READY=1");
    gateway.logged(&["\"setting\":\"log.level\"", "counts only after a restart"]);
    gateway.logged(&["the configuration was read again"]);
    fs::write(&file, sound.replace("path =", "paht =")).unwrap();
    gateway.signal("HUP");
    gateway.told("READY=1");
    gateway.logged(&["\"level\":\"ERROR\"", "the old one stays in force", "api.paht"]);
    assert!(gateway.is_running());
    gateway.signal("TERM");
    gateway.told("STOPPING=1");
    assert!(gateway.ended().success());
}
