//! The way back: a provider's business response to a referral becomes the hub's own `referral-update` document.
//!
//! | in the response | in the document |
//! |---|---|
//! | `MessageHeader.id`, else the entry's `fullUrl` without `urn:uuid:` | `messageId` |
//! | `Bundle.timestamp` | `sentAt` |
//! | `MessageHeader.sender`: an Organization of the bundle, or an identifier; the ODS code | `publisher` |
//! | the focus's reference (`requisition`, an `identifier`, or that of `basedOn` or `focus`): [`crate::codes::REFERENCE`] | `referral` |
//! | the focus's business status of [`crate::codes::REFERRAL_STATUS`], else its status | `status` |
//! | Task: `executionPeriod.start`, ServiceRequest: `occurrenceDateTime`; else, where no money depends on it, the timestamp's day | `occurredOn` |
//! | Task: `statusReason`, ServiceRequest: the first `note` | `reason` |
//!
//! The business status is `Task.businessStatus`, or an extension of the ServiceRequest with that url and a `valueCode`. Without
//! it a Task that is `received`, `accepted` or `rejected` and a ServiceRequest that is `revoked` speak for themselves.
//! The document is held to its contract by whoever takes it in: here only what FHIR says is judged.

use crate::codes;
use crate::outcome::{Issue, Reason, Refusal};
use serde_json::{Value, json};

/// The contract's own bound.
const REASON_CHARS_MAX: usize = 4_000;
const STATUSES: &[&str] = &["received", "accepted", "refused", "assessed", "treatment-started", "treatment-ended"];

/// Reads a message Bundle that answers a referral.
///
/// # Errors
/// Everything that keeps it from being a referral update, at once; no value of the message is quoted.
pub fn referral_update(bundle: &Value) -> Result<Value, Refusal> {
    if bundle["resourceType"] != "Bundle" || bundle["type"] != "message" {
        return refuse(Issue::Structure, "Bundle.type", "send a Bundle of type message");
    }
    let header = &bundle["entry"][0]["resource"];
    if header["resourceType"] != "MessageHeader" {
        return refuse(Issue::Structure, "Bundle.entry[0].resource", "the first entry must be the MessageHeader");
    }
    Response { bundle, header, reasons: Vec::new() }.read()
}

fn refuse<T>(issue: Issue, expression: &str, text: &str) -> Result<T, Refusal> {
    Err(Refusal(vec![Reason { issue, expression: expression.to_owned(), text: text.to_owned() }]))
}

/// A response being read; what is wrong with it gathers.
struct Response<'a> {
    bundle: &'a Value,
    header: &'a Value,
    reasons: Vec<Reason>,
}

impl<'a> Response<'a> {
    fn read(mut self) -> Result<Value, Refusal> {
        self.judge_header();
        let message_id = self.message_id();
        let sent_at = self.bundle["timestamp"].as_str();
        self.need(sent_at, "Bundle.timestamp", "say when the message was sent");
        let publisher = self.publisher();
        let Some(focus) = self.focus() else { return Err(Refusal(self.reasons)) };
        let referral = self.referral(focus);
        let status = self.status(focus);
        let occurred_on = self.occurred_on(focus, status, sent_at);
        if !self.reasons.is_empty() {
            return Err(Refusal(self.reasons));
        }
        Ok(json!({
            "type": "referral-update",
            "version": "1.0",
            "messageId": message_id,
            "sentAt": sent_at,
            "publisher": publisher,
            "referral": referral,
            "status": status,
            "occurredOn": occurred_on,
            "reason": reason(focus),
        }))
    }

    fn judge_header(&mut self) {
        let (header, response) = (self.header, &self.header["response"]);
        if header["eventCoding"]["code"] != "servicerequest-response" {
            self.note(Issue::NotSupported, "MessageHeader.event", "only servicerequest-response is taken here");
        }
        self.need(response["identifier"].as_str(), "MessageHeader.response.identifier", "give the id of the referral's MessageHeader");
        if response["code"] != "ok" {
            let text = "only a response with code ok says how a referral goes; what can't be taken is answered at once, by HTTP";
            self.note(Issue::NotSupported, "MessageHeader.response.code", text);
        }
    }

    fn message_id(&mut self) -> Option<&'a str> {
        let url = self.bundle["entry"][0]["fullUrl"].as_str().and_then(|url| url.strip_prefix("urn:uuid:"));
        let id = self.header["id"].as_str().or(url);
        self.need(id, "MessageHeader.id", "give the message an id, so that it can be told from others")
    }

    fn publisher(&mut self) -> Option<&'a str> {
        let sender = &self.header["sender"];
        let organisation = sender["reference"].as_str().and_then(|url| self.entry(url));
        let listed = organisation.into_iter().flat_map(|organisation| list(&organisation["identifier"]));
        let code = value_of(codes::ODS, listed.chain([&sender["identifier"]]));
        self.need(code, "MessageHeader.sender", "name the sender by its ODS code, in an Organization of the bundle")
    }

    /// The one resource that the message is about.
    fn focus(&mut self) -> Option<&'a Value> {
        let [focus] = list(&self.header["focus"]) else {
            self.note(Issue::Required, "MessageHeader.focus", "a response has one focus: the ServiceRequest, or a Task about it");
            return None;
        };
        let found = focus["reference"].as_str().and_then(|url| self.entry(url));
        let found = found.filter(|resource| resource["resourceType"] == "ServiceRequest" || resource["resourceType"] == "Task");
        if found.is_none() {
            self.note(Issue::Value, "MessageHeader.focus", "the focus must be a ServiceRequest or a Task in the bundle");
        }
        found
    }

    /// The referral's reference, as it went out.
    fn referral(&mut self, focus: &'a Value) -> Option<Value> {
        let based_on = list(&focus["basedOn"]).iter().chain([&focus["focus"]]).map(|reference| &reference["identifier"]);
        let identifiers = [&focus["requisition"]].into_iter().chain(list(&focus["identifier"])).chain(based_on);
        let reference = value_of(codes::REFERENCE, identifiers);
        let text = "give back the requisition of the referral, with its system and value";
        let reference = self.need(reference, "MessageHeader.focus.requisition", text)?;
        let [authority, child, id] = reference.splitn(3, '/').collect::<Vec<_>>()[..] else {
            self.note(Issue::Value, "MessageHeader.focus.requisition", "this is not the reference that the referral carried");
            return None;
        };
        Some(json!({ "id": id, "responsibleAuthority": authority, "child": child }))
    }

    /// Our word for what happened.
    fn status(&mut self, focus: &'a Value) -> Option<&'a str> {
        let extended = list(&focus["extension"]).iter().find(|one| one["url"] == codes::REFERRAL_STATUS).map(|one| &one["valueCode"]);
        let coded = list(&focus["businessStatus"]["coding"]).iter().find(|one| one["system"] == codes::REFERRAL_STATUS);
        let business = extended.or(coded.map(|one| &one["code"])).and_then(Value::as_str);
        let plain = match (focus["resourceType"].as_str(), focus["status"].as_str()) {
            (Some("Task"), Some("received")) => Some("received"),
            (Some("Task"), Some("accepted")) => Some("accepted"),
            (Some("Task"), Some("rejected")) | (Some("ServiceRequest"), Some("revoked")) => Some("refused"),
            _ => None,
        };
        let (given, place) = (business.or(plain), "MessageHeader.focus.status");
        match given {
            None => self.note(Issue::Required, place, "say what happened by a business status: its system and words are in the guide"),
            Some(word) if !STATUSES.contains(&word) => {
                self.note(
                    Issue::Value,
                    place,
                    "the business status is none of received, accepted, refused, assessed, treatment-started, treatment-ended",
                );
            }
            // Whoever refuses does not treat: one of the two is wrong.
            Some(word) if (plain == Some("refused")) != (word == "refused") && plain.is_some() => {
                self.note(Issue::Value, place, "status and business status contradict each other");
            }
            Some(_) if focus["status"] == "entered-in-error" => {
                self.note(Issue::NotSupported, place, "what was said can't be unsaid by this message; speak to the hub's operator");
            }
            Some(_) => {}
        }
        given
    }

    /// The day on which it happened. A claim rests on the days of assessment and treatment, so those are never guessed.
    fn occurred_on(&mut self, focus: &'a Value, status: Option<&str>, sent_at: Option<&'a str>) -> Option<&'a str> {
        let told = focus["executionPeriod"]["start"].as_str().or_else(|| focus["occurrenceDateTime"].as_str());
        let guess = sent_at.filter(|_| matches!(status, Some("received" | "accepted" | "refused")));
        let text = "say on which day it happened: executionPeriod.start of a Task, occurrenceDateTime of a ServiceRequest";
        let moment = self.need(told.or(guess), "MessageHeader.focus.occurrence", text)?;
        // A year or a month alone is FHIR too, and no day.
        let day = moment.get(..10).filter(|day| day.len() == moment.len() || moment[10..].starts_with('T'));
        self.need(day, "MessageHeader.focus.occurrence", "give a whole date: year, month and day")
    }

    /// A resource of the bundle.
    fn entry(&self, url: &str) -> Option<&'a Value> {
        list(&self.bundle["entry"]).iter().find(|entry| entry["fullUrl"] == url).map(|entry| &entry["resource"])
    }

    /// Notes what is missing.
    fn need(&mut self, value: Option<&'a str>, expression: &str, text: &str) -> Option<&'a str> {
        let value = value.filter(|text| !text.is_empty());
        if value.is_none() {
            self.note(Issue::Required, expression, text);
        }
        value
    }

    fn note(&mut self, issue: Issue, expression: &str, text: &str) {
        self.reasons.push(Reason { issue, expression: expression.to_owned(), text: text.to_owned() });
    }
}

/// Why, in the provider's words; cut to what the contract takes.
fn reason(focus: &Value) -> Option<String> {
    let said = &focus["statusReason"];
    let coded = list(&said["coding"]).iter().find_map(|coding| coding["display"].as_str());
    let note = list(&focus["note"]).iter().find_map(|note| note["text"].as_str());
    let text = said["text"].as_str().or(coded).or(note).filter(|text| !text.trim().is_empty())?;
    Some(text.chars().take(REASON_CHARS_MAX).collect())
}

fn value_of<'a>(system: &str, identifiers: impl IntoIterator<Item = &'a Value>) -> Option<&'a str> {
    identifiers.into_iter().find(|identifier| identifier["system"] == system).and_then(|identifier| identifier["value"].as_str())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
