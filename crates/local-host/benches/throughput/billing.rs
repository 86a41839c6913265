//! A billing run on the embedded store and the local bus, with the projections that follow from it.

use app::bill::UsageRecord;
use app::order::OpenLine;
use app::ports::{Bus, BusError, Clock, Depth, Gateway, GatewayError, GatewayPayment, Message};
use app::{App, Buckets, Consumer, Incoming, Ports};
use async_trait::async_trait;
use bill_pdf::PdfTypesetter;
use bytes::Bytes;
use domain::calendar::UsageMonth;
use domain::catalogue::{Catalogue, UsageType};
use domain::ids::{CustomerId, PaymentKey, PhoneNumber, PlanCode};
use domain::money::Won;
use domain::rating::Quantity;
use embedded::{FolderDocuments, SqliteTables, SystemIds};
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use local_host::bus::{Broker, IncomingMessage, Topology};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc};

const TOPOLOGY: &str = include_str!("../../../../infra/topology.json");
/// Messages of one consumer that are handled at a time.
const AT_ONCE: usize = 4;

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

struct NoGateway;

#[async_trait]
impl Gateway for NoGateway {
    async fn confirm(&self, _: &PaymentKey, _: &str, _: Won, _: &str) -> Result<(), GatewayError> {
        Err(GatewayError::NotFound)
    }

    async fn cancel(&self, _: &PaymentKey, _: &str, _: &str) -> Result<(), GatewayError> {
        Err(GatewayError::NotFound)
    }

    async fn find(&self, _: &PaymentKey) -> Result<GatewayPayment, GatewayError> {
        Err(GatewayError::NotFound)
    }
}

fn app(folder: &Path, bus: Arc<dyn Bus>, now: &str) -> App {
    let tables = SqliteTables::open(&folder.join("tables.db")).unwrap();
    let ports = Ports {
        tables: Arc::new(tables),
        bus,
        gateway: Arc::new(NoGateway),
        documents: Arc::new(FolderDocuments::open(&folder.join("documents")).unwrap()),
        typesetter: Arc::new(PdfTypesetter::new().unwrap()),
        clock: Arc::new(At(now.parse().unwrap())),
        ids: Arc::new(SystemIds::new()),
    };
    App::new(ports, Arc::new(Catalogue::builtin()), Buckets::new(32).unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// Hands the messages that open a line straight to their consumers.
struct Chain(mpsc::UnboundedSender<(Consumer, Incoming)>);

#[async_trait]
impl Bus for Chain {
    async fn send(&self, message: &Message) -> Result<(), BusError> {
        let consumer = match message.subject.as_str() {
            "order.placed" => Consumer::BillOnOrderPlaced,
            "bill.account_opened" => Consumer::OrderOnAccountOpened,
            "order.activated" => Consumer::BillOnOrderActivated,
            _ => return Ok(()),
        };
        let incoming =
            Incoming { message_id: message.message_id.clone(), subject: None, body: message.body.clone() };
        let _ = self.0.send((consumer, incoming));
        Ok(())
    }

    async fn ping(&self) -> Result<(), BusError> {
        Ok(())
    }

    async fn depths(&self) -> Result<Option<Vec<Depth>>, BusError> {
        Ok(None)
    }
}

fn number(line: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("010{:08}", 20_000_000 + line)).unwrap()
}

/// Opens lines as customers do, and takes in their usage of October 2026.
pub(crate) fn seed(folder: &Path, lines: u32) {
    runtime().block_on(async {
        let (sender, receiver) = mpsc::unbounded_channel();
        let app = app(folder, Arc::new(Chain(sender)), "2026-09-30T00:00:00Z");
        let receiver = Arc::new(Mutex::new(receiver));
        let active = Arc::new(AtomicU32::new(0));
        for _ in 0..64 {
            tokio::spawn(hand_on(app.clone(), Arc::clone(&receiver), Arc::clone(&active)));
        }
        let open = |line| {
            let app = app.clone();
            async move {
                let customer = CustomerId::parse(format!("customer-{line}")).unwrap();
                let plan = PlanCode::parse("lte-light").unwrap();
                let order = OpenLine { plan, contract_months: Some(24), wish_number: Some(number(line)) };
                app.open_line(&customer, order, None).await.unwrap();
            }
        };
        stream::iter(0..lines).map(open).buffer_unordered(64).collect::<Vec<()>>().await;
        while active.load(Ordering::Relaxed) < lines {
            tokio::task::yield_now().await;
        }
        for first in (0..lines).step_by(10_000) {
            let records = (first..lines.min(first + 10_000)).flat_map(usage).collect();
            assert_eq!(app.take_in_usage(records, Vec::new()).await.unwrap().rejected, []);
        }
    });
}

async fn hand_on(
    app: App,
    receiver: Arc<Mutex<mpsc::UnboundedReceiver<(Consumer, Incoming)>>>,
    active: Arc<AtomicU32>,
) {
    loop {
        let Some((consumer, incoming)) = receiver.lock().await.recv().await else { return };
        app.consume(consumer, &incoming).await.unwrap();
        if consumer == Consumer::BillOnOrderActivated {
            active.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn usage(line: u32) -> Vec<UsageRecord> {
    let kinds = [UsageType::VoiceDay, UsageType::VoiceNight, UsageType::Sms, UsageType::DataMb];
    let record = |(index, kind)| UsageRecord {
        line: 1,
        record_id: format!("{line}-{index}"),
        number: number(line),
        kind,
        quantity: Quantity::parse("120.5").unwrap(),
        used_at: "2026-09-30T16:00:00Z".parse().unwrap(),
    };
    kinds.into_iter().enumerate().map(record).collect()
}

/// The local bus without its REST surface.
struct Direct(Arc<Broker>);

#[async_trait]
impl Bus for Direct {
    async fn send(&self, message: &Message) -> Result<(), BusError> {
        let incoming = IncomingMessage {
            message_id: Some(message.message_id.clone()),
            subject: Some(message.subject.clone()),
            body: Bytes::from(message.body.clone()),
            ..IncomingMessage::default()
        };
        self.0.send(message.entity, incoming).await.map_err(|error| BusError::Unreachable(Box::new(error)))
    }

    async fn ping(&self) -> Result<(), BusError> {
        Ok(())
    }

    async fn depths(&self) -> Result<Option<Vec<Depth>>, BusError> {
        Ok(None)
    }
}

/// Bills the month, and prints the seconds that it took for the process that compares.
pub(crate) fn bill(folder: &Path, lines: u32) {
    runtime().block_on(async {
        let now = "2026-11-01T00:00:00Z";
        let topology = Topology::parse(TOPOLOGY).unwrap();
        let broker =
            Broker::open(&folder.join("bus.db"), &topology, Arc::new(At(now.parse().unwrap()))).unwrap();
        let app = app(folder, Arc::new(Direct(Arc::clone(&broker))), now);
        for (source, consumer) in sources(&topology) {
            for _ in 0..AT_ONCE {
                tokio::spawn(consume(app.clone(), Arc::clone(&broker), source.clone(), consumer));
            }
        }
        let month = UsageMonth::parse("2026-10").unwrap();
        let began = Instant::now();
        app.start_billing_run(month).await.unwrap();
        let issued = wait_for_run(&app, month).await;
        let billed = began.elapsed().as_secs_f64();
        assert!(broker.wait_idle(Duration::from_mins(5)).await, "the projections end");
        let projected = began.elapsed().as_secs_f64();
        assert_eq!(issued, u64::from(lines));
        eprintln!(
            "{lines} lines billed in {billed:.2} s, {:.0} lines/s, {:.1} µs a line; with the projections into Pay and \
             MyPage {projected:.2} s, {:.0} lines/s; peak memory {} MB",
            f64::from(lines) / billed,
            billed * 1e6 / f64::from(lines),
            f64::from(lines) / projected,
            peak_megabytes(),
        );
        println!("{projected}");
    });
}

fn sources(topology: &Topology) -> Vec<(String, Consumer)> {
    let mut sources = vec![("billing".to_owned(), Consumer::BillingChunk)];
    for topic in &topology.topics {
        for subscription in &topic.subscriptions {
            let consumer = Consumer::named(&subscription.function).unwrap();
            sources.push((Topology::subscription_path(&topic.name, &subscription.name), consumer));
        }
    }
    sources
}

async fn consume(app: App, broker: Arc<Broker>, source: String, consumer: Consumer) {
    while let Ok(delivery) = broker.receive(&source).await {
        let incoming = Incoming {
            message_id: delivery.message.message_id.clone(),
            subject: delivery.message.subject.clone(),
            body: String::from_utf8(delivery.message.body.to_vec()).unwrap(),
        };
        let ended = app.consume(consumer, &incoming).await;
        let settled =
            if ended.is_ok() { broker.complete(&delivery.lock) } else { broker.abandon(&delivery.lock) };
        settled.unwrap();
    }
}

async fn wait_for_run(app: &App, month: UsageMonth) -> u64 {
    loop {
        let run = serde_json::to_value(app.billing_run(month).await.unwrap()).unwrap();
        if run["status"] == "completed" {
            return run["issued"].as_u64().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
