use serde::{Deserialize, Serialize};

/// The services that share the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    Order,
    Bill,
    Pay,
    MyPage,
    Saga,
}

/// How the names of each service's functions begin. What begins otherwise works for all of them. `infra/services.json`
/// says which app has a function; a test holds the two together.
const PREFIXES: [(&str, Service); 15] = [
    ("order_", Service::Order),
    ("orders_", Service::Order),
    ("plans", Service::Order),
    ("bill_", Service::Bill),
    ("billing_", Service::Bill),
    ("bills_", Service::Bill),
    ("usage_", Service::Bill),
    ("pay_", Service::Pay),
    ("payment_", Service::Pay),
    ("payments_", Service::Pay),
    ("mypage", Service::MyPage),
    ("tally_", Service::MyPage),
    ("web_", Service::MyPage),
    ("saga_", Service::Saga),
    ("sagas_", Service::Saga),
];

impl Service {
    const ALL: [Self; 5] = [Self::Order, Self::Bill, Self::Pay, Self::MyPage, Self::Saga];

    /// The service that a function belongs to; `None` for those that serve all: health, outbox, parked messages.
    pub(crate) fn of(function: &str) -> Option<Self> {
        let own = PREFIXES.into_iter().find(|(prefix, _)| function.starts_with(prefix));
        own.map(|(_, service)| service)
    }

    /// The service's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Bill => "bill",
            Self::Pay => "pay",
            Self::MyPage => "mypage",
            Self::Saga => "saga",
        }
    }

    /// The service of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_service_that_its_name_begins_with() {
        for (function, service) in [
            ("order_open", Service::Order),
            ("orders_list", Service::Order),
            ("order_on_account_opened", Service::Order),
            ("bill_get", Service::Bill),
            ("bills_list", Service::Bill),
            ("billing_chunk", Service::Bill),
            ("usage_intake", Service::Bill),
            ("payment_create", Service::Pay),
            ("payments_resolve", Service::Pay),
            ("pay_on_bill_settled", Service::Pay),
            ("mypage", Service::MyPage),
            ("mypage_project", Service::MyPage),
            ("tally_fold", Service::MyPage),
            ("sagas_list", Service::Saga),
            ("saga_track", Service::Saga),
        ] {
            assert!(crate::table().iter().any(|(known, ..)| *known == function), "{function}");
            assert_eq!(Service::of(function), Some(service), "{function}");
            assert_eq!(Service::named(service.name()), Some(service));
        }
        for function in ["health", "outbox_relay", "parked_list", "dead_letters", "figures"] {
            assert_eq!(Service::of(function), None, "{function}");
        }
        assert_eq!(Service::named("outbox"), None);
    }

    /// The functions of each app, as they are deployed.
    #[derive(Deserialize)]
    struct Apps {
        probes: Vec<String>,
        services: Vec<Deployed>,
    }

    #[derive(Deserialize)]
    struct Deployed {
        name: String,
        functions: Vec<String>,
    }

    #[test]
    fn a_function_belongs_to_the_service_whose_app_has_it() {
        let apps: Apps = serde_json::from_str(include_str!("../../../infra/services.json")).unwrap();
        let of_all = apps.probes.iter().map(|probe| (None, probe));
        let each = apps.services.iter().flat_map(|app| {
            let service = Service::named(&app.name).unwrap();
            // That of the sagas has what looks after all of them as well.
            let own = move |name: &str| service != Service::Saga || name.starts_with("saga");
            app.functions.iter().map(move |name| (own(name).then_some(service), name))
        });
        let expected: Vec<_> = of_all.chain(each).collect();
        assert_eq!(expected.len(), crate::table().len());
        for (service, function) in expected {
            assert_eq!(Service::of(function), service, "{function}");
        }
    }

    #[test]
    fn every_consumer_works_for_a_service() {
        for consumer in app::Consumer::ALL {
            assert!(Service::of(consumer.name()).is_some(), "{}", consumer.name());
        }
    }

    #[test]
    fn functions_that_share_a_path_share_a_service() {
        for (_, path, _) in crate::table() {
            let services: std::collections::BTreeSet<Option<Service>> = crate::table()
                .into_iter()
                .filter(|(_, other, _)| *other == path)
                .map(|(function, ..)| Service::of(function))
                .collect();
            assert_eq!(services.len(), 1, "{path}");
        }
    }
}
