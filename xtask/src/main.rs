//! The commands of the project itself: `cargo xtask test`, `format`, `tidy`, `musts`, `fuzz`, `mutants K/N`, `bench NAME`, `fault NAME`, `screenshots`.
//!
//! Everything a contributor or the CI machine runs is here, so that both run the same thing.

mod bench;
mod clock;
mod fault;
mod fuzz;
mod install;
mod mutants;
mod process;
mod rustdoc;
mod screenshots;
mod suite;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask COMMAND

commands:
  test [STEP]    install what the tests need, then run every check and every test; or one step of that alone
  format         rustfmt on every file; `cargo fmt` does not see modules that a macro declares
  tidy           check the conventions that a compiler does not (a part of `test`)
  musts          how many tests are named after a section of each standard
  fuzz [SECONDS [TARGET]]
                 run each fuzz target, or one, for some seconds (briefly a part of `test`)
  mutants K/N    change the code of symbolon-jose in small ways and see that a test fails; one shard of N
  bench GROUP    build in release, measure one group, merge into bench/results.json
  fault NAME [--quick] [--store sqlite|postgres]
                 harm a real server and hold it to what it has acknowledged; `fault --list` names the harms
  screenshots    refresh docs/images from a real server and a real browser";

fn main() -> ExitCode {
    if let Some(code) = rustdoc::run() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["test"] => test::run(),
        ["test", step] => test::run_step(step),
        ["format"] => test::format_in_place(),
        ["tidy"] => tidy::run(),
        ["musts"] => tidy::list_musts(),
        ["fuzz"] => fuzz::run(None, None),
        ["fuzz", secs] => fuzz::run(Some(secs), None),
        ["fuzz", secs, target] => fuzz::run(Some(secs), Some(target)),
        ["mutants", shard, rest @ ..] => mutants::run(shard, rest),
        ["bench", group] => bench::run(group),
        ["fault", arguments @ ..] => fault::run(arguments),
        ["screenshots"] => screenshots::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
