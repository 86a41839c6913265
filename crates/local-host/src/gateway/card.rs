use serde::{Deserialize, Serialize};

/// What a test card does when it is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Card {
    /// Pays, and takes its money back.
    Approve,
    /// Is refused by its issuer: `REJECT_CARD_PAYMENT`.
    Decline,
    /// Never answers, and charges nothing.
    Timeout,
    /// Charges, and loses the answer.
    Lost,
    /// Pays, and refuses every refund: `NOT_CANCELABLE_PAYMENT`.
    RefundRefused,
    /// Answers after a second.
    Slow,
}

impl Card {
    /// Every card.
    pub const ALL: [Self; 6] =
        [Self::Approve, Self::Decline, Self::Timeout, Self::Lost, Self::RefundRefused, Self::Slow];

    /// The card as `POST /dev/payment-keys` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::RefundRefused => "refund_refused",
            Self::Slow => "slow",
        }
    }

    /// The card of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|card| card.name() == name)
    }

    /// The number, masked as the gateway shows it; the last digits tell the cards apart.
    pub(super) const fn masked_number(self) -> &'static str {
        match self {
            Self::Approve => "43301234****001*",
            Self::Decline => "43301234****002*",
            Self::Timeout => "43301234****003*",
            Self::Lost => "43301234****004*",
            Self::RefundRefused => "43301234****005*",
            Self::Slow => "43301234****006*",
        }
    }
}
