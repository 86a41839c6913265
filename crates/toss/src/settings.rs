use app::ports::is_loopback;
use domain::limits::GATEWAY_SECONDS_MAX;
use reqwest::Url;
use std::time::Duration;

const ENDPOINT: &str = "https://api.tosspayments.com";
/// How an app setting begins that is taken from Key Vault. App Service leaves it as it is when it cannot follow it.
const REFERENCE: &str = "@Microsoft.KeyVault(";

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A setting that has no default is not there.
    #[error("set {0}")]
    Missing(&'static str),
    /// A setting is there and not usable: `TOSS_ENDPOINT` is a URL of scheme, host, port and path;
    /// `GATEWAY_TIMEOUT_MS` is a number from 1 to [`GATEWAY_SECONDS_MAX`] seconds.
    #[error("{0} is not usable")]
    Invalid(&'static str),
    /// App Service has not put the secret in the place of the setting's reference to it: the identity may not read it,
    /// or there is none.
    #[error("{0} is a reference to Key Vault that was not resolved")]
    Unresolved(&'static str),
    /// The endpoint is plain `http` and not on this machine: the key would cross the network in the open.
    #[error("only an endpoint on this machine may be plain http")]
    Insecure,
    /// The HTTP client could not be made, for want of a TLS back end.
    #[error("there is no HTTP client")]
    Transport(#[source] reqwest::Error),
}

/// The merchant's secret key. Its `Debug` form hides it.
#[derive(Clone)]
pub struct SecretKey(String);

impl SecretKey {
    /// The key, `test_sk…` or `live_sk…`.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

/// Where the gateway is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct TossOptions {
    /// Scheme, host and port, and a path to put before `/v1/payments`, such as `http://127.0.0.1:7071/toss`.
    pub endpoint: String,
    /// The merchant's secret key.
    pub secret_key: SecretKey,
    /// How long one request may take, from connecting to the end of the answer.
    pub timeout: Duration,
}

impl TossOptions {
    /// `TOSS_SECRET_KEY`, `TOSS_ENDPOINT` (Toss Payments itself when unset) and `GATEWAY_TIMEOUT_MS`
    /// ([`GATEWAY_SECONDS_MAX`] seconds when unset).
    pub fn from_settings(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, ClientError> {
        let key = get("TOSS_SECRET_KEY").filter(|key| !key.is_empty());
        let key = key.ok_or(ClientError::Missing("TOSS_SECRET_KEY"))?;
        if is_reference(&key) {
            return Err(ClientError::Unresolved("TOSS_SECRET_KEY"));
        }
        let longest = GATEWAY_SECONDS_MAX * 1_000;
        let timeout = match get("GATEWAY_TIMEOUT_MS") {
            None => Some(longest),
            Some(text) => text.parse().ok().filter(|ms| (1..=longest).contains(ms)),
        };
        Ok(Self {
            endpoint: get("TOSS_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()),
            secret_key: SecretKey::new(key),
            timeout: timeout.map(Duration::from_millis).ok_or(ClientError::Invalid("GATEWAY_TIMEOUT_MS"))?,
        })
    }
}

/// App Service knows the words in any case.
fn is_reference(value: &str) -> bool {
    value.get(..REFERENCE.len()).is_some_and(|start| start.eq_ignore_ascii_case(REFERENCE))
}

/// `{endpoint}/v1/payments`, and whether it is on this machine.
pub(crate) fn base(endpoint: &str) -> Result<(Url, bool), ClientError> {
    let invalid = || ClientError::Invalid("TOSS_ENDPOINT");
    let mut url = Url::parse(endpoint).map_err(|_| invalid())?;
    let plain = url.username().is_empty() && url.password().is_none();
    if !plain || url.query().is_some() || url.fragment().is_some() {
        return Err(invalid());
    }
    let local = is_loopback(url.host_str().unwrap_or_default());
    match url.scheme() {
        "https" => {}
        "http" if local => {}
        "http" => return Err(ClientError::Insecure),
        _ => return Err(invalid()),
    }
    url.path_segments_mut().map_err(|()| invalid())?.pop_if_empty().extend(["v1", "payments"]);
    Ok((url, local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(settings: &[(&str, &str)]) -> Result<TossOptions, ClientError> {
        let find = |key| settings.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        TossOptions::from_settings(find)
    }

    #[test]
    fn without_settings_but_the_key_it_is_toss_payments_for_ten_seconds() {
        let options = from(&[("TOSS_SECRET_KEY", "test_sk_hush")]).unwrap();
        assert_eq!(options.endpoint, "https://api.tosspayments.com");
        assert_eq!(options.timeout, Duration::from_secs(GATEWAY_SECONDS_MAX));
        assert!(!format!("{options:?}").contains("hush"));
        assert!(matches!(from(&[("TOSS_SECRET_KEY", "")]), Err(ClientError::Missing("TOSS_SECRET_KEY"))));
    }

    #[test]
    fn a_reference_that_was_not_resolved_is_no_key() {
        for key in ["@Microsoft.KeyVault(VaultName=hush;SecretName=k)", "@microsoft.keyvault(SecretUri=hush)"]
        {
            let error = from(&[("TOSS_SECRET_KEY", key)]).unwrap_err();
            assert!(matches!(error, ClientError::Unresolved("TOSS_SECRET_KEY")), "{error:?}");
            let told = format!("{error} {error:?}");
            assert!(told.contains("TOSS_SECRET_KEY") && !told.contains("hush"), "{told}");
        }
        for key in ["@Microsoft.KeyVault", "test_sk_@Microsoft.KeyVault(", "한국어 열쇠입니다"] {
            assert!(from(&[("TOSS_SECRET_KEY", key)]).is_ok(), "{key}");
        }
    }

    #[test]
    fn a_timeout_is_longer_than_nothing_and_no_longer_than_the_limit() {
        let with = |ms| from(&[("TOSS_SECRET_KEY", "k"), ("GATEWAY_TIMEOUT_MS", ms)]);
        assert_eq!(with("2000").unwrap().timeout, Duration::from_secs(2));
        for ms in ["0", "10001", "-1", "2s", ""] {
            assert!(matches!(with(ms), Err(ClientError::Invalid("GATEWAY_TIMEOUT_MS"))), "{ms}");
        }
    }

    #[test]
    fn the_key_leaves_this_machine_only_by_https() {
        let path = |endpoint| base(endpoint).unwrap().0.to_string();
        assert_eq!(path("https://api.tosspayments.com"), "https://api.tosspayments.com/v1/payments");
        assert_eq!(path("http://127.0.0.1:7071/toss/"), "http://127.0.0.1:7071/toss/v1/payments");
        assert!(matches!(base("http://api.tosspayments.com"), Err(ClientError::Insecure)));
        for text in
            ["", "api.tosspayments.com", "https://u:p@h", "https://h?x", "https://h#x", "mailto:x", "ftp://h"]
        {
            assert!(matches!(base(text), Err(ClientError::Invalid("TOSS_ENDPOINT"))), "{text}");
        }
    }
}
