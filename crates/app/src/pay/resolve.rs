//! Asking the gateway about payments whose outcome is not known.

use super::{Account, OpenBusiness, open_row};
use crate::failure::chain;
use crate::keys;
use crate::ports::{GatewayError, GatewayStatus, Range, Table};
use crate::store::{Changes, Loaded};
use crate::sweep::sweep;
use crate::{App, Failure, trace};
use domain::limits::UNKNOWN_AFTER_SECONDS;
use domain::order::Outcome;
use domain::pay::{Command, Status};
use jiff::{SignedDuration, Timestamp};

impl App {
    /// Settles what is open at the gateway: charges and refunds without an outcome. Answers how many were looked at;
    /// one that cannot be settled now is looked at again the next time.
    pub async fn resolve_payments(&self) -> Result<usize, Failure> {
        let now = self.now();
        let (open, failure) = self.open_at_gateway(now).await;
        let looked_at = sweep(open, now, |open| self.resolve_or_tell(open, now)).await.len();
        failure.map_or(Ok(looked_at), Err)
    }

    /// All that is open, as far as it can be read, and why it cannot.
    async fn open_at_gateway(&self, now: Timestamp) -> (Vec<Loaded<OpenBusiness>>, Option<Failure>) {
        let buckets = self.buckets.partitions().collect();
        let (mut all, mut why) = (Vec::new(), None);
        for found in sweep(buckets, now, |partition| self.open_in(partition)).await {
            match found {
                Ok(open) => all.extend(open),
                Err(failure) => why = Some(failure),
            }
        }
        (all, why)
    }

    async fn open_in(&self, partition: String) -> Result<Vec<Loaded<OpenBusiness>>, Failure> {
        let rows = self.load_all(Table::Payments, &Range::prefix(partition, keys::OPEN)).await?;
        rows.into_iter().map(Loaded::of).collect()
    }

    async fn resolve_or_tell(&self, open: Loaded<OpenBusiness>, now: Timestamp) {
        let resolving = Box::pin(self.resolve(&open, now));
        let resolving = trace::within_or_here(open.value.traceparent.clone(), resolving);
        if let Err(failure) = resolving.await {
            tracing::warn!(payment.id = %open.value.payment_id, error = chain(&failure), "a payment stays unresolved");
        }
    }

    async fn resolve(&self, open: &Loaded<OpenBusiness>, now: Timestamp) -> Result<(), Failure> {
        let Loaded { value: OpenBusiness { customer_id, payment_id, since, .. }, .. } = open;
        let account = self.load_payment(customer_id, payment_id).await?;
        let old = now.duration_since(*since) >= SignedDuration::from_secs(UNKNOWN_AFTER_SECONDS);
        match account.payment.value.status {
            // Its request may still be at work.
            Status::Pending if !old => Ok(()),
            Status::Pending | Status::Unknown => self.resolve_charge(account).await,
            Status::Captured | Status::Completed
                if account.payment.value.refund_unknown || account.payment.value.refund_wanted =>
            {
                self.refund_for_undo(account).await
            }
            Status::Cancelling if account.payment.value.refund_unknown && old => {
                self.refund_for_cancellation(account).await
            }
            Status::Cancelling if account.payment.value.refund_unknown => Ok(()),
            Status::Captured
            | Status::Completed
            | Status::Cancelling
            | Status::Declined
            | Status::Compensated
            | Status::Cancelled => self.forget(account.key.partition, open).await,
        }
    }

    async fn resolve_charge(&self, account: Account) -> Result<(), Failure> {
        let payment = &account.payment.value;
        let command = match self.ports.gateway.find(&payment.payment_key).await {
            Ok(found) => match found.status {
                // Still without an outcome; the gateway lets the form expire in the end.
                GatewayStatus::Open => return Ok(()),
                GatewayStatus::Done if found.amount == payment.amount => Command::Capture,
                // Money was taken, but not this payment's: a person must look, so the payment stays unknown.
                GatewayStatus::Done => {
                    return Err(Failure::Fault("the gateway charged another amount".into()));
                }
                GatewayStatus::Cancelled | GatewayStatus::PartiallyCancelled => {
                    Command::Decline("CANCELED".to_owned())
                }
                GatewayStatus::Closed => Command::Decline("NOT_CHARGED".to_owned()),
            },
            Err(GatewayError::NotFound) => Command::Decline("NOT_FOUND_PAYMENT".to_owned()),
            Err(error @ (GatewayError::Refused { .. } | GatewayError::Unknown(_))) => {
                return Err(error.into());
            }
        };
        self.record_resolution(account, &command).await
    }

    async fn record_resolution(&self, account: Account, command: &Command) -> Result<(), Failure> {
        let now = self.now();
        let Account { key, payable, payment } = account;
        let Outcome::Changed(kind) = payment.value.decide(command)? else { return Ok(()) };
        let after = payment.value.after(command, now);
        let mut changes = Changes::new(Table::Payments, key.partition);
        changes.replace(payment.row, payment.etag, &after)?;
        if after.status == Status::Declined {
            changes.replace(payable.row, payable.etag, &payable.value.released_by(&after.payment_id))?;
        }
        // One that must go back stays open until it has.
        if !after.refund_wanted || after.status == Status::Declined {
            changes.delete(open_row(&after.payment_id), None);
        }
        self.announce_payment(&mut changes, kind, &after, now)?;
        self.commit(changes).await?;
        if after.refund_wanted && after.status == Status::Captured {
            let again = self.load_payment(&after.customer_id, &after.payment_id).await?;
            return self.refund_for_undo(again).await;
        }
        Ok(())
    }

    /// The business is done; its row was left behind. One that was written since is of other business.
    async fn forget(&self, partition: String, open: &Loaded<OpenBusiness>) -> Result<(), Failure> {
        let mut changes = Changes::new(Table::Payments, partition);
        changes.delete(open.row.clone(), Some(open.etag.clone()));
        self.commit(changes).await.map(|_| ())
    }
}
