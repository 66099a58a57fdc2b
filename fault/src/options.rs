//! What is asked for on the command line.

use crate::Failure;

/// Where the server under test keeps its data.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Store {
    /// The embedded engine.
    #[default]
    Sqlite,
    /// A server of its own, started for the program.
    Postgres,
}

/// The options of every program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) store: Store,
    /// Short and with smaller numbers, for the gate.
    pub(crate) quick: bool,
    /// The commit whose build is the older release, for the program that needs one.
    pub(crate) from: Option<String>,
    /// How long a program lasts that lasts as long as one likes; else it says itself.
    pub(crate) minutes: Option<u32>,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--quick" => options.quick = true,
                "--from" => {
                    let commit = arguments.next().ok_or("--from names a commit")?;
                    options.from = Some((*commit).to_owned());
                }
                "--store" => {
                    options.store = match arguments.next().copied() {
                        Some("sqlite") => Store::Sqlite,
                        Some("postgres") => Store::Postgres,
                        _ => return Err("--store is sqlite or postgres".into()),
                    };
                }
                "--minutes" => {
                    let minutes = arguments.next().and_then(|minutes| minutes.parse().ok()).filter(|it| *it > 0);
                    options.minutes = Some(minutes.ok_or("--minutes is a number")?);
                }
                other => {
                    return Err(format!("no option {other}; there are --quick, --store, --from and --minutes").into());
                }
            }
        }
        Ok(options)
    }

    /// One of two numbers: the whole programme's or the short one's.
    pub(crate) fn pick<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }
}
