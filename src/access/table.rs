//! Which route asks for what. A route that is not here answers nobody: the gate looks here first.

use super::person::Person;
use super::role::Right;
use domain::Code;

/// What a route asks of who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it tells nothing about anybody.
    Nothing,
    /// An organisation's bearer token, which the route judges itself: for what is another's, it is not there.
    Token,
    /// Somebody, whoever it is.
    Anybody,
    /// Somebody of the hub's own who has this right.
    Right(Right),
    /// The same, or the organisation that the address names.
    Own(Right),
}

/// How a call is answered by what the table says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    Enter,
    /// Nobody has said who calls: sign in.
    SignIn,
    /// Known, and of the hub, and not allowed this.
    Forbidden,
    /// For this caller there is no such thing.
    Nowhere,
}

/// Method, path as the router has it, and need.
pub const ROUTES: &[(&str, &str, Need)] = &[
    ("GET", "/livez", Need::Nothing),
    ("GET", "/readyz", Need::Nothing),
    ("GET", "/metrics", Need::Nothing),
    ("GET", "/sign-in", Need::Nothing),
    ("POST", "/sign-in", Need::Nothing),
    ("GET", "/sign-in/link", Need::Nothing),
    ("GET", "/assets/hub.css", Need::Nothing),
    ("GET", "/assets/hub.js", Need::Nothing),
    ("GET", "/assets/icon.svg", Need::Nothing),
    ("POST", "/sign-out", Need::Anybody),
    ("GET", "/own", Need::Anybody),
    ("GET", "/", Need::Right(Right::Look)),
    ("GET", "/deliveries", Need::Right(Right::Look)),
    ("GET", "/failures", Need::Right(Right::Look)),
    ("GET", "/journey", Need::Right(Right::Look)),
    ("GET", "/explain", Need::Right(Right::Look)),
    ("POST", "/explain", Need::Right(Right::Look)),
    ("GET", "/clocks", Need::Right(Right::Look)),
    ("GET", "/review", Need::Right(Right::Look)),
    ("GET", "/reclaims", Need::Right(Right::Look)),
    ("GET", "/reclaims.csv", Need::Right(Right::Look)),
    ("GET", "/claims.csv", Need::Right(Right::Look)),
    ("GET", "/organisations", Need::Right(Right::Look)),
    ("GET", "/organisations/{code}", Need::Right(Right::Look)),
    ("GET", "/rejections", Need::Right(Right::Look)),
    ("GET", "/operations", Need::Right(Right::Look)),
    ("GET", "/operations/{id}", Need::Right(Right::Look)),
    ("GET", "/events", Need::Right(Right::Look)),
    ("POST", "/failures/remark", Need::Right(Right::Operate)),
    ("POST", "/organisations/{code}/pause", Need::Right(Right::Operate)),
    ("POST", "/organisations/{code}/resume", Need::Right(Right::Operate)),
    ("POST", "/organisations/{code}/test", Need::Right(Right::Operate)),
    ("POST", "/operations", Need::Right(Right::Operate)),
    ("POST", "/operations/{id}/cancel", Need::Right(Right::Operate)),
    ("GET", "/content/{delivery}", Need::Right(Right::Reveal)),
    ("POST", "/content/{delivery}", Need::Right(Right::Reveal)),
    // A question's candidates are about a child.
    ("GET", "/review/{item}", Need::Right(Right::Review)),
    ("POST", "/review/{item}", Need::Right(Right::Review)),
    ("POST", "/api/v1/messages", Need::Token),
    ("POST", "/fhir/$process-message", Need::Token),
    ("GET", "/api/v1/feeds/{organisation}", Need::Token),
    ("POST", "/api/v1/feeds/{organisation}/collected", Need::Token),
    ("GET", "/api/v1/feeds/{organisation}/stream", Need::Token),
];

/// None for a route that nobody has thought about.
#[must_use]
pub fn need(method: &str, path: &str) -> Option<Need> {
    // What can be read can be asked about.
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|(known, at, _)| *known == method && *at == path).map(|(_, _, need)| *need)
}

impl Need {
    /// `organisation` is the one that the address names, where it names one.
    #[must_use]
    pub fn judge(self, person: Option<&Person>, organisation: Option<Code>) -> Ruling {
        let Some(person) = person else {
            return if matches!(self, Self::Nothing | Self::Token) { Ruling::Enter } else { Ruling::SignIn };
        };
        let (right, own) = match self {
            Self::Nothing | Self::Token | Self::Anybody => return Ruling::Enter,
            Self::Right(right) => (right, false),
            Self::Own(right) => (right, organisation.is_some_and(|named| person.organisation == Some(named))),
        };
        match person.organisation {
            _ if own || person.may(right) => Ruling::Enter,
            // To an organisation the rest of the hub is not there.
            Some(_) => Ruling::Nowhere,
            None => Ruling::Forbidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::role::Role;
    use super::*;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    #[test]
    fn a_person_of_the_hub_enters_by_right_and_is_told_what_is_missing() {
        let viewer = Person::example(&[Role::Viewer], None);
        assert_eq!(Need::Right(Right::Look).judge(Some(&viewer), None), Ruling::Enter);
        assert_eq!(Need::Right(Right::Operate).judge(Some(&viewer), None), Ruling::Forbidden);
        assert_eq!(Need::Own(Right::Look).judge(Some(&viewer), Some(code("E10000016"))), Ruling::Enter);
        assert_eq!(Need::Right(Right::Look).judge(None, None), Ruling::SignIn);
        assert_eq!(Need::Own(Right::Look).judge(None, Some(code("E10000016"))), Ruling::SignIn);
    }

    #[test]
    fn an_organisation_finds_itself_and_nothing_else() {
        for role in Role::ALL {
            let kent = Person::example(&[role], Some(code("E10000016")));
            assert_eq!(Need::Own(Right::Look).judge(Some(&kent), Some(code("E10000016"))), Ruling::Enter, "{role:?}");
            assert_eq!(Need::Own(Right::Look).judge(Some(&kent), Some(code("E06000035"))), Ruling::Nowhere, "{role:?}");
            assert_eq!(Need::Own(Right::Look).judge(Some(&kent), None), Ruling::Nowhere, "{role:?}");
            for right in [Right::Look, Right::Operate, Right::Review, Right::Reveal, Right::Audit, Right::Administer] {
                assert_eq!(Need::Right(right).judge(Some(&kent), None), Ruling::Nowhere, "{role:?} {right:?}");
            }
        }
    }

    #[test]
    fn no_route_is_there_twice_and_asking_about_is_like_reading() {
        let mut known: Vec<_> = ROUTES.iter().map(|(method, path, _)| (method, path)).collect();
        known.sort_unstable();
        let length = known.len();
        known.dedup();
        assert_eq!(known.len(), length);
        assert_eq!(need("HEAD", "/"), Some(Need::Right(Right::Look)));
        assert_eq!((need("DELETE", "/"), need("GET", "/nowhere")), (None, None));
    }
}
