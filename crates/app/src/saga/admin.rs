use super::view::SagaView;
use super::{INDEX, Indexed, SAGA};
use crate::housekeeping::cursor_behind;
use crate::keys::Buckets;
use crate::ports::{Range, Table};
use crate::store::{Loaded, retry_on_change};
use crate::{Answer, App, Failure, List, PageRequest};
use contract::problem::Code;
use domain::ids::{CustomerId, SagaId};
use domain::limits::BUCKETS_AT_ONCE;
use domain::saga::{Exchange, Saga, Status};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use std::pin::pin;

/// Records of a page of sagas that are read at a time.
const SAGAS_AT_ONCE: usize = 16;

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
        let (ids, cursor) = self.listed(status, page).await?;
        let records =
            stream::iter(ids).map(|id| async move { self.load_saga(&id).await }).buffered(SAGAS_AT_ONCE);
        // It may have ended since it was listed.
        let views =
            records.try_filter_map(async |record| Ok(record.map(|record| SagaView::now(record.saga))));
        Ok(List { items: views.try_collect().await?, cursor })
    }

    /// Ids of a page of sagas, and the cursor behind it. The next buckets are asked before it is known that they are
    /// needed: most have nothing to show.
    async fn listed(
        &self,
        status: Option<Status>,
        page: &PageRequest,
    ) -> Result<(Vec<SagaId>, Option<String>), Failure> {
        let (first, mut cursor) = start_of(page.cursor.as_deref(), self.buckets)?;
        let lists = (first..self.buckets.count()).map(|bucket| {
            let page = PageRequest { limit: page.limit, cursor: cursor.take() };
            async move { self.saga_ids(bucket, status, &page).await.map(|list| (bucket, list)) }
        });
        let mut lists = pin!(stream::iter(lists).buffered(BUCKETS_AT_ONCE));
        let mut ids = Vec::new();
        while let Some((bucket, list)) = lists.try_next().await? {
            let room = page.limit - ids.len();
            let cut = list.items.get(room - 1).filter(|_| list.items.len() > room);
            let behind = cut.map(|(key, _)| cursor_behind(key)).or(list.cursor);
            ids.extend(list.items.into_iter().take(room).map(|(_, id)| id));
            if let Some(behind) = behind {
                return Ok((ids, Some(format!("{bucket}.{behind}"))));
            }
            if ids.len() == page.limit {
                return Ok((ids, Some(format!("{}.", bucket + 1))));
            }
        }
        Ok((ids, None))
    }

    /// Ids of sagas of a bucket, each behind the key of its row.
    async fn saga_ids(
        &self,
        bucket: u32,
        status: Option<Status>,
        page: &PageRequest,
    ) -> Result<List<(String, SagaId)>, Failure> {
        let partition = Buckets::partition(bucket);
        match status {
            Some(open @ (Status::Running | Status::Compensating | Status::Stuck)) => {
                let range = Range::prefix(partition, &format!("{INDEX}{}|", open.as_str()));
                self.list(Table::Sagas, &range, page, |row| {
                    let Loaded { row, value, .. } = Loaded::<Indexed>::of(row)?;
                    Ok(Some((row, value.saga_id)))
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
                    let Loaded { row, value: header, .. } = Loaded::<Saga>::of(row)?;
                    let wanted = ended.is_none_or(|status| status == header.status);
                    Ok(wanted.then_some((row, header.saga_id)))
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
