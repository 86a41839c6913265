//! Timer triggers: they follow the test clock.

use super::Host;
use super::envelope::{self, Sys, TimerStatus};
use super::schedule::Schedule;
use crate::chance;
use app::ports::Clock;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How often a timer that waits looks at the clock, at least: the machine may have slept.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A function that the clock sets off.
#[derive(Debug, Clone)]
pub(crate) struct TimerFunction {
    pub(crate) name: String,
    pub(crate) binding: String,
    pub(crate) schedule: Schedule,
    /// Whether the function is told of its last run.
    pub(crate) monitored: bool,
}

/// What happened while a timer waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// The running clock reached this occurrence.
    Due(Timestamp),
    /// The clock was set: occurrences that it jumped over are none.
    ClockSet,
    /// No occurrence is left.
    Never,
}

/// Runs one function at each occurrence until the host stops; one run at a time.
pub(crate) async fn run(host: Arc<Host>, function: TimerFunction) {
    let mut last = None;
    let mut clock_set = host.clock.settings();
    while host.listening().await {
        let wake = tokio::select! {
            wake = wait(&*host.clock, &mut clock_set, &function.schedule) => wake,
            () = host.paused() => continue,
        };
        match wake {
            Wake::Due(occurrence) => {
                let status = TimerStatus { last, next: occurrence };
                fire(&host, &function, function.monitored.then_some(status)).await;
                last = Some(occurrence);
            }
            Wake::ClockSet => {}
            Wake::Never => return,
        }
    }
}

/// One run. A run that fails is not repeated: the next occurrence is.
pub(crate) async fn fire(host: &Host, function: &TimerFunction, status: Option<TimerStatus>) {
    let sys = Sys { function: &function.name, now: host.clock.now(), random: chance::uuid() };
    let envelope = envelope::timer(&function.binding, status, &sys);
    if let Err(failure) = host.invoke(&function.name, &envelope).await {
        tracing::warn!(function = function.name, %failure, "the timer's run failed");
    }
}

/// Waits for the next occurrence after now.
async fn wait(
    clock: &dyn Clock,
    clock_set: &mut tokio::sync::watch::Receiver<u64>,
    schedule: &Schedule,
) -> Wake {
    clock_set.mark_unchanged();
    let Some(next) = schedule.after(clock.now()) else { return Wake::Never };
    loop {
        let left = Duration::try_from(next.duration_since(clock.now())).unwrap_or_default();
        if left.is_zero() {
            // A clock that was just set has jumped here. To look at the value waits for a setting in progress.
            drop(clock_set.borrow());
            let jumped = clock_set.has_changed().unwrap_or(false);
            return if jumped { Wake::ClockSet } else { Wake::Due(next) };
        }
        tokio::select! {
            biased;
            _ = clock_set.changed() => return Wake::ClockSet,
            () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tokio::sync::watch;

    /// A clock that goes only when it is told to.
    struct Stopped(Mutex<Timestamp>);

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    fn clock(now: &str) -> Arc<Stopped> {
        Arc::new(Stopped(Mutex::new(now.parse().unwrap())))
    }

    async fn until_due(clock: &Arc<Stopped>, set: &watch::Sender<u64>) -> tokio::task::JoinHandle<Wake> {
        let (clock, mut set) = (Arc::clone(clock), set.subscribe());
        let waiting = tokio::spawn(async move {
            let schedule = Schedule::parse("0 */5 * * * *").unwrap();
            wait(&*clock, &mut set, &schedule).await
        });
        tokio::task::yield_now().await;
        waiting
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_is_due_when_the_running_clock_reaches_its_occurrence() {
        let (clock, set) = (clock("2026-11-22T10:00:01Z"), watch::Sender::new(0));
        let waiting = until_due(&clock, &set).await;
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(!waiting.is_finished(), "the clock stands still");
        *clock.0.lock().unwrap() = "2026-11-22T10:05:00.1Z".parse().unwrap();
        assert_eq!(waiting.await.unwrap(), Wake::Due("2026-11-22T10:05:00Z".parse().unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn occurrences_that_a_set_clock_jumps_over_are_none() {
        let (clock, set) = (clock("2026-11-22T10:00:01Z"), watch::Sender::new(0));
        let waiting = until_due(&clock, &set).await;
        *clock.0.lock().unwrap() = "2027-11-22T10:00:00Z".parse().unwrap();
        set.send_modify(|times| *times += 1);
        assert_eq!(waiting.await.unwrap(), Wake::ClockSet);
    }

    #[tokio::test(start_paused = true)]
    async fn a_setting_before_the_wait_is_part_of_now() {
        let (clock, set) = (clock("2026-11-22T10:04:59Z"), watch::Sender::new(0));
        set.send_modify(|times| *times += 1);
        let waiting = until_due(&clock, &set).await;
        *clock.0.lock().unwrap() = "2026-11-22T10:05:00Z".parse().unwrap();
        assert!(matches!(waiting.await.unwrap(), Wake::Due(_)));
    }
}
