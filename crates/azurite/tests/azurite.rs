//! Azurite is installed, starts on free ports and is gone when it is no longer needed.

use azurite::{Azurite, AzuriteError, Options};
use std::net::TcpStream;

fn listens(endpoint: &str) -> bool {
    TcpStream::connect(address(endpoint)).is_ok()
}

fn address(endpoint: &str) -> &str {
    endpoint.trim_start_matches("http://").split('/').next().unwrap_or_default()
}

#[test]
fn it_listens_on_free_ports_until_it_is_dropped() {
    let (one, other) =
        (Azurite::start(&Options::default()).unwrap(), Azurite::start(&Options::default()).unwrap());
    let endpoints = [&one, &other].map(|azurite| [azurite.blobs_endpoint(), azurite.tables_endpoint()]);
    let endpoints: Vec<String> = endpoints.iter().flatten().map(ToString::to_string).collect();
    for endpoint in &endpoints {
        assert!(endpoint.ends_with("/devstoreaccount1") && listens(endpoint), "{endpoint}");
    }
    drop((one, other));
    for endpoint in &endpoints {
        assert!(!listens(endpoint), "{endpoint}");
    }
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let running = Azurite::start(&Options::default()).unwrap();
    let taken = address(running.tables_endpoint()).rsplit_once(':').unwrap().1.parse().unwrap();
    let second = Azurite::start(&Options { table_port: taken, ..Options::default() });
    assert!(matches!(second, Err(AzuriteError::Start(_))), "{second:?}");
}
