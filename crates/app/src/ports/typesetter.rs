use bytes::Bytes;
use domain::catalogue::Name;
use jiff::civil::Date;

/// Sets sheets for printing. A pure function: the same sheet is the same bytes.
pub trait Typesetter: Send + Sync {
    /// A PDF of the sheet.
    fn pdf(&self, sheet: &Sheet) -> Result<Bytes, TypesetError>;
}

/// What stands on a bill, in the order in which it is read; whatever the form, it says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The kind of document.
    pub title: Name,
    /// What identifies it. Not in the sheet's languages, and shown among the facts as well.
    pub id: String,
    /// The day it is of.
    pub issued: Date,
    /// Labels and what they label.
    pub facts: Vec<(Name, Name)>,
    /// What the table lists.
    pub caption: Name,
    /// The heads of the table's four columns: charge, quantity, unit, amount.
    pub columns: [Name; 4],
    /// The table.
    pub lines: Vec<SheetLine>,
    /// The label of the total.
    pub total_label: Name,
    /// What the amounts add up to.
    pub total: String,
    /// What a reader should know.
    pub note: Name,
}

/// A line of a [`Sheet`]'s table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetLine {
    /// What is charged.
    pub charge: Name,
    /// How the amount follows.
    pub explanation: Name,
    /// How much of it.
    pub quantity: String,
    /// What is counted.
    pub unit: Name,
    /// Whole won.
    pub amount: String,
}

/// Why a sheet could not be set.
#[derive(Debug, thiserror::Error)]
#[error("the sheet cannot be set")]
pub struct TypesetError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
