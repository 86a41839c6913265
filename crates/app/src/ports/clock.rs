use jiff::Timestamp;

/// The time. Asked once for each use case, so that everything in it agrees.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Fresh ids.
pub trait Ids: Send + Sync {
    /// 32 lower-case hexadecimal digits, a UUID version 7 made at `now`: they ascend with time.
    fn mint(&self, now: Timestamp) -> String;
}
