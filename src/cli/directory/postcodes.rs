//! `directory import-postcodes`: a published postcode directory becomes the hub's index.

use crate::cli::{Context, Failure, Outcome, failed, say, say_json};
use crate::directory::import::{Codes, Import, Summary, first_day, import_postcodes, of_name};
use crate::directory::{POSTCODES, read_postcodes, replace};
use domain::postcode::PostcodeIndex;
use jiff::civil::Date;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Make the postcode index of a postcode directory (NSPL or ONSPD) as the Office for National Statistics publishes it
#[derive(clap::Args)]
pub struct Arguments {
    /// The CSV file of the whole United Kingdom, of any edition since 2021
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write the index; the directory's own, if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The edition's month (2026-05); read from the file's name, if not given
    #[arg(long, value_name = "MONTH")]
    edition: Option<String>,
    /// The first day on which its commissioners hold (2026-04-01); the first of the edition's month, if not given
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Keep what the index there says of other dates
    #[arg(long)]
    keep: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub fn import(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let from = from(arguments)?;
    let own = settings.directory.join(POSTCODES);
    let out = arguments.out.as_deref().unwrap_or(&own);
    let codes = Codes::read(&settings.directory).map_err(|mistakes| Failure::Misconfigured(mistakes.to_string()))?;
    let kept = if arguments.keep { Some(kept(out, &own)?) } else { None };
    let file = File::open(&arguments.file).map_err(|error| Failure::Failed(format!("{}: {error}", arguments.file.display())))?;
    let name = arguments.file.display().to_string();
    let imported = import_postcodes(file, &Import { name: &name, codes: &codes, from, keep: kept.as_ref() })
        .map_err(|mistakes| Failure::Failed(format!("{mistakes}\nnothing was written")))?;
    PostcodeIndex::read(imported.bytes.clone()).map_err(failed("the index that was made cannot be read, and was not written"))?;
    replace(out, &imported.bytes).map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", out.display())))?;
    if arguments.json {
        return say_json(&imported.summary);
    }
    tell(&imported.summary, out)
}

fn from(arguments: &Arguments) -> Result<Date, Failure> {
    if let Some(from) = arguments.from {
        return Ok(from);
    }
    let edition = match &arguments.edition {
        Some(edition) => first_day(edition),
        None => arguments.file.file_name().and_then(|name| of_name(&name.to_string_lossy())),
    };
    edition.ok_or_else(|| Failure::Failed("say of when the file is: --edition 2026-05, or --from 2026-04-01".to_owned()))
}

/// The index to be written over, or where there is none yet, the directory's.
fn kept(out: &Path, own: &Path) -> Result<PostcodeIndex, Failure> {
    let path = if out.exists() { out } else { own };
    read_postcodes(path).map_err(|what| Failure::Failed(format!("{} cannot be kept: {what}", path.display())))
}

fn tell(summary: &Summary, out: &Path) -> Outcome {
    let countries: Vec<String> = summary.countries.iter().map(|(country, rows)| format!("{country} {rows}")).collect();
    let dates: Vec<String> = summary.dates.iter().map(ToString::to_string).collect();
    say(format!("{} rows read: {}", summary.rows, countries.join(", ")))?;
    if summary.northern_ireland_left_out > 0 {
        say(format!("{} rows of Northern Ireland left out: their licence does not allow to keep them", summary.northern_ireland_left_out))?;
    }
    if summary.only_before > 0 {
        say(format!("{} postcodes are not in this file, and were kept with what was known of other dates", summary.only_before))?;
    }
    say(format!(
        "{}: {} postcodes ({} rows had ended) in {} bytes, commissioners from {}",
        out.display(),
        summary.postcodes,
        summary.ended,
        summary.bytes,
        dates.join(", ")
    ))?;
    if summary.findings.total > 0 {
        say(format!("{} findings", summary.findings.total))?;
        say(summary.findings.to_string().trim_end())?;
    }
    Ok(())
}
