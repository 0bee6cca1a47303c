//! The command line: data on stdout, talk on stderr. One file per command.
//!
//! Exit codes: 0 done; 1 it failed; 2 the command line was wrong; 3 settings or directory are wrong.

mod bench;
mod broker_definitions;
mod check;
mod deliveries;
mod demo;
mod directory;
mod doctor;
mod explain;
mod import_903;
mod keys;
mod ledger;
mod publish;
mod reclaims;
mod review;
mod run;
mod token;
mod trace;

use crate::config::Settings;
use crate::telemetry::{LogFormat, init_logging};
use crate::wiring;
use clap::{Parser, Subcommand};
use domain::directory::Directory;
use jiff::Timestamp;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

/// Tells the receiving council and health commissioner when a child in care moves, and keeps at it until they know.
#[derive(Parser)]
#[command(name = "placement-hub", version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Arguments {
    /// Settings file (TOML); without it, the defaults and the environment. Also PLACEMENT_HUB_CONFIG.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  placement-hub demo                             see it work, with councils and commissioners that answer
  placement-hub explain move.json                who would be told what, and by when; sends nothing
  placement-hub --config hub.toml run            run it
  placement-hub --config hub.toml trace 104233-7 what happened to a placement, message or delivery

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong settings or directory.
Any setting can be given as PLACEMENT_HUB_<SECTION>_<KEY>; AMQP_URL names the broker.";

#[derive(Subcommand)]
enum Command {
    /// Run the hub until it is told to stop (SIGTERM, Ctrl-C)
    Run,
    /// Check settings and directory, and say everything that is wrong
    Check,
    Demo(demo::Arguments),
    /// Publish documents to the intake, and wait until the broker has them
    Publish(publish::Arguments),
    /// Print the whole journey of a message, placement, referral, claim, notice or delivery
    Trace(trace::Arguments),
    /// Say who would be told what because of documents, and why; sends and stores nothing
    Explain(explain::Arguments),
    /// Publish an SSDA903 return as placement changes; of the next return only what changed
    #[command(name = "import-903")]
    Import903(import_903::Arguments),
    /// Look things up in the directory
    #[command(subcommand)]
    Directory(directory::Command),
    /// List, show, retry, hold, release or discard deliveries
    #[command(subcommand)]
    Deliveries(deliveries::Command),
    /// List claims and how they stand, and how old the open ones are
    #[command(subcommand)]
    Reclaims(reclaims::Command),
    /// List what waits for a person
    #[command(subcommand)]
    Review(review::Command),
    /// Back the embedded ledger up
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// List and change the keys that child data is sealed with
    #[command(subcommand)]
    Keys(keys::Command),
    /// Make tokens for those who use the HTTP interface
    #[command(subcommand)]
    Token(token::Command),
    #[command(name = "broker-definitions")]
    BrokerDefinitions(broker_definitions::Arguments),
    /// Measure rates and latencies on this machine, with a hub of its own
    Bench(bench::Arguments),
    /// Are the broker, the ledger, the directory and each endpoint well?
    Doctor(doctor::Arguments),
}

/// Why a command ended without success.
enum Failure {
    /// It was tried and failed: a sentence.
    Failed(String),
    /// Settings or directory are wrong: a sentence each.
    Misconfigured(String),
    /// Output went into a pipe that closed: nothing to say.
    PipeClosed,
}

type Outcome = Result<(), Failure>;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The library that does TLS is chosen once, here, for the whole process; a second choice changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let context = Context { config: arguments.config.or_else(|| std::env::var_os("PLACEMENT_HUB_CONFIG").map(PathBuf::from)) };
    let outcome = match arguments.command {
        Command::Run => run::run(&context),
        Command::Check => check::check(&context),
        Command::Demo(arguments) => demo::demo(&context, &arguments),
        Command::Publish(arguments) => publish::publish(&context, &arguments),
        Command::Trace(arguments) => trace::trace(&context, &arguments),
        Command::Explain(arguments) => explain::explain(&context, &arguments),
        Command::Import903(arguments) => import_903::import(&context, &arguments),
        Command::Directory(command) => directory::directory(&context, &command),
        Command::Deliveries(command) => deliveries::deliveries(&context, &command),
        Command::Reclaims(command) => reclaims::reclaims(&context, &command),
        Command::Review(command) => review::review(&context, &command),
        Command::Ledger(command) => ledger::ledger(&context, &command),
        Command::Keys(command) => keys::keys(&context, &command),
        Command::Token(command) => token::token(&context, &command),
        Command::BrokerDefinitions(arguments) => broker_definitions::broker_definitions(&context, &arguments),
        Command::Bench(arguments) => bench::bench(&context, &arguments),
        Command::Doctor(arguments) => doctor::doctor(&context, &arguments),
    };
    match outcome {
        Ok(()) | Err(Failure::PipeClosed) => ExitCode::SUCCESS,
        Err(Failure::Failed(what)) => {
            eprintln!("placement-hub: {what}");
            ExitCode::from(1)
        }
        Err(Failure::Misconfigured(what)) => {
            eprintln!("{what}");
            ExitCode::from(3)
        }
    }
}

/// What every command starts from.
struct Context {
    config: Option<PathBuf>,
}

impl Context {
    fn settings(&self) -> Result<Settings, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        Settings::load(self.config.as_deref(), &environment).map_err(|mistakes| Failure::Misconfigured(mistakes.to_string()))
    }

    fn directory(&self, settings: &Settings) -> Result<Directory, Failure> {
        let loaded = wiring::directory(settings, Timestamp::now()).map_err(|mistakes| Failure::Misconfigured(mistakes.to_string()))?;
        for warning in loaded.warnings {
            eprintln!("note: {warning}");
        }
        Ok(loaded.directory)
    }

    fn log(settings: &Settings) -> Outcome {
        let format = if settings.log.json { LogFormat::Json } else { LogFormat::Text };
        init_logging(format, &settings.log.filter).map_err(Failure::Misconfigured)
    }
}

/// A runtime for the commands that talk to something.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed("the program cannot start its threads"))
}

fn failed<E: Display>(what: &'static str) -> impl Fn(E) -> Failure {
    move |error| Failure::Failed(format!("{what}: {error}"))
}

/// Writes a line of data; a reader that has gone away ends the command quietly.
fn say(line: impl Display) -> Outcome {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::PipeClosed),
        Err(error) => Err(Failure::Failed(format!("output cannot be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

fn say_json(value: &impl serde::Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value).map_err(failed("the answer cannot be written as JSON"))?;
    say(text)
}
