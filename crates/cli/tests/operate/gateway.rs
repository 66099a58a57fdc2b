//! A gateway as systemd runs it: it tells when it answers, gives signs of life, outlives SIGHUP and ends at SIGTERM.

use crate::node::Node;

#[test]
fn a_gateway_tells_systemd_what_a_server_tells_it() {
    let mut gateway = Node::gateway();
    gateway.told("WATCHDOG=1");
    gateway.signal("HUP");
    assert!(gateway.told("RELOADING=1").contains("MONOTONIC_USEC="));
    gateway.told("READY=1");
    gateway.logged(&["counts after a restart"]);
    assert!(gateway.is_running());
    gateway.signal("TERM");
    gateway.told("STOPPING=1");
    assert!(gateway.ended().success());
}
