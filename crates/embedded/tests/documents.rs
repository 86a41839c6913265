//! Documents in a folder: the contract, and what only they promise.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use app::ports::{DocumentError, Documents, Reading, Stored};
use bytes::Bytes;
use embedded::FolderDocuments;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

const NAMES: usize = 40;

fn open(folder: &TempDir) -> Arc<dyn Documents> {
    Arc::new(FolderDocuments::open(&folder.path().join("documents/bills")).unwrap())
}

testkit::document_contract!(async {
    let folder = tempfile::tempdir().unwrap();
    (open(&folder), folder)
});

async fn content(documents: &dyn Documents, name: &str) -> Option<Bytes> {
    match documents.read(name, None).await.unwrap() {
        Reading::Found(document) => Some(document.content),
        Reading::Missing => None,
        Reading::Unchanged => panic!("no version was named"),
    }
}

async fn create(documents: &dyn Documents, name: &str, content: &str) -> Result<Stored, DocumentError> {
    documents.create(name, "text/html", Bytes::from(content.to_owned())).await
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    files
}

#[tokio::test]
async fn a_document_is_a_file_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let documents = open(&folder);
    for content in ["first", "second"] {
        create(&*documents, "2026-10/a.html", content).await.unwrap();
    }
    assert_eq!(std::fs::read(folder.path().join("documents/bills/2026-10/a.html")).unwrap(), b"first");
    assert_eq!(files(folder.path()), BTreeSet::from(["a.html".to_owned()]));
}

#[tokio::test]
async fn documents_are_there_when_the_folder_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    create(&*open(&folder), "a", "1").await.unwrap();
    assert_eq!(create(&*open(&folder), "a", "2").await.unwrap(), Stored::Already);
    assert_eq!(content(&*open(&folder), "a").await.unwrap(), "1");
}

#[tokio::test]
async fn a_file_that_a_person_edits_is_a_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let documents = open(&folder);
    create(&*documents, "runtime.json", "{}").await.unwrap();
    let Reading::Found(first) = documents.read("runtime.json", None).await.unwrap() else {
        panic!("missing")
    };
    std::fs::write(folder.path().join("documents/bills/runtime.json"), "{\"log\":1}").unwrap();
    let Reading::Found(second) = documents.read("runtime.json", Some(&first.etag)).await.unwrap() else {
        panic!("it did not change")
    };
    assert_ne!(first.etag, second.etag);
    assert_eq!(second.content, "{\"log\":1}");
}

#[tokio::test]
async fn a_document_and_a_folder_do_not_share_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let documents = open(&folder);
    create(&*documents, "a", "1").await.unwrap();
    assert!(matches!(create(&*documents, "a/b", "2").await, Err(DocumentError::Store(_))));
    create(&*documents, "c/d", "1").await.unwrap();
    assert_eq!(content(&*documents, "a").await.unwrap(), "1");
    assert_eq!(content(&*documents, "c").await, None);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_not_ready_and_nothing_else_is_opened_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let documents = open(&folder);
    std::fs::remove_dir_all(folder.path().join("documents")).unwrap();
    assert!(matches!(documents.ping().await, Err(DocumentError::Store(_))));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(FolderDocuments::open(&file).is_err());
    assert!(FolderDocuments::open(&file.join("below")).is_err());
}

/// Starts this program again as another process that stores every document.
fn start(folder: &TempDir, author: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "another_process_stores_every_document", "--nocapture"]);
    command.env("FOLDER", folder.path().join("documents/bills")).env("AUTHOR", author);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn another_process_stores_every_document() {
    // Without a folder this is not another process, and there is nothing to do.
    let (Ok(folder), Ok(author)) = (std::env::var("FOLDER"), std::env::var("AUTHOR")) else { return };
    let documents = FolderDocuments::open(Path::new(&folder)).unwrap();
    for n in 0..NAMES {
        if create(&documents, &format!("d/{n}"), &author.repeat(5_000)).await.unwrap() == Stored::Created {
            println!("created {n}");
        }
    }
}

#[tokio::test]
async fn of_processes_that_store_the_same_documents_each_is_stored_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let documents = open(&folder);
    let children = ["1", "2", "3"].map(|author| (author, start(&folder, author)));
    let mut authors = std::collections::BTreeMap::new();
    for (author, child) in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        for n in text.lines().filter_map(|line| line.split("created ").nth(1)) {
            assert_eq!(authors.insert(n.to_owned(), author), None, "{n} was created twice");
        }
    }
    assert_eq!(authors.len(), NAMES);
    for (n, author) in authors {
        assert_eq!(content(&*documents, &format!("d/{n}")).await.unwrap(), author.repeat(5_000));
    }
    assert_eq!(files(folder.path()).len(), NAMES);
}
