//! The kinds of metric, made of atomics so that recording takes no lock and no memory. `prometheus_client` only
//! encodes them: its own histogram takes a lock, and its families look labels up in a map.

use std::{
    fmt,
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};
use tokio::time::Instant;

/// A total of events, or of amounts.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn count(&self) {
        self.add(1);
    }

    /// Adds `count`.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// The current total.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl EncodeMetric for Counter {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_counter::<NoLabelSet, _, u64>(&self.total(), None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }

    fn is_empty(&self) -> bool {
        self.total() == 0
    }
}

/// The current number of something, as of the last measurement.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

impl Level {
    /// Sets the current number.
    pub fn set(&self, count: usize) {
        self.0.store(count as u64, Ordering::Relaxed);
    }
}

impl EncodeMetric for Level {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        Gauge(self.0.load(Ordering::Relaxed) as f64).encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// Time since an event last happened; before the first one, since the node started.
#[derive(Debug)]
pub struct Since {
    started: Instant,
    milliseconds: AtomicU64,
}

impl Default for Since {
    fn default() -> Self {
        Self { started: Instant::now(), milliseconds: AtomicU64::new(0) }
    }
}

impl Since {
    /// Records that the event happens now.
    pub fn happened(&self) {
        let milliseconds = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.milliseconds.store(milliseconds, Ordering::Relaxed);
    }
}

impl EncodeMetric for Since {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        let happened = Duration::from_millis(self.milliseconds.load(Ordering::Relaxed));
        Gauge(self.started.elapsed().saturating_sub(happened).as_secs_f64()).encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// The scale of a histogram: its buckets, and the unit of its values.
pub trait Scale: fmt::Debug + Default + Send + Sync + 'static {
    /// The upper bounds of the buckets, rising; the last bucket is unbounded.
    const BOUNDS: &'static [u64];
    /// The recorded unit in base units.
    const UNIT: f64;
}

/// Durations, recorded in nanoseconds and reported in seconds.
#[derive(Debug, Default)]
pub struct Nanoseconds;

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

impl Scale for Nanoseconds {
    const BOUNDS: &'static [u64] = &[
        10 * MICROSECOND,
        25 * MICROSECOND,
        50 * MICROSECOND,
        100 * MICROSECOND,
        250 * MICROSECOND,
        500 * MICROSECOND,
        MILLISECOND,
        2_500 * MICROSECOND,
        5 * MILLISECOND,
        10 * MILLISECOND,
        25 * MILLISECOND,
        50 * MILLISECOND,
        100 * MILLISECOND,
        250 * MILLISECOND,
        500 * MILLISECOND,
        SECOND,
        2_500 * MILLISECOND,
        5 * SECOND,
        10 * SECOND,
        30 * SECOND,
    ];
    const UNIT: f64 = 1e9;
}

/// Plain counts.
#[derive(Debug, Default)]
pub struct Items;

impl Scale for Items {
    const BOUNDS: &'static [u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
    const UNIT: f64 = 1.0;
}

/// The distribution of values.
#[derive(Debug)]
pub struct Histogram<S: Scale> {
    /// Values per bucket; one bucket more than there are bounds.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
    scale: PhantomData<S>,
}

/// A distribution of durations.
pub type Durations = Histogram<Nanoseconds>;
/// A distribution of sizes.
pub type Sizes = Histogram<Items>;

impl<S: Scale> Default for Histogram<S> {
    fn default() -> Self {
        let buckets = (0..=S::BOUNDS.len()).map(|_| AtomicU64::new(0)).collect();
        Self { buckets, sum: AtomicU64::new(0), scale: PhantomData }
    }
}

impl<S: Scale> Histogram<S> {
    fn note(&self, value: u64) {
        let bucket = S::BOUNDS.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }
}

impl Durations {
    /// Records a duration.
    pub fn record(&self, duration: Duration) {
        self.note(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }
}

impl Sizes {
    /// Records a count.
    pub fn record(&self, count: usize) {
        self.note(count as u64);
    }
}

impl<S: Scale> EncodeMetric for Histogram<S> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let bounds = S::BOUNDS.iter().map(|bound| *bound as f64 / S::UNIT).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.sum.load(Ordering::Relaxed) as f64 / S::UNIT;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }

    fn is_empty(&self) -> bool {
        self.buckets.iter().all(|bucket| bucket.load(Ordering::Relaxed) == 0)
    }
}

/// A closed set of values of one label, numbered from zero: never an id.
pub trait Label: Copy + fmt::Debug + Send + Sync + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// Every value, by number.
    fn all() -> impl Iterator<Item = Self>;
    /// The number of this one.
    fn index(self) -> usize;
    /// Its text in the output.
    fn text(self) -> &'static str;
}

/// Largest label whose values are reported before they occur. A rate query sees the first event only if a zero
/// was reported before it; for larger labels that would be pages of zeros.
const TOLD_AT_NOUGHT_MAX: usize = 8;

/// One metric for each value of a label. For a label with many values, those that never occurred are
/// not reported.
#[derive(Debug)]
pub struct By<L, M> {
    metrics: Box<[M]>,
    label: PhantomData<L>,
}

impl<L: Label, M: Default> Default for By<L, M> {
    fn default() -> Self {
        Self { metrics: L::all().map(|_| M::default()).collect(), label: PhantomData }
    }
}

impl<L: Label, M> By<L, M> {
    /// The metric of one value.
    pub fn of(&self, label: impl Into<L>) -> &M {
        &self.metrics[label.into().index()]
    }
}

impl<L: Label, M: EncodeMetric + Default> EncodeMetric for By<L, M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (label, metric) in L::all().zip(&self.metrics) {
            if self.metrics.len() <= TOLD_AT_NOUGHT_MAX || !metric.is_empty() {
                metric.encode(encoder.encode_family(&[(L::NAME, label.text())])?)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        M::default().metric_type()
    }
}

/// A number read at scrape time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gauge(pub f64);

/// A total counted elsewhere and read at scrape time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Total(pub f64);

impl From<usize> for Gauge {
    fn from(number: usize) -> Self {
        Self(number as f64)
    }
}

impl From<u64> for Total {
    fn from(number: u64) -> Self {
        Self(number as f64)
    }
}

impl EncodeMetric for Gauge {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_gauge(&self.0)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

impl EncodeMetric for Total {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_counter::<NoLabelSet, _, f64>(&self.0, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}
