use super::*;
use std::collections::HashMap;

const LOCAL: [(&str, &str); 6] = [
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "41234"),
    ("STORE", "embedded"),
    ("DATA_DIR", "/data"),
    ("TOKEN_ISSUER", "http://127.0.0.1:7071/issuer"),
    ("TOKEN_AUDIENCE", "phone"),
    ("TOKEN_JWKS_URL", "http://127.0.0.1:7071/issuer/jwks.json"),
];

fn with(changes: &[(&'static str, &'static str)]) -> Result<Settings, SettingsError> {
    let vars: HashMap<&str, &str> = LOCAL.iter().chain(changes).copied().collect();
    Settings::from_vars(|name| {
        vars.get(name).map(|value| (*value).to_owned()).filter(|text| !text.is_empty())
    })
}

#[test]
fn settings_are_read_with_their_defaults() {
    let settings = with(&[]).unwrap();
    assert_eq!(settings.port, 41234);
    assert_eq!(settings.store, Place::Embedded { data_dir: "/data".into() });
    assert_eq!(settings.buckets.count(), 32);
    assert_eq!(settings.tokens.jwks.as_str(), "http://127.0.0.1:7071/issuer/jwks.json");
    assert!(settings.tokens.jwks.is_loopback());
    assert_eq!((settings.clock_file, settings.catalogue_file), (None, None));
    assert_eq!(settings.redelivery_pause, Duration::from_millis(500));
    assert_eq!(with(&[("REDELIVERY_PAUSE_MS", "0")]).unwrap().redelivery_pause, Duration::ZERO);
    assert_eq!(with(&[("BUCKETS", "64")]).unwrap().buckets.count(), 64);
}

#[test]
fn tables_and_documents_are_on_this_machine_or_at_an_address() {
    let tables = "https://account.table.core.windows.net";
    let settings =
        with(&[("STORE", tables), ("DOCUMENTS", "https://account.blob.core.windows.net")]).unwrap();
    assert!(matches!(settings.store, Place::Azure(url) if url.as_str().starts_with(tables)));
    assert!(matches!(settings.documents, Place::Azure(url) if url.as_str().contains("blob")));
    let here = Place::Embedded { data_dir: "/data".into() };
    assert_eq!(with(&[]).unwrap().documents, here);
    assert_eq!(with(&[("STORE", tables), ("DOCUMENTS", "embedded")]).unwrap().documents, here);
    let SettingsError(errors) = with(&[("STORE", tables)]).unwrap_err();
    assert_eq!(errors[0].name, "DOCUMENTS", "an instance's own disk is not where documents end up unsaid");
}

#[test]
fn this_machine_is_where_plain_http_may_go_by_any_of_its_names() {
    for (url, here) in [
        ("http://127.0.0.1:7071/keys", true),
        ("http://127.1.2.3/keys", true),
        ("http://localhost:7071/keys", true),
        ("http://[::1]:7071/keys", true),
        ("http://localhost.example.com/keys", false),
        ("http://127.0.0.1.example.com/keys", false),
        ("http://0.0.0.0/keys", false),
        ("http://10.0.0.1/keys", false),
        ("http://[::2]/keys", false),
    ] {
        assert_eq!(HttpUrl::parse(url).is_some_and(|url| url.is_loopback()), here, "{url}");
        assert_eq!(with(&[("TOKEN_JWKS_URL", url)]).is_ok(), here, "{url}");
    }
    // A name of somebody else's is not this machine with TLS either.
    assert!(!HttpUrl::parse("https://localhost.example.com/keys").unwrap().is_loopback());
}

#[test]
fn all_missing_settings_are_told_at_once() {
    let SettingsError(errors) = Settings::from_vars(|_| None).unwrap_err();
    let names: Vec<_> = errors.iter().map(|error| error.name).collect();
    let expected =
        ["FUNCTIONS_CUSTOMHANDLER_PORT", "STORE", "TOKEN_ISSUER", "TOKEN_AUDIENCE", "TOKEN_JWKS_URL"];
    assert_eq!(names, expected);
}

#[test]
fn values_that_cannot_be_used_are_refused_and_not_shown() {
    for (name, value) in [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "0"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "70000"),
        ("STORE", "postgres"),
        ("STORE", "http://account.table.core.windows.net"),
        ("DOCUMENTS", "elsewhere"),
        ("DATA_DIR", ""),
        ("BUCKETS", "24"),
        ("BUCKETS", "0"),
        ("BUCKETS", "2048"),
        ("TOKEN_JWKS_URL", "http://issuer.example/keys"),
        ("TOKEN_JWKS_URL", "https://user:word@issuer.example/keys"),
        ("TOKEN_JWKS_URL", "file:///keys"),
        ("REDELIVERY_PAUSE_MS", "-1"),
        ("REDELIVERY_PAUSE_MS", "30001"),
        ("REDELIVERY_PAUSE_MS", "soon"),
    ] {
        let SettingsError(errors) = with(&[(name, value)]).unwrap_err();
        assert_eq!(errors.len(), 1, "{name}={value}: {errors:?}");
        assert_eq!(errors[0].name, name);
        assert!(value.len() < 3 || !errors[0].to_string().contains(value), "{value}");
    }
}
