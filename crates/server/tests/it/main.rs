//! Promises of the server, kept over HTTP: each test starts a server of its own and talks to it as a browser,
//! a client or an API would.

#![expect(unreachable_pub, reason = "a test binary has no users but itself")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers_encrypted;
mod answers_front;
mod answers_jwt;
mod answers_message;
mod assertion;
mod audit;
mod authenticate;
mod authorize;
mod backchannel_logout;
mod backup;
mod bad_input;
mod claims;
mod consent;
mod cors;
mod device;
mod device_attacks;
mod discovery;
mod doctor;
mod dpop;
mod feed;
mod head;
mod introspection;
mod listener;
mod log;
mod login;
mod logout;
mod machine;
mod metrics;
mod nodes;
mod nul;
mod overload;
mod pages;
mod panic;
mod par;
mod refresh;
mod reload;
mod request_object;
mod reset;
mod restart;
mod revocation;
mod session;
mod session_guard;
mod session_value;
mod setup;
mod sign_in;
mod slow;
mod ssf_events;
mod ssf_push;
mod ssf_streams;
mod start;
mod status_list;
mod support;
mod throttle;
mod token;
mod upgrade;
mod userinfo;
mod valkey;
mod withdrawal;
