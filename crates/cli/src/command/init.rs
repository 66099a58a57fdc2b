//! `symbolon init`: a commented configuration file and a master key, without overwriting anything.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use symbolon_server::config::{Mode, Sources, load, template};
use symbolon_server::rng::SystemRng;
use symbolon_server::seal::MasterKey;

use super::Global;
use crate::error::{CONFLICT, CliError, FAILED, NOT_ALLOWED};
use crate::output::Output;

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  symbolon init\n  symbolon init /etc/symbolon --issuer https://auth.example.com --data /var/lib/symbolon"
)]
pub(crate) struct Init {
    /// Where to write symbolon.toml
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The URL of the server, as clients will know it; fixed for the life of the data
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

impl Init {
    pub(crate) fn run(self, global: &Global, output: &Output) -> Result<(), CliError> {
        let here = self.dir == Path::new(".");
        let file = if here { PathBuf::from("symbolon.toml") } else { self.dir.join("symbolon.toml") };
        let text = match &global.data {
            Some(data) => {
                let data = std::path::absolute(data).unwrap_or_else(|_| data.clone());
                let name = data.to_str().ok_or_else(|| {
                    CliError::usage("--data is not UTF-8, which a configuration file must be", "name another folder")
                })?;
                template(self.issuer.as_deref()).replacen(
                    "#data = \"symbolon-data\"",
                    &format!("data = {}", json!(name)),
                    1,
                )
            }
            None => template(self.issuer.as_deref()),
        };
        fs::create_dir_all(&self.dir).map_err(|why| cannot_write(&self.dir, &why))?;
        write_new(&file, &text)?;
        // What was written is read back the way the server will, so that both agree where the data is.
        let config = load(&Sources { file: Some(file.clone()), mode: Mode::Production, ..Sources::default() })?.config;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.data)
            .map_err(|why| cannot_write(&config.data, &why))?;
        let key = config.master_key_file();
        MasterKey::load_or_create(&key, &mut SystemRng)
            .map_err(|why| CliError::new(FAILED, why.to_string(), "symbolon doctor"))?;
        report(output, &file, &key, self.issuer.is_some());
        Ok(())
    }
}

fn report(output: &Output, file: &Path, key: &Path, has_issuer: bool) {
    if output.is_json() {
        return output.json(&json!({ "config": file.display().to_string(), "master_key": key.display().to_string() }));
    }
    output.fields(&[("configuration", file.display().to_string()), ("master key", key.display().to_string())]);
    output.say("keep a copy of the master key apart from the data: without it the signing keys cannot be read");
    if !has_issuer {
        output.next(&format!("set issuer in {}", file.display()));
    }
    output.next(&format!("symbolon --config {} serve", file.display()));
}

fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => Err(CliError::new(
            CONFLICT,
            format!("{} exists already and was left as it is", path.display()),
            "symbolon config check, or name another folder",
        )),
        Err(why) => Err(cannot_write(path, &why)),
    }
}

fn cannot_write(path: &Path, why: &std::io::Error) -> CliError {
    let code = if why.kind() == std::io::ErrorKind::PermissionDenied { NOT_ALLOWED } else { FAILED };
    CliError::new(
        code,
        format!("{} cannot be written: {why}", path.display()),
        "name a folder that this user may write to",
    )
}
