use super::*;

const HOST_JSON: &str =
    r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}"#;
const FUNCTION_JSON: &str = r#"{"bindings":[{"type":"httpTrigger"}]}"#;

/// A function app in a folder as the repository has it, with what is beside it there.
fn repository() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("host.json", HOST_JSON);
    write("local.settings.json", "{}");
    write(".data/tables.db", "rows");
    write("functions/lib.rs", "code");
    write("functions/edge/log.rs", "code");
    for name in ["plans", "order_open"] {
        write(&format!("functions/{name}/function.json"), FUNCTION_JSON);
        write(&format!("functions/{name}/mod.rs"), "code");
    }
    root
}

fn sound() -> Files {
    let texts = [("handler", "program"), ("host.json", HOST_JSON), ("plans/function.json", FUNCTION_JSON)];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect()
}

#[track_caller]
fn refuses(files: &Files, reason: &str) {
    let error = check_archive(&mut ZipArchive::new(packed(files).unwrap()).unwrap()).unwrap_err();
    assert!(format!("{error:#}").contains(reason), "{error:#}");
}

#[test]
fn a_package_has_host_json_the_handler_and_every_function_and_nothing_else() {
    let root = repository();
    let files = files(root.path(), b"program".to_vec()).unwrap();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["handler", "host.json", "order_open/function.json", "plans/function.json"]);
    check_archive(&mut ZipArchive::new(packed(&files).unwrap()).unwrap()).unwrap();
}

#[test]
fn the_same_files_make_the_same_bytes_whenever_they_were_written() {
    let (earlier, later) = (repository(), repository());
    let file = File::options().write(true).open(earlier.path().join(HOST)).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let bytes = |root: &Path| packed(&files(root, b"program".to_vec()).unwrap()).unwrap().into_inner();
    assert_eq!(bytes(earlier.path()), bytes(later.path()));
}

#[cfg(unix)]
#[test]
fn what_is_unpacked_is_what_was_laid_out_and_the_handler_can_be_started() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (laid_out, zip, unpacked) =
        (folder.path().join("a"), folder.path().join("a.zip"), folder.path().join("b"));
    fs::create_dir(&laid_out).unwrap();
    fs::write(laid_out.join("left from an earlier build"), "").unwrap();
    lay_out(&sound(), &laid_out).unwrap();
    pack(&sound(), &zip).unwrap();
    check(&zip).unwrap();
    unpack(&zip, &unpacked).unwrap();
    for tree in [&laid_out, &unpacked] {
        assert_eq!(fs::read_dir(tree).unwrap().count(), 3);
        for (name, contents) in sound() {
            assert_eq!(fs::read(tree.join(&name)).unwrap(), contents);
            let mode = fs::metadata(tree.join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & PERMISSIONS, if name == "handler" { 0o755 } else { 0o644 }, "{name}");
        }
    }
}

#[test]
fn a_package_with_anything_more_is_refused() {
    let names = [
        "local.settings.json",
        ".data/tables.db",
        "plans/mod.rs",
        "plans/local.settings.json",
        "plans/deep/function.json",
        "../function.json",
        "issuer.key",
    ];
    for name in names {
        let mut files = sound();
        files.insert(name.to_owned(), FUNCTION_JSON.into());
        refuses(&files, "does not belong");
    }
}

#[test]
fn a_package_without_something_is_refused() {
    for (name, reason) in [
        ("handler", "the handler is missing"),
        ("host.json", "host.json is missing"),
        ("plans/function.json", "there is no function"),
    ] {
        let mut files = sound();
        files.remove(name);
        refuses(&files, reason);
    }
}

#[test]
fn a_package_that_the_host_could_not_run_is_refused() {
    for (name, text, reason) in [
        ("host.json", "{", "host.json is not JSON"),
        ("host.json", "{}", "does not say what to start"),
        ("host.json", &HOST_JSON.replace("handler\"", "other\""), "starts other"),
        ("plans/function.json", "{}", "no bindings"),
        ("plans/function.json", "[", "not JSON"),
    ] {
        let mut files = sound();
        files.insert(name.to_owned(), text.into());
        refuses(&files, reason);
    }
}

#[test]
fn a_handler_that_nobody_may_start_is_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in sound() {
        zip.start_file(&name, SimpleFileOptions::default().unix_permissions(0o644)).unwrap();
        zip.write_all(&contents).unwrap();
    }
    let mut archive = ZipArchive::new(zip.finish().unwrap()).unwrap();
    let error = check_archive(&mut archive).unwrap_err().to_string();
    assert!(error.contains("handler has mode 644 and not 755"), "{error}");
}
