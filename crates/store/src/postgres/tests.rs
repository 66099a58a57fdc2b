//! The contract on a real server.

use std::sync::{Arc, OnceLock};
use std::sync::atomic::{AtomicU32, Ordering};

use postgres_fixture::{Durability, Server};

use super::{Options, Postgres};
use crate::port::Store;

/// One server for all tests of this process, gone with it.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Durability::None, &["max_connections=400"]).unwrap())
}

/// The URL of a database that nobody else has.
fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    server().sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
    server().url(&name)
}

fn options(url: String) -> Options {
    Options { url, connections: 4, ..Options::default() }
}

async fn fresh() -> ((), Arc<dyn Store>) {
    let url = tokio::task::spawn_blocking(database).await.unwrap();
    ((), Arc::new(Postgres::open(options(url)).await.unwrap()))
}

crate::contract::suite!(crate::postgres::tests::fresh().await);
