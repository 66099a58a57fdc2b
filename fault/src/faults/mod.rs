//! The programs: one file for each fault, one line for each in the registry.

mod backup;
mod clock_jumps;
mod connections;
mod database_cuts;
mod database_failover;
mod database_outage;
mod database_unreachable;
mod disk_full;
mod http2_floods;
mod kill_key_rotation;
mod kill_redemption;
mod kill_refresh;
mod kill_sign_up;
mod mail;
mod misuse;
mod oversized;
mod panic;
mod power_loss;
mod restart;
mod rotate_keys;
mod sign_in_flood;
mod slow_clients;
mod soak;
mod unknown_keys;
mod upgrade;
mod valkey;

use std::pin::Pin;

use crate::Failure;
use crate::options::Options;
use crate::report::Report;

/// One program.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// Of the table in security part 3.
    pub(crate) row: &'static str,
    /// What it shows.
    pub(crate) shows: &'static str,
    /// Whether `cargo xtask test` runs it, shortened.
    pub(crate) in_gate: bool,
    pub(crate) run: fn(Options) -> Running,
}

/// A program at work.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Report, Failure>>>>;

macro_rules! fault {
    ($name:literal, $row:literal, $module:ident, $in_gate:literal, $shows:literal) => {
        Fault {
            name: $name,
            row: $row,
            shows: $shows,
            in_gate: $in_gate,
            run: |options| Box::pin(async move { $module::run(&options).await }),
        }
    };
}

/// All of them.
#[rustfmt::skip]
pub(crate) const FAULTS: &[Fault] = &[
    fault!("kill-refresh", "F1", kill_refresh, true, "kill -9 during refresh rotation and revocation"),
    fault!("kill-redemption", "F3", kill_redemption, true, "kill -9 during code redemption"),
    fault!("kill-sign-up", "F16", kill_sign_up, true, "kill -9 while accounts are made, by invitation too, and passwords are chosen"),
    fault!("mail", "F16", mail, true, "the mail server is down or says nothing, and the server is killed, while new passwords are asked for"),
    fault!("kill-keys", "F9", kill_key_rotation, true, "kill -9 during key rotation"),
    fault!("power-loss", "F2", power_loss, true, "the power fails before a sync; unsynced writes are kept, lost or torn"),
    fault!("disk-full", "F4", disk_full, true, "the disk is full for a while, then has room again"),
    fault!("misuse", "F20", misuse, true, "two processes, a read-only file, damaged pages, a wrong master key"),
    fault!("clock-jumps", "F5", clock_jumps, true, "the wall clock jumps by hours and years, and wobbles"),
    fault!("rotate-keys", "F9", rotate_keys, true, "keys rotate every 5 s before three APIs, once with kill -9"),
    fault!("sign-in-flood", "F7", sign_in_flood, true, "64 people sign in at once, again and again"),
    fault!("slow-clients", "F6", slow_clients, true, "500 connections that send byte by byte, or read nothing"),
    fault!("connections", "F8", connections, true, "10,000 idle connections, a flood of new ones, 200,000 abandoned requests"),
    fault!("http2-floods", "F8", http2_floods, true, "rapid resets, CONTINUATION, pings, settings, empty and compressed frames over HTTP/2"),
    fault!("restart", "F10", restart, true, "servers replace each other under load, the listening socket handed over"),
    fault!("upgrade", "F10", upgrade, true, "the release of the commit before and the present one replace each other under load"),
    fault!("backup", "F11", backup, true, "backups under load; after a kill the last one is restored elsewhere"),
    fault!("database-outage", "F12", database_outage, true, "the database server dies as in a crash and comes back"),
    fault!("database-cuts", "F12", database_cuts, true, "one in a hundred messages to the database ends its connection"),
    fault!("database-unreachable", "F12", database_unreachable, true, "the network to the database swallows everything for some seconds"),
    fault!("database-failover", "F12", database_failover, true, "the primary database dies and its standby is promoted"),
    fault!("valkey", "F13", valkey, true, "Valkey is flushed, killed, hung and started again under load"),
    fault!("panic", "F15", panic, true, "every thousandth request panics, at any of its waits"),
    fault!("soak", "F19", soak, true, "half an hour of everything at 60 % of capacity, then nothing"),
    fault!("unknown-keys", "F17", unknown_keys, true, "200 tokens of unknown keys before an API whose key set is slow"),
    fault!("oversized", "F18", oversized, true, "input far too large at a server of 256 MB"),
];
