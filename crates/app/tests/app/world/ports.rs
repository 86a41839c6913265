use app::ports::{
    ETag, Gateway, GatewayError, GatewayPayment, Key, Op, Page, Range, Row, Table, TableError, Tables,
};
use async_trait::async_trait;
use domain::ids::PaymentKey;
use domain::money::Won;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Tables that can be made to refuse everything for good, but for what is parked: the consumer at work fails in a way
/// that another delivery would not mend.
pub(super) struct Refusing {
    inner: Arc<dyn Tables>,
    refuses: AtomicBool,
}

impl Refusing {
    pub(super) fn new(inner: Arc<dyn Tables>) -> Self {
        Self { inner, refuses: AtomicBool::new(false) }
    }

    pub(super) fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    fn check(&self, table: Table) -> Result<(), TableError> {
        if self.refuses.load(Ordering::SeqCst) && table != Table::Parked {
            return Err(TableError::Invalid("a fault of the test"));
        }
        Ok(())
    }
}

#[async_trait]
impl Tables for Refusing {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        self.check(table)?;
        self.inner.read(table, key).await
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        self.check(table)?;
        self.inner.query(table, range, limit, continuation).await
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        self.check(table)?;
        self.inner.commit(table, partition, ops).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        self.inner.ping().await
    }
}

/// Tables that take their time.
pub(super) struct SlowTables {
    pub(super) inner: Arc<dyn Tables>,
    pub(super) read: Duration,
    pub(super) write: Duration,
}

#[async_trait]
impl Tables for SlowTables {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        tokio::time::sleep(self.read).await;
        self.inner.read(table, key).await
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        tokio::time::sleep(self.write).await;
        self.inner.query(table, range, limit, continuation).await
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        tokio::time::sleep(self.write).await;
        self.inner.commit(table, partition, ops).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        self.inner.ping().await
    }
}

/// A gateway that answers a refund with the same `Idempotency-Key` as it did the first time, a refusal too: Toss
/// Payments does so for 15 days. It can be made not to answer refunds.
pub(super) struct MindfulGateway {
    inner: Arc<dyn Gateway>,
    refusals: Mutex<BTreeMap<String, String>>,
    silent: AtomicBool,
}

impl MindfulGateway {
    pub(super) fn new(inner: Arc<dyn Gateway>) -> Self {
        Self { inner, refusals: Mutex::default(), silent: AtomicBool::new(false) }
    }

    pub(super) fn keep_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }
}

#[async_trait]
impl Gateway for MindfulGateway {
    async fn confirm(
        &self,
        key: &PaymentKey,
        order_id: &str,
        amount: Won,
        idempotency_key: &str,
    ) -> Result<(), GatewayError> {
        self.inner.confirm(key, order_id, amount, idempotency_key).await
    }

    async fn cancel(
        &self,
        key: &PaymentKey,
        reason: &str,
        idempotency_key: &str,
    ) -> Result<(), GatewayError> {
        if self.silent.load(Ordering::SeqCst) {
            return Err(GatewayError::Unknown("a fault of the test".into()));
        }
        if let Some(code) = self.refusals.lock().unwrap().get(idempotency_key) {
            return Err(GatewayError::Refused { code: code.clone() });
        }
        let answer = self.inner.cancel(key, reason, idempotency_key).await;
        if let Err(GatewayError::Refused { code }) = &answer {
            self.refusals.lock().unwrap().insert(idempotency_key.to_owned(), code.clone());
        }
        answer
    }

    async fn find(&self, key: &PaymentKey) -> Result<GatewayPayment, GatewayError> {
        self.inner.find(key).await
    }
}
