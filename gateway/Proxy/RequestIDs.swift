import HTTPWire
import NIOCore

/// Makes request ids, 128 random bits in hexadecimal, and traces for requests that come without.
struct RequestIDs {
    private var random = RandomNumbers()

    mutating func write(into buffer: inout ByteBuffer) {
        buffer.writeHexadecimal(random.next())
        buffer.writeHexadecimal(random.next())
    }

    /// Writes a `traceparent` of version 00 that is sampled; its ids are never all zeros, which would not be valid.
    mutating func writeTraceparent(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("00-")
        buffer.writeHexadecimal(random.next())
        buffer.writeHexadecimal(random.next() | 1)
        buffer.writeInteger(ASCII.dash)
        buffer.writeHexadecimal(random.next() | 1)
        buffer.writeStaticString("-01")
    }
}
