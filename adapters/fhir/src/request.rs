//! The request: where it goes, and the headers that the NHS's gateway routes and answers by.

use crate::settings::Terms;
use crate::{Fault, codes};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::directory::Endpoint;
use domain::port::{Beat, Parcel};
use http_client::guard::Guard;
use http_client::reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http_client::reqwest::{RequestBuilder, Response, Url};
use http_client::{Pool, Unanswered, checked};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::{Builder, Uuid};

const MEDIA_TYPE: &str = "application/fhir+json;version=1.0.0";

/// Sends one attempt.
pub(crate) async fn post(clients: &Pool, parcel: &Parcel<'_>, terms: &Terms, body: Vec<u8>) -> Result<Response, Fault> {
    let endpoint = parcel.endpoint;
    let guard = Guard { allow_private: endpoint.allow_private };
    let url = beneath(checked(&endpoint.url, guard)?, "$process-message")?;
    let client = clients.client(&url, guard).await?;
    let (system, value) = terms.service_parts();
    let organisation = json!({
        "resourceType": "Organization", "identifier": [{ "system": codes::ODS, "value": terms.own_organisation }], "name": terms.own_name
    });
    let software = json!({
        "resourceType": "Device",
        "deviceName": [{ "name": terms.software, "type": "user-friendly-name" }],
        "version": [{ "value": env!("CARGO_PKG_VERSION") }],
    });
    let request = client
        .post(url)
        .timeout(Duration::from_secs(u64::from(endpoint.timeout_seconds.max(1))))
        .header(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))
        .header(ACCEPT, HeaderValue::from_static(MEDIA_TYPE))
        .header("nhsd-target-identifier", in_base64(&json!({ "system": system, "value": value })))
        .header("nhsd-end-user-organisation", in_base64(&without_null(organisation)))
        .header("nhsd-requesting-software", in_base64(&software))
        .header("x-correlation-id", parcel.delivery.hyphenated().to_string())
        .header("x-request-id", request_id(parcel).hyphenated().to_string());
    let mut request = with_token(request, endpoint)?;
    // A publisher's header that is no header value is left out: tracing must not stop a notice.
    if let Some(trace) = parcel.traceparent.and_then(|text| HeaderValue::from_str(text).ok()) {
        request = request.header("traceparent", trace);
    }
    Ok(request.body(body).send().await.map_err(|error| Unanswered::from_request(&error))?)
}

/// Asks what the server can do.
pub(crate) async fn capabilities(clients: &Pool, beat: &Beat<'_>) -> Result<Response, Fault> {
    let endpoint = beat.endpoint;
    let guard = Guard { allow_private: endpoint.allow_private };
    let url = beneath(checked(&endpoint.url, guard)?, "metadata")?;
    let request = clients
        .client(&url, guard)
        .await?
        .get(url)
        .timeout(Duration::from_secs(u64::from(endpoint.timeout_seconds.max(1))))
        .header(ACCEPT, HeaderValue::from_static(MEDIA_TYPE))
        .header("x-request-id", beat.id.hyphenated().to_string());
    Ok(with_token(request, endpoint)?.send().await.map_err(|error| Unanswered::from_request(&error))?)
}

fn with_token(request: RequestBuilder, endpoint: &Endpoint) -> Result<RequestBuilder, Fault> {
    let Some(token) = endpoint.secret_settings.get("token") else { return Ok(request) };
    let bearer = HeaderValue::from_str(&format!("Bearer {}", token.0.trim()));
    let mut bearer = bearer.map_err(|_| Fault::Endpoint("its token can't stand in a header".to_owned()))?;
    bearer.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, bearer))
}

/// The base address, with a name at its end.
fn beneath(mut url: Url, name: &str) -> Result<Url, Unanswered> {
    url.path_segments_mut().map_err(|()| Unanswered::BadUrl)?.pop_if_empty().push(name);
    Ok(url)
}

/// Another for every attempt: the delivery's id and the attempt's moment, hashed.
fn request_id(parcel: &Parcel<'_>) -> Uuid {
    let moment = parcel.now.as_nanosecond().to_be_bytes();
    let digest = Sha256::new().chain_update(parcel.delivery.as_bytes()).chain_update(moment).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

fn in_base64(value: &Value) -> String {
    BASE64_STANDARD.encode(value.to_string())
}

fn without_null(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}
