//! Who the handler is to Azure.

use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::time::{Duration, OffsetDateTime};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use std::sync::Arc;

/// A token that is what it is, for the local host: no identity stands behind it. Its `Debug` form hides it.
#[derive(Debug, Clone)]
pub struct StaticToken(Secret);

impl StaticToken {
    /// Presents `token` whatever is asked for.
    pub fn new(token: impl Into<String>) -> Self {
        Self(Secret::new(token.into()))
    }
}

#[async_trait::async_trait]
impl TokenCredential for StaticToken {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        // It does not expire; far enough ahead that no cache asks twice.
        let expires_on = OffsetDateTime::UNIX_EPOCH + Duration::days(365 * 1_000);
        Ok(AccessToken { token: self.0.clone(), expires_on })
    }
}

/// The credential for where the process runs, from its settings: the managed identity in Azure (App Service and
/// Functions set `IDENTITY_ENDPOINT`), what `az login` or `azd auth login` left on a developer's machine.
///
/// `SERVICEBUS__clientId`, else `AZURE_CLIENT_ID`, names a user-assigned identity; without either the
/// system-assigned one is used. Fails when the identity's own settings are not usable; asks nobody for a token yet.
pub fn credential_from_settings(
    get: impl Fn(&'static str) -> Option<String>,
) -> azure_core::Result<Arc<dyn TokenCredential>> {
    if get("IDENTITY_ENDPOINT").is_none() {
        return Ok(DeveloperToolsCredential::new(None)?);
    }
    let client_id = get("SERVICEBUS__clientId").or_else(|| get("AZURE_CLIENT_ID"));
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(UserAssignedId::ClientId),
        ..ManagedIdentityCredentialOptions::default()
    };
    Ok(ManagedIdentityCredential::new(Some(options))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_static_token_is_given_to_whoever_asks_and_never_printed() {
        let credential = StaticToken::new("hush");
        let given = credential.get_token(&["any"], None).await.unwrap();
        assert_eq!(given.token.secret(), "hush");
        assert!(given.expires_on.year() > 2900);
        assert!(!format!("{credential:?} {given:?}").contains("hush"));
    }

    #[test]
    fn azure_means_the_managed_identity_and_a_laptop_the_developers_tools() {
        let laptop = credential_from_settings(|_| None).unwrap();
        assert!(format!("{laptop:?}").contains("DeveloperTools"));
        let azure = |key| (key == "IDENTITY_ENDPOINT").then(|| "http://127.0.0.1/msi/token".to_owned());
        let identity = credential_from_settings(azure).unwrap();
        assert!(format!("{identity:?}").contains("ManagedIdentity"));
    }
}
