//! What the e-mail says. Nothing of the envelope's `data` is read but `dueBy`.

use crate::setup::Setup;
use domain::delivery::Kind;
use domain::port::{Alert, Parcel};
use jiff::Timestamp;
use jiff::civil::Date;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{Message, message::Mailbox};
use serde::Deserialize;
use uuid::Uuid;

/// Of the envelope, all that may be told.
#[derive(Deserialize)]
struct Envelope {
    /// The obligation.
    subject: Uuid,
    data: Told,
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "dueBy")]
    due_by: Option<Date>,
}

/// The Message-ID, and the message as it goes over the wire.
pub(crate) fn compose(parcel: &Parcel<'_>, setup: &Setup) -> Result<(String, Vec<u8>), String> {
    // Where in the envelope, not what: the text of such an error may quote it.
    let envelope: Envelope =
        serde_json::from_slice(parcel.body).map_err(|e| format!("the envelope has no subject or data at column {}", e.column()))?;
    let subject = format!("{} waiting: {}", title(parcel.kind), envelope.subject);
    written(parcel.delivery, parcel.now, setup, subject, body(parcel, setup, &envelope))
}

/// What those read who watch over the hub.
pub(crate) fn alert(alert: &Alert<'_>, setup: &Setup) -> Result<(String, Vec<u8>), String> {
    written(alert.id, alert.now, setup, alert.subject.to_owned(), format!("{}\n{}\n", alert.text, setup.link))
}

fn written(id: Uuid, now: Timestamp, setup: &Setup, subject: String, body: String) -> Result<(String, Vec<u8>), String> {
    let id = format!("<{}@{}>", id.hyphenated(), setup.from.email.domain());
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .message_id(Some(id.clone()))
        .date(now.into())
        .from(setup.from.clone())
        .to(Mailbox::new(None, setup.to.clone()))
        .subject(subject)
        // No out-of-office answers, please (RFC 3834).
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN)
        .body(body)
        .map_err(|error| error.to_string())?;
    Ok((id, message.formatted()))
}

fn body(parcel: &Parcel<'_>, setup: &Setup, envelope: &Envelope) -> String {
    let Envelope { subject, data } = envelope;
    let due = data.due_by.map(|day| format!("Due by:     {}\n", day.strftime("%A %-d %B %Y"))).unwrap_or_default();
    format!(
        "Something is waiting for {organisation}: {what}.\n\n\
         Reference:  {subject}\n\
         {due}\
         Read it:    {link}\n\n\
         This e-mail tells nothing about the child, on purpose. Please do not answer it\n\
         with anything about a child either: nobody reads the answers.\n\n\
         If you have had an e-mail with this reference before, it is about the same thing.\n",
        organisation = parcel.endpoint.organisation,
        what = words(parcel.kind),
        link = setup.link,
    )
}

/// For the subject line.
const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::ArrivalNotice => "Placement notice",
        Kind::EndNotice => "End of placement notice",
        Kind::NoticeCorrection => "Correction of a notice",
        Kind::NoticeWithdrawal => "Withdrawal of a notice",
        Kind::Referral => "Referral",
        Kind::ReferralWithdrawal => "Withdrawal of a referral",
        Kind::ReclaimRequest => "Claim",
        Kind::ReclaimWithdrawal => "Withdrawal of a claim",
        Kind::WorkerTask => "Task",
    }
}

const fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::ArrivalNotice => "a notice that a child in care comes to live in your area",
        Kind::EndNotice => "a notice that a placement in your area has ended",
        Kind::NoticeCorrection => "a correction of an earlier notice",
        Kind::NoticeWithdrawal => "a notice that an earlier notice no longer holds",
        Kind::Referral => "a referral of a child in care",
        Kind::ReferralWithdrawal => "a notice that an earlier referral no longer holds",
        Kind::ReclaimRequest => "a claim for the cost of a service",
        Kind::ReclaimWithdrawal => "a notice that an earlier claim no longer holds",
        Kind::WorkerTask => "a task that a person must look at",
    }
}
