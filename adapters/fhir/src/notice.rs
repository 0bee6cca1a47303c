//! Notices: a Communication to the area authority or a commissioner.

use crate::bundle::{Message, concept, identifier};
use crate::envelope::{Notice, Withdrawn};
use crate::{codes, parts};
use serde_json::{Value, json};

/// An arrival, an end, or the correction of either.
pub(crate) fn told(message: &mut Message<'_>, notice: Notice) -> Value {
    let authority = notice.responsible_authority;
    let patient = parts::patient(message, &notice.child, authority);
    let mut about = vec![parts::stay(message, &notice.placement, notice.legal_status.as_deref(), &patient, authority)];
    about.extend(parts::whereabouts(message, &notice.placement));
    about.extend(parts::needs(message, notice.needs.as_ref(), &patient));
    let contacts = notice.contacts.unwrap_or_default();
    about.extend(parts::contacts(message, &contacts, authority).into_iter().flatten());
    let mut communication = communication(message, "completed");
    communication["subject"] = patient;
    communication["about"] = json!(about);
    communication["topic"] = concept(codes::EVENT, &notice.role);
    communication
}

/// What an earlier notice said is void. It holds nothing of the child: the placement's id says which notice, as that notice gave it.
pub(crate) fn withdrawn(message: &mut Message<'_>, notice: &Withdrawn) -> Value {
    let placement = message.common.subject.clone();
    let mut communication = communication(message, "entered-in-error");
    let placement = message.local(codes::PLACEMENT, &placement, notice.responsible_authority);
    communication["about"] = json!([{ "type": "EpisodeOfCare", "identifier": placement }]);
    communication
}

fn communication(message: &mut Message<'_>, status: &str) -> Value {
    let recipient = message.organisation(message.terms.recipient);
    let sender = message.organisation(message.terms.own_organisation);
    json!({
        "resourceType": "Communication",
        "identifier": [identifier(codes::OBLIGATION, &message.envelope.subject.to_string())],
        "status": status,
        "category": [concept(codes::EVENT, message.envelope.kind.name())],
        "sent": message.time(),
        "recipient": [recipient],
        "sender": sender,
    })
}
