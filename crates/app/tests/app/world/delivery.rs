use super::{Trouble, World};
use app::ports::Message;
use app::{Consumer, Failure, Incoming};
use futures::future::join_all;
use jiff::SignedDuration;
use testkit::{Delivery, Fault};

/// Deliveries after which messages cause each other for ever.
const DELIVERIES_MAX: usize = 100_000;

/// What a consumer gets of a message.
pub(crate) fn incoming(message: &Message) -> Incoming {
    Incoming {
        message_id: message.message_id.clone(),
        subject: Some(message.subject.clone()),
        body: message.body.clone(),
    }
}

impl World {
    /// Delivers until nothing is on its way that is due.
    pub(crate) async fn run_until_quiet(&mut self) {
        for _ in 0..DELIVERIES_MAX {
            if !self.deliver_next().await {
                return;
            }
        }
        panic!("the messages never end: {:?}", self.deliveries.waiting().first());
    }

    /// Delivers one message that is due; false when there is none.
    pub(crate) async fn deliver_next(&mut self) -> bool {
        self.deliveries.collect(&self.bus);
        let now = self.now();
        let next = if self.shuffled { self.deliveries.any(now) } else { self.deliveries.first(now) };
        let Some(delivery) = next else { return false };
        self.deliver(delivery).await;
        true
    }

    async fn deliver(&mut self, delivery: Delivery) {
        let now = self.now();
        let trouble = self.plan.of(&delivery);
        match trouble {
            Some(Trouble::Last) => {
                return self.deliveries.hold(delivery, now + SignedDuration::from_millis(1));
            }
            Some(Trouble::Late(time)) => return self.deliveries.hold(delivery, now + time),
            Some(Trouble::Parked) => return self.fail_for_good(&delivery).await,
            Some(Trouble::Call(n, fault)) => self.faults.nth(n, |_| true, fault),
            Some(Trouble::Down(_)) => self.faults.always(|_| true, Fault::LostBefore),
            Some(Trouble::Twice) => self.deliveries.again(&delivery),
            None => {}
        }
        if self.plan.everything_twice && delivery.count == 1 {
            self.deliveries.again(&delivery);
        }
        let handled = self.handle(&delivery).await;
        if let Some(Trouble::Call(..) | Trouble::Down(_)) = trouble {
            if self.faults.fired() > 0 {
                self.plan.call_failed(&delivery);
            }
            self.faults.clear();
        }
        if !matches!(handled, Some(Ok(()))) {
            self.deliveries.abandon(delivery);
        }
    }

    async fn fail_for_good(&mut self, delivery: &Delivery) {
        self.refusing.refuse(true);
        let handled = self.handle(delivery).await;
        self.refusing.refuse(false);
        assert!(matches!(handled, Some(Ok(()))), "what fails for good is parked: {handled:?}");
    }

    /// Delivers up to `count` messages at the same time, in one process, and says which were handled: none when the
    /// process died.
    pub(crate) async fn deliver_together(&mut self, count: usize) -> Vec<(Delivery, bool)> {
        self.deliveries.collect(&self.bus);
        let now = self.now();
        let batch: Vec<Delivery> = std::iter::from_fn(|| self.deliveries.any(now)).take(count).collect();
        let handled = join_all(batch.iter().map(|delivery| hand_over(&self.app, delivery)));
        let handled = self.faults.survives(handled).await;
        let done = |place: usize| handled.as_ref().is_some_and(|handled| handled[place].is_ok());
        let ended: Vec<_> =
            batch.into_iter().enumerate().map(|(place, delivery)| (delivery, done(place))).collect();
        for (delivery, done) in &ended {
            if !done {
                self.deliveries.abandon(delivery.clone());
            }
        }
        ended
    }

    /// Delivers messages at the same time until nothing is on its way that is due.
    pub(crate) async fn run_together(&mut self, count: usize) {
        for _ in 0..DELIVERIES_MAX {
            if self.deliver_together(count).await.is_empty() {
                return;
            }
        }
        panic!("the messages never end: {:?}", self.deliveries.waiting().first());
    }

    /// Hands a message to its consumer; `None` when the process died.
    pub(crate) async fn handle(&self, delivery: &Delivery) -> Option<Result<(), Failure>> {
        self.faults.survives(hand_over(&self.app, delivery)).await
    }
}

async fn hand_over(app: &app::App, delivery: &Delivery) -> Result<(), Failure> {
    let message = incoming(&delivery.message);
    if let Some(consumer) = Consumer::named(&delivery.function) {
        return app.consume(consumer, &message).await;
    }
    let source = delivery.dead_letter_source.as_deref();
    app.record_dead_letter(&message, source, Some("MaxDeliveryCountExceeded")).await
}
