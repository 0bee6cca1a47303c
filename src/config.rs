//! Typed settings. Every mistake is reported at once, at start, with the key it is about.
//!
//! A flag beats the environment beats the file beats the default. Secrets come from files or the environment, never flags.

mod reader;

use domain::message::ReferralStatus;
use domain::policy::{Policy, Stage, Tariff};
use domain::retry::RetryPolicy;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reader::Reader;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// MESH closes a mailbox that nobody looks into for a day; twenty hours leave time to mend a fault.
const MAILBOX_SECONDS_MAX: u64 = 72_000;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `source` of the envelopes that go out.
    pub source: String,
    pub broker: Broker,
    pub intake: Intake,
    pub ledger: LedgerSettings,
    /// The folder with the organisations.
    pub directory: PathBuf,
    /// Files of their own for what differs from site to site; none for those in the folder.
    pub endpoints: Option<PathBuf>,
    pub publishers: Option<PathBuf>,
    pub tokens: Option<PathBuf>,
    pub listen: SocketAddr,
    pub access: AccessSettings,
    pub delivery: Delivery,
    pub rules: Rules,
    pub log: Log,
    pub telemetry: Telemetry,
    /// Who is told what is wrong with the hub, in a file like the directory's endpoints.
    pub alerts: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Where traces go, if anywhere.
    pub otlp_endpoint: Option<String>,
    /// Of messages without a trace of their publisher's, how many in 100 begin one.
    pub trace_percent: u8,
}

#[derive(Clone)]
pub struct Broker {
    /// With the password in it: never printed.
    pub url: String,
    pub prefetch: u16,
    pub delivery_limit: u32,
}

#[derive(Clone, Debug)]
pub struct Intake {
    /// Most messages in one transaction.
    pub batch_max: usize,
    pub require_user_id: bool,
}

#[derive(Clone)]
pub struct LedgerSettings {
    /// The embedded ledger's file.
    pub path: PathBuf,
    /// The database that several hubs share, where the ledger is one. With the password in it: never printed.
    pub url: Option<String>,
    pub key_file: PathBuf,
}

impl LedgerSettings {
    /// What a hub keeps beside its ledger is named after this file: the ledger itself, or the key file where the ledger is elsewhere.
    #[must_use]
    pub fn home(&self) -> &Path {
        if self.url.is_some() { &self.key_file } else { &self.path }
    }

    /// The embedded ledger in this file, whatever was set.
    pub fn in_file(&mut self, path: PathBuf) {
        (self.path, self.url) = (path, None);
    }
}

/// Who may come in, and how.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// The register of accounts and tokens.
    pub file: PathBuf,
    /// Where browsers reach the hub, without a path; none for wherever they say that they are.
    pub public_url: Option<String>,
    /// How long a session lives that nobody uses.
    pub idle: SignedDuration,
    /// How long one lives at all.
    pub longest: SignedDuration,
    /// Whether a proxy in front says from where a request comes.
    pub trust_forwarded_for: bool,
}

impl AccessSettings {
    /// Whether browsers come by TLS, so that cookies may say so.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

#[derive(Clone, Debug)]
pub struct Delivery {
    pub retry: RetryPolicy,
    /// Most deliveries leased by this hub at once.
    pub in_memory_max: usize,
    /// Time between two looks into the hub's mailboxes.
    pub mailbox_poll: Duration,
}

#[derive(Clone, Debug)]
pub struct Rules {
    pub time_zone: TimeZone,
    pub notice_working_days: u32,
    pub end_notice_working_days: u32,
    pub review_working_days: u32,
    pub park_hours: u32,
    pub referral_answer_working_days: u32,
    pub reminder_working_days: u32,
    pub escalation_working_days: u32,
    pub reclaim_working_days: u32,
    pub assessment_trigger: ReferralStatus,
    pub treatment_trigger: ReferralStatus,
    pub reclaim_nhs_number: bool,
    pub notices_from: Option<Date>,
    pub tariff: Vec<Tariff>,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub json: bool,
    pub filter: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.0.join("\n"))]
pub struct Mistakes(pub Vec<String>);

impl Settings {
    /// Reads `file` (none: the defaults) and the environment.
    ///
    /// # Errors
    /// All mistakes: keys that do not exist, values of the wrong kind or out of bounds, files that are missing.
    pub fn load(file: Option<&Path>, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let mut reader = Reader::open(file, environment)?;
        let settings = Self {
            source: reader.text("hub", "source", "urn:placement-hub"),
            broker: Broker {
                url: reader.secret("broker", "url", "url_file", "AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f"),
                prefetch: reader.whole("broker", "prefetch", 1..=2_000, 1_000),
                delivery_limit: reader.whole("broker", "delivery_limit", 1..=1_000, 20),
            },
            intake: Intake {
                batch_max: reader.whole("intake", "batch_max", 1..=2_000, 500),
                require_user_id: reader.yes_no("intake", "require_user_id", false),
            },
            ledger: ledger(&mut reader),
            directory: reader.path("directory", "path", if file.is_some() { "directory" } else { "config/directory" }),
            endpoints: reader.optional_path("directory", "endpoints"),
            publishers: reader.optional_path("directory", "publishers"),
            tokens: reader.optional_path("directory", "tokens"),
            listen: reader.parsed("http", "listen", "127.0.0.1:8080", "an address and port such as 127.0.0.1:8080"),
            access: access(&mut reader),
            delivery: Delivery {
                retry: RetryPolicy {
                    base: SignedDuration::from_secs(reader.whole("delivery", "backoff_base_seconds", 1..=3_600, 2_i64)),
                    cap: SignedDuration::from_secs(reader.whole("delivery", "backoff_cap_seconds", 1..=86_400, 900_i64)),
                    attempts_max: reader.whole("delivery", "attempts_max", 1..=10_000, 20),
                    age_max: SignedDuration::from_hours(reader.whole("delivery", "age_max_hours", 1..=8_760, 72_i64)),
                },
                in_memory_max: reader.whole("delivery", "in_memory_max", 16..=65_536, 4_096),
                mailbox_poll: Duration::from_secs(reader.whole("delivery", "mailbox_poll_seconds", 1..=MAILBOX_SECONDS_MAX, 300)),
            },
            rules: rules(&mut reader),
            log: Log {
                json: reader.one_of("log", "format", &["text", "json"], "text") == "json",
                filter: reader.text("log", "filter", "info"),
            },
            telemetry: telemetry(&mut reader),
            alerts: reader.optional_path("alerts", "endpoints"),
        };
        reader.finish()?;
        Ok(settings)
    }

    /// The rules as the domain takes them.
    #[must_use]
    pub fn policy(&self, claim_key: [u8; 32]) -> Policy {
        let rules = &self.rules;
        Policy {
            notice_working_days: rules.notice_working_days,
            end_notice_working_days: rules.end_notice_working_days,
            review_working_days: rules.review_working_days,
            park: SignedDuration::from_hours(i64::from(rules.park_hours)),
            referral_answer_working_days: rules.referral_answer_working_days,
            reminder_working_days: rules.reminder_working_days,
            escalation_working_days: rules.escalation_working_days,
            reclaim_working_days: rules.reclaim_working_days,
            assessment_trigger: rules.assessment_trigger,
            treatment_trigger: rules.treatment_trigger,
            reclaim_nhs_number: rules.reclaim_nhs_number,
            notices_from: rules.notices_from,
            tariff: rules.tariff.clone(),
            ..Policy::standard(claim_key, rules.time_zone.clone())
        }
    }
}

impl Rules {
    /// The calendar day of an instant, where the regulations apply.
    #[must_use]
    pub fn day(&self, instant: Timestamp) -> Date {
        self.time_zone.to_datetime(instant).date()
    }
}

fn telemetry(reader: &mut Reader<'_>) -> Telemetry {
    let otlp_endpoint = Some(reader.text("telemetry", "otlp_endpoint", "")).filter(|url| !url.is_empty());
    if let Some(url) = &otlp_endpoint
        && let Err(why) = http_client::checked(url, http_client::guard::Guard { allow_private: true })
    {
        reader.mistake(format!("telemetry.otlp_endpoint: must be the URL of a collector, as http://127.0.0.1:4318/v1/traces: {why}"));
    }
    Telemetry { otlp_endpoint, trace_percent: reader.whole("telemetry", "trace_percent", 0..=100, 100) }
}

fn ledger(reader: &mut Reader<'_>) -> LedgerSettings {
    let url = Some(reader.secret("ledger", "url", "url_file", "LEDGER_URL", "")).filter(|url| !url.is_empty());
    if url.is_some() && reader.is_given("ledger", "path") {
        reader.mistake("ledger.path and a ledger URL are both given (`url`, `url_file`, or LEDGER_URL in the environment): a hub has one ledger, so leave one out".to_owned());
    }
    LedgerSettings {
        path: reader.path("ledger", "path", "var/placement-hub.db"),
        url,
        key_file: reader.path("ledger", "key_file", "var/placement-hub.key"),
    }
}

fn access(reader: &mut Reader<'_>) -> AccessSettings {
    let public_url = Some(reader.text("access", "public_url", "none")).filter(|url| url != "none");
    let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
    let origin = |url: &String| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        rest.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
    };
    if public_url.as_ref().is_some_and(|url| !origin(url)) {
        reader.mistake("access.public_url: must be an address without a path, such as https://hub.example.org".to_owned());
    }
    AccessSettings {
        file: reader.path("access", "file", "var/access.toml"),
        public_url,
        idle: SignedDuration::from_mins(reader.whole("access", "idle_minutes", 1..=1_440, 60_i64)),
        longest: SignedDuration::from_hours(reader.whole("access", "login_hours", 1..=168, 12_i64)),
        trust_forwarded_for: reader.yes_no("access", "trust_forwarded_for", false),
    }
}

fn rules(reader: &mut Reader<'_>) -> Rules {
    let statuses = ["received", "accepted", "assessed", "treatment-started", "treatment-ended"];
    let status = |name: &str| match name {
        "received" => ReferralStatus::Received,
        "accepted" => ReferralStatus::Accepted,
        "treatment-started" => ReferralStatus::TreatmentStarted,
        "treatment-ended" => ReferralStatus::TreatmentEnded,
        _ => ReferralStatus::Assessed,
    };
    Rules {
        time_zone: TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC),
        notice_working_days: reader.whole("rules", "notice_working_days", 0..=60, 5),
        end_notice_working_days: reader.whole("rules", "end_notice_working_days", 0..=60, 10),
        review_working_days: reader.whole("rules", "review_working_days", 0..=60, 5),
        park_hours: reader.whole("rules", "park_hours", 0..=720, 72),
        referral_answer_working_days: reader.whole("rules", "referral_answer_working_days", 1..=60, 5),
        reminder_working_days: reader.whole("rules", "reminder_working_days", 1..=60, 2),
        escalation_working_days: reader.whole("rules", "escalation_working_days", 1..=60, 5),
        reclaim_working_days: reader.whole("rules", "reclaim_working_days", 1..=260, 20),
        assessment_trigger: status(&reader.one_of("rules", "assessment_trigger", &statuses, "assessed")),
        treatment_trigger: status(&reader.one_of("rules", "treatment_trigger", &statuses, "treatment-started")),
        reclaim_nhs_number: reader.yes_no("rules", "reclaim_nhs_number", false),
        notices_from: reader.date("rules", "notices_from"),
        tariff: reader.list("tariff", &["stage", "service_line", "unit", "amount_pence", "from", "to"], |line| {
            Some(Tariff {
                stage: if line.one_of("stage", &["assessment", "treatment"])? == "treatment" {
                    Stage::Treatment
                } else {
                    Stage::Assessment
                },
                service_line: line.text("service_line")?,
                unit: line.text("unit")?,
                amount_pence: line.pence("amount_pence")?,
                from: line.date("from"),
                to: line.date("to"),
            })
        }),
    }
}

impl std::fmt::Debug for LedgerSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerSettings").field("path", &self.path).field("shared", &self.url.is_some()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("prefetch", &self.prefetch).field("delivery_limit", &self.delivery_limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, Mistakes> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.toml");
        std::fs::write(&path, file).unwrap();
        std::fs::write(folder.path().join("url"), "postgres://hub:hush@db/hub\n").unwrap();
        Settings::load(Some(&path), &|name| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_ledger_is_a_file_unless_a_database_is_named() {
        let url = |file: &str, environment: &[(&str, &str)]| load(file, environment).unwrap().ledger.url;
        assert_eq!(url("", &[]), None);
        assert_eq!(url("[ledger]\nurl = \"postgres://a/b\"", &[]).as_deref(), Some("postgres://a/b"));
        assert_eq!(url("[ledger]\nurl_file = \"url\"", &[]).as_deref(), Some("postgres://hub:hush@db/hub"));
        assert_eq!(url("[ledger]\nurl_file = \"url\"", &[("LEDGER_URL", "postgres://c/d")]).as_deref(), Some("postgres://c/d"));
    }

    #[test]
    fn a_file_and_a_database_are_one_ledger_too_many() {
        for environment in [[].as_slice(), [("LEDGER_URL", "postgres://c/d")].as_slice()] {
            let file = if environment.is_empty() { "[ledger]\npath = \"x.db\"\nurl_file = \"url\"" } else { "[ledger]\npath = \"x.db\"" };
            let told = load(file, environment).unwrap_err().to_string();
            assert!(told.contains("both given") && !told.contains("hush"), "{told}");
        }
    }

    #[test]
    fn what_is_kept_beside_a_ledger_is_beside_its_file_or_its_key() {
        let mut ledger = load("[ledger]\nurl_file = \"url\"\nkey_file = \"k\"", &[]).unwrap().ledger;
        assert_eq!(ledger.home(), ledger.key_file);
        assert!(!format!("{ledger:?}").contains("hush"));
        ledger.in_file(PathBuf::from("own.db"));
        assert_eq!(ledger.home(), Path::new("own.db"));
    }
}
