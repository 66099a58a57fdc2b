//! Another place for the same issuer's data, as on a machine that takes over: a folder with the master key, and a database of its own.

use std::fs;

use super::World;
use crate::Failure;

impl World {
    /// From now on the data is elsewhere, where there is none yet.
    pub(crate) fn move_elsewhere(&mut self) -> Result<(), Failure> {
        let before = self.data.join("master.key");
        self.data = self.a_new_folder("elsewhere")?;
        fs::copy(before, self.data.join("master.key"))?;
        if let Some(database) = &self.database {
            let name = self.data.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
            database.sql("postgres", &format!("CREATE DATABASE {name}"))?;
            let url = database.url(&name);
            self.set("SYMBOLON_STORE__URL", &url);
        }
        Ok(())
    }
}
