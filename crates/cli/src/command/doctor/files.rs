//! Files: who may read what is secret, what kind of file system the data is on, how much room is left, and whether the master key lies
//! where its backups do. The only theme that looks by itself, because what it judges is on the disk.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{statfs, statvfs};
use symbolon_server::Config;
use symbolon_server::config::Source;

use super::finding::Finding;
use super::seen::Seen;

/// Below either the disk is as good as full.
const LEAST_ROOM_BYTES: u64 = 512 << 20;
const LEAST_ROOM_PERCENT: u64 = 5;

/// Kinds of file systems by their numbers in statfs(2): where locks and syncs cannot be relied upon.
const NETWORK: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x0bd0_0bd0, "Lustre"),
];
const TMPFS: u64 = 0x0102_1994;
const RAMFS: u64 = 0x8584_58f6;
const OVERLAY: u64 = 0x794c_7630;
const FUSE: u64 = 0x6573_5546;

pub(super) fn judge(seen: &Seen) -> Vec<Finding> {
    let config = &seen.config;
    let mut findings = Vec::new();
    let key = config.master_key_file();
    if config.master_key.is_none() && key.exists() {
        findings.push(private("master key", &key, 0o077, "chmod 600"));
        findings.extend(copies_beside(&config.data));
    }
    if config.master_key.is_none() && config.store.url.is_some() {
        findings.push(Finding::warning(
            "master key",
            "this node keeps its own, and every node of one database needs the same",
            "give all of them one: master_key_file = \"/etc/symbolon/master.key\"",
        ));
    }
    if symbolon_server::storage::exists(config) && config.data.exists() {
        findings.push(private("data folder", &config.data, 0o027, "chmod 700"));
        findings.extend(secret_files(seen));
        findings.extend(disk(config));
    }
    findings
}

/// Everything but the master key that others must not read.
fn secret_files(seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let from_file = |path: &str| match seen.loaded.source(path) {
        Some(Source::File(file)) => Some(file.clone()),
        _ => None,
    };
    // `store.url_file` names another file, which counts as if its text stood here.
    for setting in ["master_key", "store.url", "acme.external_account"] {
        let holder = from_file(setting).filter(|file| fs::read_to_string(file).is_ok_and(|text| holds(&text, setting)));
        findings.extend(holder.map(|file| private("configuration", &file, 0o007, "chmod o=")));
    }
    if let Some(tls) = &seen.config.http.tls
        && tls.key.exists()
    {
        findings.push(private("certificate", &tls.key, 0o027, "chmod 640"));
    }
    let database = seen.config.database();
    if seen.config.store.url.is_none() && database.exists() {
        findings.push(private("database", &database, 0o077, "chmod 600"));
    }
    findings.retain(|finding| !finding.fix.is_empty());
    findings
}

/// Whether the secret itself stands in the text, and not the name of its file.
fn holds(text: &str, setting: &str) -> bool {
    let last = setting.rsplit('.').next().unwrap_or(setting);
    text.lines().any(|line| line.split('=').next().is_some_and(|name| name.trim().rsplit('.').next() == Some(last)))
}

fn private(about: &'static str, path: &Path, too_much: u32, fix: &str) -> Finding {
    let shown = path.display();
    match fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777) {
        Ok(mode) if mode & too_much == 0 => Finding::ok(about, format!("{shown}, mode {mode:o}")),
        Ok(mode) => {
            Finding::wrong(about, format!("{shown} has mode {mode:o}: others can get at it"), format!("{fix} {shown}"))
        }
        Err(why) => Finding::wrong(about, format!("{shown} cannot be examined: {why}"), "check who may read it"),
    }
}

/// Copies of the database beside the master key: who takes the folder has both.
fn copies_beside(data: &Path) -> Option<Finding> {
    let names =
        fs::read_dir(data).ok()?.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned());
    let copy = names.into_iter().find(|name| is_copy(name))?;
    Some(Finding::warning(
        "master key",
        format!(
            "{} lies beside it: whoever takes the folder has the data and the key to it",
            data.join(copy).display()
        ),
        "keep copies of the database elsewhere, and a copy of the master key in a third place",
    ))
}

fn is_copy(name: &str) -> bool {
    let own = ["symbolon.db", "symbolon.db-wal", "symbolon.db-shm", "symbolon.db.lock"];
    let extension = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
    let copied = ["bak", "dump", "old", "sql"].contains(&extension) || name.ends_with('~');
    copied || (name.starts_with("symbolon.db") && !own.contains(&name))
}

/// Kind of file system and room.
fn disk(config: &Config) -> Vec<Finding> {
    let path = &config.data;
    let mut findings = Vec::new();
    if let Ok(kind) = statfs(path)
        && config.store.url.is_none()
    {
        // The type of the field differs between machines; the numbers have 32 bits.
        #[expect(clippy::cast_sign_loss, reason = "the sign of a number that is compared bit by bit means nothing")]
        let kind = kind.f_type as u64 & 0xffff_ffff;
        findings.extend(file_system(kind, &path.display().to_string()));
    }
    if let Ok(room) = statvfs(path) {
        let (left, all) = (room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize);
        findings.push(space(left, all, (room.f_favail, room.f_files), &path.display().to_string()));
    }
    findings
}

fn file_system(kind: u64, path: &str) -> Option<Finding> {
    if let Some((_, name)) = NETWORK.iter().find(|(number, _)| *number == kind) {
        return Some(Finding::wrong(
            "disk",
            format!(
                "{path} is on {name}: its locks and syncs cannot be relied upon, so acknowledged writes may be lost"
            ),
            "move the data folder to a local disk; for several nodes use PostgreSQL: store.url",
        ));
    }
    let (what, fix) = match kind {
        TMPFS | RAMFS => ("in memory: it is gone when the machine restarts", "move the data folder to a disk"),
        OVERLAY => ("in a container's own layer: it goes with the container", "mount a volume and put the data there"),
        FUSE => (
            "served by a program (FUSE), whose locks and syncs may mean nothing",
            "move the data folder to a local disk",
        ),
        _ => return None,
    };
    Some(Finding::warning("disk", format!("{path} is {what}"), fix))
}

fn space(left: u64, all: u64, files: (u64, u64), path: &str) -> Finding {
    let (mib, percent) = (left >> 20, left.saturating_mul(100) / all.max(1));
    let what = format!("{mib} MiB left for {path}, {percent} %");
    let fix = "make room, or move the data folder to a larger disk; a full one refuses every sign-in";
    let (files_left, files_all) = files;
    if left == 0 || (files_all > 0 && files_left == 0) {
        return Finding::wrong("disk", format!("{path} is full"), fix);
    }
    if left < LEAST_ROOM_BYTES || percent < LEAST_ROOM_PERCENT {
        return Finding::warning("disk", what, fix);
    }
    Finding::ok("disk", what)
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Grade, assert_fine, assert_found};
    use super::super::seen::healthy;
    use super::*;
    use std::os::unix::fs::OpenOptionsExt as _;

    fn put(path: &Path, mode: u32, text: &str) {
        use std::io::Write as _;
        let mut options = fs::OpenOptions::new();
        options
            .create(true)
            .write(true)
            .truncate(true)
            .mode(mode)
            .open(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn network_disks_memory_and_container_layers_are_told() {
        assert_found(&Vec::from_iter(file_system(0x6969, "d")), Grade::Wrong, "is on NFS");
        assert_found(&Vec::from_iter(file_system(0xff53_4d42, "d")), Grade::Wrong, "is on CIFS");
        assert_found(&Vec::from_iter(file_system(TMPFS, "d")), Grade::Warning, "in memory");
        assert_found(&Vec::from_iter(file_system(OVERLAY, "d")), Grade::Warning, "container's own layer");
        assert_found(&Vec::from_iter(file_system(FUSE, "d")), Grade::Warning, "FUSE");
        assert!(file_system(0xef53, "d").is_none(), "ext4");
    }

    #[test]
    fn a_disk_that_is_full_or_nearly_so_is_told() {
        let gib = 1 << 30;
        assert_found(&[space(0, 100 * gib, (9, 9), "d")], Grade::Wrong, "d is full");
        assert_found(&[space(gib, 100 * gib, (0, 9), "d")], Grade::Wrong, "d is full");
        assert_found(&[space(3 * gib, 100 * gib, (9, 9), "d")], Grade::Warning, "3072 MiB left");
        assert_found(&[space(gib / 4, gib, (9, 9), "d")], Grade::Warning, "256 MiB left");
        assert_found(&[space(50 * gib, 100 * gib, (0, 0), "d")], Grade::Ok, "50 %");
    }

    #[test]
    fn files_that_others_may_read_and_copies_beside_the_key_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = healthy();
        seen.config.data = folder.path().join("data");
        fs::create_dir(&seen.config.data).unwrap();
        fs::set_permissions(&seen.config.data, fs::Permissions::from_mode(0o755)).unwrap();
        put(&seen.config.master_key_file(), 0o640, "k");
        put(&seen.config.database(), 0o644, "");
        let key = folder.path().join("key.pem");
        put(&key, 0o644, "");
        seen.config.http.tls = Some(symbolon_server::config::Tls { cert: key.clone(), key });
        for name in ["master.key has mode 640", "data has mode 755", "symbolon.db has mode 644", "key.pem has mode 644"]
        {
            assert_found(&judge(&seen), Grade::Wrong, name);
        }
        put(&seen.config.data.join("symbolon.db.2026-11-01"), 0o600, "");
        assert_found(&judge(&seen), Grade::Warning, "whoever takes the folder");
        assert!(!is_copy("symbolon.db-wal") && !is_copy("control.sock") && is_copy("before.sql"));
    }

    #[test]
    fn a_key_of_its_own_beside_a_shared_database_is_told() {
        let mut seen = healthy();
        seen.config.data = "no-such-folder".into();
        assert_fine(&judge(&seen));
        seen.config.store.url = Some(symbolon_server::config::SecretText::new("postgres://h/d".into()));
        assert_found(&judge(&seen), Grade::Warning, "every node of one database needs the same");
    }

    #[test]
    fn a_secret_in_a_file_is_not_the_name_of_its_file() {
        assert!(holds("[store]\nurl = \"postgres://u:p@h/d\"", "store.url") && holds("store.url = \"x\"", "store.url"));
        assert!(!holds("[store]\nurl_file = \"/etc/url\"\n# url", "store.url"));
    }
}
