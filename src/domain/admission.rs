//! Is the publisher who it says it is, and may it send this? A function of the message, what the broker vouches for, and
//! the directory.

use crate::code::Code;
use crate::directory::Directory;
use crate::message::{Message, Reason};

/// What the intake knows of a message besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vouched<'a> {
    /// The routing key, where the rail has one: `<message type>.<publisher code>`.
    pub routing_key: Option<&'a str>,
    /// The broker's user, which the broker has validated.
    pub user_id: Option<&'a str>,
    /// The organisation that a bearer token or certificate stands for.
    pub organisation: Option<Code>,
    /// Whether a message for which neither user nor token vouches is refused.
    pub require_user_id: bool,
}

/// Every reason to refuse; empty where the message may come in.
#[must_use]
pub fn check(message: &Message, vouched: Vouched<'_>, directory: &Directory) -> Vec<Reason> {
    let code = message.header().publisher;
    let mut reasons = Vec::new();
    let Some(publisher) = directory.publisher(code) else {
        return vec![Reason::new(
            "unknown-publisher",
            "/publisher",
            "this organisation is not among the publishers in the hub's directory",
        )];
    };
    if !publisher.may_send.contains(&message.message_type()) {
        let may: Vec<_> = publisher.may_send.iter().map(|message_type| message_type.name()).collect();
        reasons.push(Reason::new("not-allowed", "/type", format!("this publisher may send {} only", may.join(", "))));
    }
    if let Some(routing_key) = vouched.routing_key {
        let expected = format!("{}.{code}", message.message_type().name());
        if routing_key != expected {
            reasons.push(Reason::new("wrong-routing-key", "", format!("the routing key must be {expected}")));
        }
    }
    match vouched.user_id {
        Some(user) if !publisher.user_ids.is_empty() && !publisher.user_ids.iter().any(|known| known == user) => {
            reasons.push(Reason::new("wrong-user", "/publisher", "the broker's user_id does not belong to this publisher"));
        }
        // A token says the same, and better.
        None if vouched.require_user_id && vouched.organisation.is_none() => {
            reasons.push(Reason::new("missing-user", "/publisher", "the message property user_id is required: set it to your broker user"));
        }
        _ => {}
    }
    if vouched.organisation.is_some_and(|organisation| organisation != code) {
        reasons.push(Reason::new("wrong-token", "/publisher", "the token belongs to another organisation"));
    }
    if let Message::ReferralUpdate(update) = message
        && directory.organisation(update.referral.responsible_authority).is_none()
    {
        let path = "/referral/responsibleAuthority";
        reasons.push(Reason::new("unknown-organisation", path, "this authority is not in the hub's directory"));
    }
    reasons
}

#[cfg(test)]
mod tests;
