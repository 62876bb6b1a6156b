//! Random but type-correct PromQL, and the series it is asked about, from a seed: the same seed gives the same on every machine.
//!
//! What two engines cannot be expected to agree on is left out: which of equal values `topk` takes, what `limitk` picks, and
//! the order of series.

/// A value of a generated series.
#[derive(Debug, Clone, PartialEq)]
pub enum GeneratedValue {
    /// A float; the stale marker is [`crate::promqltest::STALE_BITS`].
    Float(f64),
    /// Integer counts of the buckets 0, 1, 2 .. of schema 0 behind a zero bucket, and the sum of observations.
    Histogram {
        /// Observations in the zero bucket.
        zero_count: u64,
        /// Observations in each positive bucket.
        buckets: Vec<u64>,
        /// Sum of observations.
        sum: f64,
    },
}

/// A generated series: labels in rising order and samples with their distance from the first moment in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedSeries {
    /// Labels, `__name__` among them.
    pub labels: Vec<(String, String)>,
    /// Samples in rising time.
    pub samples: Vec<(i64, GeneratedValue)>,
}

/// A small generator of random numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub const fn below(&mut self, limit: usize) -> usize {
        (self.roll() % if limit == 0 { 1 } else { limit as u64 }) as usize
    }

    /// Whether something that happens once in `times` happens now.
    pub const fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Distance of generated samples, milliseconds.
pub const STEP_MILLIS: i64 = 15_000;

/// Series of counters with resets, gauges, classic and native histograms; with gaps, stale markers and UTF-8 names.
#[must_use]
pub fn series(dice: &mut Dice, steps: i64) -> Vec<GeneratedSeries> {
    let mut all = Vec::new();
    for job in ["api", "db"] {
        for instance in ["a:1", "b:1", "c:1"] {
            let labels = [("job", job), ("instance", instance)];
            all.push(counter(dice, "requests_total", &labels, steps));
            all.push(counter(dice, "errors_total", &labels, steps));
            all.push(gauge(dice, "temperature", &labels, steps));
            all.push(gauge(dice, "queue.length", &[labels[0], labels[1], ("größe", "klein")], steps));
            all.push(native(dice, "latency", &labels, steps));
        }
        let mut below = 0;
        for le in ["0.1", "1", "10", "+Inf"] {
            below += 1 + dice.below(4);
            let samples = (0..steps).map(|at| (at * STEP_MILLIS, GeneratedValue::Float((below as i64 * at) as f64)));
            all.push(named("sizes_bucket", &[("job", job), ("le", le)], samples.collect()));
        }
    }
    all
}

fn named(name: &str, labels: &[(&str, &str)], samples: Vec<(i64, GeneratedValue)>) -> GeneratedSeries {
    let mut all = vec![("__name__".to_owned(), name.to_owned())];
    all.extend(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    all.sort();
    GeneratedSeries { labels: all, samples }
}

/// Whether a sample is there, missing, or a stale marker.
fn spoilt(dice: &mut Dice) -> Option<bool> {
    match dice.below(40) {
        0 | 1 => None,
        2 => Some(true),
        _ => Some(false),
    }
}

fn counter(dice: &mut Dice, name: &str, labels: &[(&str, &str)], steps: i64) -> GeneratedSeries {
    let (mut value, mut samples) = (dice.below(100) as f64, Vec::new());
    for at in 0..steps {
        value = if dice.once_in(50) { 0.0 } else { value + dice.below(30) as f64 };
        push(dice, &mut samples, at, value);
    }
    named(name, labels, samples)
}

fn gauge(dice: &mut Dice, name: &str, labels: &[(&str, &str)], steps: i64) -> GeneratedSeries {
    let mut samples = Vec::new();
    for at in 0..steps {
        let value = match dice.below(60) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            _ => dice.below(2_000) as f64 / 8.0 - 100.0,
        };
        push(dice, &mut samples, at, value);
    }
    named(name, labels, samples)
}

fn push(dice: &mut Dice, samples: &mut Vec<(i64, GeneratedValue)>, at: i64, value: f64) {
    let stale = f64::from_bits(crate::promqltest::STALE_BITS);
    if let Some(gone) = spoilt(dice) {
        samples.push((at * STEP_MILLIS, GeneratedValue::Float(if gone { stale } else { value })));
    }
}

fn native(dice: &mut Dice, name: &str, labels: &[(&str, &str)], steps: i64) -> GeneratedSeries {
    let (mut zero_count, mut buckets, mut sum) = (0, vec![1u64, 0, 0, 1], 1.0);
    let mut samples = Vec::new();
    for at in 0..steps {
        if dice.once_in(40) {
            (zero_count, buckets, sum) = (0, vec![1, 0, 0, 1], 1.0);
        }
        zero_count += dice.below(2) as u64;
        for (index, bucket) in buckets.iter_mut().enumerate() {
            let more = dice.below(3) as u64;
            *bucket += more;
            sum += more as f64 * f64::from(1u32 << index) * 0.75;
        }
        if spoilt(dice) == Some(false) {
            samples.push((at * STEP_MILLIS, GeneratedValue::Histogram { zero_count, buckets: buckets.clone(), sum }));
        }
    }
    named(name, labels, samples)
}

const METRICS: &[&str] = &["requests_total", "errors_total", "temperature", "latency", "sizes_bucket", "nothing"];
const RANGES: &[&str] = &["30s", "1m", "5m", "7m30s"];

/// A query that yields an instant vector or a scalar, `depth` operations high at most.
#[must_use]
pub fn query(dice: &mut Dice, depth: usize) -> String {
    if dice.once_in(12) { scalar(dice, depth) } else { vector(dice, depth) }
}

fn selector(dice: &mut Dice) -> String {
    let matchers =
        ["", "{job=\"api\"}", "{job!=\"api\"}", "{instance=~\"a.*|c:1\"}", "{instance!~\"a.+\", job=\"db\"}"];
    match dice.below(12) {
        0 => "{\"queue.length\", \"größe\"=\"klein\"}".to_owned(),
        1 => "{__name__=~\"requests_total|errors_total\"}".to_owned(),
        _ => format!("{}{}", dice.pick(METRICS), dice.pick(&matchers)),
    }
}

fn modifier(dice: &mut Dice) -> &'static str {
    dice.pick(&["", "", "", "", "", " offset 1m", " offset -30s", " @ start()", " @ end()", " @ end() offset 2m"])
}

fn range(dice: &mut Dice, depth: usize) -> String {
    if depth > 1 && dice.once_in(5) {
        let steps = ["", "1m", "20s"];
        return format!("{}[{}:{}]", operand(dice, depth - 1), dice.pick(&["3m", "5m"]), dice.pick(&steps));
    }
    format!("{}[{}]{}", selector(dice), dice.pick(RANGES), modifier(dice))
}

fn operand(dice: &mut Dice, depth: usize) -> String {
    format!("({})", vector(dice, depth))
}

fn scalar(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth == 0 { 4 } else { 6 }) {
        0 => "time()".to_owned(),
        1 => "pi()".to_owned(),
        2 | 3 => dice.pick(&["0", "1", "2.5", "-3", "0.5", "NaN", "Inf", "1e9"]).to_owned(),
        4 => format!("scalar({})", vector(dice, depth - 1)),
        _ => {
            let op = dice.pick(&["+", "-", "*", "/", "%", "^"]);
            format!("({} {op} {})", scalar(dice, depth - 1), scalar(dice, depth - 1))
        }
    }
}

fn vector(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return format!("{}{}", selector(dice), modifier(dice));
    }
    let below = depth - 1;
    match dice.below(11) {
        0..3 => over_range(dice, depth),
        3..5 => aggregation(dice, below),
        5..7 => binary(dice, below),
        7 => of_vector(dice, below),
        8 => histogram(dice, below),
        9 => format!("-{}", operand(dice, below)),
        _ => vector(dice, below),
    }
}

fn over_range(dice: &mut Dice, depth: usize) -> String {
    let names = [
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "resets",
        "changes",
        "avg_over_time",
        "sum_over_time",
        "min_over_time",
        "max_over_time",
        "count_over_time",
        "stddev_over_time",
        "stdvar_over_time",
        "last_over_time",
        "present_over_time",
        "deriv",
        "absent_over_time",
        "first_over_time",
        "mad_over_time",
        "ts_of_max_over_time",
    ];
    match dice.below(8) {
        0 => format!("quantile_over_time({}, {})", scalar(dice, 0), range(dice, depth)),
        1 => format!("predict_linear({}, {})", range(dice, depth), scalar(dice, 0)),
        _ => format!("{}({})", dice.pick(&names), range(dice, depth)),
    }
}

fn aggregation(dice: &mut Dice, depth: usize) -> String {
    let clause =
        dice.pick(&["", " by (job)", " by (job, instance)", " without (instance)", " without (le)", " by (le)"]);
    match dice.below(8) {
        0 => format!("quantile{clause} ({}, {})", scalar(dice, 0), vector(dice, depth)),
        1 => format!("count_values{clause} (\"v\", {})", vector(dice, depth)),
        2 => format!("limit_ratio({}, {})", dice.pick(&["0.3", "-0.7", "1"]), vector(dice, depth)),
        _ => {
            let op = dice.pick(&["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]);
            format!("{op}{clause} ({})", vector(dice, depth))
        }
    }
}

fn binary(dice: &mut Dice, depth: usize) -> String {
    let (left, right) = (operand(dice, depth), operand(dice, depth));
    match dice.below(9) {
        0 | 1 => {
            let matching = dice.pick(&["", "on (job, instance) ", "ignoring (le) "]);
            format!("{left} {} {matching}{right}", dice.pick(&["and", "or", "unless"]))
        }
        2 | 3 => {
            let op = dice.pick(&["+", "-", "*", "/", "%", "^", "atan2", ">", "<=", "== bool", "!="]);
            let scalar = scalar(dice, 0);
            if dice.once_in(2) { format!("{left} {op} {scalar}") } else { format!("{scalar} {op} {left}") }
        }
        4 => format!("{left} * on (job) group_left sum by (job) {right}"),
        5 => format!("{left} + on (job, instance) fill_right (2) {right}"),
        _ => {
            let op = dice.pick(&["+", "-", "*", "/", ">", "<", "==", "!= bool", ">= bool"]);
            let matching = dice.pick(&["", "on (job, instance) ", "ignoring (le) ", "on (instance) "]);
            format!("{left} {op} {matching}{right}")
        }
    }
}

fn of_vector(dice: &mut Dice, depth: usize) -> String {
    let names = [
        "abs",
        "ceil",
        "floor",
        "exp",
        "sqrt",
        "ln",
        "log2",
        "log10",
        "sgn",
        "round",
        "sin",
        "cos",
        "tanh",
        "deg",
        "rad",
        "timestamp",
        "absent",
        "minute",
        "hour",
        "day_of_week",
        "month",
        "year",
        "days_in_month",
    ];
    match dice.below(6) {
        0 => format!("clamp({}, {}, {})", vector(dice, depth), scalar(dice, 0), scalar(dice, 0)),
        1 => format!("label_replace({}, \"n\", \"$1-x\", \"instance\", \"(.):.*\")", vector(dice, depth)),
        2 => format!("label_join({}, \"n\", \"/\", \"job\", \"instance\")", vector(dice, depth)),
        3 => format!("vector({})", scalar(dice, depth)),
        _ => format!("{}({})", dice.pick(&names), vector(dice, depth)),
    }
}

fn histogram(dice: &mut Dice, depth: usize) -> String {
    let buckets = match dice.below(4) {
        0 => vector(dice, depth),
        1 => format!("rate(latency[{}])", dice.pick(RANGES)),
        2 => format!("sum by (job, le) (rate(sizes_bucket[{}]))", dice.pick(RANGES)),
        _ => "sum by (job) (latency)".to_owned(),
    };
    match dice.below(6) {
        0 => format!("histogram_quantile({}, {buckets})", dice.pick(&["0.5", "0.9", "0", "1", "2"])),
        1 => format!("histogram_fraction({}, {}, {buckets})", dice.pick(&["0", "1", "-Inf"]), dice.pick(&["2", "Inf"])),
        2 => format!("({buckets}) {} {}", dice.pick(&["</", ">/"]), dice.pick(&["1", "2.5", "0"])),
        _ => {
            let names = ["histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar"];
            format!("{}({buckets})", dice.pick(&names))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same() {
        let all = |seed: u64| {
            let mut dice = Dice::new(seed);
            (series(&mut dice, 20).len(), (0..50).map(|_| query(&mut dice, 3)).collect::<Vec<_>>())
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7).1, all(8).1);
    }
}
