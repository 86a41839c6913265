//! The bill as a document: rendered when it is first asked for, stored once, and served as it was stored from then on.
//!
//! A run writes no document, for most are never looked at. The document states the bill as it was issued: payments are
//! no part of it, so that it never has to change. A later release may render bills in another way; what is stored
//! stays.

mod html;
mod sheet;
mod words;

use crate::ports::{Document, Reading, Stored};
use crate::{App, Failure};
use bytes::Bytes;
use contract::problem::Code;
use domain::bill::{Bill, Status};
use domain::ids::{BillId, CustomerId};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// In which form a bill is wanted. Each is stored for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentForm {
    /// A page for screens.
    #[default]
    Html,
    /// Paper, and archives.
    Pdf,
}

impl DocumentForm {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Html, Self::Pdf];

    /// The ending of a file's name.
    const fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }
}

/// A bill as a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillDocument {
    /// The whole document.
    pub content: Bytes,
    /// What it is.
    pub form: DocumentForm,
    /// What to call it when it is saved. Holds no personal data.
    pub file_name: String,
    /// Its version, 64 hexadecimal digits: the same for the same bytes, wherever they are stored.
    pub version: String,
}

impl App {
    /// One of a customer's bills as a document: the same bytes each time, whichever instance is asked.
    ///
    /// A bill on hold is not found, for it is not a bill yet; one that is void has no document any more.
    pub async fn bill_document(
        &self,
        customer: &CustomerId,
        id: &BillId,
        form: DocumentForm,
    ) -> Result<BillDocument, Failure> {
        let bill = self.load_bill(&self.buckets.customer(customer), id).await?.value;
        match bill.status {
            Status::Issued | Status::PartiallyPaid | Status::Settled => {}
            Status::OnHold => return Err(Failure::not_found("bill")),
            Status::Voided => {
                return Err(Failure::refused(Code::WrongState, "the bill is void and has no document"));
            }
        }
        let content = self.stored_or_rendered(&bill, form).await?;
        Ok(BillDocument {
            version: version(&content),
            file_name: format!("bill-{}.{}", bill.bill_id, form.ending()),
            form,
            content,
        })
    }

    async fn stored_or_rendered(&self, bill: &Bill, form: DocumentForm) -> Result<Bytes, Failure> {
        let name = name(bill, form);
        if let Some(document) = self.stored(&name).await? {
            return Ok(document.content);
        }
        let content = self.render(bill, form)?;
        match self.ports.documents.create(&name, form.content_type(), content.clone()).await? {
            Stored::Created => Ok(content),
            // Another instance, perhaps of another release, was first: what it stored is the document.
            Stored::Already => {
                let document = self.stored(&name).await?;
                document.map(|document| document.content).ok_or_else(|| Failure::Fault("it is there".into()))
            }
        }
    }

    fn render(&self, bill: &Bill, form: DocumentForm) -> Result<Bytes, Failure> {
        let plan = self.catalogue.plan(&bill.plan).map(|plan| &plan.name);
        let sheet = sheet::sheet(bill, plan);
        match form {
            DocumentForm::Html => html::render(&sheet).map_err(|error| Failure::Fault(Box::new(error))),
            DocumentForm::Pdf => {
                self.ports.typesetter.pdf(&sheet).map_err(|error| Failure::Fault(Box::new(error)))
            }
        }
    }

    async fn stored(&self, name: &str) -> Result<Option<Document>, Failure> {
        match self.ports.documents.read(name, None).await? {
            Reading::Found(document) => Ok(Some(document)),
            Reading::Missing => Ok(None),
            Reading::Unchanged => Err(Failure::Fault("no version of the document was named".into())),
        }
    }
}

/// The month keeps folders of a size that a person can look through. Ids only, no personal data.
fn name(bill: &Bill, form: DocumentForm) -> String {
    format!("{}/{}.{}", bill.usage_month, bill.bill_id, form.ending())
}

fn version(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
