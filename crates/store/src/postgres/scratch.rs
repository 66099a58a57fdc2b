//! A schema of its own in a database: tables that come and go with a measurement, beside whatever else lives there.
//!
//! Refuses a URL that has options of its own, and a pooler that takes none: there the tables would land among the others.

use super::Options;
use super::connect::Target;
use super::error::of_connecting;
use crate::error::StoreError;
use crate::port::Result;

/// A schema that is there until [`Scratch::remove`].
#[derive(Clone, Debug)]
pub struct Scratch {
    options: Options,
    schema: String,
}

impl Scratch {
    /// Makes a schema.
    ///
    /// # Errors
    ///
    /// A name that is not lower-case letters, digits and underscores, a URL with options, or what the database says.
    pub async fn make(options: Options, schema: &str) -> Result<Self> {
        if !schema.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
            return Err(StoreError::Invalid("a schema's name is lower-case letters, digits and underscores"));
        }
        if options.url.contains("options=") {
            return Err(StoreError::Misconfigured("store.url: take `options` out of it, to measure".into()));
        }
        let separator = if options.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{separator}options=-c%20search_path%3D{schema}", options.url);
        let scratch = Self { options: Options { url, ..options }, schema: schema.to_owned() };
        scratch.run(&format!("CREATE SCHEMA {schema}")).await?;
        Ok(scratch)
    }

    /// How to reach it.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Its name, for who has to remove it by hand.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Removes it and all that is in it.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn remove(self) -> Result<()> {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.schema)).await
    }

    async fn run(&self, statement: &str) -> Result<()> {
        let target = Target::of(&self.options)?;
        // With the options in any case: where they are refused, nothing is done.
        let (client, connection) = target.connect().await.map_err(|error| of_connecting(&error))?;
        let driver = tokio::spawn(connection);
        let outcome = client.batch_execute(statement).await;
        driver.abort();
        outcome.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use postgres_fixture::{Durability, Server};

    use super::*;
    use crate::port::Store as _;
    use crate::postgres::Postgres;

    fn options(url: String) -> Options {
        Options { url, ..Options::default() }
    }

    #[tokio::test]
    async fn what_is_measured_touches_nothing_else_and_leaves_nothing() {
        let server = Server::start(Durability::None, &[]).unwrap();
        let tables =
            || server.sql("postgres", "SELECT count(*) FROM information_schema.tables WHERE table_name = 'account'");
        let scratch = Scratch::make(options(server.url("postgres")), "scratch_1").await.unwrap();
        let store = Postgres::open(scratch.options().clone()).await.unwrap();
        assert!(store.user("nobody").await.unwrap().is_none());
        assert_eq!(tables().unwrap(), "1");
        let public = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
        assert_eq!(server.sql("postgres", public).unwrap(), "0");
        drop(store);
        scratch.remove().await.unwrap();
        assert_eq!(tables().unwrap(), "0");
    }

    #[tokio::test]
    async fn a_name_that_is_more_and_a_url_with_options_are_refused() {
        let url = || options("postgres://u@127.0.0.1:1/d".to_owned());
        let refused = Scratch::make(url(), "a; DROP SCHEMA public").await.unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)));
        let refused = Scratch::make(options(url().url + "?options=-c%20x%3D1"), "a").await.unwrap_err();
        assert!(matches!(refused, StoreError::Misconfigured(_)));
    }
}
