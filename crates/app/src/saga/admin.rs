use super::view::SagaView;
use super::{INDEX, Indexed, SAGA};
use crate::keys::Buckets;
use crate::ports::{Range, Table};
use crate::store::{Loaded, retry_on_change};
use crate::{Answer, App, Failure, List, PageRequest};
use contract::problem::Code;
use domain::ids::{CustomerId, SagaId};
use domain::saga::{Exchange, Saga, Status};
use serde_json::json;

impl App {
    /// A saga with all that it went through; a customer sees its own only, and no messages.
    pub async fn saga(&self, id: &SagaId, viewer: Option<&CustomerId>) -> Result<SagaView, Failure> {
        let saga = self.load_saga(id).await?.map(|record| record.saga);
        let visible = saga.filter(|saga| viewer.is_none_or(|viewer| *viewer == saga.customer_id));
        let saga = visible.ok_or_else(|| Failure::not_found("saga"))?;
        Ok(if viewer.is_none() { SagaView::with_messages(saga) } else { SagaView::with_history(saga) })
    }

    /// Sagas of a status, or all, as they are now: bucket by bucket and oldest first in each.
    pub async fn sagas(&self, status: Option<Status>, page: &PageRequest) -> Result<List<SagaView>, Failure> {
        let (first, mut cursor) = start_of(page.cursor.as_deref(), self.buckets)?;
        let mut items = Vec::new();
        for bucket in first..self.buckets.count() {
            let wanted = PageRequest { limit: page.limit - items.len(), cursor: cursor.take() };
            let list = self.saga_ids(bucket, status, &wanted).await?;
            for id in &list.items {
                // It may have ended since it was listed.
                if let Some(record) = self.load_saga(id).await? {
                    items.push(SagaView::now(record.saga));
                }
            }
            let more = list.cursor.is_some() || items.len() >= page.limit;
            if more {
                let next = list
                    .cursor
                    .map_or_else(|| format!("{}.", bucket + 1), |cursor| format!("{bucket}.{cursor}"));
                return Ok(List { items, cursor: Some(next) });
            }
        }
        Ok(List { items, cursor: None })
    }

    async fn saga_ids(
        &self,
        bucket: u32,
        status: Option<Status>,
        page: &PageRequest,
    ) -> Result<List<SagaId>, Failure> {
        let partition = Buckets::partition(bucket);
        match status {
            Some(open @ (Status::Running | Status::Compensating | Status::Stuck)) => {
                let range = Range::prefix(partition, &format!("{INDEX}{}|", open.as_str()));
                self.list(Table::Sagas, &range, page, |row| {
                    Ok(Some(Loaded::<Indexed>::of(row)?.value.saga_id))
                })
                .await
            }
            ended => {
                let range = Range::prefix(partition, SAGA);
                self.list(Table::Sagas, &range, page, |row| {
                    // Step rows follow their header and are no sagas.
                    if !row.row.ends_with('|') {
                        return Ok(None);
                    }
                    let header = Loaded::<Saga>::of(row)?.value;
                    Ok(ended.is_none_or(|status| status == header.status).then_some(header.saga_id))
                })
                .await
            }
        }
    }

    /// Asks again for the undo of a stuck saga.
    pub async fn retry_saga(&self, id: &SagaId) -> Result<Answer, Failure> {
        retry_on_change!(self.try_retry_saga(id).await)
    }

    async fn try_retry_saga(&self, id: &SagaId) -> Result<Answer, Failure> {
        let now = self.now();
        let mut record = self.load_saga(id).await?.ok_or_else(|| Failure::not_found("saga"))?;
        let before = record.saga.clone();
        let command = record.saga.retry(now)?;
        record.saga.note(Exchange::retry(now));
        self.advance(&mut record, &before, command, None, now).await?;
        Ok(Answer { status: 202, body: json!({ "sagaId": id, "status": record.saga.status }) })
    }
}

/// The bucket and the cursor in it that a cursor of the whole list stands for.
fn start_of(cursor: Option<&str>, buckets: Buckets) -> Result<(u32, Option<String>), Failure> {
    let Some(cursor) = cursor else { return Ok((0, None)) };
    let unknown = || Failure::refused(Code::InvalidCursor, "the cursor is not one of this list");
    let (bucket, rest) = cursor.split_once('.').ok_or_else(unknown)?;
    let bucket: u32 = bucket.parse().map_err(|_| unknown())?;
    if bucket > buckets.count() {
        return Err(unknown());
    }
    Ok((bucket, (!rest.is_empty()).then(|| rest.to_owned())))
}
