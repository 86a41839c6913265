//! The whole back end on ports in memory, and a bus that delivers in the order that a test wants.

pub(crate) mod commands;
pub(crate) mod delivery;
mod ports;
pub(crate) mod rest;
mod trouble;

pub(crate) use trouble::{Spot, Trouble};

use app::ports::{Clock, Gateway, Tables};
use app::{App, Buckets, Ports};
use domain::catalogue::Catalogue;
use domain::ids::PaymentKey;
use jiff::{SignedDuration, Timestamp};
use ports::{MindfulGateway, Refusing, SlowTables};
use std::sync::Arc;
use std::time::Duration;
use testkit::{
    Chance, CountingIds, CountingTables, Deliveries, FakeGateway, Fault, Faults, FaultyTables, MemoryBus,
    MemoryDocuments, MemoryTables, PlainTypesetter, StoppedClock, Topology,
};
use trouble::Plan;

/// When every test begins: the morning of 5 October 2026 in Seoul.
const START: &str = "2026-10-05T01:00:00Z";

/// The back end and everything around it.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) tables: Arc<MemoryTables>,
    pub(crate) counted: Arc<CountingTables>,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) gateway: Arc<FakeGateway>,
    pub(crate) documents: Arc<MemoryDocuments>,
    pub(crate) clock: Arc<StoppedClock>,
    pub(crate) faults: Faults,
    pub(crate) deliveries: Deliveries,
    /// What goes wrong with which delivery.
    pub(crate) plan: Plan,
    /// Deliveries are made in any order instead of the order of acceptance.
    shuffled: bool,
    /// Nobody asks the gateway about payments that are open there.
    pub(crate) gateway_unasked: bool,
    refusing: Arc<Refusing>,
    mindful: Arc<MindfulGateway>,
    forms: Vec<(PaymentKey, Timestamp)>,
    ports: Ports,
    buckets: Buckets,
}

/// Says what was being tried when a test fails.
pub(crate) struct Trying(pub(crate) String);

impl Drop for Trying {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was: {}", self.0);
        }
    }
}

impl World {
    /// A new world, the same for the same seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(seed, 2, MemoryTables::default())
    }

    /// A world on tables that hold something already.
    pub(crate) fn with(seed: u64, buckets: u32, tables: MemoryTables) -> Self {
        let faults = Faults::default();
        let tables = Arc::new(tables);
        let counted = Arc::new(CountingTables::new(Arc::clone(&tables) as Arc<dyn Tables>));
        let faulty = Arc::new(FaultyTables::new(Arc::clone(&counted) as Arc<dyn Tables>, &faults));
        let refusing = Arc::new(Refusing::new(faulty));
        let bus = Arc::new(MemoryBus::new(&faults));
        let gateway = Arc::new(FakeGateway::new(&faults));
        let mindful = Arc::new(MindfulGateway::new(Arc::clone(&gateway) as Arc<dyn Gateway>));
        let documents = Arc::new(MemoryDocuments::new(&faults));
        let clock = Arc::new(StoppedClock::at(START));
        let ports = Ports {
            tables: Arc::clone(&refusing) as Arc<dyn Tables>,
            bus: Arc::clone(&bus) as _,
            gateway: Arc::clone(&mindful) as Arc<dyn Gateway>,
            documents: Arc::clone(&documents) as _,
            typesetter: Arc::new(PlainTypesetter),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(CountingIds::new(seed)),
        };
        let buckets = Buckets::new(buckets).unwrap();
        Self {
            app: App::new(ports.clone(), Arc::new(Catalogue::builtin()), buckets),
            tables,
            counted,
            bus,
            gateway,
            documents,
            clock,
            faults,
            deliveries: Deliveries::new(Topology::of_the_project(), seed),
            plan: Plan::default(),
            shuffled: false,
            gateway_unasked: false,
            refusing,
            mindful,
            forms: Vec::new(),
            ports,
            buckets,
        }
    }

    /// The same back end with another catalogue, as after a release.
    pub(crate) fn release(&mut self, catalogue: Catalogue) {
        self.app = App::new(self.ports.clone(), Arc::new(catalogue), self.buckets);
    }

    /// The same back end as another process has it.
    pub(crate) fn fresh_app(&self) -> App {
        App::new(self.ports.clone(), Arc::new(Catalogue::builtin()), self.buckets)
    }

    /// The same back end on tables whose reads of a row take so many milliseconds, and all else so many.
    pub(crate) fn slow_app(&self, read: u64, other: u64) -> App {
        let (read, write) = (Duration::from_millis(read), Duration::from_millis(other));
        let slow = SlowTables { inner: Arc::clone(&self.ports.tables), read, write };
        let ports = Ports { tables: Arc::new(slow), ..self.ports.clone() };
        App::new(ports, Arc::new(Catalogue::builtin()), self.buckets)
    }

    /// Whether the gateway leaves refunds without an answer.
    pub(crate) fn refunds_hang(&self, hang: bool) {
        self.mindful.keep_silent(hang);
    }

    /// From now on calls wait for each other at random, so that what is done at the same time mixes in another way for
    /// each seed.
    pub(crate) fn mix(&self, seed: u64) {
        let mut chance = Chance::new(seed);
        self.faults.each(move |_| Some(Fault::Late(u32::try_from(chance.below(8)).unwrap())));
    }

    /// From now on deliveries are made in any order, which the seed decides.
    pub(crate) fn shuffle(&mut self, seed: u64) {
        *self.deliveries.chance() = Chance::new(seed);
        self.shuffled = true;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    /// Moves the clock to a time as RFC 3339 writes it.
    pub(crate) fn at(&self, text: &str) {
        self.clock.set(text.parse().unwrap());
    }
}
