use super::Books;
use super::agree::Faults;
use app::keys::digest;
use domain::ids::SagaId;
use domain::order::{Order, Status as OrderStatus};
use domain::pay::{Payment, Status as PaymentStatus};
use domain::saga::{Kind, Saga, Status};
use std::collections::BTreeSet;

impl Books {
    /// Every transaction has its saga, every saga has ended or is stuck, and what it was about is as its end says.
    pub(super) fn check_sagas(&self, faults: &mut Faults) {
        for saga in self.sagas.values() {
            let id = &saga.saga_id;
            let ended = saga.status.has_ended() || saga.status == Status::Stuck;
            faults.check(ended, || format!("{id} is still {:?}: {:?}", saga.status, saga.steps));
            self.check_end(saga, faults);
            check_past(saga, faults);
        }
        let listed = self.sagas.values().filter(|saga| !saga.status.has_ended());
        let listed: BTreeSet<_> =
            listed.map(|saga| (saga.status.as_str().to_owned(), digest(&[saga.saga_id.as_str()]))).collect();
        faults.check(listed == self.listed, || format!("listed are {:?}, not {listed:?}", self.listed));
        for order in self.orders.values() {
            self.check_has_saga(&SagaId::open(&order.order_id), faults);
            for n in 1..=order.closings {
                self.check_has_saga(&SagaId::close(&order.order_id, n), faults);
            }
        }
        for payment in self.payments.values().filter(|payment| payment.status != PaymentStatus::Pending) {
            self.check_has_saga(&SagaId::pay(&payment.payment_id), faults);
            for n in 1..=payment.cancellations {
                self.check_has_saga(&SagaId::cancel(&payment.payment_id, n), faults);
            }
        }
    }

    fn check_has_saga(&self, saga: &SagaId, faults: &mut Faults) {
        faults.check(self.sagas.contains_key(saga), || format!("there is no record of {saga}"));
    }

    fn check_end(&self, saga: &Saga, faults: &mut Faults) {
        let order = saga.saga_id.order().and_then(|id| self.orders.get(&id));
        let payment = saga.saga_id.payment().and_then(|id| self.payments.get(&id));
        let agrees = match (saga.kind, order, payment) {
            (Kind::OpenLine, Some(order), _) => opened(saga.status, order),
            (Kind::CloseLine, Some(order), _) => closed(saga, order),
            (Kind::PayBill, _, Some(payment)) => paid(saga.status, payment),
            (Kind::CancelPayment, _, Some(payment)) => cancelled(saga, payment),
            (_, _, _) => false,
        };
        faults.check(agrees, || {
            let (order, payment) = (order.map(|order| order.status), payment.map(|payment| payment.status));
            format!("{} is {:?}: order {order:?}, payment {payment:?}", saga.saga_id, saga.status)
        });
    }
}

/// What a saga remembers agrees with where it stands, and nothing is remembered twice.
fn check_past(saga: &Saga, faults: &mut Faults) {
    for step in &saga.steps {
        let last = step.history.last().map(|change| (change.state, change.at));
        faults.check(last == step.state.zip(step.at), || format!("{}: {step:?}", saga.saga_id));
    }
    let ids: Vec<_> = saga.messages.iter().filter_map(|message| message.message_id.as_ref()).collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    faults.check(distinct.len() == ids.len(), || format!("{}: {:?}", saga.saga_id, saga.messages));
    let sorted = saga.messages.is_sorted_by_key(|message| message.at);
    faults.check(sorted && !ids.is_empty(), || format!("{}: {:?}", saga.saga_id, saga.messages));
}

fn opened(saga: Status, order: &Order) -> bool {
    use OrderStatus as O;
    match saga {
        Status::Completed => {
            matches!(order.status, O::Active | O::Suspended | O::Terminating | O::Terminated)
        }
        Status::Compensated => order.status == O::Rejected,
        Status::Running | Status::Compensating | Status::Stuck => order.status == O::Requested,
    }
}

fn closed(saga: &Saga, order: &Order) -> bool {
    use OrderStatus as O;
    let n = saga.saga_id.attempt();
    match saga.status {
        Status::Completed => order.status == O::Terminated && order.closings == n,
        Status::Compensated => order.closings > n || matches!(order.status, O::Active | O::Suspended),
        Status::Running | Status::Compensating | Status::Stuck => {
            order.status == O::Terminating && order.closings == n
        }
    }
}

fn paid(saga: Status, payment: &Payment) -> bool {
    use PaymentStatus as P;
    match saga {
        Status::Completed => matches!(payment.status, P::Completed | P::Cancelling | P::Cancelled),
        Status::Compensated => matches!(payment.status, P::Compensated | P::Declined),
        Status::Running | Status::Compensating | Status::Stuck => {
            matches!(payment.status, P::Unknown | P::Captured)
        }
    }
}

fn cancelled(saga: &Saga, payment: &Payment) -> bool {
    use PaymentStatus as P;
    let n = saga.saga_id.attempt();
    match saga.status {
        Status::Completed => payment.status == P::Cancelled && payment.cancellations == n,
        Status::Compensated => payment.cancellations > n || payment.status == P::Completed,
        Status::Running | Status::Compensating | Status::Stuck => {
            payment.status == P::Cancelling && payment.cancellations == n
        }
    }
}
