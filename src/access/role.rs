//! Roles, and the rights that each grants. Nothing here reads a request: it is the table that an administrator can be shown.

use serde::{Deserialize, Serialize};

/// What somebody is in the hub. One person may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks, and sees no child.
    Viewer,
    /// Keeps deliveries going.
    Operator,
    /// Answers what a rule could not decide.
    Reviewer,
    /// Everything, accounts and tokens too.
    Administrator,
    /// An organisation's system that sends messages.
    Publisher,
    /// An organisation's system that fetches its feed.
    Recipient,
}

/// What may be done. Every route asks for one of them (`table`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// See how the hub does and what is on its way, masked.
    Look,
    /// Retry, hold, release, discard; pause an organisation; send a test event.
    Operate,
    /// Answer review items.
    Review,
    /// See a child's data, with a reason, on the record.
    Reveal,
    /// Read who did what.
    Audit,
    /// Accounts and tokens.
    Administer,
    /// Send messages, as the own organisation.
    Publish,
    /// Read the own organisation's feed.
    Read,
}

impl Role {
    pub const ALL: [Self; 6] = [Self::Viewer, Self::Operator, Self::Reviewer, Self::Administrator, Self::Publisher, Self::Recipient];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Reviewer => "reviewer",
            Self::Administrator => "administrator",
            Self::Publisher => "publisher",
            Self::Recipient => "recipient",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    #[must_use]
    pub const fn grants(self) -> &'static [Right] {
        match self {
            Self::Viewer => &[Right::Look],
            Self::Operator => &[Right::Look, Right::Operate, Right::Reveal],
            Self::Reviewer => &[Right::Look, Right::Review, Right::Reveal],
            Self::Administrator => &[Right::Look, Right::Operate, Right::Review, Right::Reveal, Right::Audit, Right::Administer],
            Self::Publisher => &[Right::Publish],
            Self::Recipient => &[Right::Read],
        }
    }

    /// Whether it means nothing without an organisation.
    #[must_use]
    pub const fn needs_organisation(self) -> bool {
        matches!(self, Self::Publisher | Self::Recipient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_is_somebody_s_and_child_data_is_never_a_viewer_s() {
        let holders =
            |right: Right| Role::ALL.into_iter().filter(|role| role.grants().contains(&right)).map(Role::name).collect::<Vec<_>>();
        assert_eq!(holders(Right::Look), ["viewer", "operator", "reviewer", "administrator"]);
        assert_eq!(holders(Right::Operate), ["operator", "administrator"]);
        assert_eq!(holders(Right::Review), ["reviewer", "administrator"]);
        assert_eq!(holders(Right::Reveal), ["operator", "reviewer", "administrator"]);
        assert_eq!(holders(Right::Audit), ["administrator"]);
        assert_eq!(holders(Right::Administer), ["administrator"]);
        assert_eq!(holders(Right::Publish), ["publisher"]);
        assert_eq!(holders(Right::Read), ["recipient"]);
        assert!(Role::ALL.into_iter().all(|role| Role::from_name(role.name()) == Some(role)));
    }
}
