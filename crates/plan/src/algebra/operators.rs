//! Operators and aggregation operations.

/// Aggregation operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AggregateOp {
    /// Sum.
    Sum,
    /// Mean.
    Avg,
    /// Number of series.
    Count,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// One.
    Group,
    /// Population standard deviation.
    Stddev,
    /// Population variance.
    Stdvar,
    /// The `param` greatest series.
    Topk,
    /// The `param` least series.
    Bottomk,
    /// Number of series a value, which becomes this label.
    CountValues(String),
    /// The `param` quantile.
    Quantile,
    /// Any `param` series.
    Limitk,
    /// A pseudo-random share of the series, chosen by hash.
    LimitRatio,
}

/// Operators that make one value of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `/` that is NaN by zero, as in LogQL
    DivOrNan,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `atan2`
    Atan2,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `</`
    TrimUpper,
    /// `>/`
    TrimLower,
}

/// Set operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOp {
    /// Left series that have a partner.
    And,
    /// Left series, and right ones without a partner.
    Or,
    /// Left series without a partner.
    Unless,
}

impl BinaryOp {
    /// The operator as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div | Self::DivOrNan => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
        }
    }

    /// Whether it compares.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual)
    }

    /// The result on two floats; of a comparison 1 or 0.
    #[must_use]
    pub fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
        match self {
            Self::Add => left + right,
            Self::Sub => left - right,
            Self::Mul => left * right,
            Self::DivOrNan if right == 0.0 => f64::NAN,
            Self::Div | Self::DivOrNan => left / right,
            Self::Mod => left % right,
            Self::Pow => power(left, right),
            Self::Atan2 => left.atan2(right),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Less => truth(left < right),
            Self::LessEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterEqual => truth(left >= right),
            Self::TrimUpper | Self::TrimLower => left,
        }
    }
}

/// `left` to the power of `right`; 1 wherever IEEE 754 says so, NaN operands included.
fn power(left: f64, right: f64) -> f64 {
    left.powf(right)
}
