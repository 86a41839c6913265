//! The Content-Security-Policy of the pages: nothing inline, nothing from elsewhere but who signs people in and the
//! payment gateway's form.

use super::WebSettings;

/// Hosts of the gateway's form (Toss Payments): what its script loads, opens and asks.
const GATEWAY_HOSTS: &str = "https://*.tosspayments.com";

/// The policy for these settings.
pub(super) fn of(settings: &WebSettings) -> String {
    let issuer = settings.sign_in().map(|sign_in| origin(&sign_in.issuer)).unwrap_or_default();
    let script = settings.gateway().map(|gateway| origin(&gateway.sdk)).unwrap_or_default();
    let hosts = if script.ends_with(".tosspayments.com") { GATEWAY_HOSTS } else { "" };
    let directives = [
        ("default-src", vec!["'none'"]),
        ("script-src", vec!["'self'", &script]),
        ("style-src", vec!["'self'"]),
        ("img-src", vec!["'self'", hosts]),
        ("connect-src", vec!["'self'", &issuer, hosts]),
        ("frame-src", vec![if hosts.is_empty() { "'none'" } else { hosts }]),
        ("form-action", vec!["'self'", hosts]),
        ("base-uri", vec!["'none'"]),
        ("frame-ancestors", vec!["'none'"]),
    ];
    let text = directives.map(|(name, mut sources)| {
        sources.retain(|source| !source.is_empty());
        format!("{name} {}", sources.join(" "))
    });
    text.join("; ")
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    url[..end].to_owned()
}
