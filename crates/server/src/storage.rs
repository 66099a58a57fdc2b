//! Which store a configuration means: PostgreSQL by `store.url`, else the file in the data folder.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Duration;

use symbolon_store::postgres::{self, Postgres};
use symbolon_store::{Options, Sqlite, Store, StoreError};

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
        url: url.expose().to_owned(),
        connections: config.store.connections,
        poll: Duration::from_secs(config.store.poll_secs),
        ..postgres::Options::default()
    };
    Ok(Arc::new(Postgres::open(options).await?))
}

/// Whether there is, or may be, data already: a file that nobody has made yet holds nothing.
pub fn exists(config: &Config) -> bool {
    config.store.url.is_some() || config.database().exists()
}
