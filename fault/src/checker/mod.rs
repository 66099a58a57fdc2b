//! Replays a journal against the restarted server: what was acknowledged must be there, what was used or revoked must not work again.
//! One file for each kind of promise.

pub(crate) mod chains;
pub(crate) mod codes;
pub(crate) mod keys;
pub(crate) mod restored;
pub(crate) mod users;

use crate::Failure;
use crate::driver::CLIENTS;
use crate::report::Report;
use crate::server::World;
use crate::wire::Connection;

/// Checks every item, several at once, each worker with a connection of its own.
async fn each<T, F>(
    world: &World,
    items: Vec<T>,
    report: &mut Report,
    check: impl Fn(Vec<T>, Connection) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<Report, Failure>> + Send + 'static,
{
    let mut shares: Vec<Vec<T>> = (0..CLIENTS).map(|_| Vec::new()).collect();
    for (number, item) in items.into_iter().enumerate() {
        shares[number % CLIENTS].push(item);
    }
    let workers: Vec<_> = shares.into_iter().map(|share| tokio::spawn(check(share, world.connect()))).collect();
    for worker in workers {
        report.add(worker.await??);
    }
    Ok(())
}

/// The checker's own requests must all be answered.
fn answered<T>(answer: Result<T, crate::wire::Unanswered>) -> Result<T, Failure> {
    answer.map_err(|_| "the restarted server did not answer the checker".into())
}
