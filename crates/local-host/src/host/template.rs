//! Routes of HTTP functions, as ASP.NET writes them: `orders/{orderId}`, `bills/{id:int}`, `files/{*path}`.

use std::cmp::Ordering;

/// A route below the prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// The same text, whatever its case.
    Literal(String),
    /// One segment that a constraint allows.
    Constrained(Constraint),
    /// One segment.
    Parameter,
    /// One segment or none.
    Optional,
    /// All that is left, also nothing.
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Constraint {
    Int,
    Guid,
    Alpha,
}

impl Template {
    /// The template of a route, or what is wrong with it.
    pub(crate) fn parse(route: &str) -> Result<Self, String> {
        let segments: Vec<&str> = route.trim_matches('/').split('/').collect();
        let parts: Vec<Part> = match segments.as_slice() {
            [""] => Vec::new(),
            segments => segments.iter().map(|segment| part(segment)).collect::<Result<_, _>>()?,
        };
        let open = |part: &Part| matches!(part, Part::Optional | Part::Rest);
        match parts.iter().position(open) {
            Some(index) if index + 1 < parts.len() => {
                Err(format!("{route:?}: only the last segment may be optional or take the rest"))
            }
            Some(_) | None => Ok(Self { parts }),
        }
    }

    /// Whether a path belongs to the route; `segments` are decoded.
    pub(crate) fn matches(&self, segments: &[String]) -> bool {
        let mut rest = segments.iter();
        for part in &self.parts {
            let fits = match (part, rest.next()) {
                (Part::Rest, _) => return true,
                (Part::Optional, None) => true,
                (Part::Literal(text), Some(segment)) => text.eq_ignore_ascii_case(segment),
                (Part::Constrained(constraint), Some(segment)) => constraint.allows(segment),
                (Part::Parameter | Part::Optional, Some(segment)) => !segment.is_empty(),
                (Part::Literal(_) | Part::Constrained(_) | Part::Parameter, None) => false,
            };
            if !fits {
                return false;
            }
        }
        rest.next().is_none()
    }

    /// Which of two routes that match the same path is asked first: the more particular one is the lesser.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        let ranks = |template: &Self| template.parts.iter().map(Part::rank).collect::<Vec<_>>();
        ranks(self).cmp(&ranks(other))
    }

    /// Two routes that no path tells apart have the same shape.
    pub(crate) fn shape(&self) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.to_ascii_lowercase(),
            Part::Constrained(_) | Part::Parameter | Part::Optional | Part::Rest => {
                format!("{{{}}}", part.rank())
            }
        };
        self.parts.iter().map(part).collect::<Vec<_>>().join("/")
    }
}

impl Part {
    const fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Constrained(_) => 1,
            Self::Parameter => 2,
            Self::Optional => 3,
            Self::Rest => 4,
        }
    }
}

impl Constraint {
    fn allows(self, segment: &str) -> bool {
        match self {
            Self::Int => segment.parse::<i32>().is_ok(),
            Self::Guid => uuid::Uuid::try_parse(segment).is_ok(),
            Self::Alpha => !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphabetic()),
        }
    }
}

fn part(segment: &str) -> Result<Part, String> {
    let Some(inner) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        let plain = !segment.is_empty() && !segment.contains(['{', '}', '?', '#', '*']);
        return if plain { Ok(Part::Literal(segment.to_owned())) } else { Err(unknown(segment)) };
    };
    let (name, part) = match (inner.trim_start_matches('*'), inner.split_once(':')) {
        (name, None) if name.len() < inner.len() => (name, Part::Rest),
        (_, None) if inner.ends_with('?') => (inner.trim_end_matches('?'), Part::Optional),
        (_, None) => (inner, Part::Parameter),
        (_, Some((name, "int"))) => (name, Part::Constrained(Constraint::Int)),
        (_, Some((name, "guid"))) => (name, Part::Constrained(Constraint::Guid)),
        (_, Some((name, "alpha"))) => (name, Part::Constrained(Constraint::Alpha)),
        (_, Some(_)) => return Err(unknown(segment)),
    };
    let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if valid { Ok(part) } else { Err(unknown(segment)) }
}

fn unknown(segment: &str) -> String {
    format!("the segment {segment:?} is not one that the local host understands")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(route: &str, path: &str) -> bool {
        let segments: Vec<String> =
            if path.is_empty() { Vec::new() } else { path.split('/').map(str::to_owned).collect() };
        Template::parse(route).unwrap().matches(&segments)
    }

    #[test]
    fn paths_match_their_routes_and_no_others() {
        for (route, path, expected) in [
            ("orders", "orders", true),
            ("orders", "Orders", true),
            ("orders", "orders/7", false),
            ("orders", "", false),
            ("orders/{orderId}", "orders/7", true),
            ("orders/{orderId}", "orders/", false),
            ("orders/{orderId}", "orders/7/termination", false),
            ("orders/{orderId}/termination", "orders/7/termination", true),
            ("n/{id:int}", "n/-12", true),
            ("n/{id:int}", "n/x", false),
            ("n/{id?}", "n", true),
            ("n/{id?}", "n/x", true),
            ("{*path}", "", true),
            ("{*path}", "a/b/c", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(route, path), expected, "{route} {path}");
        }
    }

    #[test]
    fn the_more_particular_route_is_asked_first() {
        let parse = |route| Template::parse(route).unwrap();
        let mut routes = ["{*rest}", "bills/{id}", "bills/{id:int}", "bills/new"].map(parse);
        routes.sort_by(Template::precedence);
        assert_eq!(routes, ["bills/new", "bills/{id:int}", "bills/{id}", "{*rest}"].map(parse));
    }

    #[test]
    fn routes_that_no_path_tells_apart_have_one_shape() {
        let shape = |route| Template::parse(route).unwrap().shape();
        assert_eq!(shape("orders/{a}"), shape("Orders/{b}"));
        assert_ne!(shape("orders/{a}"), shape("orders/{a:int}"));
    }

    #[test]
    fn routes_that_are_not_understood_are_refused() {
        for route in ["{a}/{*rest}/b", "{a?}/b", "{id:range(1,2)}", "a//b", "a{b}", "{}", "{a b}"] {
            assert!(Template::parse(route).is_err(), "{route}");
        }
    }
}
