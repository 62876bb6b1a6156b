//! The few pieces of protobuf and snappy that a client needs to write, so that nothing of the product helps to test itself.

/// A field of bytes or text.
pub fn bytes_field(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    varint(out, u64::from(number << 3 | 2));
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A field of a number.
pub fn number_field(out: &mut Vec<u8>, number: u32, value: u64) {
    varint(out, u64::from(number << 3));
    varint(out, value);
}

/// A field of a float.
pub fn double_field(out: &mut Vec<u8>, number: u32, value: f64) {
    varint(out, u64::from(number << 3 | 1));
    out.extend(value.to_le_bytes());
}

/// A field of floats in one piece; nothing where there are none.
pub fn packed_doubles(out: &mut Vec<u8>, number: u32, values: &[f64]) {
    if !values.is_empty() {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        bytes_field(out, number, &bytes);
    }
}

/// A field 1 with a name and a value, as remote write 1.0 has labels.
pub fn label(out: &mut Vec<u8>, name: &str, value: &str) {
    let mut inner = Vec::with_capacity(name.len() + value.len() + 8);
    bytes_field(&mut inner, 1, name.as_bytes());
    bytes_field(&mut inner, 2, value.as_bytes());
    bytes_field(out, 1, &inner);
}

/// Signed numbers so that small ones stay short.
#[must_use]
pub fn zigzag(value: i64) -> u64 {
    u64::from_ne_bytes(((value << 1) ^ (value >> 63)).to_ne_bytes())
}

/// A number in groups of seven bits.
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// What stands before a message of so many bytes (fewer than 4 GiB) to make it a snappy block: one literal, nothing compressed.
#[must_use]
pub fn snappy_literal_head(length: usize) -> Vec<u8> {
    let mut head = Vec::new();
    varint(&mut head, length as u64);
    // Wire: a literal whose length less one follows in four bytes.
    head.push(63 << 2);
    head.extend((length.saturating_sub(1) as u32).to_le_bytes());
    head
}
