//! The directory that is shipped: known facts, and that a broken one is refused with every mistake. How newer data gets into
//! it, and how a new directory gets into a running hub.

mod broken;
mod changes;
mod command;
mod facts;
mod import;
mod ods;
mod reference;
mod reload;

use domain::directory::{Directory, Whereabouts};
use jiff::civil::Date;
use placement_hub::directory::{Loaded, Rails, Sources, load};
use placement_hub::wiring;
use std::path::Path;
use std::sync::LazyLock;

static RAILS: LazyLock<Rails> = LazyLock::new(|| wiring::rails(&amqp::Settings::new("amqp://127.0.0.1".to_owned())).rails);

fn shipped_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config/directory"))
}

fn shipped() -> Directory {
    let sources = Sources::folder(shipped_folder(), &RAILS, day("2026-11-22"));
    let Loaded { directory, warnings } = load(&sources).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(warnings, Vec::<String>::new());
    directory
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// `authority body/place provider` of a postcode; `-` for what is unresolved.
fn located(directory: &Directory, postcode: &str, on: Date) -> String {
    let found = directory.locate(Whereabouts { postcode: Some(postcode), local_authority: None }, on);
    let commissioner = found.commissioner.map(|found| match found.place {
        Some(place) => format!("{}/{place}", found.body),
        None => found.body.to_string(),
    });
    let parts = [found.authority.map(|code| code.to_string()), commissioner, found.camhs.map(|code| code.to_string())];
    parts.map(|part| part.unwrap_or_else(|_| "-".to_owned())).join(" ")
}
