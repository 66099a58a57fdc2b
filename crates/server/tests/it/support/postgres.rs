//! Worlds over PostgreSQL: a real server for all tests of this process, a database for each, and as many nodes as a test wants.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres_fixture::{Durability, Server};
use symbolon_server::Config;
use symbolon_server::config::SecretText;

use super::{World, config};

/// Whether every world shall be over PostgreSQL: `SYMBOLON_TEST_STORE=postgres`, to run the promises of the embedded store against it.
pub fn is_wanted() -> bool {
    std::env::var("SYMBOLON_TEST_STORE").is_ok_and(|store| store == "postgres")
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Durability::None, &["max_connections=500"]).unwrap())
}

/// The URL of a database that nobody else has.
pub async fn database() -> SecretText {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("world_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let url = tokio::task::spawn_blocking(move || {
        server().sql("postgres", &format!("CREATE DATABASE {name}")).unwrap();
        server().url(&name)
    });
    SecretText::new(url.await.unwrap())
}

/// The URL of a database that holds this already.
pub async fn database_with(sql: String) -> SecretText {
    let url = database().await;
    let name = url.expose().rsplit('/').next().unwrap().to_owned();
    tokio::task::spawn_blocking(move || server().load(&name, &sql).unwrap()).await.unwrap();
    url
}

impl World {
    /// A first node over this database, with the users and clients of every world.
    pub async fn on(url: SecretText) -> Self {
        Self::with(|config| {
            config.store.url = Some(url);
            config.store.connections = 4;
        })
        .await
    }

    /// Another node over the same database, with the same clock.
    pub async fn another(&self) -> Self {
        self.another_with(|_| {}).await
    }

    /// The same, configured differently.
    pub async fn another_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mine = self.running.app.config();
        std::fs::copy(mine.master_key_file(), folder.path().join("master.key")).unwrap();
        let config = config(&folder, |config| {
            config.store = mine.store.clone();
            change(config);
        });
        let running = symbolon_server::start(config, self.clock.clone()).await.unwrap();
        Self { running, clock: self.clock.clone(), folder }
    }
}
