//! Sign-ups asked for, sign-ins and password resets per second at the hosted pages, with the processor time of each beside that of the hash in it, at a
//! thousand accounts and at a million, on both engines.
//!
//! The hash is the cheapest that a server accepts, since what the rest costs is the question; what a hash of the default settings costs stands beside it.
//! `SYMBOLON_BENCH_SIZES=1` leaves the million out.

use std::time::Duration;

use super::pages::{Page, Visitor};
use crate::core::setup;
use crate::figure::Figure;
use crate::nodes::database::{self, Database, Engine};
use crate::nodes::site::{HASH, Site};
use crate::{Failure, load};

/// More than there are processors, so that none idles.
const VISITORS: usize = 4;
const TURN: Duration = Duration::from_secs(6);
/// Of resets, which take a link each.
const SHORT_TURN: Duration = Duration::from_millis(1_500);
/// Accounts that are used, far from each other in the table.
const SAMPLE: u64 = 10_000;
/// Links that are made for resets: as many as are used up in a turn, at most.
const LINKS: usize = 1_000;
const SIZES: [(u64, &str); 2] = [(1_000, "1k"), (1_000_000, "1M")];
/// Processor time at the largest size, of that at the least.
const BUDGET: f64 = 1.5;

/// Letters wait in the outbox: what sending them takes is the mail server's.
const SETTINGS: &[(&str, &str)] = &[
    ("SYMBOLON_SIGN_UP", "open"),
    ("SYMBOLON_MAIL__SERVER", "smtp+plain://localhost:9"),
    ("SYMBOLON_MAIL__FROM", "bench@example.com"),
    ("SYMBOLON_THROTTLE__ADDRESS__FREE", "100000"),
    ("SYMBOLON_THROTTLE__SUBNET__FREE", "1000000"),
];

pub(super) fn run() -> Result<Vec<Figure>, Failure> {
    let sizes = std::env::var("SYMBOLON_BENCH_SIZES").map_or(Ok(SIZES.len()), |text| text.parse::<usize>())?;
    let sizes = SIZES.get(..sizes.min(SIZES.len())).filter(|sizes| !sizes.is_empty());
    let sizes = sizes.ok_or("SYMBOLON_BENCH_SIZES is 1 or 2")?;
    let (memory_kib, passes, lanes) = HASH;
    let hash = setup::hash_cost_of(memory_kib, passes, lanes)? * 1e3;
    let mut figures = vec![
        Figure::reported("accounts.hash", hash, format!("CPU s per 1,000 ({memory_kib} KiB, {passes} pass)")),
        Figure::reported(
            "accounts.hash_by_default",
            setup::hash_cost()? * 1e3,
            format!("CPU s per 1,000 ({})", setup::hash_parameters()?),
        ),
    ];
    for engine in Engine::ALL {
        let server = if engine == Engine::Postgres { Some(database::server()?) } else { None };
        let mut least = [f64::NAN; Page::ALL.len()];
        for (users, size) in sizes {
            println!("  {size} in {}", engine.name());
            let database = match &server {
                Some(server) => Database::shared(server, &format!("accounts_{}", size.to_lowercase()))?,
                None => Database::File,
            };
            let mut site = Site::new(database, 1, *users, SAMPLE)?;
            site.start_with(SETTINGS)?;
            // Not measured: a million accounts that have just been written are still being tidied away behind the first visitors.
            turn(&mut site, Page::SignIn)?;
            for (page, least) in Page::ALL.into_iter().zip(&mut least) {
                let (rate, cpu) = turn(&mut site, page)?;
                let name = format!("accounts.{}.{}.{size}", engine.name(), page.name());
                figures.push(Figure::reported(format!("{name}.rate"), rate, "per second"));
                figures.push(Figure::reported(format!("{name}.cpu"), cpu, "CPU s per 1,000, hash and all"));
                if least.is_nan() {
                    *least = cpu;
                } else {
                    figures.push(Figure::at_most(format!("{name}.cpu_to_1k"), cpu / *least, "×", BUDGET));
                }
            }
        }
    }
    Ok(figures)
}

/// How many there are in a second, and the processor seconds of the server for a thousand.
fn turn(site: &mut Site<'_>, page: Page) -> Result<(f64, f64), Failure> {
    let emails = site.emails();
    let links = if page == Page::Reset { links(site, &emails)? } else { Vec::new() };
    let (issuer, host) = (site.first().issuer(), site.first().host());
    let visitor = |number: usize| {
        let share = |all: &[String]| all.iter().skip(number).step_by(VISITORS).cloned().collect::<Vec<_>>();
        let of = if page == Page::Reset { share(&links) } else { share(&emails) };
        Visitor::new(page, &issuer, &host, number, of)
    };
    let visitors: Vec<Visitor> = (0..VISITORS).map(visitor).collect();
    let before = site.processor_time()?;
    let duration = if page == Page::Reset { SHORT_TURN } else { TURN };
    let outcome = load::run_over(&site.addresses(), visitors, duration)?;
    let used = site.processor_time()?.saturating_sub(before);
    Ok((outcome.per_second(), used.as_secs_f64() * 1e3 / load::count(outcome.requests)))
}

/// Links for a new password, each of another account.
fn links(site: &Site<'_>, emails: &[String]) -> Result<Vec<String>, Failure> {
    let link = |email: &String| {
        let made = site.first().run(&["user", "reset-link", email], "")?;
        let link = made["link"].as_str().ok_or("no link for a new password")?;
        let (_, code) = link.split_once("code=").ok_or("a link without a code")?;
        Ok(code.to_owned())
    };
    emails.iter().rev().take(LINKS).map(link).collect()
}
