//! What happens around every function: a span for its log lines, a deadline, and an answer even when it panics.

use crate::edge::Failure;
use crate::edge::failure::HeldBack;
use crate::edge::log::Service;
use app::ports::{Clock, Ids};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::problem::{Code, Problem};
use contract::trace::TraceParent;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{Instrument, Span};

/// The host names each invocation in this header. A caller can send one too; the host's comes last.
const INVOCATION_ID: &str = "X-Azure-Functions-InvocationId";
const TRACEPARENT: &str = "traceparent";
/// Characters of an invocation id; the host's have 36.
const INVOCATION_ID_CHARS_MAX: usize = 64;

/// How the paths of HTTP functions begin; the other ones are called by the host itself.
const HTTP: &str = "/api/";

/// What the layer needs.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    /// How long one invocation may take.
    pub(crate) deadline: Duration,
    /// Which service the function at a route belongs to.
    pub(crate) services: Arc<HashMap<&'static str, Service>>,
}

/// What is known of an invocation before its body is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Invoked {
    /// The host's id of it, or one of ours.
    pub(crate) id: String,
    /// The trace in the request's header.
    pub(crate) caller: Option<TraceParent>,
    /// That trace as it is handed on, or a trace that starts here.
    pub(crate) trace: Option<TraceParent>,
}

/// Runs a request in a task of its own: it goes on when the caller hangs up, so that what was committed is also
/// published; and its panic ends nothing but itself.
pub(crate) async fn layer(State(around): State<Around>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let invocation = invocation_id(request.headers()).unwrap_or_else(|| around.fresh());
    let caller = trace(request.headers());
    let exported = exported(&request, &invocation, caller.as_ref());
    let trace = telemetry::spans::traceparent(&exported).or_else(|| around.trace(caller.as_ref()));
    let span = around.span(&request, &exported, &invocation, trace.as_ref());
    let invoked = Invoked { id: invocation.clone(), caller, trace: trace.clone() };
    request.extensions_mut().insert(invoked);
    let work = tokio::time::timeout(around.deadline, traced(trace, next.run(request)));
    // Both are entered, the log's last: a call's span finds the one above it among those that are entered.
    let work = work.instrument(span.clone()).instrument(exported.clone());
    let mut response = match tokio::spawn(work).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            let seconds = around.deadline.as_secs();
            span.in_scope(|| {
                tracing::error!(deadline_seconds = seconds, "gave up an invocation at its deadline");
            });
            problem(Code::DeadlineExceeded, invocation)
        }
        Err(_) => problem(Code::Internal, invocation), // the panic hook has logged it
    };
    let unset = HeaderValue::from_static("no-store");
    response.headers_mut().entry(CACHE_CONTROL).or_insert(unset);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    span.in_scope(|| finished(&response, started.elapsed()));
    telemetry::spans::answered(&exported, response.status().as_u16());
    // All is told, and the deadline is behind it: should the process be killed now, nothing is lost with it. Even a sleep
    // of no time would wait for the timer's next tick.
    if let Some(HeldBack(pause)) = response.extensions_mut().remove()
        && !pause.is_zero()
    {
        tokio::time::sleep(pause).await;
    }
    response
}

/// What is sent in a trace carries it on.
async fn traced<T>(trace: Option<TraceParent>, work: impl Future<Output = T>) -> T {
    match trace {
        Some(trace) => app::trace::within(trace.as_str().to_owned(), work).await,
        None => work.await,
    }
}

impl Around {
    fn fresh(&self) -> String {
        self.ids.mint(self.clock.now())
    }

    /// What is handed on when no span is exported: a span in the caller's trace, or in one that starts here.
    fn trace(&self, caller: Option<&TraceParent>) -> Option<TraceParent> {
        let fresh = self.fresh();
        caller.and_then(|caller| caller.child(&fresh)).or_else(|| TraceParent::start(&fresh))
    }

    /// The fields of the invocation's log lines.
    fn span(
        &self,
        request: &Request,
        exported: &Span,
        invocation: &str,
        trace: Option<&TraceParent>,
    ) -> Span {
        let route = route(request);
        let service = route.and_then(|route| self.services.get(route));
        tracing::info_span!(
            parent: exported,
            "invocation",
            invocation.id = invocation,
            trace.id = trace.map(TraceParent::trace_id),
            span.id = trace.map(TraceParent::span_id),
            saga.id = tracing::field::Empty,
            service = service.map(|service| service.name()),
            http.method = request.method().as_str(),
            http.route = route.unwrap_or_default(),
        )
    }
}

/// The route, not the path: its ids would make every line another line.
fn route(request: &Request) -> Option<&str> {
    request.extensions().get::<MatchedPath>().map(MatchedPath::as_str)
}

/// The span of a request for the collector. Triggers make theirs when they know what they were called with, and the
/// host's probes are of no interest.
fn exported(request: &Request, invocation: &str, caller: Option<&TraceParent>) -> Span {
    if request.uri().path().starts_with(HTTP) {
        telemetry::spans::request(request.method().as_str(), route(request), invocation, caller)
    } else {
        Span::none()
    }
}

fn invocation_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get_all(INVOCATION_ID).iter().next_back()?.to_str().ok()?;
    // A proxy may have joined repeated headers into one.
    let id = id.rsplit(',').next().unwrap_or_default().trim();
    let valid = (1..=INVOCATION_ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    valid.then(|| id.to_owned())
}

fn trace(headers: &HeaderMap) -> Option<TraceParent> {
    TraceParent::parse(headers.get_all(TRACEPARENT).iter().next_back()?.to_str().ok()?)
}

fn problem(code: Code, invocation: String) -> Response {
    Failure::from(Problem::new(code).with("invocationId", invocation)).into_response()
}

fn finished(response: &Response, elapsed: Duration) {
    let (status, elapsed_ms) = (response.status().as_u16(), elapsed.as_secs_f64() * 1000.0);
    tracing::debug!(http.status = status, elapsed_ms, "answered");
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use jiff::Timestamp;
    use std::sync::Mutex;
    use tower::ServiceExt;
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::{Context, SubscriberExt};

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    impl Ids for Still {
        fn mint(&self, _: Timestamp) -> String {
            "0192f0c1a2b37c4d8e9f0123456789ab".to_owned()
        }
    }

    const PAUSE: Duration = Duration::from_secs(30);

    async fn call(deadline: Duration, uri: &str) -> (u16, String) {
        let around =
            Around { clock: Arc::new(Still), ids: Arc::new(Still), deadline, services: Arc::default() };
        let router = Router::new()
            .route("/panic", get(async || -> &str { panic!("a fault of ours") }))
            .route("/never", get(std::future::pending::<&str>))
            .route("/held", get(async || Failure { held_back: PAUSE, ..Failure::from(Code::Unavailable) }))
            .layer(axum::middleware::from_fn_with_state(around, layer));
        let request = Request::get(uri).header(INVOCATION_ID, "spoofed").header(INVOCATION_ID, "host-1");
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_of_500_with_the_hosts_invocation_id() {
        let (status, body) = call(Duration::from_secs(5), "/panic").await;
        assert_eq!(status, 500);
        assert!(
            body.contains(r#""code":"internal""#) && body.contains(r#""invocationId":"host-1""#),
            "{body}"
        );
        assert!(!body.contains("fault"), "{body}");
    }

    #[tokio::test]
    async fn an_invocation_that_takes_too_long_is_given_up() {
        let (status, body) = call(Duration::from_millis(1), "/never").await;
        assert_eq!(status, 503);
        assert!(body.contains(r#""code":"deadline_exceeded""#), "{body}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_held_back_whatever_the_deadline_and_its_line_is_written_before() {
        // What meets a line first without a listener, in another test's thread, would decide that nobody listens.
        call(PAUSE, "/held").await;
        let start = tokio::time::Instant::now();
        let written = Arc::new(Mutex::new(Vec::new()));
        let _listening = tracing::subscriber::set_default(
            tracing_subscriber::registry().with(Lines { start, written: written.clone() }),
        );
        let (status, body) = call(PAUSE / 2, "/held").await;
        assert_eq!((status, start.elapsed()), (503, PAUSE));
        assert!(body.contains(r#""code":"unavailable""#), "{body}");
        assert_eq!(*written.lock().unwrap(), [Duration::ZERO], "the line that says that it is answered");
    }

    /// When lines are written.
    struct Lines {
        start: tokio::time::Instant,
        written: Arc<Mutex<Vec<Duration>>>,
    }

    impl<S: tracing::Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            if event.metadata().target() == module_path!().trim_end_matches("::tests") {
                self.written.lock().unwrap().push(self.start.elapsed());
            }
        }
    }

    #[test]
    fn the_hosts_invocation_id_is_the_last_one() {
        let mut headers = HeaderMap::new();
        assert_eq!(invocation_id(&headers), None);
        headers.insert(INVOCATION_ID, HeaderValue::from_static("spoofed, host-2"));
        assert_eq!(invocation_id(&headers).as_deref(), Some("host-2"));
        headers.insert(INVOCATION_ID, HeaderValue::from_static("with space"));
        assert_eq!(invocation_id(&headers), None);
    }
}
