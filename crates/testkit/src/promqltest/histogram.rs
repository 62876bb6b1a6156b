//! Native histograms as scripts write them: `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`.

use super::points::number;

/// The schema of custom buckets.
pub(super) const CUSTOM_BUCKETS: i32 = -53;

/// A native histogram with dense buckets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistogramSpec {
    /// Resolution, -53 for custom buckets.
    pub schema: i32,
    /// Sum of observations.
    pub sum: f64,
    /// Number of observations.
    pub count: f64,
    /// Number of observations in the zero bucket.
    pub zero_count: f64,
    /// Half width of the zero bucket.
    pub zero_threshold: f64,
    /// Upper bounds of custom buckets.
    pub custom_values: Vec<f64>,
    /// Absolute counts of the positive buckets, from `offset` on.
    pub buckets: Vec<f64>,
    /// Index of the first positive bucket. Of exponential buckets number `i` ends at `2^(i / 2^schema)`, the end included.
    pub offset: i32,
    /// Absolute counts of the negative buckets.
    pub negative_buckets: Vec<f64>,
    /// Index of the first negative bucket.
    pub negative_offset: i32,
    /// What is known of a counter reset before it; `None` where nothing was written, which makes no demand of an answer.
    pub counter_reset_hint: Option<CounterResetHint>,
}

/// What is known of a counter reset before a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterResetHint {
    /// Nothing.
    Unknown,
    /// There was one.
    Reset,
    /// There was none.
    NotReset,
    /// The histogram is a gauge.
    Gauge,
}

impl HistogramSpec {
    /// Reads what stands between `{{` and `}}`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut histogram = Self::default();
        let mut rest = text.trim();
        let mut seen: Vec<&str> = Vec::new();
        while !rest.is_empty() {
            let (key, after) = rest.split_once(':').ok_or_else(|| format!("missing ':' in histogram at {rest:?}"))?;
            let (value, after) = match after.strip_prefix('[') {
                Some(list) => list.split_once(']').ok_or_else(|| format!("missing ']' in histogram at {rest:?}"))?,
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            if seen.contains(&key) {
                return Err(format!("duplicate key {key:?} in histogram"));
            }
            seen.push(key);
            histogram.set(key, value)?;
            rest = after.trim_start();
        }
        Ok(histogram)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "schema" => self.schema = integer(value)?,
            "sum" => self.sum = number(value)?,
            "count" => self.count = number(value)?,
            "z_bucket" => self.zero_count = number(value)?,
            "z_bucket_w" => self.zero_threshold = number(value)?,
            "custom_values" => self.custom_values = list(value)?,
            "buckets" => self.buckets = list(value)?,
            "offset" => self.offset = bucket_index(value)?,
            "n_buckets" => self.negative_buckets = list(value)?,
            "n_offset" => self.negative_offset = bucket_index(value)?,
            "counter_reset_hint" => {
                self.counter_reset_hint = Some(match value {
                    "unknown" => CounterResetHint::Unknown,
                    "reset" => CounterResetHint::Reset,
                    "not_reset" => CounterResetHint::NotReset,
                    "gauge" => CounterResetHint::Gauge,
                    _ => return Err(format!("unknown counter reset hint {value:?}")),
                });
            }
            _ => return Err(format!("unknown histogram key {key:?}")),
        }
        Ok(())
    }

    /// The buckets in rising order, the zero bucket among them where it holds something: lower end, upper end, count.
    #[must_use]
    pub fn ranges(&self) -> Vec<[f64; 3]> {
        let upper = |index: i32| match usize::try_from(index) {
            _ if self.schema != CUSTOM_BUCKETS => exponential_end(self.schema, index),
            Ok(index) => self.custom_values.get(index).copied().unwrap_or(f64::INFINITY),
            Err(_) => f64::NEG_INFINITY,
        };
        let numbered = |from: i32, buckets: &[f64]| (from..).zip(buckets.to_vec()).collect::<Vec<(i32, f64)>>();
        let negative = numbered(self.negative_offset, &self.negative_buckets);
        let mut out: Vec<[f64; 3]> =
            negative.into_iter().rev().map(|(index, count)| [-upper(index), -upper(index - 1), count]).collect();
        if self.zero_count != 0.0 {
            out.push([-self.zero_threshold, self.zero_threshold, self.zero_count]);
        }
        let positive = numbered(self.offset, &self.buckets);
        out.extend(positive.into_iter().map(|(index, count)| [upper(index - 1), upper(index), count]));
        out
    }

    /// This histogram in a resolution that is coarser, or its own.
    fn reduced(&self, schema: i32) -> Self {
        let doublings = self.schema.abs_diff(schema).min(31);
        if doublings == 0 {
            return self.clone();
        }
        let (buckets, offset) = merged(&self.buckets, self.offset, doublings);
        let (negative_buckets, negative_offset) = merged(&self.negative_buckets, self.negative_offset, doublings);
        Self { schema, buckets, offset, negative_buckets, negative_offset, ..self.clone() }
    }

    /// This histogram with another added (`sign` 1) or taken away (`sign` -1), in the coarser resolution of the two. Custom
    /// buckets must be the same, as must zero buckets that hold something.
    pub(super) fn plus(&self, other: &Self, sign: f64) -> Result<Self, String> {
        let schema = self.schema.min(other.schema);
        if self.schema != other.schema && schema <= CUSTOM_BUCKETS {
            return Err("custom and exponential buckets cannot be added".to_owned());
        }
        if self.custom_values != other.custom_values
            || (self.zero_threshold != other.zero_threshold && other.zero_count != 0.0)
        {
            return Err("histograms of a sequence must have the same custom values and zero bucket".to_owned());
        }
        let (this, other) = (self.reduced(schema), other.reduced(schema));
        let (buckets, offset) = add((&this.buckets, this.offset), (&other.buckets, other.offset), sign);
        let (negative_buckets, negative_offset) =
            add((&this.negative_buckets, this.negative_offset), (&other.negative_buckets, other.negative_offset), sign);
        Ok(Self {
            sum: this.sum + sign * other.sum,
            count: this.count + sign * other.count,
            zero_count: this.zero_count + sign * other.zero_count,
            buckets,
            offset,
            negative_buckets,
            negative_offset,
            counter_reset_hint: joined_hint(this.counter_reset_hint, other.counter_reset_hint),
            ..this
        })
    }
}

/// Buckets from `offset` on, merged to `2^doublings` as wide ones.
fn merged(buckets: &[f64], offset: i32, doublings: u32) -> (Vec<f64>, i32) {
    // Buckets end at powers of the base, so that those ending between two wide ends belong to the upper.
    let wide = |index: i32| ((index - 1) >> doublings) + 1;
    let start = wide(offset);
    let mut merged = Vec::new();
    for (index, count) in (offset..).zip(buckets) {
        let at = usize::try_from(wide(index) - start).unwrap_or(0);
        if merged.len() <= at {
            merged.resize(at + 1, 0.0);
        }
        merged[at] += count;
    }
    (merged, start)
}

/// Adds dense buckets that may begin at different places.
fn add(left: (&[f64], i32), right: (&[f64], i32), sign: f64) -> (Vec<f64>, i32) {
    let ((left, left_offset), (right, right_offset)) = (left, right);
    if right.is_empty() {
        return (left.to_vec(), left_offset);
    }
    let start = if left.is_empty() { right_offset } else { left_offset.min(right_offset) };
    let mut sum = Vec::new();
    for (buckets, offset, factor) in [(left, left_offset, 1.0), (right, right_offset, sign)] {
        let skip = usize::try_from(offset.saturating_sub(start)).unwrap_or(0);
        for (index, count) in buckets.iter().enumerate() {
            if sum.len() <= skip + index {
                sum.resize(skip + index + 1, 0.0);
            }
            sum[skip + index] += factor * count;
        }
    }
    (sum, start)
}

/// The upper end of an exponential bucket. The last bucket of finite values ends at the greatest of them; the one after it
/// holds the infinite ones.
fn exponential_end(schema: i32, index: i32) -> f64 {
    let exponent = f64::from(index) * (-f64::from(schema)).exp2();
    if exponent == f64::from(f64::MAX_EXP) { f64::MAX } else { exponent.exp2() }
}

fn joined_hint(left: Option<CounterResetHint>, right: Option<CounterResetHint>) -> Option<CounterResetHint> {
    match (left, right) {
        _ if left == right => left,
        (Some(CounterResetHint::Gauge), _) | (_, Some(CounterResetHint::Gauge)) => Some(CounterResetHint::Gauge),
        _ => Some(CounterResetHint::Unknown),
    }
}

fn integer(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_malformed| format!("not a whole number: {text:?}"))
}

/// Far beyond any bucket of a float, and near enough to lay buckets out densely.
fn bucket_index(text: &str) -> Result<i32, String> {
    const FARTHEST: i32 = 1 << 20;
    match integer(text)? {
        index if index.abs() <= FARTHEST => Ok(index),
        index => Err(format!("bucket {index} is beyond {FARTHEST}")),
    }
}

fn list(text: &str) -> Result<Vec<f64>, String> {
    text.split_whitespace().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addition_aligns_buckets() {
        let base = HistogramSpec::parse("schema:1 sum:3 count:5 buckets:[2 3] offset:1").expect("valid");
        let step = HistogramSpec::parse("schema:1 sum:1 count:2 buckets:[1 0 0 1]").expect("valid");
        let sum = base.plus(&step, 1.0).expect("same schema");
        assert_eq!((sum.buckets, sum.offset, sum.sum, sum.count), (vec![1.0, 2.0, 3.0, 1.0], 0, 4.0, 7.0));
        let custom = HistogramSpec::parse("schema:-53 custom_values:[1]").expect("valid");
        assert!(base.plus(&custom, 1.0).is_err());
    }

    #[test]
    fn addition_takes_the_coarser_resolution() {
        let fine = HistogramSpec::parse("schema:1 count:10 buckets:[1 2 3 4] offset:-1").expect("valid");
        let coarse = HistogramSpec::parse("schema:0 count:1 buckets:[1] offset:1").expect("valid");
        let sum = fine.plus(&coarse, 1.0).expect("both exponential");
        // Fine buckets -1 and 0 make coarse 0, 1 and 2 make 1.
        assert_eq!((sum.schema, sum.offset, sum.buckets), (0, 0, vec![3.0, 8.0]));
    }

    #[test]
    fn faults_are_named() {
        for text in ["schema", "schema:x", "buckets:[1 2", "sum:1 sum:2", "what:1", "counter_reset_hint:maybe"] {
            assert!(HistogramSpec::parse(text).is_err(), "{text}");
        }
    }
}
