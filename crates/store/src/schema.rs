//! How the schema of some data stands to this program, whatever the engine.

/// The schema of the data, the newest one that is known, and the way between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaState {
    /// The version of the data; 0 where there is none.
    pub found: u32,
    /// The newest version this program knows.
    pub known: u32,
    /// What is to be done, in order: the version that each step leads to, and what it is about.
    pub pending: Vec<(u32, String)>,
}

impl SchemaState {
    /// From all migrations, in order, each with the version it leads to.
    pub(crate) fn of<'m>(found: u32, migrations: impl Iterator<Item = (u32, &'m str)>) -> Self {
        let all: Vec<_> = migrations.collect();
        let known = all.last().map_or(0, |(version, _)| *version);
        let pending = all.iter().filter(|(to, _)| *to > found).map(|(to, sql)| (*to, title(sql))).collect();
        Self { found, known, pending }
    }
}

/// The first sentence of a migration's comment.
fn title(sql: &str) -> String {
    let comment = sql.lines().next().unwrap_or_default().trim_start_matches("-- ");
    comment.split_once(". ").map_or(comment, |(first, _)| first).trim_end_matches('.').to_owned()
}
