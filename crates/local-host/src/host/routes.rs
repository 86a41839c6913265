//! Which function a request belongs to.

use super::function::{Function, Trigger};
use super::template::Template;
use crate::problem::Problem;
use axum::http::header::{ALLOW, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;

/// The routes of the HTTP functions: nothing else is ever forwarded, so no trigger's path can be reached from outside.
pub(crate) struct Routes {
    prefix: Vec<String>,
    /// The more particular first.
    routes: Vec<Route>,
}

struct Route {
    function: String,
    template: Template,
    methods: Vec<Method>,
}

/// Why a request belongs to no function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unrouted {
    /// No function has this path.
    NotFound,
    /// Functions with this path take these methods.
    OtherMethods(BTreeSet<String>),
}

impl Routes {
    /// The routes of all functions that are not switched off.
    pub(crate) fn new(prefix: &str, functions: &[Function]) -> Self {
        let mut routes: Vec<Route> = functions.iter().filter_map(route).collect();
        routes.sort_by(|a, b| a.template.precedence(&b.template));
        let prefix = prefix.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { prefix, routes }
    }

    /// The function that a request belongs to.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<&str, Unrouted> {
        let segments = segments(path).ok_or(Unrouted::NotFound)?;
        let (prefix, rest) = segments.split_at_checked(self.prefix.len()).ok_or(Unrouted::NotFound)?;
        if !prefix.iter().zip(&self.prefix).all(|(a, b)| a.eq_ignore_ascii_case(b)) {
            return Err(Unrouted::NotFound);
        }
        let known: Vec<&Route> = self.routes.iter().filter(|route| route.template.matches(rest)).collect();
        if known.is_empty() {
            return Err(Unrouted::NotFound);
        }
        let takes = |route: &&&Route| route.methods.is_empty() || route.methods.contains(method);
        if let Some(route) = known.iter().find(takes) {
            return Ok(&route.function);
        }
        let methods = known.iter().flat_map(|route| &route.methods).map(Method::to_string);
        Err(Unrouted::OtherMethods(methods.collect()))
    }
}

fn route(function: &Function) -> Option<Route> {
    match &function.trigger {
        Trigger::Http { route, methods } if !function.disabled => {
            Some(Route { function: function.name.clone(), template: route.clone(), methods: methods.clone() })
        }
        Trigger::Http { .. } | Trigger::ServiceBus { .. } | Trigger::Timer { .. } => None,
    }
}

/// The decoded segments of a path. `None` for a path that is none, or that leads upwards: the real server resolves
/// those before it routes, so no function ever sees one.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let decoded =
        path.split('/').map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8().ok());
    let segments: Vec<String> = decoded.map(|segment| segment.map(String::from)).collect::<Option<_>>()?;
    let upwards = segments.iter().any(|segment| segment == "." || segment == "..");
    (!upwards).then_some(segments)
}

impl Unrouted {
    /// What the caller is told.
    pub(crate) fn into_response(self, method: &Method, path: &str) -> Response {
        match self {
            Self::NotFound => Problem::not_found(format!("no function is at {path}")).into_response(),
            Self::OtherMethods(methods) => {
                let detail = format!("{method} is not allowed at {path}");
                let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
                let mut response = problem.into_response();
                let allow = methods.into_iter().collect::<Vec<_>>().join(", ");
                if let Ok(allow) = HeaderValue::from_str(&allow) {
                    response.headers_mut().insert(ALLOW, allow);
                }
                response
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, route: &str, methods: &[Method], disabled: bool) -> Function {
        let trigger = Trigger::Http { route: Template::parse(route).unwrap(), methods: methods.to_vec() };
        Function { name: name.to_owned(), trigger, disabled }
    }

    fn routes() -> Routes {
        let message = Trigger::ServiceBus { binding: "message".to_owned(), source: "billing".to_owned() };
        Routes::new(
            "api",
            &[
                function("orders_list", "orders", &[Method::GET], false),
                function("orders_open", "orders", &[Method::POST], false),
                function("order", "orders/{id}", &[Method::GET], false),
                function("newest", "orders/newest", &[Method::GET], false),
                function("any", "any", &[], false),
                function("off", "off", &[], true),
                Function { name: "billing_chunk".to_owned(), trigger: message, disabled: false },
            ],
        )
    }

    #[test]
    fn a_request_finds_its_function_by_path_and_method() {
        for (method, path, expected) in [
            (Method::GET, "/api/orders", "orders_list"),
            (Method::POST, "/api/orders", "orders_open"),
            (Method::GET, "/API/Orders", "orders_list"),
            (Method::GET, "/api/orders/7", "order"),
            (Method::GET, "/api/orders/newest", "newest"),
            (Method::GET, "/api/orders/a%2Fb", "order"),
            (Method::DELETE, "/api/any", "any"),
        ] {
            assert_eq!(routes().find(&method, path), Ok(expected), "{method} {path}");
        }
    }

    #[test]
    fn what_no_function_claims_is_not_found() {
        for path in [
            "/",
            "/api",
            "/api/",
            "/orders",
            "/api/other",
            "/api/off",
            "/billing_chunk",
            "/api/billing_chunk",
            "/api/../billing_chunk",
            "/api/orders/..",
            "/api/orders/%2e%2e",
            "/api/orders/%ff",
            "*",
        ] {
            assert_eq!(routes().find(&Method::GET, path), Err(Unrouted::NotFound), "{path}");
        }
    }

    #[test]
    fn another_method_is_told_which_ones_there_are() {
        let Err(unrouted) = routes().find(&Method::PUT, "/api/orders") else { panic!() };
        let response = unrouted.into_response(&Method::PUT, "/api/orders");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[ALLOW], "GET, POST");
    }
}
