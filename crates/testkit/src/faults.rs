//! What goes wrong, and at which call.

use app::ports::{Key, Message, Op, OpKind, Range, Table};
use domain::ids::PaymentKey;
use std::fmt;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One call of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `Tables::read`.
    Read(Table, Key),
    /// `Tables::query`, of one page.
    Query(Table, Range),
    /// `Tables::commit`: the partition, and what is written.
    Commit(Table, String, Vec<Op>),
    /// `Bus::send`.
    Send(Message),
    /// `Bus::depths`.
    Depths,
    /// `Gateway::confirm`.
    Confirm(PaymentKey),
    /// `Gateway::cancel`.
    Cancel(PaymentKey),
    /// `Gateway::find`.
    Find(PaymentKey),
    /// `Documents::read`, of a name.
    ReadDocument(String),
    /// `Documents::create`, of a name.
    CreateDocument(String),
    /// `Tables::ping`, `Bus::ping` or `Documents::ping`.
    Ping,
}

impl Call {
    /// The table of a read, a query or a commit.
    pub const fn table(&self) -> Option<Table> {
        match self {
            Self::Read(table, _) | Self::Query(table, _) | Self::Commit(table, ..) => Some(*table),
            Self::Send(_) | Self::Confirm(_) | Self::Cancel(_) | Self::Find(_) => None,
            Self::ReadDocument(_) | Self::CreateDocument(_) | Self::Depths | Self::Ping => None,
        }
    }

    /// Something is different after the call: a commit, a message sent, money moved, a document stored.
    pub const fn changes(&self) -> bool {
        matches!(
            self,
            Self::Commit(..) | Self::Send(_) | Self::Confirm(_) | Self::Cancel(_) | Self::CreateDocument(_)
        )
    }

    /// A commit to a table.
    pub fn commits_to(&self, wanted: Table) -> bool {
        matches!(self, Self::Commit(table, ..) if *table == wanted)
    }

    /// A commit that does nothing but delete, as that of outbox rows after the bus has accepted their messages.
    pub fn deletes_only(&self) -> bool {
        matches!(self, Self::Commit(_, _, ops) if ops.iter().all(|op| matches!(op.kind, OpKind::Delete(_))))
    }

    /// A message of a subject, such as `bill.settled`.
    pub fn sends(&self, subject: &str) -> bool {
        matches!(self, Self::Send(message) if message.subject == subject)
    }
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A definite no: nothing is done. `Throttled` from the tables, `Refused` from the bus and the gateway, `Busy` from
    /// the documents.
    Refused,
    /// Nothing is done, and the caller does not get to know: `Unknown`, `Unreachable` from the bus, `Store` from the
    /// documents.
    LostBefore,
    /// It is done, and the caller does not get to know.
    LostAfter,
    /// The process ends before it is done: the call never returns. See [`Faults::survives`].
    DieBefore,
    /// It is done, and the process ends.
    DieAfter,
    /// A query answers with so many rows at most, perhaps none, and says that there may be more. Nothing else is
    /// touched by it.
    ShortPage(usize),
    /// Others run before it is done, so many times: for races.
    Late(u32),
}

type Rule = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

/// The plan of what goes wrong, shared by the ports of a test. Its clones are the same plan.
#[derive(Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Default)]
struct Shared {
    plan: Mutex<Plan>,
    died: Notify,
}

#[derive(Default)]
struct Plan {
    rules: Vec<Rule>,
    calls: usize,
    fired: usize,
}

impl Faults {
    /// Asks `rule` at each call. The first rule that answers decides; the others are asked all the same.
    pub fn each(&self, rule: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        self.plan().rules.push(Box::new(rule));
    }

    /// Lets the `n`-th call from now that `matches` go wrong, counted from 1, and none after it.
    pub fn nth(&self, n: usize, matches: impl Fn(&Call) -> bool + Send + 'static, fault: Fault) {
        let mut count = 0;
        self.each(move |call| {
            count += usize::from(matches(call));
            (count == n && matches(call)).then_some(fault)
        });
    }

    /// Lets every call that `matches` go wrong.
    pub fn always(&self, matches: impl Fn(&Call) -> bool + Send + 'static, fault: Fault) {
        self.each(move |call| matches(call).then_some(fault));
    }

    /// From now on nothing goes wrong; the counts begin anew.
    pub fn clear(&self) {
        *self.plan() = Plan::default();
    }

    /// Calls since the start or the last `clear`.
    pub fn calls(&self) -> usize {
        self.plan().calls
    }

    /// Calls of them that went wrong.
    pub fn fired(&self) -> usize {
        self.plan().fired
    }

    /// Does the work until it is done; `None` when the process died in it. What was in flight then is dropped, as
    /// `kill -9` drops it.
    pub async fn survives<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.0.died.notified() => None,
            done = work => Some(done),
        }
    }

    /// Does one call of a port, or what the plan has for it.
    pub(crate) async fn around<T, E>(
        &self,
        call: impl FnOnce() -> Call,
        work: impl Future<Output = Result<T, E>>,
        refused: impl FnOnce() -> E,
        unknown: impl FnOnce() -> E,
    ) -> Result<T, E> {
        let fault = self.decide(call);
        self.suffer(fault, work, refused, unknown).await
    }

    pub(crate) async fn suffer<T, E>(
        &self,
        fault: Option<Fault>,
        work: impl Future<Output = Result<T, E>>,
        refused: impl FnOnce() -> E,
        unknown: impl FnOnce() -> E,
    ) -> Result<T, E> {
        match fault {
            None | Some(Fault::ShortPage(_)) => work.await,
            Some(Fault::Refused) => Err(refused()),
            Some(Fault::LostBefore) => Err(unknown()),
            Some(Fault::LostAfter) => {
                // What it answered is what gets lost.
                let _ = work.await;
                Err(unknown())
            }
            Some(Fault::DieBefore) => self.die().await,
            Some(Fault::DieAfter) => {
                let _ = work.await;
                self.die().await
            }
            Some(Fault::Late(times)) => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
                work.await
            }
        }
    }

    pub(crate) fn decide(&self, call: impl FnOnce() -> Call) -> Option<Fault> {
        let mut plan = self.plan();
        plan.calls += 1;
        if plan.rules.is_empty() {
            return None;
        }
        let call = call();
        let mut fault = None;
        for rule in &mut plan.rules {
            fault = fault.or(rule(&call));
        }
        plan.fired += usize::from(fault.is_some());
        fault
    }

    async fn die<T>(&self) -> T {
        self.0.died.notify_one();
        pending().await
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan();
        let mut text = f.debug_struct("Faults");
        text.field("rules", &plan.rules.len())
            .field("calls", &plan.calls)
            .field("fired", &plan.fired)
            .finish()
    }
}
