//! `trace --certificate`, `--verify`, `--public-key`: proof for those who were not there.

use crate::certificate::{Issuer, PublicKey, Statement, draw_up, jws};
use crate::cli::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::config::Settings;
use crate::error::chain;
use crate::keys::Keys;
use crate::wiring;
use domain::Code;
use jiff::Timestamp;
use std::io::Read;
use std::path::Path;

/// No certificate is near this: an entry has less than 2 KB, and a placement seldom ten of them.
const CERTIFICATE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Draws up and signs what was recorded of a placement. The certificate goes to stdout or `out`, its text to stderr.
pub fn issue(context: &Context, placement: &str, authority: Option<Code>, out: Option<&Path>) -> Outcome {
    let settings = context.settings()?;
    let keys = keys(&settings)?;
    let directory = context.directory(&settings)?;
    let ledger = wiring::ledger_to_read(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
    let histories = runtime()?.block_on(ledger.histories(keys.alias(placement))).map_err(failed("the ledger does not answer"))?;
    let time_zone = &settings.rules.time_zone;
    let issuer = Issuer { keys: &keys, directory: &directory, source: &settings.source, time_zone, now: Timestamp::now() };
    let statement =
        draw_up(&issuer, &histories, placement, authority).map_err(|error| Failure::Failed(format!("{placement}: {}", chain(&error))))?;
    let bytes = serde_json::to_vec(&statement).map_err(failed("the certificate cannot be written as JSON"))?;
    let certificate = jws::sign(&keys, &bytes).map_err(failed("the certificate cannot be written as JSON"))?;
    eprintln!("{statement}");
    let Some(out) = out else { return say(certificate) };
    std::fs::write(out, certificate + "\n").map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", out.display())))?;
    eprintln!("\nwritten to {}; check it with `trace --verify`", out.display());
    Ok(())
}

/// Says whether a certificate is genuine, by a public key's file or this hub's own key; and if so, what it states.
pub fn verify(context: &Context, file: &Path, public_key: Option<&Path>, json: bool) -> Outcome {
    let document = read(file)?;
    let key = match public_key {
        Some(from) => {
            let text = read(from)?;
            let key = PublicKey::from_pem(&String::from_utf8_lossy(&text));
            key.map_err(|error| Failure::Failed(format!("{}: {error}", from.display())))?
        }
        None => PublicKey(keys(&context.settings()?)?.certificate_key()),
    };
    let statement =
        jws::verify(&document, &key).map_err(|error| Failure::Failed(format!("{} is NOT to be relied on: {error}", file.display())))?;
    eprintln!("GENUINE: {} is signed with the key {} and unaltered", file.display(), key.id());
    let statement = Statement::read(&statement).map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    if json { say_json(&statement) } else { say(statement) }
}

/// The key that others need to check this hub's certificates.
pub fn public_key(context: &Context, json: bool) -> Outcome {
    let key = PublicKey(keys(&context.settings()?)?.certificate_key());
    if json {
        return say_json(&key.to_jwk());
    }
    eprintln!("note: certificates name it {}", key.id());
    say(key.to_pem().trim_end())
}

/// The hub's own, as they are: a key made here would be no hub's.
fn keys(settings: &Settings) -> Result<Keys, Failure> {
    let file = &settings.ledger.key_file;
    if !file.exists() {
        let sentence =
            format!("there is no key file {}: name the settings of the hub with --config, or give --public-key FILE", file.display());
        return Err(Failure::Failed(sentence));
    }
    Keys::load_or_create(file).map_err(|error| Failure::Failed(chain(&error)))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error: std::io::Error| Failure::Failed(format!("{} cannot be read: {error}", file.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(cannot)?.take(CERTIFICATE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > CERTIFICATE_BYTES_MAX {
        return Err(Failure::Failed(format!(
            "{} is larger than {} MB: it is not a certificate",
            file.display(),
            CERTIFICATE_BYTES_MAX >> 20
        )));
    }
    Ok(bytes)
}
