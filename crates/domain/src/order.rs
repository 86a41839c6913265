//! Orders and the lines that they open.
//!
//! `requested -> active | rejected`, `active <-> suspended`, `active -> terminating -> terminated | active`.

use crate::calendar::{seoul_date, term_end};
use crate::event::EventType;
use crate::ids::{CustomerId, OrderId, PhoneNumber, PlanCode};
use crate::limits::NUMBER_CANDIDATES;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Where an order, and then its line, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Placed; the line does not work yet (개통대기).
    Requested,
    /// The line works (개통).
    Active,
    /// The line is blocked for a while (일시정지, 이용정지).
    Suspended,
    /// The line is being closed.
    Terminating,
    /// The line is closed (해지).
    Terminated,
    /// There will be no line.
    Rejected,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Requested, Self::Active, Self::Suspended, Self::Terminating, Self::Terminated, Self::Rejected];

    /// The status's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Terminating => "terminating",
            Self::Terminated => "terminated",
            Self::Rejected => "rejected",
        }
    }
}

/// One change of status, for the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<S> {
    /// When.
    pub at: Timestamp,
    /// The status from then on.
    pub status: S,
}

/// An order and its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The order's id, and the line's.
    pub order_id: OrderId,
    /// Whose line.
    pub customer_id: CustomerId,
    /// The plan of the line.
    pub plan: PlanCode,
    /// Months of the discount contract (선택약정), 12 or 24, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_months: Option<u8>,
    /// The number that the customer wished for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish_number: Option<PhoneNumber>,
    /// The number of the line, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// Where it stands.
    pub status: Status,
    /// Counts changes from 1, so that projections can tell older news from newer.
    pub version: u32,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How often its termination was asked for.
    #[serde(default)]
    pub closings: u32,
    /// The step under way was called off: an activation or a termination that arrives late must not happen.
    #[serde(default)]
    pub stopped: bool,
    /// Every status it had.
    pub history: Vec<Change<Status>>,
}

/// What is asked of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Give it its number.
    Activate(PhoneNumber),
    /// Say that no number can be assigned.
    RefuseActivation(&'static str),
    /// Call the activation off.
    StopActivation,
    /// Let it come to nothing.
    Reject,
    /// Block the line.
    Suspend,
    /// Unblock the line.
    Resume,
    /// Begin to close the line.
    RequestTermination,
    /// Close the line: its `n`-th termination goes through.
    Terminate(u32),
    /// Call the `n`-th termination off, if it has not happened.
    StopTermination(u32),
    /// Let the line go on: its `n`-th termination is undone.
    WithdrawTermination(u32),
}

impl Command {
    /// The termination that the command is about.
    const fn closing(&self) -> Option<u32> {
        match self {
            Self::Terminate(n) | Self::StopTermination(n) | Self::WithdrawTermination(n) => Some(*n),
            Self::Activate(_)
            | Self::RefuseActivation(_)
            | Self::StopActivation
            | Self::Reject
            | Self::Suspend
            | Self::Resume
            | Self::RequestTermination => None,
        }
    }
}

/// What follows from a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The order changes, and this is announced.
    Changed(EventType),
    /// Nothing changes; this was so before and is announced again, for whoever asks may have missed it.
    Again(EventType),
    /// It was done before: no news.
    Nothing,
}

/// The order is not in a state in which this can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the order is {}, which does not allow this", .0.as_str())]
pub struct Refusal(pub Status);

impl Order {
    /// A new order.
    pub fn place(
        order_id: OrderId,
        customer_id: CustomerId,
        plan: PlanCode,
        contract_months: Option<u8>,
        wish_number: Option<PhoneNumber>,
        now: Timestamp,
    ) -> Self {
        Self {
            order_id,
            customer_id,
            plan,
            contract_months,
            wish_number,
            number: None,
            status: Status::Requested,
            version: 1,
            reason: None,
            closings: 0,
            stopped: false,
            history: vec![Change { at: now, status: Status::Requested }],
        }
    }

    /// Whether the line still waits for its number.
    pub fn may_activate(&self) -> bool {
        self.status == Status::Requested && !self.stopped
    }

    /// Since when the line works, once it does.
    pub fn active_since(&self) -> Option<Timestamp> {
        self.history.iter().find(|change| change.status == Status::Active).map(|change| change.at)
    }

    /// The last day of the discount contract, in Seoul; it begins on the line's first day.
    pub fn contract_to(&self) -> Option<Date> {
        let (since, months) = self.active_since().zip(self.contract_months)?;
        Some(term_end(seoul_date(since), months))
    }

    /// The numbers that the order may get, in the order in which they are tried: the wished one alone, or some of the
    /// pool `010-2000-0000` to `010-9999-9999`, scattered by the order's id.
    pub fn candidates(&self) -> Vec<PhoneNumber> {
        const FIRST: u64 = 20_000_000;
        const COUNT: u64 = 80_000_000;
        if let Some(wish) = &self.wish_number {
            return vec![wish.clone()];
        }
        let seed = self.order_id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let number = |n: u32| {
            let place = seed.wrapping_add(u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15)) % COUNT;
            PhoneNumber::parse(&format!("010{:08}", FIRST + place)).ok()
        };
        (0..NUMBER_CANDIDATES).filter_map(number).collect()
    }

    /// Decides what follows from a command, for every pair of status and command.
    pub fn decide(&self, command: &Command) -> Result<Outcome, Refusal> {
        use Command as C;
        use EventType as E;
        use Outcome::{Again, Changed, Nothing};
        use Status as S;
        // A termination begins after the one before it was undone and that was announced. What still arrives for the
        // earlier one must not touch the later.
        if command.closing().is_some_and(|closing| closing != self.closings) {
            return Ok(Nothing);
        }
        match (self.status, command) {
            (S::Requested, C::Activate(_)) if self.stopped => Ok(Nothing),
            (S::Requested, C::Activate(_)) => Ok(Changed(E::OrderActivated)),
            (S::Requested, C::RefuseActivation(_)) if self.stopped => Ok(Nothing),
            (S::Requested, C::RefuseActivation(_)) => Ok(Changed(E::OrderActivationRefused)),
            (S::Requested, C::StopActivation) if self.stopped => Ok(Again(E::OrderNumberReleased)),
            (S::Requested, C::StopActivation) => Ok(Changed(E::OrderNumberReleased)),
            (S::Requested, C::Reject) => Ok(Changed(E::OrderRejected)),
            (S::Rejected, C::Activate(_) | C::RefuseActivation(_)) => Ok(Nothing),
            (S::Rejected, C::StopActivation) => Ok(Again(E::OrderNumberReleased)),
            (S::Rejected, C::Reject) => Ok(Again(E::OrderRejected)),
            (
                S::Active | S::Suspended | S::Terminating | S::Terminated,
                C::Activate(_) | C::RefuseActivation(_),
            ) => Ok(Nothing),
            // It was activated before it could be called off, so its saga is complete after all.
            (S::Active | S::Suspended | S::Terminating | S::Terminated, C::StopActivation) => {
                Ok(Again(E::OrderActivated))
            }
            (S::Active, C::Suspend) => Ok(Changed(E::OrderSuspended)),
            (S::Suspended, C::Suspend) => Ok(Nothing),
            (S::Suspended, C::Resume) => Ok(Changed(E::OrderResumed)),
            (S::Active, C::Resume) => Ok(Nothing),
            (S::Active, C::RequestTermination) => Ok(Changed(E::OrderTerminationRequested)),
            (S::Terminating, C::Terminate(_)) if self.stopped => Ok(Nothing),
            (S::Terminating, C::Terminate(_)) => Ok(Changed(E::OrderTerminated)),
            (S::Terminated | S::Active | S::Suspended, C::Terminate(_)) => Ok(Nothing),
            (S::Terminating, C::StopTermination(_)) if self.stopped => Ok(Again(E::OrderTerminationStopped)),
            (S::Terminating, C::StopTermination(_)) => Ok(Changed(E::OrderTerminationStopped)),
            (S::Terminated, C::StopTermination(_)) => Ok(Again(E::OrderTerminated)),
            (S::Active | S::Suspended, C::StopTermination(_)) => Ok(Again(E::OrderTerminationStopped)),
            (S::Terminating, C::WithdrawTermination(_)) => Ok(Changed(E::OrderTerminationWithdrawn)),
            (S::Active | S::Suspended, C::WithdrawTermination(_)) => Ok(Again(E::OrderTerminationWithdrawn)),
            (
                S::Requested | S::Rejected,
                C::Suspend
                | C::Resume
                | C::RequestTermination
                | C::Terminate(_)
                | C::StopTermination(_)
                | C::WithdrawTermination(_),
            )
            | (S::Active | S::Suspended | S::Terminating | S::Terminated, C::Reject)
            | (S::Suspended, C::RequestTermination)
            | (S::Terminating | S::Terminated, C::Suspend | C::Resume | C::RequestTermination)
            | (S::Terminated, C::WithdrawTermination(_)) => Err(Refusal(self.status)),
        }
    }

    /// The order after a command that [`Order::decide`] answered with [`Outcome::Changed`].
    #[must_use]
    pub fn after(mut self, command: &Command, now: Timestamp) -> Self {
        let status = match command {
            Command::Activate(number) => {
                self.number = Some(number.clone());
                Status::Active
            }
            Command::RefuseActivation(reason) => {
                self.reason = Some((*reason).to_owned());
                self.stopped = true;
                Status::Requested
            }
            Command::StopActivation => {
                self.stopped = true;
                Status::Requested
            }
            Command::Reject => Status::Rejected,
            Command::Suspend => Status::Suspended,
            Command::Resume => Status::Active,
            Command::RequestTermination => {
                self.closings += 1;
                self.stopped = false;
                Status::Terminating
            }
            Command::Terminate(_) => Status::Terminated,
            Command::StopTermination(_) => {
                self.stopped = true;
                Status::Terminating
            }
            Command::WithdrawTermination(_) => {
                self.stopped = false;
                Status::Active
            }
        };
        if status != self.status {
            self.history.push(Change { at: now, status });
        }
        self.status = status;
        self.version += 1;
        self
    }
}

#[cfg(test)]
mod tests;
