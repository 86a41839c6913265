//! A saga in a form for people: its steps with the time that each took, and its messages.

use super::show::{list, text, time};
use super::table::{Side, Table};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A saga, with its messages when the answer has them.
pub(super) fn timeline(saga: &Value) -> String {
    let head = format!("Saga {}, {}: {}", text(saga, "sagaId"), text(saga, "kind"), text(saga, "status"));
    let steps = steps(saga);
    let messages = saga.get("messages").map(|_| messages(saga).to_string()).unwrap_or_default();
    format!("{head}\n{steps}{messages}")
}

fn steps(saga: &Value) -> Table<6> {
    use Side::{Left, Right};
    let heads =
        [("", Right), ("step", Left), ("state", Left), ("took", Left), ("at", Left), ("detail", Left)];
    let mut table = Table::new(heads);
    for (index, step) in list(&saga["steps"]).iter().enumerate() {
        let state = step["state"].as_str().unwrap_or("not reached").to_owned();
        let number = (index + 1).to_string();
        table.row([number, text(step, "step"), state, took(step), time(step, "at"), text(step, "detail")]);
    }
    table
}

fn messages(saga: &Value) -> Table<3> {
    use Side::{Left, Right};
    let mut table = Table::new([("after", Right), ("", Left), ("message", Left)]);
    let start = moment(saga, "startedAt");
    for message in list(&saga["messages"]) {
        let after = start.zip(moment(message, "at")).map(|(start, at)| in_words(at.duration_since(start)));
        let arrow = match message["direction"].as_str() {
            Some("received") => "←",
            Some("sent") => "→",
            Some(_) | None => "·",
        };
        table.row([after.unwrap_or_default(), arrow.to_owned(), text(message, "name")]);
    }
    table
}

fn moment(value: &Value, member: &str) -> Option<Timestamp> {
    value[member].as_str()?.parse().ok()
}

/// How long the step took, and its undo, all attempts together.
fn took(step: &Value) -> String {
    let changes = list(&step["history"]);
    let sum = |begins: &str| -> Option<SignedDuration> {
        let pairs = changes.windows(2).filter(|two| two[0]["state"] == begins);
        let times =
            pairs.filter_map(|two| Some(moment(&two[1], "at")?.duration_since(moment(&two[0], "at")?)));
        times.reduce(|sum, time| sum + time)
    };
    let undo = sum("undo_started").map(|time| format!("undo {}", in_words(time)));
    // A step that the record begins with was done before anybody took its time.
    let own = sum("started").filter(|time| !time.is_zero()).map(in_words);
    own.into_iter().chain(undo).collect::<Vec<_>>().join(", ")
}

/// `51 ms`, or `600.051 s`.
fn in_words(time: SignedDuration) -> String {
    let ms = time.as_millis();
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{:03} s", ms / 1_000, ms % 1_000) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A time so many milliseconds after the saga's beginning.
    fn at(ms: i64) -> String {
        let start: Timestamp = "2026-11-02T01:00:00Z".parse().unwrap();
        domain::calendar::rfc3339(start + SignedDuration::from_millis(ms))
    }

    fn step(changes: &[(&str, i64)]) -> Value {
        let history: Vec<_> =
            changes.iter().map(|(state, ms)| json!({ "state": state, "at": at(*ms) })).collect();
        let (state, since) =
            changes.last().map_or((Value::Null, Value::Null), |(s, ms)| (json!(s), json!(at(*ms))));
        json!({ "step": "bill.settled", "state": state, "at": since, "detail": null, "history": history })
    }

    #[test]
    fn a_step_shows_how_long_it_took_and_how_long_all_its_undos() {
        let failed_twice = [
            ("started", 5),
            ("failed", 600_056),
            ("undo_started", 600_060),
            ("undo_failed", 600_080),
            ("undo_started", 900_000),
            ("undo_succeeded", 901_500),
        ];
        for (changes, expected) in [
            (&failed_twice[..], "600.051 s, undo 1.520 s"),
            (&failed_twice[..2], "600.051 s"),
            (&[("started", 5), ("succeeded", 17)], "12 ms"),
            (&[("started", 0), ("succeeded", 0)], ""),
            (&[("undo_started", 3), ("undo_succeeded", 4)], "undo 1 ms"),
            (&[("started", 0)], ""),
            (&[], ""),
        ] {
            assert_eq!(took(&step(changes)), expected);
        }
    }

    #[test]
    fn messages_stand_below_the_steps_with_their_time_and_direction() {
        let message = |ms: i64, direction: &str, name: &str| json!({ "at": at(ms), "direction": direction, "name": name });
        let mut saga = json!({
            "sagaId": "pay-1", "kind": "pay_bill", "status": "stuck", "startedAt": at(0),
            "steps": [step(&[("started", 0), ("failed", 7)]), step(&[])],
        });
        let without = timeline(&saga);
        assert!(without.starts_with("Saga pay-1, pay_bill: stuck\n"), "{without}");
        assert!(without.contains("7 ms") && without.contains("not reached"), "{without}");
        saga["messages"] = json!([
            message(0, "received", "pay.declined"),
            message(1_234, "sent", "pay.refund"),
            message(9_000, "operator", "retry"),
        ]);
        let with = timeline(&saga);
        let rows =
            "  after     message\n   0 ms  ←  pay.declined\n1.234 s  →  pay.refund\n9.000 s  ·  retry\n";
        assert_eq!(with, format!("{without}{rows}"));
    }
}
