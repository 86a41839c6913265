use super::*;
use axum::body::to_bytes;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_NONE_MATCH, VARY};
use axum::response::IntoResponse;
use flate2::read::GzDecoder;
use std::collections::BTreeSet;
use std::io::Read;

fn settings(values: &[(&str, &str)]) -> Result<WebSettings, String> {
    let get = |name: &'static str| {
        values.iter().find(|(its, _)| *its == name).map(|(_, value)| (*value).to_owned())
    };
    WebSettings::from_vars(get).map_err(|error| error.to_string())
}

fn asking(name: HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
}

async fn body(response: Response) -> Vec<u8> {
    to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
}

#[test]
fn every_file_of_the_pages_is_in_the_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let there: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
    let served = ["js", "css", "svg", "html"];
    let expected: BTreeSet<&str> = there
        .iter()
        .map(String::as_str)
        .filter(|name| name.rsplit_once('.').is_some_and(|(_, ending)| served.contains(&ending)))
        .collect();
    let lists = [assets::PAGES, assets::FILES, assets::CURRENT];
    let embedded: Vec<&str> = lists.into_iter().flatten().map(|(name, _)| *name).collect();
    assert_eq!(embedded.len(), expected.len(), "each is in one list: {embedded:?}");
    assert_eq!(embedded.into_iter().collect::<BTreeSet<&str>>(), expected);
}

#[test]
fn a_page_and_its_modules_name_files_that_are_there() {
    let known: BTreeSet<&str> = assets::FILES.iter().map(|(name, _)| *name).collect();
    for (page, text) in assets::PAGES {
        let mut preloaded = BTreeSet::new();
        for part in text.split("assets/{{version}}/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(known.contains(name), "{page}: {name}");
            preloaded.insert(name);
        }
        for module in preloaded.clone().into_iter().filter(|name| name.rsplit_once('.').unwrap().1 == "js") {
            let (_, text) = assets::FILES.iter().find(|(name, _)| *name == module).unwrap();
            for part in text.split("from").skip(1).filter_map(|part| part.trim_start().strip_prefix("\"./")) {
                let import = part.split('"').next().unwrap();
                // What is not preloaded is asked for one after another.
                assert!(preloaded.contains(import), "{page}: {module} imports {import}");
            }
        }
    }
}

#[test]
fn what_mends_a_page_is_the_first_thing_that_it_loads() {
    for (page, text) in assets::PAGES {
        let first = text.find(" src=").min(text.find(" href=")).unwrap();
        let mends = r#" src="/api/web/assets/current/boot.js"></script>"#;
        assert!(text[first..].starts_with(mends), "{page}: {}", &text[first..]);
    }
}

#[tokio::test]
async fn what_mends_a_page_is_there_for_pages_of_every_build() {
    let boot = || assets::serve("current", "boot.js", &HeaderMap::new()).unwrap();
    let tag = boot().headers()[ETAG].to_str().unwrap().to_owned();
    assert_ne!(tag, assets::tag(assets::version()));
    let cache = boot().headers()[CACHE_CONTROL].clone();
    assert_eq!(cache, "public, max-age=0, stale-while-revalidate=86400");
    assert_eq!(boot().headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(body(boot()).await, assets::CURRENT[0].1.as_bytes());
    let again = assets::serve("current", "boot.js", &asking(IF_NONE_MATCH, &tag)).unwrap();
    assert_eq!((again.status().as_u16(), &again.headers()[CACHE_CONTROL]), (304, &cache));
    let other = assets::serve("current", "boot.js", &asking(IF_NONE_MATCH, "\"older\"")).unwrap();
    assert_eq!(other.status(), 200);
    // It is under no version, and nothing else is there without one.
    assert!(assets::serve(assets::version(), "boot.js", &HeaderMap::new()).is_none());
    for (name, _) in assets::FILES.iter().chain(assets::PAGES) {
        assert!(assets::serve("current", name, &HeaderMap::new()).is_none(), "{name}");
    }
}

#[tokio::test]
async fn nobody_keeps_that_a_file_was_not_there() {
    for (version, name) in [("0123", "app.css"), (assets::version(), "boot.js"), ("current", "app.css")] {
        let path = Path((version.to_owned(), name.to_owned()));
        let response = crate::web_asset::handle(path, HeaderMap::new()).await.into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[CACHE_CONTROL]),
            (404, &HeaderValue::from_static("no-store"))
        );
    }
}

#[tokio::test]
async fn a_page_is_kept_until_it_changes() {
    let site = Site::new(WebSettings::default());
    let first = site.page(Page::MyPage, &HeaderMap::new());
    assert_eq!(first.status(), 200);
    assert_eq!(first.headers()[CACHE_CONTROL], "no-cache");
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let text = String::from_utf8(body(first).await).unwrap();
    assert!(text.contains(&format!("/api/web/assets/{}/mypage.js", assets::version())), "{text}");
    assert!(!text.contains("{{"), "{text}");
    let again = site.page(Page::MyPage, &asking(IF_NONE_MATCH, &tag));
    assert_eq!(again.status(), 304);
    assert!(again.headers().contains_key(CONTENT_SECURITY_POLICY));
    assert!(body(again).await.is_empty());
    // Another policy is another page.
    let other = settings(&[("TOSS_CLIENT_KEY", "ck")]).unwrap();
    assert_eq!(Site::new(other).page(Page::MyPage, &asking(IF_NONE_MATCH, &tag)).status(), 200);
}

#[tokio::test]
async fn a_file_is_kept_for_good_under_the_version_of_its_build() {
    let response = assets::serve(assets::version(), "app.css", &HeaderMap::new()).unwrap();
    assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(response.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
    assert_eq!(response.headers()[VARY], "accept-encoding");
    assert!(assets::serve("0123", "app.css", &HeaderMap::new()).is_none());
    for name in ["mypage.html", "../Cargo.toml", "", "APP.CSS"] {
        assert!(assets::serve(assets::version(), name, &HeaderMap::new()).is_none(), "{name}");
    }
}

/// What a cache is told of an answer, whole or not.
fn cached(response: &Response) -> [HeaderValue; 3] {
    [VARY, ETAG, CACHE_CONTROL].map(|name| response.headers()[name].clone())
}

#[tokio::test]
async fn a_304_has_the_headers_of_the_full_answer_zipped_or_not() {
    let site = Site::new(WebSettings::default());
    let file = |request: &HeaderMap| assets::serve(assets::version(), "app.css", request).unwrap();
    let boot = |request: &HeaderMap| assets::serve("current", "boot.js", request).unwrap();
    let page = |request: &HeaderMap| site.page(Page::Console, request);
    let answers: [&dyn Fn(&HeaderMap) -> Response; 3] = [&file, &boot, &page];
    for answer in answers {
        let zipped = answer(&asking(ACCEPT_ENCODING, "gzip"));
        assert_eq!(zipped.headers()[CONTENT_ENCODING], "gzip");
        let told = cached(&zipped);
        assert_eq!(cached(&answer(&HeaderMap::new())), told, "the bytes differ, the version does not");
        let tag = told[1].to_str().unwrap();
        // One tag for different bytes may only be weak.
        assert!(tag.starts_with("W/\"") && tag.ends_with('"'), "{tag}");
        // A cache in between may have taken the mark of the weak away.
        for held in [tag, &tag["W/".len()..]] {
            let again = answer(&asking(IF_NONE_MATCH, held));
            assert_eq!((again.status().as_u16(), cached(&again)), (304, told.clone()), "{held}");
            assert!(!again.headers().contains_key(CONTENT_ENCODING));
            assert!(body(again).await.is_empty());
        }
        assert_eq!(answer(&asking(IF_NONE_MATCH, "W/\"other\"")).status(), 200);
    }
}

#[tokio::test]
async fn a_file_is_zipped_for_who_can_read_it_so() {
    let plain = body(assets::serve(assets::version(), "app.css", &HeaderMap::new()).unwrap()).await;
    for accepted in ["gzip", "br, GZIP;q=0.5", "deflate, gzip, br"] {
        let request = asking(ACCEPT_ENCODING, accepted);
        let response = assets::serve(assets::version(), "app.css", &request).unwrap();
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip", "{accepted}");
        let mut text = Vec::new();
        GzDecoder::new(&*body(response).await).read_to_end(&mut text).unwrap();
        assert_eq!(text, plain);
    }
    for refused in ["br", "gzip;q=0", "identity"] {
        let request = asking(ACCEPT_ENCODING, refused);
        let response = assets::serve(assets::version(), "app.css", &request).unwrap();
        assert!(!response.headers().contains_key(CONTENT_ENCODING), "{refused}");
    }
}

#[test]
fn the_policy_lets_in_the_issuer_and_the_form_and_nobody_else() {
    let nobody = policy::of(&WebSettings::default());
    assert_eq!(
        nobody,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         frame-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let settings = settings(&[
        ("WEB_CLIENT_ID", "pages"),
        ("TOKEN_ISSUER", "https://issuer.example/tenant/v2.0"),
        ("TOSS_CLIENT_KEY", "ck"),
    ]);
    let policy = policy::of(&settings.unwrap());
    assert!(policy.contains("script-src 'self' https://js.tosspayments.com;"), "{policy}");
    assert!(
        policy.contains("connect-src 'self' https://issuer.example https://*.tosspayments.com;"),
        "{policy}"
    );
    assert!(policy.contains("frame-src https://*.tosspayments.com;"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn the_pages_are_told_what_is_set_and_nothing_secret() {
    let told = |values: &[(&str, &str)]| serde_json::to_value(settings(values).unwrap()).unwrap();
    assert_eq!(told(&[]), serde_json::json!({ "signIn": null, "gateway": null }));
    let all = told(&[
        ("WEB_CLIENT_ID", "pages"),
        ("WEB_SCOPE", "openid api://phone/use"),
        ("TOKEN_ISSUER", "https://issuer.example/"),
        ("TOSS_CLIENT_KEY", "ck"),
        ("TOSS_SECRET_KEY", "sk"),
    ]);
    assert_eq!(
        all,
        serde_json::json!({
            "signIn": { "issuer": "https://issuer.example/", "clientId": "pages", "scope": "openid api://phone/use" },
            "gateway": { "clientKey": "ck", "sdk": "https://js.tosspayments.com/v2/standard" }
        })
    );
}

#[test]
fn addresses_that_cannot_be_used_are_refused() {
    for (name, value) in
        [("TOSS_SDK_URL", "javascript:alert(1)"), ("TOSS_SDK_URL", "http://elsewhere.example/x")]
    {
        let refused = settings(&[("TOSS_CLIENT_KEY", "ck"), (name, value)]);
        assert_eq!(refused.unwrap_err(), format!("{name} is not an http or https URL"));
    }
    let refused = settings(&[("WEB_CLIENT_ID", "pages"), ("TOKEN_ISSUER", "issuer; script-src *")]);
    assert_eq!(refused.unwrap_err(), "TOKEN_ISSUER is not an http or https URL");
}

#[test]
fn a_version_is_held_by_any_of_its_tags() {
    for (held, is) in [
        ("\"a\"", true),
        ("W/\"a\"", true),
        ("\"b\", \"a\"", true),
        ("*", true),
        ("\"b\"", false),
        ("", false),
    ] {
        let held = HeaderValue::from_static(held);
        assert_eq!(has([&held], "\"a\""), is, "{held:?}");
        assert_eq!(has([&HeaderValue::from_static("\"c\""), &held], "W/\"a\""), is, "{held:?}");
    }
    assert!(!has([], "\"a\""));
}
