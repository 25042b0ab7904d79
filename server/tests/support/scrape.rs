//! What a node tells Prometheus, read back.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

use super::{plain::request, server::PATIENCE};

/// What is said of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// What its samples are called behind its name.
    pub suffixes: &'static [&'static str],
    /// Its type.
    pub kind: String,
    /// Its help text.
    pub help: String,
}

/// The answer to one scrape.
#[derive(Debug, Clone, PartialEq)]
pub struct Scrape {
    /// The metrics that were described.
    pub metrics: BTreeMap<String, Described>,
    /// The values, by name and labels as they are printed.
    pub samples: BTreeMap<String, f64>,
}

impl Scrape {
    /// Scrapes a node.
    pub async fn of(address: SocketAddr) -> Self {
        let (status, text) = request(address, "GET", "/metrics").await;
        assert_eq!(status, 200, "{text}");
        Self::parse(&text)
    }

    /// Scrapes a node until these samples, named without `tidings_`, have
    /// these values: what was just answered may still be on its way into them.
    #[track_caller]
    pub fn until(address: SocketAddr, expected: &[(&str, f64)]) -> impl Future<Output = Self> {
        let caller = std::panic::Location::caller();
        let expected: BTreeMap<String, f64> =
            expected.iter().map(|(name, value)| (format!("tidings_{name}"), *value)).collect();
        async move {
            let started = tokio::time::Instant::now();
            loop {
                let scrape = Self::of(address).await;
                let found: BTreeMap<String, f64> =
                    expected.keys().map(|name| (name.clone(), scrape.value(name))).collect();
                if found == expected {
                    return scrape;
                }
                assert!(started.elapsed() < PATIENCE, "{caller}: found {found:#?} instead of {expected:#?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Parses OpenMetrics text; panics when it is none.
    pub fn parse(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("the text has an end");
        let (mut metrics, mut helps, mut samples) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mut current, mut current_suffixes) = (String::new(), &[][..]);
        for line in body.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').expect("a help text");
                assert!(!help.is_empty() && helps.insert(name, help.to_owned()).is_none(), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a type");
                name.clone_into(&mut current);
                current_suffixes = match kind {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "histogram" => &["_sum", "_count", "_bucket"],
                    kind => panic!("{kind} in {line}"),
                };
                let described =
                    Described { suffixes: current_suffixes, kind: kind.to_owned(), help: helps[name].clone() };
                assert!(metrics.insert(name.to_owned(), described).is_none(), "{line}");
            } else {
                let (name, value) = line.rsplit_once(' ').expect("a sample");
                let suffix = name.split('{').next().and_then(|bare| bare.strip_prefix(&current)).expect(line);
                assert!(current_suffixes.contains(&suffix), "{line}");
                let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
                assert!(samples.insert(name.to_owned(), value).is_none(), "{line} twice");
            }
        }
        Self { metrics, samples }
    }

    /// A value, by name and labels; none is nought.
    pub fn value(&self, sample: &str) -> f64 {
        self.samples.get(sample).copied().unwrap_or_default()
    }

    /// The names that samples can have, without labels.
    pub fn names(&self) -> BTreeSet<String> {
        let names = |(name, described): (&String, &Described)| {
            described.suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect::<Vec<_>>()
        };
        self.metrics.iter().flat_map(names).collect()
    }
}
