//! The data every world begins with, made once and copied: its signing keys alone take longer than most tests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use symbolon_server::{Clock, Config};
use tokio::sync::OnceCell;

use super::{ISSUER, NOW, World, config};

/// A file of the data folder: name, content, mode.
type File = (String, Vec<u8>, u32);

static FILES: OnceCell<Vec<File>> = OnceCell::const_new();

/// Lays the template out in `folder`, if a server so configured could have made it. Otherwise the world has to be populated.
pub(super) async fn lay_out(folder: &Path, config: &Config) -> bool {
    if config.issuer != ISSUER || config.master_key.is_some() || config.store.url.is_some() {
        return false;
    }
    for (name, content, mode) in FILES.get_or_init(make).await {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
    }
    true
}

async fn make() -> Vec<File> {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(NOW);
    let running = symbolon_server::start(config(&folder, |_| {}), clock.clone()).await.unwrap();
    let world = World { running, clock, folder };
    world.populate().await;
    let World { running, folder, .. } = world;
    running.shutdown().await;
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    let files = files.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap(), entry.metadata().unwrap().permissions().mode())
        })
        .collect()
}
