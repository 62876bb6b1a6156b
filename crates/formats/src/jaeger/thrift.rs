//! A bounded reader of Thrift's binary protocol that borrows texts from the wire.

use crate::FormatError;

/// Deepest nesting that skipping an unknown field follows.
const MAX_DEPTH: usize = 16;

/// Thrift's type numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Byte,
    Double,
    I16,
    I32,
    I64,
    Binary,
    Struct,
    Map,
    Set,
    List,
}

impl Type {
    fn of(number: u8) -> Result<Self, ThriftError> {
        Ok(match number {
            2 => Self::Bool,
            3 => Self::Byte,
            4 => Self::Double,
            6 => Self::I16,
            8 => Self::I32,
            10 => Self::I64,
            11 => Self::Binary,
            12 => Self::Struct,
            13 => Self::Map,
            14 => Self::Set,
            15 => Self::List,
            _ => return Err(ThriftError::Type(number)),
        })
    }

    /// Fewest bytes that a value of the type takes.
    const fn least_bytes(self) -> usize {
        match self {
            Self::Bool | Self::Byte | Self::Struct => 1,
            Self::I16 => 2,
            Self::I32 | Self::Binary => 4,
            Self::I64 | Self::Double => 8,
            Self::Map => 6,
            Self::Set | Self::List => 5,
        }
    }
}

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ThriftError {
    #[error("thrift message is cut off")]
    Truncated,
    #[error("thrift type {0} is unknown")]
    Type(u8),
    #[error("thrift field {0} has the wrong type")]
    Mismatch(i16),
    #[error("thrift length is negative or longer than the message")]
    Length,
    #[error("thrift text is not UTF-8")]
    Utf8,
    #[error("thrift message is nested too deeply")]
    Depth,
}

impl From<ThriftError> for FormatError {
    fn from(error: ThriftError) -> Self {
        Self::malformed(error.to_string())
    }
}

/// A field's head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) id: i16,
    kind: Type,
}

/// The reader; reads what the caller expects, after the head said it is there.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ThriftError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(ThriftError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// The next field of a struct, `None` at its end.
    pub(super) fn field(&mut self) -> Result<Option<Head>, ThriftError> {
        let [kind] = self.take()?;
        if kind == 0 {
            return Ok(None);
        }
        let kind = Type::of(kind)?;
        Ok(Some(Head { id: i16::from_be_bytes(self.take()?), kind }))
    }

    fn expect(head: Head, kind: Type) -> Result<(), ThriftError> {
        if head.kind == kind { Ok(()) } else { Err(ThriftError::Mismatch(head.id)) }
    }

    pub(super) fn i32(&mut self, head: Head) -> Result<i32, ThriftError> {
        Self::expect(head, Type::I32)?;
        self.take().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self, head: Head) -> Result<i64, ThriftError> {
        Self::expect(head, Type::I64)?;
        self.take().map(i64::from_be_bytes)
    }

    pub(super) fn double(&mut self, head: Head) -> Result<f64, ThriftError> {
        Self::expect(head, Type::Double)?;
        self.take().map(|bytes| f64::from_bits(u64::from_be_bytes(bytes)))
    }

    pub(super) fn bool(&mut self, head: Head) -> Result<bool, ThriftError> {
        Self::expect(head, Type::Bool)?;
        self.take().map(|[byte]| byte != 0)
    }

    pub(super) fn binary(&mut self, head: Head) -> Result<&'a [u8], ThriftError> {
        Self::expect(head, Type::Binary)?;
        self.bytes()
    }

    pub(super) fn text(&mut self, head: Head) -> Result<&'a str, ThriftError> {
        std::str::from_utf8(self.binary(head)?).ok().ok_or(ThriftError::Utf8)
    }

    pub(super) fn structure(&self, head: Head) -> Result<(), ThriftError> {
        Self::expect(head, Type::Struct)
    }

    /// The number of structs in a list; never more than the bytes left can hold.
    pub(super) fn structs(&mut self, head: Head) -> Result<usize, ThriftError> {
        Self::expect(head, Type::List)?;
        let [kind] = self.take()?;
        let count = self.count(1)?;
        if count > 0 && Type::of(kind)? != Type::Struct {
            return Err(ThriftError::Mismatch(head.id));
        }
        Ok(count)
    }

    /// Passes over the value of a field that is not known.
    pub(super) fn skip(&mut self, head: Head) -> Result<(), ThriftError> {
        self.skip_value(head.kind, 0)
    }

    fn bytes(&mut self) -> Result<&'a [u8], ThriftError> {
        let length = i32::from_be_bytes(self.take()?);
        let length = usize::try_from(length).ok().ok_or(ThriftError::Length)?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or(ThriftError::Length)?;
        self.rest = rest;
        Ok(head)
    }

    fn count(&mut self, least_bytes: usize) -> Result<usize, ThriftError> {
        let count = usize::try_from(i32::from_be_bytes(self.take()?)).ok().ok_or(ThriftError::Length)?;
        if count.saturating_mul(least_bytes) > self.rest.len() { Err(ThriftError::Length) } else { Ok(count) }
    }

    fn skip_value(&mut self, kind: Type, depth: usize) -> Result<(), ThriftError> {
        if depth > MAX_DEPTH {
            return Err(ThriftError::Depth);
        }
        match kind {
            Type::Bool | Type::Byte => self.take::<1>().map(drop),
            Type::I16 => self.take::<2>().map(drop),
            Type::I32 => self.take::<4>().map(drop),
            Type::I64 | Type::Double => self.take::<8>().map(drop),
            Type::Binary => self.bytes().map(drop),
            Type::Struct => {
                while let Some(head) = self.field()? {
                    self.skip_value(head.kind, depth + 1)?;
                }
                Ok(())
            }
            Type::List | Type::Set => {
                let [item] = self.take()?;
                let count = self.count(1)?;
                if count == 0 {
                    return Ok(());
                }
                let item = Type::of(item)?;
                (0..count).try_for_each(|_| self.skip_value(item, depth + 1))
            }
            Type::Map => {
                let [key, value] = self.take()?;
                let count = self.count(2)?;
                if count == 0 {
                    return Ok(());
                }
                let (key, value) = (Type::of(key)?, Type::of(value)?);
                if count.saturating_mul(key.least_bytes() + value.least_bytes()) > self.rest.len() {
                    return Err(ThriftError::Length);
                }
                (0..count).try_for_each(|_| {
                    self.skip_value(key, depth + 1)?;
                    self.skip_value(value, depth + 1)
                })
            }
        }
    }
}
