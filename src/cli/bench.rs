//! `bench`: drives load through a hub of its own, and prints rates and latencies.

use super::{Context, Failure, Outcome, runtime, say, say_json};
use crate::bench::{self, Options, RATES};

#[derive(clap::Args)]
#[command(
    after_help = "The hub runs as a process of its own, on a ledger under var/, against the broker of AMQP_URL, whose virtual host must have `bench` in its name. \
Exit code 1 where a delivery was lost or came twice."
)]
pub struct Arguments {
    /// Messages in the backlog that is drained
    #[arg(long, value_name = "N", default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(100..=5_000_000))]
    messages: u32,
    /// Rounds; figures are medians over them
    #[arg(long, value_name = "R", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Steady rate for the latencies, in messages a second; 100 and 3000, if not given
    #[arg(long = "rate", value_name = "PER-SECOND", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rates: Vec<u32>,
    /// How long each steady rate is kept up
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Publish XML documents instead of JSON
    #[arg(long)]
    xml: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub fn bench(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let options = Options {
        messages: arguments.messages,
        rounds: arguments.rounds,
        rates: if arguments.rates.is_empty() { RATES.to_vec() } else { arguments.rates.clone() },
        seconds: arguments.seconds,
        xml: arguments.xml,
    };
    let report = runtime()?.block_on(bench::run(&settings, &options, &|line| eprintln!("{line}")));
    let report = report.map_err(|what| Failure::Failed(format!("bench: {what}")))?;
    if arguments.json { say_json(&report) } else { say(report.to_string().trim_end()) }
}
