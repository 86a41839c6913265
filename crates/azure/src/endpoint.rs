//! Where a service is.

use app::ports::is_loopback;
use azure_core::http::Url;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Of the bus: neither `BUS_ENDPOINT` with `BUS_TOKEN` nor `SERVICEBUS__fullyQualifiedNamespace` is set.
    #[error("set SERVICEBUS__fullyQualifiedNamespace, or BUS_ENDPOINT and BUS_TOKEN")]
    NoEndpoint,
    /// The endpoint is not a plain absolute URL: it has no host, or a user, a query or a fragment.
    #[error("the endpoint is not a URL of scheme, host, port and path")]
    NotAnEndpoint,
    /// The endpoint is plain `http` and not on this machine: tokens would cross the network in the open.
    #[error("only an endpoint on this machine may be plain http")]
    Insecure,
    /// `BUS_RESOURCE_URL` is no endpoint.
    #[error("BUS_RESOURCE_URL cannot be used")]
    Resource(#[source] Box<Self>),
    /// The managed identity's settings are not usable.
    #[error("there is no credential")]
    Identity(#[source] azure_core::Error),
    /// The HTTP client could not be made, for want of a TLS back end.
    #[error("there is no HTTP client")]
    Transport(#[source] reqwest::Error),
}

/// Where a service is.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    root: Url,
    local: bool,
}

impl Endpoint {
    /// `https` anywhere, `http` on this machine.
    pub(crate) fn parse(text: &str) -> Result<Self, ClientError> {
        let root = Url::parse(text).map_err(|_| ClientError::NotAnEndpoint)?;
        let plain = root.username().is_empty() && root.password().is_none();
        if !plain || root.query().is_some() || root.fragment().is_some() || root.cannot_be_a_base() {
            return Err(ClientError::NotAnEndpoint);
        }
        let local = root.scheme() == "http";
        match root.scheme() {
            "https" => Ok(Self { root, local }),
            "http" if is_loopback(root.host_str().unwrap_or_default()) => Ok(Self { root, local }),
            "http" => Err(ClientError::Insecure),
            _ => Err(ClientError::NotAnEndpoint),
        }
    }

    /// Plain `http`, which only an endpoint on this machine may be.
    pub(crate) fn is_local(&self) -> bool {
        self.local
    }

    /// The endpoint itself.
    pub(crate) fn root(&self) -> Url {
        self.root.clone()
    }

    /// What is below the endpoint: `segments`, percent-encoded as a path needs it, one under the other.
    pub(crate) fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(endpoint: &str, messages: &str) {
        assert_eq!(Endpoint::parse(endpoint).unwrap().below(&["events", "messages"]).as_str(), messages);
    }

    #[test]
    fn what_is_addressed_goes_below_the_endpoint() {
        check("https://n.servicebus.windows.net", "https://n.servicebus.windows.net/events/messages");
        check("https://n.servicebus.windows.net/", "https://n.servicebus.windows.net/events/messages");
        check("http://127.0.0.1:7071/servicebus", "http://127.0.0.1:7071/servicebus/events/messages");
        check("http://localhost:1/servicebus/", "http://localhost:1/servicebus/events/messages");
        check("http://[::1]:1", "http://[::1]:1/events/messages");
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for text in ["http://n.servicebus.windows.net", "http://10.0.0.1", "http://localhost.example.com"] {
            assert!(matches!(Endpoint::parse(text), Err(ClientError::Insecure)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_endpoints() {
        for text in [
            "",
            "n.servicebus.windows.net",
            "sb://n",
            "https://u:p@n",
            "https://n?x=1",
            "https://n#x",
            "mailto:x",
        ] {
            assert!(matches!(Endpoint::parse(text), Err(ClientError::NotAnEndpoint)), "{text}");
        }
    }
}
