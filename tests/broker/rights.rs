//! What `broker-definitions` makes of a directory, on a broker of its own: each organisation does its own, and each foreign action is refused.

use crate::support::{broker::Broker, door::within, letter, letter::Format, python, site::Plan, site::Site};
use serde_json::Value;
use std::fs;

const VHOST: &str = "placements";

/// Tries everything as one user, each on a channel of its own, and prints what the broker said to each: `ok` or the code it refused with.
const TRIES: &str = include_str!("tries.py");

/// What a supplier is shown in docs/SUPPLIERS.md.
const PUBLISH: &str = include_str!("../../docs/examples/publish.py");

/// What another council finds in its queue.
const READ: &str = r"
import pika, sys
channel, frame = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel(), None
while frame is None:
    frame, properties, body = channel.basic_get(sys.argv[2], auto_ack=True)
print(body.decode())
";

const ENDPOINTS: &str = "[[endpoint]]\norganisation = \"E10000016\"\nadapter = \"queue\"\n\n[[endpoint]]\norganisation = \"E06000043\"\nadapter = \"queue\"\n\
    settings = { max_length = \"500\" }\n\n[[endpoint]]\norganisation = \"QKS\"\nplace = \"91Q\"\nadapter = \"queue\"\n";
const PUBLISHERS: &str = "[[publisher]]\norganisation = \"E10000016\"\nmay_send = [\"placement-change\", \"acknowledgement\"]\nuser_ids = [\"kent\"]\n\n\
    [[publisher]]\norganisation = \"E06000043\"\nmay_send = [\"placement-change\", \"acknowledgement\"]\nuser_ids = [\"brighton\"]\n\n\
    [[publisher]]\norganisation = \"RX2\"\nmay_send = [\"referral-update\"]\nuser_ids = []\n";

/// A broker that knows the organisations, and the settings of a hub on it.
struct Stage {
    broker: Broker,
    site: Site,
}

impl Stage {
    fn set(name: &'static str) -> Self {
        let broker = Broker::start(name);
        let plan = Plan { recipients: &[], settings: "[intake]\nrequire_user_id = true\n", ..Plan::default() };
        let site = Site::new(&broker.on(VHOST), "127.0.0.1:1".parse().unwrap(), &plan);
        site.add_endpoints(ENDPOINTS);
        site.give_tokens(&[]);
        fs::write(site.path("publishers.toml"), PUBLISHERS).unwrap();
        let settings = fs::read_to_string(site.path("hub.toml")).unwrap();
        let settings = settings.replace("tokens = ", "publishers = \"publishers.toml\"\ntokens = ");
        fs::write(site.path("hub.toml"), settings).unwrap();
        let stage = Self { broker, site };
        stage.import();
        stage
    }

    fn import(&self) -> String {
        let (code, made, said) = self.site.run(&["broker-definitions", "--passwords", self.site.path("passwords").to_str().unwrap()]);
        assert_eq!(code, 0, "{said}");
        for user in ["placement-hub", "kent", "brighton", "RX2", "QKS"] {
            let password = self.password(user);
            assert!(password.len() == 43 && !made.contains(&password) && !said.contains(&password), "{user}");
        }
        assert!(said.contains("RX2: user_ids = [\"RX2\"]") && !said.contains("E10000016:"), "{said}");
        let file = self.site.path("definitions.json");
        fs::write(&file, &made).unwrap();
        self.broker.ctl(&["import_definitions", file.to_str().unwrap()]);
        made
    }

    fn password(&self, user: &str) -> String {
        fs::read_to_string(self.site.path("passwords").join(user)).unwrap().trim().to_owned()
    }

    fn url(&self, user: &str, vhost: &str) -> String {
        format!("amqp://{user}:{}@{}/{vhost}", self.password(user), self.broker.address())
    }

    fn tries(&self, user: &str, code: &str, other: &str, vhost: &str) -> Value {
        serde_json::from_str(&python::run(TRIES, &[&self.url(user, vhost), code, other], b"")).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_organisation_does_its_own_and_nothing_else() {
    let stage = Stage::set("rights");
    assert_eq!(stage.import(), stage.import(), "made again, it is the same");

    for (user, code, other) in [("kent", "E10000016", "E06000043"), ("brighton", "E06000043", "E10000016")] {
        let tried = stage.tries(user, code, other, VHOST);
        let tried = tried.as_object().unwrap();
        assert_eq!(tried.values().filter(|said| *said == "ok").count(), 6, "{tried:#?}");
        for (what, said) in tried {
            let expected = match what.as_str() {
                allowed if allowed.starts_with("own ") || allowed.starts_with("known: ") => "ok",
                "forge user_id" => "406",
                _ => "403",
            };
            assert_eq!(said, expected, "{user}: {what}");
        }
    }

    // A provider that reads no queue has one of receipts; a place of a commissioner has its queue and may send nothing.
    let of_provider = stage.tries("RX2", "RX2", "E10000016", VHOST);
    assert_eq!((&of_provider["own receipts"], &of_provider["own deliveries"]), (&"ok".into(), &"403".into()));
    assert_eq!(of_provider["own placement-change"], "403");
    let of_place = stage.tries("QKS", "QKS.91Q", "E10000016", VHOST);
    assert_eq!((&of_place["own deliveries"], &of_place["own acknowledgement"]), (&"ok".into(), &"403".into()));

    // One user can't take all of the broker's connections.
    let mut held = Vec::new();
    for _ in 0..amqp::definitions::CONNECTIONS_MAX {
        held.push(amqp::Publisher::connect(&stage.url("kent", VHOST)).await.unwrap());
    }
    assert!(amqp::Publisher::connect(&stage.url("kent", VHOST)).await.is_err(), "one more than its limit");
    amqp::Publisher::connect(&stage.url("brighton", VHOST)).await.unwrap().close().await;
    for one in held {
        one.close().await;
    }

    // Nobody gets into another virtual host, and nobody without the password anywhere.
    for (url, said) in
        [(stage.url("kent", "t01"), "NOT_ALLOWED"), (stage.url("kent", VHOST).replace("kent:", "brighton:"), "ACCESS_REFUSED")]
    {
        let refused = amqp::Publisher::connect(&url).await.err().unwrap_or_else(|| panic!("{said}: it got in")).to_string();
        assert!(refused.contains("refused the login"), "{said}: {refused}");
    }

    // Without passwords nobody gets in by one, an empty one included: a client certificate is what is left.
    let (code, made, said) = stage.site.run(&["broker-definitions"]);
    assert!(code == 0 && said.contains("client certificate"), "{said}");
    let file = stage.site.path("without.json");
    fs::write(&file, made).unwrap();
    stage.broker.ctl(&["import_definitions", file.to_str().unwrap()]);
    for url in [stage.url("kent", VHOST), format!("amqp://kent:@{}/{VHOST}", stage.broker.address())] {
        let refused = amqp::Publisher::connect(&url).await.err().unwrap().to_string();
        assert!(refused.contains("refused the login"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_these_rights_a_move_goes_from_one_council_to_the_other() {
    let stage = Stage::set("rights-journey");
    // The hub has no more rights than it was given.
    let plan_url = stage.url("placement-hub", VHOST);
    let mut hub = stage.site.launch_on(&plan_url);
    within("the hub", hub.ready()).await;
    let document = letter::first_placement(Format::Json, "104233");
    let file = stage.site.path("move.json");
    fs::write(&file, document.text()).unwrap();
    // The program is the documents' own, run as its reader would run it.
    let publish = python::command(PUBLISH, &["E10000016", "placement-change", file.to_str().unwrap()])
        .env("AMQP_URL", stage.url("kent", VHOST))
        .output()
        .unwrap();
    let receipt: Value = serde_json::from_slice(&publish.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&publish.stderr)));
    assert_eq!((&receipt["verdict"], &receipt["messageId"]), (&"accepted".into(), &"104233-m1".into()), "{receipt}");
    assert!(publish.status.success());
    let told: Value =
        serde_json::from_str(&python::run(READ, &[&stage.url("brighton", VHOST), "placement-hub.deliveries.E06000043"], b"")).unwrap();
    assert_eq!(told["type"], "arrival-notice.v1");
    hub.stop().await;
}

#[test]
fn mistakes_are_told_and_nothing_is_made() {
    let site = Site::new("amqp://127.0.0.1:1/placements", "127.0.0.1:1".parse().unwrap(), &Plan::default());
    let passwords = site.path("passwords");
    let (code, _, said) = site.run(&["broker-definitions", "--hub-user", "../hub", "--passwords", passwords.to_str().unwrap()]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("`../hub` can be no user's name"), "{said}");
    let (code, _, said) = site.run(&["broker-definitions", "--hub-user", "E10000016"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("the hub's own user and an organisation's") && !passwords.exists(), "{said}");
}
