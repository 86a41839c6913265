use super::*;
use azure_core::http::Method;

/// The moment of the examples on "Authorize with Shared Key".
fn moment() -> OffsetDateTime {
    azure_core::time::parse_rfc7231("Fri, 26 Jun 2015 23:39:12 GMT").unwrap()
}

fn request(method: Method, url: &str, headers: &[(&'static str, &'static str)]) -> Request {
    let mut request = Request::new(url.parse().unwrap(), method);
    for (name, value) in headers {
        request.insert_header(*name, *value);
    }
    request
}

#[test]
fn a_blob_request_is_signed_as_the_documentation_shows() {
    let url =
        "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20";
    let headers = [("x-ms-version", "2015-02-21"), ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT")];
    assert_eq!(
        blob_string_to_sign(&request(Method::Get, url, &headers), "myaccount"),
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
         /myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
    );
}

#[test]
fn each_header_of_a_blob_request_has_its_place() {
    let headers = [
        ("range", "bytes=0-9"),
        ("if-none-match", "*"),
        ("if-match", "\"0x1\""),
        ("content-type", "text/html"),
        ("content-encoding", "gzip"),
        ("content-language", "ko"),
        ("content-md5", "md5"),
        ("if-modified-since", "then"),
        ("if-unmodified-since", "since"),
        ("x-ms-blob-type", " BlockBlob "),
        ("user-agent", "any"),
    ];
    let mut request = request(Method::Put, "http://127.0.0.1:1/account/bills/a%20b", &headers);
    request.set_body("12345");
    assert_eq!(
        blob_string_to_sign(&request, "account"),
        "PUT\ngzip\nko\n5\nmd5\ntext/html\n\nthen\n\"0x1\"\n*\nsince\nbytes=0-9\nx-ms-blob-type:BlockBlob\n\
         /account/account/bills/a%20b"
    );
}

#[test]
fn parameters_of_a_blob_request_are_decoded_and_sorted() {
    let url = "https://a.blob.core.windows.net/c?prefix=a%2Fb&include=z&Include=m&comp=list";
    let text = canonicalized_resource(&url.parse().unwrap(), "a");
    assert_eq!(text, "/a/c\ncomp:list\ninclude:m,z\nprefix:a/b");
}

#[test]
fn a_table_request_is_signed_by_its_date_and_path() {
    let headers = [("x-ms-date", "Sun, 11 Oct 2009 21:49:13 GMT"), ("x-ms-version", "2019-02-02")];
    let check = |path: &str, resource: &str| {
        let url = format!("https://myaccount.table.core.windows.net/{path}");
        let text = table_string_to_sign(&request(Method::Get, &url, &headers), "myaccount");
        assert_eq!(text, format!("Sun, 11 Oct 2009 21:49:13 GMT\n/myaccount/{resource}"));
    };
    check("Tables", "Tables");
    check("orders()?$top=5", "orders()");
    check("?restype=service&comp=properties", "?comp=properties");
    check("o(PartitionKey='a%20b',RowKey='c')", "o(PartitionKey='a%20b',RowKey='c')");
}

#[test]
fn the_emulators_key_signs() {
    let policy = SharedKeyPolicy::emulator(Service::Tables).unwrap();
    let mut request = request(Method::Get, "http://127.0.0.1:1/devstoreaccount1/Tables", &[]);
    policy.sign(&mut request, &moment());
    assert_eq!(header(&request, "x-ms-date"), "Fri, 26 Jun 2015 23:39:12 GMT");
    assert_eq!(
        header(&request, "authorization"),
        "SharedKeyLite devstoreaccount1:VuaBO8Q8Lunn8jBU8fntlFomiNq5rTcfxYB1f9a0Mb8="
    );
    let policy = SharedKeyPolicy::emulator(Service::Blobs).unwrap();
    policy.sign(&mut request, &moment());
    assert!(header(&request, "authorization").starts_with("SharedKey devstoreaccount1:"));
}

#[test]
fn the_key_is_never_printed() {
    let policy = SharedKeyPolicy::new(Service::Tables, "account", "aHVzaA==").unwrap();
    assert_eq!(format!("{policy:?}"), r#"SharedKeyPolicy { service: Tables, account: "account", .. }"#);
}

#[test]
fn a_key_is_base64() {
    assert!(SharedKeyPolicy::new(Service::Tables, "account", "not base64!").is_err());
}
