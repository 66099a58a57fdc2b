//! Where the data of a site lies: a file of the first node, or a database of a server that all nodes share.

use std::path::PathBuf;

use postgres_fixture::{Durability, Server};
use rusqlite::Connection;

use crate::Failure;

/// What the server gets: durable, with memory for a machine of its own and room in its log, so that no checkpoint falls into a measurement.
const SETTINGS: &[&str] = &[
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=1h",
    "max_connections=200",
    "autovacuum_naptime=2s",
];

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// Its name in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

/// A PostgreSQL server for one part, as an operator would run it.
pub(crate) fn server() -> Result<Server, Failure> {
    Ok(Server::start(Durability::Full, SETTINGS)?)
}

/// The process that all others of the server are children of.
pub(crate) fn pid(server: &Server) -> Result<u32, Failure> {
    let file = std::fs::read_to_string(server.folder().join("data/postmaster.pid"))?;
    Ok(file.lines().next().ok_or("an empty postmaster.pid")?.trim().parse()?)
}

/// The data of one site.
#[derive(Clone)]
pub(crate) enum Database<'s> {
    /// Known when there is a data folder.
    File,
    Shared {
        server: &'s Server,
        name: String,
    },
}

impl<'s> Database<'s> {
    /// A new database of a server.
    pub(crate) fn shared(server: &'s Server, name: &str) -> Result<Self, Failure> {
        server.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(Self::Shared { server, name: name.to_owned() })
    }

    pub(crate) fn url(&self) -> Option<String> {
        match self {
            Self::File => None,
            Self::Shared { server, name } => Some(server.url(name)),
        }
    }

    /// The statements of this engine: where the two differ.
    pub(crate) fn words(&self) -> &'static Words {
        match self {
            Self::File => &SQLITE,
            Self::Shared { .. } => &POSTGRES,
        }
    }

    /// Something to run statements on, while no node runs where the data is a file.
    pub(crate) fn open(&self, file: PathBuf) -> Result<Shell<'_>, Failure> {
        Ok(match self {
            Self::File => Shell::File(Connection::open(&file)?, file),
            Self::Shared { server, name } => Shell::Shared(server, name),
        })
    }
}

/// What the two engines say differently.
pub(crate) struct Words {
    /// Before and after many rows.
    pub(crate) prepare: &'static str,
    /// Before rows that are written beside a running node.
    pub(crate) beside: &'static str,
    pub(crate) settle: &'static [&'static str],
    /// A table `numbers (n)`, from `:from` to `:to`.
    numbers: &'static str,
    /// 32 random bytes.
    pub(crate) random: &'static str,
    /// Bytes written in hexadecimal: what stands before and behind.
    pub(crate) bytes: (&'static str, &'static str),
    pub(crate) blob: &'static str,
    /// The body of the document `d` with the id of the client `numbers.n`.
    pub(crate) client_body: &'static str,
}

const SQLITE: Words = Words {
    prepare: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000; PRAGMA temp_store = MEMORY;",
    beside: "PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000",
    settle: &["ANALYZE"],
    numbers: "WITH RECURSIVE numbers (n) AS (SELECT :from UNION ALL SELECT n + 1 FROM numbers WHERE n < :to)",
    random: "randomblob(32)",
    bytes: ("X'", "'"),
    blob: "BLOB",
    client_body: "json_set(d.body, '$.client_id', 'bulk-' || CAST(numbers.n AS TEXT))",
};

const POSTGRES: Words = Words {
    // Nothing is told of rows that are right anyway, and indexes are built once: row by row they take most of an hour for a million users.
    prepare: "
    SET session_replication_role = replica;
    CREATE TABLE bulk_later (step INT, definition TEXT);
    INSERT INTO bulk_later
        SELECT CASE contype WHEN 'f' THEN 3 ELSE 2 END, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype IN ('f', 'p', 'u') AND conrelid::regclass::text NOT LIKE 'bulk%';
    INSERT INTO bulk_later
        SELECT 1, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename NOT LIKE 'bulk%' AND indexname NOT IN (SELECT conname FROM pg_constraint);
    DO $$ DECLARE it RECORD; BEGIN
        FOR it IN SELECT conrelid::regclass AS home, conname FROM pg_constraint
            WHERE connamespace = current_schema()::regnamespace AND contype IN ('f', 'p', 'u') AND conrelid::regclass::text NOT LIKE 'bulk%' ORDER BY contype
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.home, it.conname); END LOOP;
        FOR it IN SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename NOT LIKE 'bulk%'
        LOOP EXECUTE format('DROP INDEX %I', it.indexname); END LOOP;
    END $$;",
    beside: "SELECT 1",
    // Whoever reads first would write what is known of the rows' age.
    settle: &[
        "SET maintenance_work_mem = '1GB';
        DO $$ DECLARE it RECORD; BEGIN
            FOR it IN SELECT definition FROM bulk_later ORDER BY step LOOP EXECUTE it.definition; END LOOP;
        END $$;
        DROP TABLE bulk_later",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    ],
    numbers: "WITH numbers (n) AS (SELECT generate_series(CAST(:from AS BIGINT), :to))",
    random: "decode(md5(CAST(random() AS TEXT)) || md5(CAST(random() AS TEXT)), 'hex')",
    bytes: ("'\\x", "'"),
    blob: "BYTEA",
    client_body: "CAST(jsonb_set(CAST(d.body AS jsonb), '{client_id}', to_jsonb('bulk-' || CAST(numbers.n AS TEXT))) AS TEXT)",
};

impl Words {
    /// The table `numbers`, to stand before a `SELECT`.
    pub(crate) fn numbers(&self, from: u64, to: u64) -> String {
        self.numbers.replace(":from", &from.to_string()).replace(":to", &to.to_string())
    }
}

/// Runs statements.
pub(crate) enum Shell<'d> {
    File(Connection, PathBuf),
    Shared(&'d Server, &'d str),
}

impl Shell<'_> {
    /// Runs a script, in one transaction where the engine makes it one.
    pub(crate) fn run(&self, script: &str) -> Result<(), Failure> {
        match self {
            Self::File(connection, _) => connection.execute_batch(script)?,
            Self::Shared(server, name) => drop(server.sql(name, script)?),
        }
        Ok(())
    }

    /// One number.
    pub(crate) fn number(&self, query: &str) -> Result<u64, Failure> {
        Ok(match self {
            Self::File(connection, _) => u64::try_from(connection.query_row(query, [], |row| row.get::<_, i64>(0))?)?,
            Self::Shared(server, name) => server.sql(name, query)?.trim().parse()?,
        })
    }

    /// What the data takes on the disk, in bytes.
    pub(crate) fn bytes(&self) -> Result<u64, Failure> {
        match self {
            Self::File(_, path) => Ok(std::fs::metadata(path)?.len()),
            Self::Shared(_, name) => self.number(&format!("SELECT pg_database_size('{name}')")),
        }
    }
}
