//! What the pages are told about the world around them.

use crate::edge::settings::HttpUrl;
use serde::Serialize;

/// The gateway's script, when no other is named.
const SDK: &str = "https://js.tosspayments.com/v2/standard";
/// What is asked of the issuer, when nothing else is named.
const SCOPE: &str = "openid";

/// What the pages are told; nothing of it is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebSettings {
    sign_in: Option<SignIn>,
    gateway: Option<Gateway>,
}

/// How people sign in: the authorization code flow with PKCE of an `OpenID` Connect issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignIn {
    /// `TOKEN_ISSUER`; its configuration is below `/.well-known/`.
    pub(super) issuer: String,
    /// `WEB_CLIENT_ID`: the pages' public client.
    client_id: String,
    /// `WEB_SCOPE`: what they ask for.
    scope: String,
}

/// The payment gateway's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Gateway {
    /// `TOSS_CLIENT_KEY`: public, unlike the secret key.
    client_key: String,
    /// `TOSS_SDK_URL`: the script that opens the form.
    pub(super) sdk: String,
}

/// A setting of the pages that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an http or https URL")]
pub(crate) struct WebSettingError(&'static str);

impl WebSettings {
    /// Reads the settings. Without `WEB_CLIENT_ID` nobody can sign in with the pages, without `TOSS_CLIENT_KEY`
    /// nobody can pay with them; both are for those who serve the API alone.
    pub(crate) fn from_vars(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, WebSettingError> {
        let checked = |name, text: String| match HttpUrl::parse(&text) {
            Some(_) => Ok(text),
            None => Err(WebSettingError(name)),
        };
        let sign_in = match (get("WEB_CLIENT_ID"), get("TOKEN_ISSUER")) {
            (Some(client_id), Some(issuer)) => {
                let issuer = checked("TOKEN_ISSUER", issuer)?;
                let scope = get("WEB_SCOPE").unwrap_or_else(|| SCOPE.to_owned());
                Some(SignIn { issuer, client_id, scope })
            }
            (None, _) | (_, None) => None,
        };
        let gateway = match get("TOSS_CLIENT_KEY") {
            Some(client_key) => {
                let sdk = checked("TOSS_SDK_URL", get("TOSS_SDK_URL").unwrap_or_else(|| SDK.to_owned()))?;
                Some(Gateway { client_key, sdk })
            }
            None => None,
        };
        Ok(Self { sign_in, gateway })
    }

    pub(super) fn sign_in(&self) -> Option<&SignIn> {
        self.sign_in.as_ref()
    }

    pub(super) fn gateway(&self) -> Option<&Gateway> {
        self.gateway.as_ref()
    }
}
