/// Encoder of one Protocol Buffers message.
#[derive(Clone, Debug, Default)]
pub(super) struct ProtobufMessage {
    bytes: Vec<u8>,
}

/// Wire types: the low bits of a field's key.
mod wire {
    pub(super) const VARINT: u32 = 0;
    pub(super) const EIGHT_BYTES: u32 = 1;
    pub(super) const LENGTH_AND_BYTES: u32 = 2;
    pub(super) const FOUR_BYTES: u32 = 5;
}

impl ProtobufMessage {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn varint(mut self, field: u32, value: u64) -> Self {
        self.key(field, wire::VARINT);
        self.number(value);
        self
    }

    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, wire::FOUR_BYTES);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    pub(super) fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, wire::EIGHT_BYTES);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    pub(super) fn doubles(self, field: u32, values: &[f64]) -> Self {
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &packed)
    }

    pub(super) fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.key(field, wire::LENGTH_AND_BYTES);
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn message(self, field: u32, message: Self) -> Self {
        self.bytes(field, &message.bytes)
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.number(u64::from(field << 3 | wire));
    }

    /// Seven bits a byte, least significant first; the eighth says that more come.
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the Protocol Buffers documentation, *Encoding*.
    #[test]
    fn fields_are_written_as_documented() {
        let one = ProtobufMessage::default().varint(1, 150);
        assert_eq!(one.as_bytes(), [0x08, 0x96, 0x01]);
        let text = ProtobufMessage::default().bytes(2, b"testing");
        assert_eq!(text.as_bytes(), b"\x12\x07testing");
        let nested = ProtobufMessage::default().message(3, one);
        assert_eq!(nested.as_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
    }

    #[test]
    fn numbers_are_little_endian() {
        let numbers = ProtobufMessage::default().float(2, 1.0).double(1, -2.0).doubles(6, &[1.0, 2.0]);
        let expected = [
            &[0x15, 0, 0, 0x80, 0x3f][..],
            &[0x09, 0, 0, 0, 0, 0, 0, 0, 0xc0],
            &[0x32, 16, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40],
        ];
        assert_eq!(numbers.as_bytes(), expected.concat());
        let most = ProtobufMessage::default().varint(1, u64::MAX);
        assert_eq!(most.as_bytes(), [&[0x08][..], &[0xff; 9], &[0x01]].concat());
    }
}
