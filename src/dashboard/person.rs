//! Who sits before the dashboard, and what they send. The gate (`src/http/gate.rs`) has judged both before a page sees them.

pub use crate::access::Person;

use crate::dashboard::parts::form::Fields;
use crate::dashboard::trouble::Trouble;
use crate::http::{FORM_BYTES_MAX, State};
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};

/// A form that a person sent from one of the hub's own pages.
pub struct Sent {
    pub person: Person,
    pub fields: Fields,
}

impl FromRequest<State> for Sent {
    type Rejection = Trouble;

    async fn from_request(request: Request, _: &State) -> Result<Self, Trouble> {
        let (parts, body) = request.into_parts();
        let person = parts.extensions.get::<Person>().cloned().ok_or(Trouble::Forbidden("Sign in first."))?;
        let body = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| Trouble::Wrong("The form is too large.".to_owned()))?;
        let fields = serde_urlencoded::from_bytes(&body).map_err(|_| Trouble::Wrong("The form cannot be read.".to_owned()))?;
        Ok(Self { person, fields: Fields(fields) })
    }
}
