//! The transactions when nothing goes wrong.

use crate::world::World;
use crate::world::commands::{customer, payment_of};
use testkit::Card;

#[tokio::test(start_paused = true)]
async fn a_line_is_opened_billed_paid_cancelled_and_closed() {
    let mut world = World::new(1);
    let (line, payment) = world.paid("kim", Card::Approve).await;
    world.rest().await;
    world.check_books("paid").await;
    world.app.cancel_payment(&customer("kim"), &payment, "test", None).await.unwrap();
    world.rest().await;
    world.check_books("cancelled").await;
    let bill = payment.bill();
    let again = world.pay("kim", &bill, None, Card::Approve, None).await.unwrap();
    assert_ne!(payment_of(&again), payment);
    world.rest().await;
    world.check_books("paid again").await;
    world.app.terminate_line(&customer("kim"), &line, None).await.unwrap();
    world.rest().await;
    world.check_books("closed").await;
}
