//! Protocol buffers without generated types: a reader that borrows from the wire and a writer.
//!
//! A decoder walks the fields of a message with [`Fields::next_field`] and matches on field numbers; what it does not know it
//! ignores. Nothing is allocated, no length is believed before the bytes behind it are there.

/// Why bytes are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// The message ends inside a field.
    #[error("protobuf message is cut off")]
    Truncated,
    /// A variable-length integer of more than ten bytes.
    #[error("protobuf varint is too long")]
    Varint,
    /// A field number of zero, or a wire type that proto3 does not use.
    #[error("protobuf field tag is invalid")]
    Tag,
    /// A field of another wire type than its message declares.
    #[error("protobuf field {0} has the wrong wire type")]
    WireType(u32),
    /// A text field that is not UTF-8.
    #[error("protobuf field {0} is not UTF-8")]
    Utf8(u32),
    /// A repeated number field of more than [`MAX_ITEMS`] items.
    #[error("protobuf field {0} has more than {MAX_ITEMS} items")]
    TooMany(u32),
}

impl From<ProtobufError> for crate::FormatError {
    fn from(error: ProtobufError) -> Self {
        Self::malformed(error.to_string())
    }
}

/// Most items of one repeated number field (buckets, bounds); real ones have hundreds.
pub const MAX_ITEMS: usize = 65_536;

/// A field's payload as the wire has it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// A field: its number and payload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field<'a> {
    /// Number in the message.
    pub number: u32,
    payload: Payload<'a>,
}

impl<'a> Field<'a> {
    /// Bytes, a text or a message.
    ///
    /// # Errors
    /// [`ProtobufError::WireType`] otherwise; as in all of these.
    pub const fn bytes(self) -> Result<&'a [u8], ProtobufError> {
        match self.payload {
            Payload::Bytes(bytes) => Ok(bytes),
            _ => Err(ProtobufError::WireType(self.number)),
        }
    }

    /// UTF-8 text.
    pub fn text(self) -> Result<&'a str, ProtobufError> {
        std::str::from_utf8(self.bytes()?).ok().ok_or(ProtobufError::Utf8(self.number))
    }

    /// The fields of an embedded message.
    pub fn message(self) -> Result<Fields<'a>, ProtobufError> {
        self.bytes().map(Fields::new)
    }

    /// `uint64`, `uint32`, `bool` or an enum.
    pub const fn varint(self) -> Result<u64, ProtobufError> {
        match self.payload {
            Payload::Varint(value) => Ok(value),
            _ => Err(ProtobufError::WireType(self.number)),
        }
    }

    /// `int64` or `int32`.
    pub fn int64(self) -> Result<i64, ProtobufError> {
        self.varint().map(u64::cast_signed)
    }

    /// `sint64`.
    pub fn sint64(self) -> Result<i64, ProtobufError> {
        self.varint().map(zigzag)
    }

    /// `sint32`.
    pub fn sint32(self) -> Result<i32, ProtobufError> {
        self.sint64().map(|value| value as i32)
    }

    /// `fixed64`, `sfixed64` as its bits.
    pub const fn fixed64(self) -> Result<u64, ProtobufError> {
        match self.payload {
            Payload::Fixed64(value) => Ok(value),
            _ => Err(ProtobufError::WireType(self.number)),
        }
    }

    /// `fixed32`.
    pub const fn fixed32(self) -> Result<u32, ProtobufError> {
        match self.payload {
            Payload::Fixed32(value) => Ok(value),
            _ => Err(ProtobufError::WireType(self.number)),
        }
    }

    /// `double`.
    pub fn double(self) -> Result<f64, ProtobufError> {
        self.fixed64().map(f64::from_bits)
    }

    /// Appends the values of a repeated varint field, packed or not, each through `convert`.
    pub fn varints<T>(self, out: &mut Vec<T>, convert: impl Fn(u64) -> T) -> Result<(), ProtobufError> {
        match self.payload {
            Payload::Varint(value) if out.len() < MAX_ITEMS => out.push(convert(value)),
            Payload::Varint(_) => return Err(ProtobufError::TooMany(self.number)),
            Payload::Bytes(mut rest) => {
                while !rest.is_empty() {
                    if out.len() >= MAX_ITEMS {
                        return Err(ProtobufError::TooMany(self.number));
                    }
                    out.push(convert(take_varint(&mut rest)?));
                }
            }
            _ => return Err(ProtobufError::WireType(self.number)),
        }
        Ok(())
    }

    /// Appends the values of a repeated 64-bit field, packed or not, each through `convert`.
    pub fn fixed64s<T>(self, out: &mut Vec<T>, convert: impl Fn(u64) -> T) -> Result<(), ProtobufError> {
        match self.payload {
            Payload::Fixed64(value) if out.len() < MAX_ITEMS => out.push(convert(value)),
            Payload::Fixed64(_) => return Err(ProtobufError::TooMany(self.number)),
            Payload::Bytes(bytes) => {
                let (words, rest) = bytes.as_chunks::<8>();
                if out.len() + words.len() > MAX_ITEMS {
                    return Err(ProtobufError::TooMany(self.number));
                }
                if !rest.is_empty() {
                    return Err(ProtobufError::Truncated);
                }
                out.extend(words.iter().map(|word| convert(u64::from_le_bytes(*word))));
            }
            _ => return Err(ProtobufError::WireType(self.number)),
        }
        Ok(())
    }
}

/// Undoes the zigzag coding of `sint32` and `sint64`.
#[must_use]
pub const fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Walks the fields of one message.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of these bytes.
    #[must_use]
    pub const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field, `None` at the end.
    ///
    /// # Errors
    /// [`ProtobufError`] when the bytes are no message.
    #[inline]
    pub fn next_field(&mut self) -> Result<Option<Field<'a>>, ProtobufError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = take_varint(&mut self.rest)?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number != 0).ok_or(ProtobufError::Tag)?;
        let payload = match tag & 7 {
            0 => Payload::Varint(take_varint(&mut self.rest)?),
            1 => Payload::Fixed64(u64::from_le_bytes(take_array(&mut self.rest)?)),
            2 => {
                let length = usize::try_from(take_varint(&mut self.rest)?).ok().ok_or(ProtobufError::Truncated)?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or(ProtobufError::Truncated)?;
                self.rest = rest;
                Payload::Bytes(bytes)
            }
            5 => Payload::Fixed32(u32::from_le_bytes(take_array(&mut self.rest)?)),
            _ => return Err(ProtobufError::Tag),
        };
        Ok(Some(Field { number, payload }))
    }
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], ProtobufError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(ProtobufError::Truncated)?;
    *rest = tail;
    Ok(*head)
}

#[inline]
fn take_varint(rest: &mut &[u8]) -> Result<u64, ProtobufError> {
    let mut value = 0u64;
    for (i, byte) in rest.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F) << (7 * i);
        if *byte < 0x80 {
            *rest = rest.get(i + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(if rest.len() < 10 { ProtobufError::Truncated } else { ProtobufError::Varint })
}

/// Writes a message field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageWriter {
    bytes: Vec<u8>,
}

/// Bytes kept free for the length of an embedded message: enough for 4 GiB, so that nothing has to be moved afterwards.
const LENGTH_BYTES: usize = 5;

impl MessageWriter {
    /// The bytes so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The finished message.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// A varint field.
    pub fn varint(&mut self, number: u32, value: u64) -> &mut Self {
        self.tag(number, 0);
        put_varint(&mut self.bytes, value);
        self
    }

    /// A `sint64` or `sint32` field.
    pub fn sint64(&mut self, number: u32, value: i64) -> &mut Self {
        self.varint(number, ((value << 1) ^ (value >> 63)).cast_unsigned())
    }

    /// A `fixed64` or `sfixed64` field.
    pub fn fixed64(&mut self, number: u32, value: u64) -> &mut Self {
        self.tag(number, 1);
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A `double` field.
    pub fn double(&mut self, number: u32, value: f64) -> &mut Self {
        self.fixed64(number, value.to_bits())
    }

    /// A `fixed32` field.
    pub fn fixed32(&mut self, number: u32, value: u32) -> &mut Self {
        self.tag(number, 5);
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// A bytes field.
    pub fn bytes(&mut self, number: u32, value: &[u8]) -> &mut Self {
        self.tag(number, 2);
        put_varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(value);
        self
    }

    /// A text field.
    pub fn text(&mut self, number: u32, value: &str) -> &mut Self {
        self.bytes(number, value.as_bytes())
    }

    /// An embedded message that `write` fills.
    pub fn message(&mut self, number: u32, write: impl FnOnce(&mut Self)) -> &mut Self {
        let open = self.open(number);
        write(self);
        self.close(open);
        self
    }

    /// Opens an embedded message whose fields follow; hand the mark to [`MessageWriter::close`].
    pub fn open(&mut self, number: u32) -> usize {
        self.tag(number, 2);
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        self.bytes.len()
    }

    /// Ends the embedded message that `mark` opened.
    pub fn close(&mut self, mark: usize) {
        let length = self.bytes.len().saturating_sub(mark) as u64;
        // The varint is padded with continuation bits to its fixed width, which every reader accepts.
        for (i, byte) in self.bytes.iter_mut().take(mark).skip(mark - LENGTH_BYTES).enumerate() {
            *byte = (length >> (7 * i)) as u8 & 0x7F | if i + 1 < LENGTH_BYTES { 0x80 } else { 0 };
        }
    }

    fn tag(&mut self, number: u32, wire_type: u32) {
        put_varint(&mut self.bytes, u64::from(number << 3 | wire_type));
    }
}

/// Appends a variable-length integer.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_round_trip() {
        let mut writer = MessageWriter::default();
        writer.varint(1, 300).sint64(2, -5).double(3, 0.5).fixed32(4, 7).text(5, "é");
        writer.message(6, |inner| {
            inner.varint(1, u64::MAX);
        });
        writer.bytes(7, &[1, 0xAC, 0x02]);
        let bytes = writer.finish();
        let mut fields = Fields::new(&bytes);
        let mut next = || fields.next_field().unwrap().unwrap();
        assert_eq!(next().varint(), Ok(300));
        assert_eq!(next().sint64(), Ok(-5));
        assert_eq!(next().double(), Ok(0.5));
        assert_eq!(next().fixed32(), Ok(7));
        assert_eq!(next().text(), Ok("é"));
        assert_eq!(next().message().unwrap().next_field().unwrap().unwrap().int64(), Ok(-1));
        let mut packed = Vec::new();
        next().varints(&mut packed, |value| value).unwrap();
        assert_eq!(packed, [1, 300]);
        for cut in 1..bytes.len() {
            let mut fields = Fields::new(&bytes[..cut]);
            while let Ok(Some(_)) = fields.next_field() {}
        }
    }

    #[test]
    fn wrong_bytes_are_named() {
        let first = |bytes: &'static [u8]| Fields::new(bytes).next_field().map(|field| field.is_some());
        assert_eq!(first(&[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), Err(ProtobufError::Truncated));
        assert_eq!(first(&[0x08; 1]), Err(ProtobufError::Truncated));
        assert_eq!(first(&[0xFF; 12]), Err(ProtobufError::Varint));
        assert_eq!(first(&[0x00]), Err(ProtobufError::Tag));
        assert_eq!(first(&[0x0B]), Err(ProtobufError::Tag));
        let field = Fields::new(&[0x08, 0x01]).next_field().unwrap().unwrap();
        assert_eq!(field.text(), Err(ProtobufError::WireType(1)));
    }
}
