//! Which store a configuration means: PostgreSQL by `store.url`, else the file in the data folder.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Duration;

use symbolon_store::postgres::{self, Postgres};
use symbolon_store::transfer::{Load, Present};
use symbolon_store::{Options, SchemaState, Sqlite, Store, StoreError};

use crate::app::AppError;
use crate::config::Config;

/// Opens the store and brings its schema up to date.
pub(crate) async fn open(config: &Config) -> Result<Arc<dyn Store>, AppError> {
    let Some(url) = &config.store.url else {
        let database = config.database();
        // File work, not for a thread that answers requests.
        let store = tokio::task::spawn_blocking(move || Sqlite::open(&database, Options::default())).await;
        return Ok(Arc::new(store.map_err(|_| AppError::Stopped)??));
    };
    // The control socket is there, and the master key unless it is configured.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&config.data);
    made.map_err(|error| StoreError::NotWritable { path: config.data.clone(), reason: error.to_string() })?;
    let options = postgres::Options {
        connections: config.store.connections,
        poll: Duration::from_secs(config.store.poll_secs),
        ..of_url(url.expose())
    };
    Ok(Arc::new(Postgres::open(options).await?))
}

/// A store to fill from a backup of the schema `schema`, in the place of the configured one.
pub(crate) async fn restore(config: &Config, schema: u32, present: Present) -> Result<Box<dyn Load>, StoreError> {
    match &config.store.url {
        Some(url) => Postgres::restore(&of_url(url.expose()), schema, present).await,
        None => Sqlite::restore(&config.database(), schema, present).await,
    }
}

/// How the schema of the configured store stands to this program. Changes nothing.
pub async fn schema(config: &Config) -> Result<SchemaState, StoreError> {
    match &config.store.url {
        Some(url) => Postgres::schema(&of_url(url.expose())).await,
        None => Sqlite::schema(&config.database()),
    }
}

/// Brings the schema of the configured store up to date, as a start does.
pub async fn upgrade(config: &Config) -> Result<(), StoreError> {
    match &config.store.url {
        Some(url) => Postgres::open(of_url(url.expose())).await.map(drop),
        None => Sqlite::open(&config.database(), Options::default()).map(drop),
    }
}

fn of_url(url: &str) -> postgres::Options {
    postgres::Options { url: url.to_owned(), ..postgres::Options::default() }
}

/// Whether there is, or may be, data already: a file that nobody has made yet holds nothing.
pub fn exists(config: &Config) -> bool {
    config.store.url.is_some() || config.database().exists()
}
