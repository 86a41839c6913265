//! The ports of the use cases, each call in a span.

use crate::spans;
use app::Ports;
use app::ports::{
    Bus, BusError, Depth, ETag, Gateway, GatewayError, GatewayPayment, Key, Message, Op, Page, Range, Row,
    Table, TableError, Tables,
};
use async_trait::async_trait;
use domain::ids::PaymentKey;
use domain::money::Won;
use std::sync::Arc;
use tracing::{Instrument, Span};

/// The same ports, with a span for every call of the tables, the bus and the gateway. Messages carry on the span that
/// sends them. `system` says what the tables are: `sqlite`, `azure.table`.
pub fn traced(ports: Ports, system: &'static str) -> Ports {
    Ports {
        tables: Arc::new(TracedTables { tables: Arc::clone(&ports.tables), system }),
        bus: Arc::new(TracedBus { bus: Arc::clone(&ports.bus) }),
        gateway: Arc::new(TracedGateway { gateway: Arc::clone(&ports.gateway) }),
        ..ports
    }
}

struct TracedTables {
    tables: Arc<dyn Tables>,
    system: &'static str,
}

#[async_trait]
impl Tables for TracedTables {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        let span = spans::table(self.system, "read", Some(table.name()), None);
        within(span, self.tables.read(table, key), table_error).await
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        let span = spans::table(self.system, "query", Some(table.name()), None);
        let call = self.tables.query(table, range, limit, continuation);
        let page = within(span.clone(), call, table_error).await?;
        span.record("db.response.returned_rows", page.rows.len());
        Ok(page)
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        let span = spans::table(self.system, "commit", Some(table.name()), Some(ops.len()));
        within(span, self.tables.commit(table, partition, ops), table_error).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        within(spans::table(self.system, "ping", None, None), self.tables.ping(), table_error).await
    }
}

struct TracedBus {
    bus: Arc<dyn Bus>,
}

#[async_trait]
impl Bus for TracedBus {
    async fn send(&self, message: &Message) -> Result<(), BusError> {
        let span = spans::sending(message);
        let Some(trace) = spans::traceparent(&span) else { return self.bus.send(message).await };
        let mut message = message.clone();
        message.properties.retain(|(name, _)| *name != spans::PROPERTY);
        message.properties.push((spans::PROPERTY, trace.as_str().to_owned()));
        within(span, self.bus.send(&message), bus_error).await
    }

    async fn ping(&self) -> Result<(), BusError> {
        self.bus.ping().await
    }

    async fn depths(&self) -> Result<Option<Vec<Depth>>, BusError> {
        self.bus.depths().await
    }
}

struct TracedGateway {
    gateway: Arc<dyn Gateway>,
}

#[async_trait]
impl Gateway for TracedGateway {
    async fn confirm(
        &self,
        key: &PaymentKey,
        order_id: &str,
        amount: Won,
        idempotency_key: &str,
    ) -> Result<(), GatewayError> {
        let call = self.gateway.confirm(key, order_id, amount, idempotency_key);
        within(spans::gateway("confirm"), call, gateway_error).await
    }

    async fn cancel(
        &self,
        key: &PaymentKey,
        reason: &str,
        idempotency_key: &str,
    ) -> Result<(), GatewayError> {
        let call = self.gateway.cancel(key, reason, idempotency_key);
        within(spans::gateway("cancel"), call, gateway_error).await
    }

    async fn find(&self, key: &PaymentKey) -> Result<GatewayPayment, GatewayError> {
        within(spans::gateway("find"), self.gateway.find(key), gateway_error).await
    }
}

/// How an error stands in a span: its kind, and whether it is a failure of the call or an answer to it.
struct Verdict {
    kind: &'static str,
    failed: bool,
}

async fn within<T, E>(
    span: Span,
    call: impl Future<Output = Result<T, E>>,
    verdict: impl FnOnce(&E) -> Verdict,
) -> Result<T, E> {
    let ended = call.instrument(span.clone()).await;
    if let Err(error) = &ended {
        let Verdict { kind, failed } = verdict(error);
        if failed {
            spans::fail(&span, kind);
        } else {
            spans::note(&span, kind);
        }
    }
    ended
}

fn table_error(error: &TableError) -> Verdict {
    let (kind, failed) = match error {
        TableError::Exists { .. } => ("exists", false),
        TableError::Changed { .. } => ("changed", false),
        TableError::Missing { .. } => ("missing", false),
        TableError::Invalid(_) => ("invalid", true),
        TableError::Throttled { .. } => ("throttled", true),
        TableError::Unknown(_) => ("unknown", true),
    };
    Verdict { kind, failed }
}

fn bus_error(error: &BusError) -> Verdict {
    let kind = match error {
        BusError::Unreachable(_) => "unreachable",
        BusError::Refused { .. } => "refused",
    };
    Verdict { kind, failed: true }
}

fn gateway_error(error: &GatewayError) -> Verdict {
    let (kind, failed) = match error {
        GatewayError::Refused { .. } => ("refused", false),
        GatewayError::NotFound => ("not_found", false),
        GatewayError::Unknown(_) => ("unknown", true),
    };
    Verdict { kind, failed }
}

#[cfg(test)]
mod tests;
