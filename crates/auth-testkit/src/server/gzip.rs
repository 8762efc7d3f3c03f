//! A gzip body that is small on the wire and large when unpacked.

use bytes::Bytes;

/// Returns a gzip stream that unpacks to at least `size` bytes of spaces, about 1/158 of that on the wire.
pub(super) fn bomb(size: usize) -> Bytes {
    // RFC 1952 §2.3: magic, deflate, no flags, no time, no extra flags, unknown system.
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut bits = Bits::default();
    // One last block (1) with fixed Huffman codes (01, sent from the lowest bit), RFC 1951 §3.2.3.
    bits.push(&mut out, 1, 1);
    bits.push(&mut out, 1, 2);
    // A literal space: code 0x30 + 32, eight bits, highest first.
    bits.push_reversed(&mut out, 0x30 + 32, 8);
    for _ in 0..size.div_ceil(258) {
        // Length 258 is symbol 285, code 0b11000101; distance 1 is symbol 0, five bits.
        bits.push_reversed(&mut out, 0b1100_0101, 8);
        bits.push(&mut out, 0, 5);
    }
    // The end of the block: symbol 256, seven bits of zero. A decoder reaches its limit before it looks for the checksum.
    bits.push(&mut out, 0, 7);
    bits.push(&mut out, 0, 7);
    out.extend_from_slice(&[0; 8]);
    Bytes::from(out)
}

#[derive(Default)]
struct Bits {
    held: u32,
    count: u32,
}

impl Bits {
    /// Adds the `count` lowest bits of `value`, lowest first.
    fn push(&mut self, out: &mut Vec<u8>, value: u32, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Adds the `count` lowest bits of `value`, highest first, as Huffman codes are sent.
    fn push_reversed(&mut self, out: &mut Vec<u8>, value: u32, count: u32) {
        self.push(out, value.reverse_bits() >> (32 - count), count);
    }
}
