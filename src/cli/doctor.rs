//! `doctor`: is everything well that the hub depends on? One line each, the mend beside what is not.

use super::{Context, Failure, Outcome, runtime, say};
use crate::error::chain;
use crate::wiring;
use jiff::Timestamp;

#[derive(clap::Args)]
pub struct Arguments {}

pub fn doctor(context: &Context, _arguments: &Arguments) -> Outcome {
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
    if let Ok(loaded) = &directory {
        for endpoint in loaded.directory.endpoints() {
            // Its rail has checked it with the directory; its address is tried when something is sent.
            let way = format!("{} {}", endpoint.adapter, endpoint.url);
            line(&format!("endpoint {}", endpoint.organisation), Ok(way.trim_end().to_owned()))?;
        }
    }
    if ill == 0 { Ok(()) } else { Err(Failure::Failed(format!("{ill} of these are ill"))) }
}
