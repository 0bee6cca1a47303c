//! Every URI and code list that a bundle names, once. Those of the NHS and HL7 are theirs; `urn:placement-hub:` is ours.

/// Identifiers that are URIs: `urn:uuid:` and a delivery's id is that of its message.
pub const URI: &str = "urn:ietf:rfc:3986";
/// NHS numbers.
pub const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
/// Health organisations, GP practices among them.
pub const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
/// Authorities and areas, by the Office for National Statistics.
pub const GSS: &str = "http://statistics.data.gov.uk/id/statistical-geography";
/// Services in the NHS's directory: whom a message is for.
pub const SERVICE: &str = "http://fhir.nhs.uk/Id/dos-service-id";

/// BaRS: what a message is.
pub const BARS_EVENT: &str = "https://fhir.nhs.uk/CodeSystem/message-events-bars";
/// BaRS: `new` or `update`.
pub const BARS_REASON: &str = "https://fhir.nhs.uk/CodeSystem/message-reason-bars";
pub const BARS_CATEGORY: &str = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest";
pub const BARS_REFERRAL: &str = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral";

/// UK Core: what is known of an NHS number.
pub const VERIFICATION: &str = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus";
pub const VERIFICATION_CODES: &str = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus";
/// HL7: why a required value is not given.
pub const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
pub const LOCATION_KIND: &str = "http://terminology.hl7.org/CodeSystem/location-physical-type";

/// The referral's id, given by the authority that is its `assigner`: in the referral, in its withdrawal, and as what a later one
/// `replaces`.
pub const REFERRAL: &str = "urn:placement-hub:referral";
/// A referral's whole reference, `<authority>/<child's id there>/<referral's id>`: the `requisition` of a ServiceRequest, revoked
/// or not. It comes back in every answer.
pub const REFERENCE: &str = "urn:placement-hub:referral-reference";
/// A provider's word on a referral: the six statuses of `referral-update`.
pub const REFERRAL_STATUS: &str = "urn:placement-hub:referral-status";
/// A stay's id at its authority, the `assigner`.
pub const PLACEMENT: &str = "urn:placement-hub:placement";
/// The child's id at its authority, the `assigner`.
pub const LOCAL_ID: &str = "urn:placement-hub:child";
/// A claim's opaque id.
pub const CLAIM: &str = "urn:placement-hub:claim";
/// An obligation's id: the envelope's `subject`.
pub const OBLIGATION: &str = "urn:placement-hub:obligation";

/// Kinds of delivery, where they are no BaRS message.
pub const EVENT: &str = "urn:placement-hub:event";
/// What a Task asks for.
pub const TASK: &str = "urn:placement-hub:task";
/// The names of a Task's inputs.
pub const INPUT: &str = "urn:placement-hub:task-input";
/// What an Observation is of.
pub const NEED: &str = "urn:placement-hub:need";
/// `social-worker`, `reviewing-officer`.
pub const CONTACT: &str = "urn:placement-hub:contact";
/// Which service a referral asks for.
pub const ASKED_FOR: &str = "urn:placement-hub:service";
/// SSDA903 placement types.
pub const PLACEMENT_TYPE: &str = "urn:placement-hub:ssda903-placement-type";

/// Extension of the MessageHeader: `sequence`, `supersedes`, `basis`, `due-by` of the delivery.
pub const DELIVERY: &str = "urn:placement-hub:delivery";
/// Extensions of the EpisodeOfCare that a stay is: their names follow this.
pub const STAY: &str = "urn:placement-hub:stay";
/// Extensions of a referral: their names follow this.
pub const ASKED: &str = "urn:placement-hub:referral";
/// Extension of an Attachment: the document's SHA-256 digest in hexadecimal (`hash` of FHIR is SHA-1).
pub const SHA256: &str = "urn:placement-hub:sha256";
