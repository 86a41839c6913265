use crate::{App, Failure};
use contract::event::Compensation;
use domain::ids::{OrderId, PaymentId};
use domain::saga::Undo;
use domain::{bill, order, pay};

impl App {
    /// Carries out a compensating command, in the service whose step it undoes.
    pub(crate) async fn compensate(&self, command: &Compensation) -> Result<(), Failure> {
        let Compensation { saga_id, customer_id, undo } = command;
        let undo = Undo::parse(undo).ok_or_else(|| Failure::Malformed(format!("{undo} is no command")))?;
        let order = || -> Result<OrderId, Failure> {
            saga_id.order().ok_or_else(|| Failure::Malformed("the saga is about no order".to_owned()))
        };
        let payment = || -> Result<PaymentId, Failure> {
            saga_id.payment().ok_or_else(|| Failure::Malformed("the saga is about no payment".to_owned()))
        };
        let attempt = saga_id.attempt();
        match undo {
            Undo::RejectOrder => self.undo_order(customer_id, &order()?, &order::Command::Reject).await,
            Undo::StopActivation => {
                self.undo_order(customer_id, &order()?, &order::Command::StopActivation).await
            }
            Undo::StopTermination => {
                self.undo_order(customer_id, &order()?, &order::Command::StopTermination(attempt)).await
            }
            Undo::WithdrawTermination => {
                self.undo_order(customer_id, &order()?, &order::Command::WithdrawTermination(attempt)).await
            }
            Undo::CloseAccount => self.close_account(customer_id, &order()?).await,
            Undo::VoidFinalBill => self.void_final_bill(saga_id, customer_id, &order()?, attempt).await,
            Undo::RevertSettlement => {
                let payment = payment()?;
                let command = bill::Command::RevertSettlement(payment.clone());
                self.undo_bill(saga_id, customer_id, &payment.bill(), &command).await
            }
            Undo::ResettleBill => {
                let payment = payment()?;
                let command = bill::Command::Resettle(payment.clone(), attempt);
                self.undo_bill(saga_id, customer_id, &payment.bill(), &command).await
            }
            Undo::Refund => self.undo_capture(customer_id, &payment()?).await,
            Undo::StopCompletion => {
                self.stop_payment(customer_id, &payment()?, &pay::Command::StopCompletion).await
            }
            Undo::StopRefund => {
                self.stop_payment(customer_id, &payment()?, &pay::Command::StopRefund(attempt)).await
            }
            Undo::WithdrawCancellation => {
                self.stop_payment(customer_id, &payment()?, &pay::Command::WithdrawCancellation(attempt))
                    .await
            }
        }
    }
}
