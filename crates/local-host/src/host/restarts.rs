//! When a handler that ended is started again. Source: host-protocol, "Failures, timeouts, restarts, shutdown"
//! (`HttpFunctionInvocationDispatcher`, `WorkerProcess`).

use std::time::Duration;
use tokio::time::Instant;

/// Errors, each within [`ERRORS_TOGETHER`] of the one before, at which the host gives up.
const ERRORS_MAX: u32 = 3;
/// Errors that are further apart do not count together.
const ERRORS_TOGETHER: Duration = Duration::from_mins(30);
/// The exit code with which a handler asks for a restart that does not count.
const RESTART_PLEASE: i32 = 200;

/// How a handler's life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With an exit code, or by a signal.
    Exited(Option<i32>),
    /// It did not listen in time, and was killed.
    NotReady,
    /// A function took too long, so the host killed it.
    TimedOut,
}

/// What the host does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: every call from now on finds nobody.
    Nothing,
    /// It starts a new process at once.
    Restart,
    /// It gives up.
    StopHost,
}

/// The memory of one worker's errors.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    errors: u32,
    last: Option<Instant>,
}

impl Restarts {
    pub(crate) fn after(&mut self, end: End, now: Instant) -> Next {
        match end {
            End::Exited(Some(0)) => Next::Nothing,
            End::Exited(Some(RESTART_PLEASE)) | End::TimedOut => Next::Restart,
            End::Exited(_) | End::NotReady => self.error(now),
        }
    }

    fn error(&mut self, now: Instant) -> Next {
        let together = self.last.is_some_and(|last| now.duration_since(last) < ERRORS_TOGETHER);
        self.errors = if together { self.errors + 1 } else { 1 };
        self.last = Some(now);
        if self.errors < ERRORS_MAX { Next::Restart } else { Next::StopHost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: End = End::Exited(Some(101));
    const SIGNAL: End = End::Exited(None);

    /// What follows each end; the minutes are those since the one before.
    fn check(lives: &[(u64, End)], expected: &[Next]) {
        let mut restarts = Restarts::default();
        let mut now = Instant::now();
        let next = lives.iter().map(|(minutes, end)| {
            now += Duration::from_mins(*minutes);
            restarts.after(*end, now)
        });
        assert_eq!(next.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_third_error_stops_the_host() {
        check(
            &[(0, PANIC), (0, SIGNAL), (0, End::NotReady)],
            &[Next::Restart, Next::Restart, Next::StopHost],
        );
        check(&[(0, PANIC), (29, PANIC), (29, PANIC)], &[Next::Restart, Next::Restart, Next::StopHost]);
    }

    #[test]
    fn errors_half_an_hour_apart_do_not_add_up() {
        check(&[(0, PANIC), (0, PANIC), (30, PANIC), (0, PANIC)], &[Next::Restart; 4]);
    }

    #[test]
    fn a_handler_that_ends_with_zero_is_left_dead() {
        check(&[(0, End::Exited(Some(0)))], &[Next::Nothing]);
    }

    #[test]
    fn exit_code_200_and_timeouts_are_restarted_and_not_counted() {
        let asked = End::Exited(Some(RESTART_PLEASE));
        check(
            &[(0, asked), (0, PANIC), (0, asked), (0, End::TimedOut), (0, PANIC), (0, asked), (0, PANIC)],
            &[
                Next::Restart,
                Next::Restart,
                Next::Restart,
                Next::Restart,
                Next::Restart,
                Next::Restart,
                Next::StopHost,
            ],
        );
    }
}
