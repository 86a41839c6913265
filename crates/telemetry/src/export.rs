//! The exporter: a bounded queue, a thread that empties it in batches, and a client with timeouts.

use crate::TARGET;
use crate::loss::{CountedExporter, CountedQueue, Tally};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The switch, and the address that spans are posted to, as it stands. In Azure only this one is set: of the other the
/// Functions host makes an export of its own, by gRPC.
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// The switch as well, when the other is not set: the collector, to whose address `/v1/traces` is added.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// What the process is called when neither `OTEL_SERVICE_NAME` nor `OTEL_RESOURCE_ATTRIBUTES` names it.
const SERVICE_NAME_DEFAULT: &str = "phone-billing";
/// Seconds that opening a connection to the collector may take.
const CONNECT_SECONDS: u64 = 3;
/// Seconds that one request to the collector may take, whatever `OTEL_EXPORTER_OTLP_TIMEOUT` allows.
const REQUEST_SECONDS_MAX: u64 = 10;
/// Seconds that handing over the last spans may take when the process ends.
const SHUTDOWN_SECONDS_MAX: u64 = 2;
/// Spans that the queue holds, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise; the SDK's default.
const QUEUE_SPANS: u64 = 2_048;
/// Spans of one batch, unless `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` says otherwise; the SDK's default.
const BATCH_SPANS_MAX: u64 = 512;
/// The samplers of `OTEL_TRACES_SAMPLER` that there are.
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// Why spans cannot be exported. Never a reason not to serve.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// `OTEL_TRACES_SAMPLER` or its argument is not one that there is.
    #[error("OTEL_TRACES_SAMPLER or OTEL_TRACES_SAMPLER_ARG cannot be used")]
    Sampler,
    /// The client for the collector cannot be made.
    #[error("the collector's client cannot be made")]
    Client(#[source] reqwest::Error),
    /// The address of the collector or another setting of the exporter cannot be used.
    #[error("the settings of the exporter cannot be used")]
    Exporter(#[source] ExporterBuildError),
}

/// A running exporter.
#[derive(Debug)]
pub struct Export {
    provider: SdkTracerProvider,
    tally: Arc<Tally>,
}

impl Export {
    /// The exporter that the environment asks for; `None` when neither `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` nor
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` is set, or `OTEL_SDK_DISABLED` is `true`.
    ///
    /// The OpenTelemetry SDK reads the other standard settings: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
    /// `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT` (milliseconds) and their `_TRACES_` forms, `OTEL_TRACES_SAMPLER` (by
    /// default `parentbased_always_on`) with `OTEL_TRACES_SAMPLER_ARG`, and `OTEL_BSP_*` (queue and batches). The
    /// protocol is always `http/protobuf`.
    ///
    /// Must not be called from asynchronous code: the client is a blocking one, for the exporter's own thread.
    pub fn from_environment() -> Result<Option<Self>, ExportError> {
        let get = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let Some(endpoint) = endpoint(get) else { return Ok(None) };
        if !sampler_exists(get("OTEL_TRACES_SAMPLER"), get("OTEL_TRACES_SAMPLER_ARG")) {
            return Err(ExportError::Sampler);
        }
        let client = client(&endpoint).map_err(ExportError::Client)?;
        let exporter = SpanExporter::builder().with_http().with_http_client(client);
        let exporter = exporter.with_protocol(Protocol::HttpBinary).build().map_err(ExportError::Exporter)?;
        let queue = get("OTEL_BSP_MAX_QUEUE_SIZE").and_then(|text| text.parse().ok());
        Ok(Some(Self::of(exporter, resource(get), queue.unwrap_or(QUEUE_SPANS))))
    }

    fn of(
        exporter: impl opentelemetry_sdk::trace::SpanExporter + 'static,
        resource: Resource,
        queue_spans: u64,
    ) -> Self {
        let tally = Arc::new(Tally::new(queue_spans + BATCH_SPANS_MAX));
        let exporter = CountedExporter { exporter, tally: Arc::clone(&tally) };
        let queue = BatchSpanProcessor::builder(exporter).build();
        let queue = CountedQueue { queue, tally: Arc::clone(&tally) };
        let provider =
            SdkTracerProvider::builder().with_resource(resource).with_span_processor(queue).build();
        Self { provider, tally }
    }

    /// The layer that makes the spans of [`spans`](crate::spans) those of OpenTelemetry.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let ours = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target() == TARGET;
        OpenTelemetryLayer::new(self.provider.tracer(env!("CARGO_PKG_NAME")))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(ours).with_max_level_hint(LevelFilter::INFO))
    }

    /// Hands over the spans that wait, for two seconds at most, and says how many were lost since the start. Blocks.
    pub fn shut_down(self) {
        // What cannot be handed over counts as lost.
        let _ = self.provider.shutdown_with_timeout(Duration::from_secs(SHUTDOWN_SECONDS_MAX));
        let lost = self.tally.lost();
        if lost > 0 {
            tracing::warn!(spans.lost = lost, "spans were lost");
        }
    }
}

/// Where the spans go, which the SDK finds in the same way; `None` when they go nowhere.
fn endpoint(get: impl Fn(&'static str) -> Option<String>) -> Option<String> {
    let disabled = get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    get(TRACES_ENDPOINT).or_else(|| get(ENDPOINT)).filter(|_| !disabled)
}

fn client(endpoint: &str) -> Result<reqwest::blocking::Client, reqwest::Error> {
    let builder = reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
        .timeout(Duration::from_secs(REQUEST_SECONDS_MAX));
    let host = reqwest::Url::parse(endpoint).ok().and_then(|url| url.host_str().map(str::to_owned));
    let local = matches!(host.as_deref(), Some("127.0.0.1" | "localhost" | "[::1]"));
    // A developer's proxy cannot reach the developer's own machine.
    if local { builder.no_proxy().build() } else { builder.build() }
}

/// The SDK would fall back to sampling everything, which costs.
fn sampler_exists(sampler: Option<String>, argument: Option<String>) -> bool {
    let Some(sampler) = sampler else { return true };
    let ratio = argument.and_then(|text| text.parse::<f64>().ok());
    let needs_ratio = sampler.ends_with("traceidratio");
    SAMPLERS.contains(&sampler.as_str())
        && (!needs_ratio || ratio.is_some_and(|ratio| (0.0..=1.0).contains(&ratio)))
}

/// Who sends the spans. The app settings that Azure gives every instance say where it runs.
fn resource(get: impl Fn(&'static str) -> Option<String>) -> Resource {
    let named = get("OTEL_SERVICE_NAME").is_some()
        || get("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    let site = get("WEBSITE_SITE_NAME");
    let mut builder = Resource::builder();
    if !named {
        builder = builder.with_service_name(site.clone().unwrap_or_else(|| SERVICE_NAME_DEFAULT.to_owned()));
    }
    if let Some(site) = site {
        let azure = [
            KeyValue::new("cloud.provider", "azure"),
            KeyValue::new("cloud.platform", "azure.functions"),
            KeyValue::new("faas.name", site),
        ];
        builder = builder.with_attributes(azure);
    }
    let instance = get("WEBSITE_INSTANCE_ID").or_else(|| get("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"));
    builder
        .with_attributes(instance.map(|id| KeyValue::new("service.instance.id", id)))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())))
        .build()
}

#[cfg(test)]
impl Export {
    /// An exporter to somewhere else.
    pub(crate) fn to(exporter: impl opentelemetry_sdk::trace::SpanExporter + 'static) -> Self {
        Self::of(exporter, Resource::builder_empty().build(), QUEUE_SPANS)
    }

    /// Exports what waits.
    pub(crate) fn flush(&self) -> opentelemetry_sdk::error::OTelSdkResult {
        self.provider.force_flush()
    }
}

#[cfg(test)]
mod tests;
