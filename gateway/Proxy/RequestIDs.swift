import HTTPWire
import NIOCore

/// Makes request ids, 128 random bits in hexadecimal, and traces for requests that come without.
///
/// They must differ, not be secret, so one seed from the system is stretched with SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014) instead of asking the kernel for every request.
struct RequestIDs {
    private var state = UInt64.random(in: .min ... .max)

    mutating func write(into buffer: inout ByteBuffer) {
        buffer.writeHexadecimal(next())
        buffer.writeHexadecimal(next())
    }

    /// Writes a `traceparent` of version 00 that is sampled; its ids are never all zeros, which would not be valid.
    mutating func writeTraceparent(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("00-")
        buffer.writeHexadecimal(next())
        buffer.writeHexadecimal(next() | 1)
        buffer.writeInteger(ASCII.dash)
        buffer.writeHexadecimal(next() | 1)
        buffer.writeStaticString("-01")
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
