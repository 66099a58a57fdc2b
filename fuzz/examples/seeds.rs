//! Writes `known.json` and `seeds/` anew: `cargo run --example seeds` in this folder, after a change of what tokens look like.
//!
//! Keys stay as they are where they exist. Hand-written seeds are in `seeds/` too; those this program does not name are left alone.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use symbolon_fuzz::feed::{self, ISSUER, NOW};
use symbolon_fuzz::known::{CONTENT, ENCRYPTIONS, Known, SIGNATURES};
use symbolon_jose::jwe::{self, Compression};
use symbolon_jose::jws::{self, Encoding};
use symbolon_jose::{
    Algorithm, ContentEncryption, Jwk, KeyAlgorithm, KeyCurve, KeyFormat, KeyManagement, SigningKey, base64url,
};
use symbolon_revocation::{Entry, Fingerprint, IdKind, Kind, RECORD_LEN, RuleKind, SnapshotToSign, event, snapshot};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = match fs::read(home.join("known.json")) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(_) => Known::default(),
    };
    let seeds = home.join("seeds");
    keys(&mut known)?;
    signed(&mut known, &seeds)?;
    encrypted(&mut known, &seeds)?;
    formats(&known, &seeds)?;
    revocations(&seeds)?;
    fs::write(home.join("known.json"), serde_json::to_string_pretty(&known)? + "\n")?;
    Ok(())
}

fn write(seeds: &Path, target: &str, name: &str, content: impl AsRef<[u8]>) -> std::io::Result<()> {
    let folder = seeds.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name.to_lowercase().replace('+', "_")), content)
}

fn keys(known: &mut Known) -> Result<(), Box<dyn std::error::Error>> {
    let mut wanted: Vec<KeyAlgorithm> = SIGNATURES.iter().map(|algorithm| (*algorithm).into()).collect();
    wanted.extend([Algorithm::ES384, Algorithm::MlDsa44].map(KeyAlgorithm::from));
    wanted.extend(ENCRYPTIONS.iter().filter(|(alg, _)| !alg.is_password()).map(|(alg, _)| KeyAlgorithm::from(*alg)));
    for algorithm in wanted {
        if known.keys.contains_key(algorithm.name()) {
            continue;
        }
        let jwk = match algorithm {
            KeyAlgorithm::KeyManagement(KeyManagement::Dir) => Jwk::generate(ContentEncryption::A128Gcm),
            KeyAlgorithm::KeyManagement(KeyManagement::EcdhEsA128Kw) => {
                Jwk::generate_on(KeyCurve::X25519, KeyManagement::EcdhEsA128Kw)
            }
            other => Jwk::generate(other),
        };
        known.keys.insert(algorithm.name().to_owned(), serde_json::from_str(&jwk?.to_private_json())?);
    }
    Ok(())
}

fn signed(known: &mut Known, seeds: &Path) -> Result<(), Box<dyn std::error::Error>> {
    known.signed.clear();
    let mut signing = Vec::new();
    for algorithm in SIGNATURES {
        let key = SigningKey::from_jwk(&known.jwk(algorithm.name()), algorithm)?;
        let token = jws::compact::sign(&key, Some("JWT"), CONTENT)?;
        write(seeds, "jws_compact", algorithm.name(), &token)?;
        known.signed.push(token);
        signing.push(key);
    }
    let attached = jws::json::Payload::Attached(CONTENT);
    let signatures: Vec<_> = signing.iter().map(jws::json::Signature::new).collect();
    let one = signatures[1].clone().typ("JWT").unprotected("x", json!([1, {"y": null}]));
    write(seeds, "jws_json", "general", jws::json::sign_general(&signatures, attached, Encoding::Base64url)?)?;
    write(seeds, "jws_json", "flattened", jws::json::sign_flattened(&one, attached, Encoding::Base64url)?)?;
    write(seeds, "jws_json", "unencoded", jws::json::sign_general(&signatures[..2], attached, Encoding::Unencoded)?)?;
    Ok(())
}

fn encrypted(known: &mut Known, seeds: &Path) -> Result<(), Box<dyn std::error::Error>> {
    known.encrypted.clear();
    for (alg, enc) in ENCRYPTIONS {
        let key = known.encrypting(alg, enc);
        let ecdh = alg.name().starts_with("ECDH");
        let parties = |name: &'static [u8]| ecdh.then_some(name);
        let plain =
            jwe::Header { cty: Some("text/plain"), apu: parties(b"ada"), apv: parties(b"bob"), ..Default::default() };
        let deflated = jwe::Header { typ: Some("JWT"), compression: Compression::Deflate, ..Default::default() };
        for (name, header) in [("", plain), ("_deflate", deflated)] {
            let token = jwe::compact::encrypt(&key, &header, CONTENT)?;
            write(seeds, "jwe_compact", &format!("{}{name}", alg.name()), &token)?;
            known.encrypted.push(token);
        }
        let text = jwe::json::encrypt_flattened(&key, &plain, Some(b"seen by all"), CONTENT)?;
        write(seeds, "jwe_json", alg.name(), text)?;
    }
    let kinds =
        [KeyManagement::A128Kw, KeyManagement::EcdhEsA128Kw, KeyManagement::A256Gcmkw, KeyManagement::RsaOaep256];
    let keys: Vec<_> = kinds.iter().map(|alg| known.encrypting(*alg, ContentEncryption::A128CbcHs256)).collect();
    let text = jwe::json::encrypt_general(&keys, &jwe::Header::default(), Some(b"seen by all"), CONTENT)?;
    write(seeds, "jwe_json", "general", text)?;
    Ok(())
}

/// Every key in every form it can be written in.
fn formats(known: &Known, seeds: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut public = Vec::<Value>::new();
    for (name, key) in &known.keys {
        let jwk = Jwk::from_value(key)?;
        write(seeds, "jwk", name, jwk.to_private_json().as_bytes())?;
        if let Ok(value) = jwk.public_value() {
            write(seeds, "jwk", &format!("{name}_public"), value.to_string())?;
            public.push(value);
        }
        for format in KeyFormat::ALL {
            let (Ok(pem), Ok(der)) = (jwk.to_pem(*format), jwk.to_der(*format)) else { continue };
            let file = format!("{name}_{format:?}");
            write(seeds, "pem", &file, pem.as_bytes())?;
            write(seeds, "der", &file, &*der)?;
        }
    }
    public.truncate(5);
    public.push(json!({"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}));
    public.push(json!({"kty": "secret"}));
    write(seeds, "jwk_set", "all", json!({ "keys": public }).to_string())?;
    write(seeds, "jwk_set", "empty", r#"{"keys":[],"more":{"a":[]}}"#)?;
    Ok(())
}

/// What a server sends, and what stands behind its signatures.
fn revocations(seeds: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let ids = IdKind::ALL.map(Kind::from).into_iter();
    let kinds = ids.chain(RuleKind::ALL.map(Kind::from)).chain([Kind::from(IdKind::Jti)]);
    let times = (1_u64..).map(|nth| (NOW - nth, NOW + nth * nth * nth * 1000));
    let entry = |(kind, (revoked_at, forget_at)): (Kind, (u64, u64))| {
        Entry::new(kind, Fingerprint::of(kind, &forget_at.to_string()), revoked_at, forget_at)
    };
    let entries: Vec<Entry> = kinds.zip(times).map(entry).collect();
    let records: Vec<u8> = entries.iter().flat_map(Entry::record).collect();
    write(seeds, "revocation_records", "each_kind", &records)?;
    write(seeds, "revocation_records", "same_id_again", records[..RECORD_LEN].repeat(3))?;
    write(seeds, "revocation_records", "unknown_kinds", [[0; RECORD_LEN], [4; RECORD_LEN], [20; RECORD_LEN]].concat())?;

    let claims = json!({"iss": ISSUER, "iat": NOW, "epoch": "fuzz", "after": 0, "seq": entries.len(),
        "entries": base64url::encode(&records)});
    let heartbeat = json!({"iss": ISSUER, "iat": NOW, "epoch": "fuzz", "after": 7, "seq": 7});
    for (name, claims) in [("entries", claims), ("heartbeat", heartbeat)] {
        write(seeds, "revocation_event", &format!("forged_{name}"), claims.to_string())?;
        write(seeds, "revocation_event", name, feed::jws(event::TYPE, claims.to_string().as_bytes()))?;
    }

    let head = SnapshotToSign { iss: ISSUER, iat: NOW, epoch: "fuzz", seq: 8 };
    for (name, entries) in [("entries", entries.as_slice()), ("empty", &[])] {
        let bytes = snapshot::encode(&feed::SIGNING, &head, entries.iter().copied())?;
        let len = u32::from_be_bytes(bytes[8..12].try_into()?) as usize;
        let body = &bytes[12 + len..];
        write(seeds, "revocation_snapshot", &format!("forged_{name}"), body)?;
        write(seeds, "revocation_snapshot", name, feed::snapshot(body))?;
    }
    Ok(())
}
