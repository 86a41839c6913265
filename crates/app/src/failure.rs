//! What can go wrong in a use case, by what is to be done next.

use crate::ports::{BusError, DocumentError, GatewayError, TableError};
use contract::event::Missing;
use contract::problem::{Code, Problem};
use domain::{bill, order, pay, saga};
use std::time::Duration;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The caller asked for something that cannot be: the same again would fail the same way.
    #[error("refused: {}", .0.code().as_str())]
    Refused(Box<Problem>),
    /// A message that cannot be understood: it would be so again the next time.
    #[error("the message cannot be understood: {0}")]
    Malformed(String),
    /// Another writer was first: read again, decide again.
    #[error("the row changed since it was read")]
    Changed,
    /// A store, the bus or the gateway did not answer: try again later.
    #[error("a dependency is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Stored data that cannot be, or a limit of the store that was broken: a bug.
    #[error("a fault")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What becomes of a message whose consumer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A second delivery would fail the same way, so a person must look.
    Park,
    /// Deliver it again.
    Retry,
}

impl Failure {
    /// A refusal with its code and what is particular to it.
    pub fn refused(code: Code, detail: impl Into<String>) -> Self {
        Self::from(Problem::new(code).detail(detail))
    }

    /// There is no such thing, or it is somebody else's.
    pub fn not_found(what: &str) -> Self {
        Self::refused(Code::NotFound, format!("there is no such {what}"))
    }

    /// What becomes of the message that caused this.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Refused(_) | Self::Malformed(_) | Self::Fault(_) => Fate::Park,
            Self::Changed | Self::Unavailable(_) => Fate::Retry,
        }
    }

    /// How long a store that is busy asks to wait, when it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        let Self::Unavailable(cause) = self else { return None };
        match (cause.downcast_ref(), cause.downcast_ref()) {
            (Some(TableError::Throttled { retry_after }), _)
            | (_, Some(DocumentError::Busy { retry_after })) => *retry_after,
            _ => None,
        }
    }

    /// The stable code for an operator's list of parked messages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(problem) => problem.code().as_str(),
            Self::Malformed(_) => "malformed",
            Self::Changed => "conflict",
            Self::Unavailable(_) => "unavailable",
            Self::Fault(_) => "fault",
        }
    }
}

/// An error and its causes in one line, for logs and operators.
pub fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            // A row that was not there a moment ago, or one that is gone: somebody else was first.
            TableError::Exists { .. } | TableError::Changed { .. } | TableError::Missing { .. } => {
                Self::Changed
            }
            TableError::Throttled { .. } | TableError::Unknown(_) => Self::Unavailable(Box::new(error)),
            TableError::Invalid(_) => Self::Fault(Box::new(error)),
        }
    }
}

impl From<BusError> for Failure {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Refused(_) => Self::Fault(Box::new(error)),
            BusError::Unreachable(_) => Self::Unavailable(Box::new(error)),
        }
    }
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Name => Self::Fault(Box::new(error)),
            DocumentError::Busy { .. } | DocumentError::Store(_) => Self::Unavailable(Box::new(error)),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(Box::new(error))
    }
}

impl From<Missing> for Failure {
    fn from(error: Missing) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<order::Refusal> for Failure {
    fn from(refusal: order::Refusal) -> Self {
        Self::refused(Code::WrongState, refusal.to_string())
    }
}

impl From<pay::Refusal> for Failure {
    fn from(refusal: pay::Refusal) -> Self {
        Self::refused(Code::WrongState, refusal.to_string())
    }
}

impl From<bill::Refusal> for Failure {
    fn from(refusal: bill::Refusal) -> Self {
        Self::refused(Code::WrongState, refusal.to_string())
    }
}

impl From<saga::Refusal> for Failure {
    fn from(refusal: saga::Refusal) -> Self {
        Self::refused(Code::WrongState, refusal.to_string())
    }
}

impl From<pay::PayRefusal> for Failure {
    fn from(refusal: pay::PayRefusal) -> Self {
        let code = match refusal {
            pay::PayRefusal::NothingDue => Code::NothingDue,
            pay::PayRefusal::UnderWay => Code::PaymentInProgress,
            pay::PayRefusal::AmountOutOfRange => Code::InvalidAmount,
        };
        Self::refused(code, refusal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] std::fmt::Error);
        let expected = format!("outer: {}", std::fmt::Error);
        assert_eq!(chain(&Outer(std::fmt::Error)), expected);
    }
}
