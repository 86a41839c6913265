//! Forms: what a body or a query says, read into the type that a function asks for. What does not fit is told in the
//! words of the API: the field, and what it may be.
//!
//! The libraries that read JSON and queries describe a misfit in words of Rust and of their parsers. So they only take
//! the text apart here, and the derived readers of our types report to [`Misfit`].

use serde::de::value::StringDeserializer;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, Visitor,
};
use std::fmt::{self, Display, Formatter};

/// Characters that are told of a field's name, and of what is wrong with it: either may repeat what the caller sent.
const FIELD_CHARS_MAX: usize = 100;
const DETAIL_CHARS_MAX: usize = 200;

/// What is said, before anybody asks what it means. An object keeps the order and the repetitions of its members.
#[derive(Debug, Clone)]
pub(super) enum Said {
    Null,
    Bool(bool),
    Natural(u64),
    Negative(i64),
    Fraction(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Said {
    /// What the pairs of a query say.
    pub(super) fn query(pairs: Vec<(String, String)>) -> Self {
        Self::Object(pairs.into_iter().map(|(name, value)| (name, Self::Text(value))).collect())
    }

    /// Reads it into `T`.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Misfit> {
        T::deserialize(self).map_err(Misfit::shortened)
    }
}

/// Where something does not fit, and what may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The field: `usageMonth`, `parts[1]`; empty for the whole.
    pub(super) field: String,
    /// What is wrong with it, in a sentence without its subject.
    pub(super) detail: String,
}

impl Misfit {
    fn at(field: &str, detail: String) -> Self {
        Self { field: field.to_owned(), detail }
    }

    fn whole(detail: impl Display) -> Self {
        Self { field: String::new(), detail: detail.to_string() }
    }

    /// The same, seen from what has it in its member or item.
    fn within(self, outer: &str) -> Self {
        let joint = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        Self { field: format!("{outer}{joint}{}", self.field), detail: self.detail }
    }

    /// Each part by itself: a long name does not hide what is wrong with it.
    fn shortened(mut self) -> Self {
        at_most(FIELD_CHARS_MAX, &mut self.field);
        at_most(DETAIL_CHARS_MAX, &mut self.detail);
        self
    }
}

/// No more than so many characters.
fn at_most(chars: usize, text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(chars) {
        text.truncate(end);
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}: {}", self.field, self.detail)
        }
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: Display>(message: T) -> Self {
        Self::whole(message)
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::whole(format!("must be {}", plain(expected)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::whole(format!("must be {} in range", plain(expected)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::whole(format!("must be {}", either(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = if expected.is_empty() { "nothing".to_owned() } else { either(expected) };
        Self::at(field, format!("is not known; {known} can be given here"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::at(field, "is missing".to_owned())
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::at(field, "is given more than once".to_owned())
    }
}

/// What is expected, without the names of types.
fn plain(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i64" => "a whole number".to_owned(),
        "a string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other => other.to_owned(),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn either(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Listener)
    }
}

/// Takes down what a parser says.
struct Listener;

impl<'de> Visitor<'de> for Listener {
    type Value = Said;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Said, E> {
        Ok(Said::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Said, E> {
        Ok(Said::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Said, E> {
        Ok(Said::Negative(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Said, E> {
        Ok(Said::Natural(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Said, E> {
        Ok(Said::Fraction(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Said, E> {
        Ok(Said::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Said, E> {
        Ok(Said::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Said, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Said::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Said, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Said::Object(object))
    }
}

impl<'de> Deserializer<'de> for Said {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Natural(value) => visitor.visit_u64(value),
            Self::Negative(value) => visitor.visit_i64(value),
            Self::Fraction(value) => visitor.visit_f64(value),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => visitor.visit_seq(Items { rest: items.into_iter(), next: 0 }),
            Self::Object(members) => visitor.visit_map(Members { rest: members.into_iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if matches!(self, Self::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    /// The types that are read here name one of several things, and nothing in it.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let Self::Text(text) = self else {
            return Err(de::Error::unknown_variant("", names));
        };
        let name: StringDeserializer<Misfit> = text.into_deserializer();
        visitor.visit_enum(name)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The items of a list, each of whose misfits names its place.
struct Items {
    rest: std::vec::IntoIter<Said>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let place = format!("[{}]", self.next);
        self.next += 1;
        self.rest
            .next()
            .map(|item| seed.deserialize(item).map_err(|misfit| misfit.within(&place)))
            .transpose()
    }
}

/// The members of an object, each of whose misfits names it.
struct Members {
    rest: std::vec::IntoIter<(String, Said)>,
    value: Option<(String, Said)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        self.value = self.rest.next();
        let name = self.value.as_ref().map(|(name, _)| name.clone());
        name.map(|name| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let (name, value) = self.value.take().unwrap_or((String::new(), Said::Null));
        seed.deserialize(value).map_err(|misfit| misfit.within(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Form {
        usage_month: String,
        parts: Vec<u32>,
        amount: Option<i64>,
        #[serde(default)]
        status: Status,
        inner: Option<Box<Form>>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Status {
        #[default]
        All,
        PartlyPaid,
        Paid,
    }

    #[test]
    fn a_long_name_hides_neither_itself_nor_the_reason() {
        let name = "한".repeat(FIELD_CHARS_MAX);
        let said = read(&format!(r#"{{"{name}{name}":1}}"#)).unwrap_err();
        assert!(said.starts_with(&format!("{name}: is not known; usageMonth")), "{said}");
        let long = Misfit::at("inner", "x".repeat(DETAIL_CHARS_MAX + 1)).shortened();
        assert_eq!(long, Misfit::at("inner", "x".repeat(DETAIL_CHARS_MAX)));
    }

    fn read(json: &str) -> Result<Form, String> {
        serde_json::from_str::<Said>(json).unwrap().read::<Form>().map_err(|misfit| misfit.to_string())
    }

    #[test]
    fn a_form_that_fits_is_read() {
        let inner = r#"{"usageMonth":"","parts":[],"amount":null}"#;
        let json = format!(r#"{{"usageMonth":"x","parts":[1],"amount":-1,"status":"paid","inner":{inner}}}"#);
        let form = read(&json).unwrap();
        assert_eq!((form.amount, form.status, form.parts), (Some(-1), Status::Paid, vec![1]));
        assert_eq!(form.inner.unwrap().amount, None);
    }

    #[test]
    fn a_misfit_names_the_field_and_what_is_allowed_in_words_of_the_api() {
        for (json, said) in [
            (r#"{"parts":[]}"#, "usageMonth: is missing"),
            (r#"{"usageMonth":1}"#, "usageMonth: must be a text"),
            (r#"{"usageMonth":"","usageMonth":""}"#, "usageMonth: is given more than once"),
            (r#"{"parts":[1,-1]}"#, "parts[1]: must be a whole number in range"),
            (r#"{"parts":[1,"2"]}"#, "parts[1]: must be a whole number"),
            (r#"{"parts":{}}"#, "parts: must be a list"),
            (r#"{"amount":0.5}"#, "amount: must be a whole number"),
            (r#"{"amount":1e30}"#, "amount: must be a whole number"),
            (r#"{"status":"Captured"}"#, "status: must be all, partly_paid or paid"),
            (r#"{"status":7}"#, "status: must be all, partly_paid or paid"),
            (r#"{"inner":7}"#, "inner: must be an object"),
            (r#"{"inner":{"parts":[[]]}}"#, "inner.parts[0]: must be a whole number"),
            (
                r#"{"more":1}"#,
                "more: is not known; usageMonth, parts, amount, status or inner can be given here",
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), said, "{json}");
        }
    }
}
