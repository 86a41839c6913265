use crate::endpoint::Endpoint;
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::AUTHORIZATION;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use std::sync::Arc;

/// The SDK's bearer policy, which refuses plain `http`; on this machine one that does the same without TLS. `scope` is
/// what the tokens are for.
pub(super) fn policy(
    endpoint: &Endpoint,
    credential: Arc<dyn TokenCredential>,
    scope: impl Into<String>,
) -> Arc<dyn Policy> {
    let scope = scope.into();
    if endpoint.is_local() {
        Arc::new(LocalAuthorization { credential, scope })
    } else {
        Arc::new(BearerTokenAuthorizationPolicy::new(credential, [scope]))
    }
}

/// Puts the credential's token on each try. It is only made for an endpoint on this machine.
#[derive(Debug)]
struct LocalAuthorization {
    credential: Arc<dyn TokenCredential>,
    scope: String,
}

#[async_trait::async_trait]
impl Policy for LocalAuthorization {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let access = self.credential.get_token(&[&self.scope], None).await?;
        request.insert_header(AUTHORIZATION, format!("Bearer {}", access.token.secret()));
        next[0].send(ctx, request, &next[1..]).await
    }
}
