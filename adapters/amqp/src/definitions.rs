//! What a broker is told before the first organisation connects: its users, their rights, and the queues that they read. RabbitMQ
//! takes it as a definitions file (`rabbitmqctl import_definitions`, `load_definitions`).
//!
//! | who | may configure | may write | may read |
//! |---|---|---|---|
//! | the hub | what begins with `placement-hub.` | the same, and the default exchange, by which `reply_to` is answered | what begins with `placement-hub.` |
//! | an organisation | nothing | the exchange [`topology::INTAKE`], with its own routing keys only | its own queue of receipts, its own queues of deliveries |
//!
//! An organisation may read no exchange, so it can bind nothing anywhere: what comes into its queues is bound here. RabbitMQ holds rights against
//! regular expressions and takes a `$` for "before a line feed at the end" too, so they end in `\z`.

use crate::{
    queue,
    settings::Mistakes,
    topology::{self, DELIVERIES, INTAKE, Limits, RECEIPTS, REJECTED},
};
use domain::{Code, directory::Endpoint};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The right to nothing.
const NOTHING: &str = "^$";
/// An organisation that never reads its receipts must not fill the disk: beyond, the oldest go. Each is in the ledger too, and the hub tells it
/// again when the message comes again.
const RECEIPTS_MAX: Limits = Limits { messages: 100_000, bytes: 256 << 20 };

/// Connections of one user at once, and channels on all of them: a supplier's farm of servers, and no flood that takes the broker's file handles
/// from the others.
pub const CONNECTIONS_MAX: u32 = 16;
const CHANNELS_MAX: u32 = 128;

/// One of the broker's users.
#[derive(Clone)]
pub struct Account {
    pub user: String,
    /// Base64 of four bytes of salt and the SHA-256 of salt and password. Empty for who signs in with a client certificate only.
    pub password_hash: String,
}

/// What one organisation does on the broker.
#[derive(Clone)]
pub struct Party {
    pub organisation: Code,
    /// Who speaks for it. A user may speak for several organisations, and several users for one.
    pub users: Vec<String>,
    /// Message types.
    pub sends: Vec<&'static str>,
    /// Its endpoints of the rail `queue`.
    pub queues: Vec<Endpoint>,
}

/// The definitions for one virtual host.
///
/// # Errors
/// Every endpoint whose settings are wrong.
pub fn definitions(vhost: &str, delivery_limit: u32, hub: &Account, accounts: &[Account], parties: &[Party]) -> Result<Value, Mistakes> {
    let mut queues =
        vec![stored(vhost, INTAKE, &topology::intake_arguments(delivery_limit)), stored(vhost, REJECTED, &topology::quorum([]))];
    let mut bindings = vec![bound(vhost, INTAKE, INTAKE, "#"), bound(vhost, REJECTED, REJECTED, "#")];
    let mut mistakes = Vec::new();
    for party in parties {
        if !party.sends.is_empty() {
            let queue = receipts_queue(party.organisation);
            queues.push(stored(vhost, &queue, &topology::bounded(RECEIPTS_MAX, "drop-head")));
            bindings.push(bound(vhost, &queue, RECEIPTS, party.organisation.as_str()));
        }
        let mut declared = BTreeMap::new();
        for endpoint in &party.queues {
            match queue::limits(endpoint) {
                Ok(limits) => drop(declared.insert(queue::routing_key(endpoint), limits)),
                Err(wrong) => mistakes.extend(wrong.into_iter().map(|what| format!("endpoint {}: {what}", endpoint.name()))),
            }
        }
        for (key, limits) in declared {
            let queue = topology::delivery_queue(&key);
            queues.push(stored(vhost, &queue, &topology::bounded(limits, topology::REFUSE)));
            bindings.push(bound(vhost, &queue, DELIVERIES, &key));
        }
    }
    if !mistakes.is_empty() {
        return Err(Mistakes(mistakes));
    }
    let bounds = json!({ "max-connections": CONNECTIONS_MAX, "max-channels": CHANNELS_MAX });
    let users = [signs_in(hub, &json!({}))].into_iter().chain(accounts.iter().map(|account| signs_in(account, &bounds)));
    let mut permissions = vec![rights_of_the_hub(vhost, &hub.user)];
    let mut topic_permissions = Vec::new();
    for account in accounts {
        let own: Vec<&Party> = parties.iter().filter(|party| party.users.contains(&account.user)).collect();
        permissions.push(rights(vhost, &account.user, &own));
        topic_permissions.extend([INTAKE, RECEIPTS, DELIVERIES, REJECTED].map(|exchange| routes(vhost, &account.user, exchange, &own)));
    }
    let exchanges = [INTAKE, REJECTED, RECEIPTS, DELIVERIES].map(|name| {
        json!({ "name": name, "vhost": vhost, "type": "topic", "durable": true, "auto_delete": false, "internal": false, "arguments": {} })
    });
    Ok(json!({
        "vhosts": [{ "name": vhost }],
        "users": users.collect::<Vec<_>>(),
        "permissions": permissions,
        "topic_permissions": topic_permissions,
        "exchanges": exchanges,
        "queues": queues,
        "bindings": bindings,
    }))
}

/// Where an organisation finds what became of its messages, if it does not ask for answers by `reply_to`.
#[must_use]
pub fn receipts_queue(organisation: Code) -> String {
    format!("{RECEIPTS}.{organisation}")
}

fn signs_in(account: &Account, limits: &Value) -> Value {
    json!({
        "name": account.user, "password_hash": account.password_hash,
        "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": [], "limits": limits,
    })
}

fn rights_of_the_hub(vhost: &str, user: &str) -> Value {
    let own = r"^placement-hub\.";
    json!({ "user": user, "vhost": vhost, "configure": own, "write": format!(r"{own}|^amq\.default\z"), "read": own })
}

fn rights(vhost: &str, user: &str, own: &[&Party]) -> Value {
    let sends = own.iter().any(|party| !party.sends.is_empty());
    let receipts = own.iter().filter(|party| !party.sends.is_empty()).map(|party| receipts_queue(party.organisation));
    let deliveries = own.iter().flat_map(|party| &party.queues).map(|endpoint| topology::delivery_queue(&queue::routing_key(endpoint)));
    let read: BTreeSet<String> = receipts.chain(deliveries).collect();
    let write: BTreeSet<String> = sends.then(|| INTAKE.to_owned()).into_iter().collect();
    json!({ "user": user, "vhost": vhost, "configure": NOTHING, "write": exactly(&write), "read": exactly(&read) })
}

/// Without an entry for an exchange its routing keys are anybody's who may write to it, so each exchange has one.
fn routes(vhost: &str, user: &str, exchange: &str, own: &[&Party]) -> Value {
    let sends = own.iter().flat_map(|party| party.sends.iter().map(|kind| format!("{kind}.{}", party.organisation)));
    let write: BTreeSet<String> = if exchange == INTAKE { sends.collect() } else { BTreeSet::new() };
    json!({ "user": user, "vhost": vhost, "exchange": exchange, "write": exactly(&write), "read": NOTHING })
}

/// These names and no others. Codes and message types hold letters, digits and hyphens, so that a dot is all that needs care.
fn exactly(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return NOTHING.to_owned();
    }
    let names: Vec<_> = names.iter().map(|name| name.replace('.', r"\.")).collect();
    format!(r"^(?:{})\z", names.join("|"))
}

fn stored(vhost: &str, queue: &str, arguments: &FieldTable) -> Value {
    json!({ "name": queue, "vhost": vhost, "durable": true, "auto_delete": false, "arguments": plain(arguments) })
}

fn bound(vhost: &str, queue: &str, exchange: &str, key: &str) -> Value {
    json!({
        "source": exchange, "vhost": vhost, "destination": queue, "destination_type": "queue", "routing_key": key, "arguments": {},
    })
}

/// Queues have arguments of two kinds only.
fn plain(arguments: &FieldTable) -> Map<String, Value> {
    let plain = arguments.inner().iter().map(|(key, value)| {
        let value = match value {
            AMQPValue::LongLongInt(number) => json!(number),
            AMQPValue::LongString(text) => json!(text.to_string()),
            other => json!(format!("{other:?}")),
        };
        (key.to_string(), value)
    });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::{Account, Party, definitions, exactly};
    use std::collections::BTreeSet;

    fn account(user: &str) -> Account {
        Account { user: user.to_owned(), password_hash: String::new() }
    }

    fn party(organisation: &str, users: &[&str]) -> Party {
        let users = users.iter().map(|user| (*user).to_owned()).collect();
        Party { organisation: organisation.parse().unwrap(), users, sends: vec!["placement-change", "acknowledgement"], queues: Vec::new() }
    }

    #[test]
    fn names_are_taken_literally_and_to_their_end() {
        let names = ["a.b", "c"].map(str::to_owned).into_iter().collect();
        assert_eq!(exactly(&names), r"^(?:a\.b|c)\z");
        assert_eq!(exactly(&BTreeSet::new()), "^$");
    }

    #[test]
    fn a_user_may_do_what_its_organisations_do_and_nothing_else() {
        let parties = [party("E10000016", &["kent", "supplier"]), party("E10000030", &["supplier"])];
        let made = definitions("/", 20, &account("hub"), &[account("kent"), account("supplier")], &parties).unwrap();
        let read = |user: &str| {
            let of_user = |entry: &&serde_json::Value| entry["user"] == user;
            let right = made["permissions"].as_array().unwrap().iter().find(of_user).unwrap();
            assert_eq!((right["configure"].as_str(), right["write"].as_str()), (Some("^$"), Some(r"^(?:placement-hub\.intake)\z")));
            let topics: Vec<_> = made["topic_permissions"].as_array().unwrap().iter().filter(of_user).collect();
            assert_eq!(topics.len(), 4, "each exchange has an entry");
            (right["read"].as_str().unwrap().to_owned(), topics[0]["write"].as_str().unwrap().to_owned())
        };
        let (read_by_kent, sent_by_kent) = read("kent");
        assert_eq!(read_by_kent, r"^(?:placement-hub\.receipts\.E10000016)\z");
        assert_eq!(sent_by_kent, r"^(?:acknowledgement\.E10000016|placement-change\.E10000016)\z");
        let (read_by_supplier, sent_by_supplier) = read("supplier");
        assert!(read_by_supplier.contains("E10000016|placement") && sent_by_supplier.matches('|').count() == 3, "{sent_by_supplier}");
    }
}
