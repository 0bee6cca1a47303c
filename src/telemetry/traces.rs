//! Traces: from the publisher's `traceparent` through receive, record and each attempt to the recipient's `traceparent`. Off unless the
//! settings name a collector.
//!
//! A message is recorded with the context of its `receive`, so attempts hang beneath it whenever they come, and whichever hub makes
//! them. Spans hold codes, kinds, ids of the hub's own and outcomes: nothing of a child. What the collector does not take is dropped,
//! never waited for.

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span};
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

/// Spans that wait for the collector: a second's worth at the highest rate, some 4 MB. More are dropped.
const WAITING_MAX: usize = 8_192;
/// How long a collector may take for one batch.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often spans leave, and so what a crash may cost.
const EVERY: Duration = Duration::from_secs(1);

/// Where spans go.
#[derive(Default)]
pub struct Traces(Option<Collected>);

struct Collected {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// A span that has begun; it ends when it is dropped. Without a collector it is nothing.
#[must_use]
pub struct Started(Option<Span>);

impl Traces {
    /// To a collector that takes OTLP over HTTP. Of messages that bring no trace with them, so many in 100 begin one; the others do
    /// as their publisher's says.
    ///
    /// # Errors
    /// A sentence, where the endpoint is no URL or the exporter cannot be made.
    pub fn to(endpoint: &str, percent: u8) -> Result<Self, String> {
        // An error only says that a provider is there already, which then is the process's choice.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| format!("telemetry.otlp_endpoint: traces cannot be sent there: {error}"))?;
        let queue = BatchConfigBuilder::default().with_max_queue_size(WAITING_MAX).with_scheduled_delay(EVERY).build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(queue).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(f64::from(percent) / 100.0))))
            .with_resource(
                Resource::builder()
                    .with_service_name(env!("CARGO_PKG_NAME"))
                    .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                    .build(),
            )
            .build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Self(Some(Collected { provider, tracer })))
    }

    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A message that comes in, since so long.
    pub fn receive(&self, parent: Option<&str>, since: Duration, intake: &'static str) -> Started {
        let mut span = self.begin("receive", SpanKind::Consumer, parent, since);
        span.note("placement_hub.intake", intake);
        span
    }

    /// One attempt to deliver; what goes out on the way of the hub's own broker is a message too.
    pub fn attempt(&self, parent: Option<&str>, adapter: &'static str) -> Started {
        let kind = if adapter == "queue" { SpanKind::Producer } else { SpanKind::Client };
        let mut span = self.begin("deliver", kind, parent, Duration::ZERO);
        span.note("placement_hub.adapter", adapter);
        span
    }

    /// A part of what `parent` is.
    pub fn part(&self, name: &'static str, parent: &Started) -> Started {
        let parent = parent.traceparent();
        self.begin(name, SpanKind::Internal, parent.as_deref(), Duration::ZERO)
    }

    fn begin(&self, name: &'static str, kind: SpanKind, parent: Option<&str>, since: Duration) -> Started {
        Started(self.0.as_ref().map(|collected| {
            let begun = SystemTime::now().checked_sub(since);
            let builder = SpanBuilder { span_kind: Some(kind), start_time: begun, ..SpanBuilder::from_name(name) };
            let context = parent.and_then(remote).map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
            collected.tracer.build_with_context(builder, &context)
        }))
    }

    /// Sends what waits, within a bound. Blocks: not for a thread of the runtime.
    pub fn close(&self) {
        if let Some(collected) = &self.0
            && collected.provider.shutdown_with_timeout(PATIENCE).is_err()
        {
            tracing::warn!("the last spans did not reach the collector");
        }
    }
}

impl Started {
    pub fn note(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// It did not do what it is for; `why` without child data.
    pub fn failed(&mut self, why: impl Into<Cow<'static, str>>) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(why));
        }
    }

    /// For whoever comes next. None without a collector: then the publisher's own goes along.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        let context = self.0.as_ref()?.span_context();
        Some(format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags()))
    }
}

/// W3C Trace Context; none where it is not well formed.
fn remote(text: &str) -> Option<SpanContext> {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else { return None };
    let lengths = [version.len(), trace.len(), span.len(), flags.len()] == [2, 32, 16, 2];
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-');
    if !lengths || !plain || *version == "ff" {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_parent_is_one() {
        for (text, is_one) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("Ada Example", false),
        ] {
            assert_eq!(remote(text).is_some(), is_one, "{text}");
        }
    }

    #[test]
    fn without_a_collector_a_span_is_nothing() {
        let traces = Traces::default();
        let mut span = traces.receive(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), Duration::ZERO, "http");
        span.note("a", "b");
        assert!(!traces.is_on() && span.traceparent().is_none());
        traces.close();
    }

    #[test]
    fn a_span_hands_its_own_context_on_and_says_whether_it_is_kept() {
        // Nobody listens there: what cannot be sent is dropped.
        let traces = Traces::to("http://127.0.0.1:9/v1/traces", 0).unwrap();
        for (flag, kept) in [("01", "01"), ("00", "00")] {
            let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flag}");
            let handed_on = traces.attempt(Some(&parent), "webhook").traceparent().unwrap();
            assert!(
                handed_on.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && handed_on.ends_with(&format!("-{kept}")),
                "{handed_on}"
            );
            assert!(!handed_on.contains("00f067aa0ba902b7"), "{handed_on}");
        }
        let alone = traces.receive(None, Duration::ZERO, "http").traceparent().unwrap();
        assert!(alone.ends_with("-00"), "none of 100 begin a trace: {alone}");
    }

    #[test]
    fn an_endpoint_that_is_none_is_told() {
        assert!(Traces::to("not a url", 100).err().unwrap().contains("telemetry.otlp_endpoint"));
    }
}
