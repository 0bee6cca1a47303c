//! `demo`: the hub at work, with organisations that answer.

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::demo::{self, Options};
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(
    about = "See it work: a hub with simulated councils, commissioners and CAMHS on a real broker",
    after_help = "\
It needs a RabbitMQ with a virtual host of its own: `make demo` brings one; else AMQP_URL or the settings name it. Never give it
a broker that real messages come to: it would take them in. Children are invented, organisations and postcodes are real.

With --once it exits with 0 only if the ledger balances: everything published was recorded, everything owed was delivered, and
each organisation has exactly what the ledger says."
)]
pub struct Arguments {
    /// Play a fixed history, wait until everything owed is delivered, and sum up
    #[arg(long)]
    once: bool,
    /// The summary as JSON
    #[arg(long)]
    json: bool,
    /// The dashboard's port; a free one where it is in use [default: the settings', 8080]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Messages that councils write in a minute, 1 to 600
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=600))]
    rate: u32,
    /// The demo's folder: ledger, key and secrets, made anew at each start
    #[arg(long, value_name = "DIR", default_value = "var/demo")]
    dir: PathBuf,
}

pub fn demo(context: &Context, arguments: &Arguments) -> Outcome {
    let mut settings = context.settings()?;
    // What an operator reads about retries is shown by the demo itself, in fewer words.
    if settings.log.filter == "info" {
        settings.log.filter = "error".to_owned();
    }
    Context::log(&settings)?;
    let options = Options { once: arguments.once, port: arguments.port, rate: arguments.rate, folder: arguments.dir.clone() };
    let summary = runtime()?.block_on(async {
        let stop = async {
            if super::run::stop_signal().await.is_err() {
                // Without signals there is only the end of the story, or SIGKILL.
                std::future::pending::<()>().await;
            }
        };
        demo::run(&options, settings, stop).await.map_err(Failure::Failed)
    })?;
    if arguments.json {
        say_json(&summary)?;
    } else {
        say(&summary)?;
    }
    if summary.balanced { Ok(()) } else { Err(failed("the demo does not add up")(summary.mistakes.join("; "))) }
}
