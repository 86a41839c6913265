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
    assert_eq!(settings.store, Store::Embedded { data_dir: "/data".into() });
    assert_eq!(settings.buckets.count(), 32);
    assert_eq!(settings.tokens.jwks.as_str(), "http://127.0.0.1:7071/issuer/jwks.json");
    assert!(settings.tokens.jwks.is_loopback());
    assert_eq!((settings.clock_file, settings.catalogue_file), (None, None));
    assert_eq!(with(&[("BUCKETS", "64")]).unwrap().buckets.count(), 64);
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
        ("DATA_DIR", ""),
        ("BUCKETS", "24"),
        ("BUCKETS", "0"),
        ("BUCKETS", "2048"),
        ("TOKEN_JWKS_URL", "http://issuer.example/keys"),
        ("TOKEN_JWKS_URL", "https://user:word@issuer.example/keys"),
        ("TOKEN_JWKS_URL", "file:///keys"),
    ] {
        let SettingsError(errors) = with(&[(name, value)]).unwrap_err();
        assert_eq!(errors.len(), 1, "{name}={value}: {errors:?}");
        assert_eq!(errors[0].name, name);
        assert!(value.len() < 3 || !errors[0].to_string().contains(value), "{value}");
    }
}

#[test]
fn the_log_filter_is_the_finer_setting_or_the_plainer_or_info() {
    let filter = |rust_log: Option<&str>, level: Option<&str>| {
        log_filter(|name| if name == "RUST_LOG" { rust_log } else { level }.map(str::to_owned))
    };
    assert_eq!(filter(Some("app=trace"), Some("debug")), "app=trace");
    assert_eq!(filter(None, Some("debug")), own_lines("debug"));
    assert_eq!(filter(None, None), own_lines("info"));
    assert!(own_lines("debug").starts_with("warn,app=debug,"));
}
