//! What values a parameter takes, by its decorators.

use super::syntax::Declaration;
use serde_json::Value;

/// The bounds of a parameter: values, or least and most of a number or of a length.
pub(crate) struct Bounds {
    allowed: Option<Vec<Value>>,
    least: Option<i64>,
    most: Option<i64>,
}

impl Bounds {
    pub(crate) fn of(param: &Declaration<'_>) -> Self {
        let first = |name: &str| param.decorator(name).and_then(|arguments| arguments.first());
        let either = |one, other| first(one).or_else(|| first(other)).and_then(Value::as_i64);
        Self {
            allowed: first("allowed").and_then(Value::as_array).cloned(),
            least: either("minValue", "minLength"),
            most: either("maxValue", "maxLength"),
        }
    }

    /// Whether a parameter of this type says enough about its values; of `bool` and `object` nothing can be said.
    pub(crate) fn suffice(&self, of_type: &str) -> bool {
        match of_type {
            "int" => self.allowed.is_some() || (self.least.is_some() && self.most.is_some()),
            // An empty text or list may have a meaning, so the least length may be left out.
            "string" | "array" => self.allowed.is_some() || self.most.is_some(),
            _ => true,
        }
    }

    /// Why a literal does not fit. What is computed is not judged.
    pub(crate) fn refuse(&self, value: &Value) -> Option<String> {
        if is_computed(value) {
            return None;
        }
        if let Some(allowed) = &self.allowed {
            return (!allowed.contains(value)).then(|| format!("{value} is none of the allowed values"));
        }
        let measure = match value {
            Value::Number(number) => number.as_i64()?,
            Value::String(text) => length(text.chars().count())?,
            Value::Array(items) => length(items.len())?,
            Value::Null | Value::Bool(_) | Value::Object(_) => return None,
        };
        let inside =
            self.least.is_none_or(|least| measure >= least) && self.most.is_none_or(|most| measure <= most);
        (!inside).then(|| format!("{value} is out of bounds"))
    }

    /// Why a value that fits `outer` may not fit these bounds.
    pub(crate) fn narrower_than(&self, outer: &Bounds) -> Option<&'static str> {
        match (&self.allowed, &outer.allowed) {
            (Some(_), None) => return Some("takes only some values"),
            (Some(ours), Some(theirs)) if theirs.iter().any(|value| !ours.contains(value)) => {
                return Some("does not take every allowed value");
            }
            (Some(_), Some(_)) => return None,
            (None, Some(theirs)) => {
                return theirs
                    .iter()
                    .any(|value| self.refuse(value).is_some())
                    .then_some("is bounded more narrowly");
            }
            (None, None) => {}
        }
        let least = self.least.is_some_and(|ours| ours > 0 && outer.least.is_none_or(|theirs| theirs < ours));
        let most = self.most.is_some_and(|ours| outer.most.is_none_or(|theirs| theirs > ours));
        (least || most).then_some("is bounded more narrowly")
    }
}

fn length(length: usize) -> Option<i64> {
    i64::try_from(length).ok()
}

fn is_computed(value: &Value) -> bool {
    value.get("$").is_some() || value.as_str().is_some_and(|text| text.contains("${"))
}
