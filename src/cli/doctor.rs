//! `doctor`: is everything well that the hub depends on? One line each, the mend beside what is not.

use super::{Context, Failure, Outcome, runtime, say};
use crate::directory::{Loaded, certificates};
use crate::error::chain;
use crate::heartbeat::{self, takers};
use crate::wiring;
use domain::Code;
use jiff::Timestamp;

#[derive(clap::Args)]
pub struct Arguments {
    /// Send a heartbeat to every endpoint that takes them, or to this organisation's only
    #[arg(long, value_name = "ORGANISATION", num_args = 0..=1)]
    heartbeat: Option<Option<Code>>,
}

pub fn doctor(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let mut ill = 0_usize;
    let mut line = |what: &str, finding: Result<String, String>| {
        let (word, text) = match finding {
            Ok(text) => ("well", text),
            Err(text) => {
                ill += 1;
                ("ILL ", text)
            }
        };
        say(format!("{word}  {what}: {text}"))
    };
    let directory = wiring::directory(&settings, Timestamp::now());
    line(
        "directory",
        match &directory {
            Ok(loaded) => Ok(format!("{} organisations", loaded.directory.organisations().count())),
            Err(mistakes) => Err(mistakes.to_string()),
        },
    )?;
    runtime()?.block_on(async {
        let broker = match amqp::Publisher::connect(&settings.broker.url).await {
            Ok(publisher) => {
                publisher.close().await;
                Ok("it answers".to_owned())
            }
            Err(error) => Err(error.to_string()),
        };
        line("broker", broker)?;
        let now = Timestamp::now();
        let ledger = match wiring::ledger_to_read(&settings) {
            Ok(ledger) => ledger.balance(now).await.map_err(|error| chain(&error)).and_then(|balance| {
                let counts =
                    format!("{} messages, {} obligations, {} deliveries", balance.messages, balance.obligations, balance.deliveries);
                if balance.mistakes.is_empty() { Ok(counts) } else { Err(format!("{counts}; {}", balance.mistakes.join("; "))) }
            }),
            Err(error) => Err(chain(&error)),
        };
        line("ledger", ledger)
    })?;
    if let Ok(Loaded { directory, .. }) = &directory {
        let (now, rails) = (Timestamp::now(), wiring::rails(&wiring::broker(&settings)).rails);
        let today = settings.rules.day(now);
        for endpoint in directory.endpoints() {
            // Its rail has checked it with the directory; its address is tried when something is sent.
            let way = format!("{} {}", endpoint.adapter, endpoint.url);
            line(&format!("endpoint {}", endpoint.name()), Ok(way.trim_end().to_owned()))?;
        }
        for held in certificates(directory, &rails, now, today) {
            let days = format!("{} days left", held.days_left(now));
            let finding = if held.wants_a_person() { format!("{held} ({days})") } else { days };
            line(&format!("{} of {}", held.certificate.what, held.endpoint), if held.is_mistake() { Err(finding) } else { Ok(finding) })?;
        }
        if let Some(only) = arguments.heartbeat {
            let takers: Vec<_> =
                takers(directory, today).filter(|endpoint| only.is_none_or(|only| endpoint.organisation == only)).collect();
            if takers.is_empty() {
                let whom = only.map_or_else(|| "no endpoint".to_owned(), |only| format!("no endpoint of {only}"));
                line("heartbeat", Err(format!("{whom} takes heartbeats: set heartbeat_minutes where its organisation has agreed to")))?;
            }
            runtime()?.block_on(async {
                for endpoint in takers {
                    let beaten = heartbeat::beat(&rails, endpoint, &settings.source, now).await;
                    let told = format!("{} ({} ms)", beaten.report.detail, beaten.took.as_millis());
                    line(&format!("heartbeat {}", endpoint.name()), if beaten.is_well() { Ok(told) } else { Err(told) })?;
                }
                for rail in rails.values() {
                    rail.close().await;
                }
                Ok::<(), Failure>(())
            })?;
        }
    }
    if ill == 0 { Ok(()) } else { Err(Failure::Failed(format!("{ill} of these are ill"))) }
}
