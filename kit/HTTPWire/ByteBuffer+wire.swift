import NIOCore

/// Text is written in as few pieces as there are: every call checks capacity and ownership anew.
extension ByteBuffer {
    /// Appends the bytes at `range` of a head.
    public mutating func write(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        writeBytes(bytes.extracting(range).bytes)
    }

    /// Appends a number that is not negative, in decimal, with zeros before it up to `digits`.
    public mutating func writeDecimal(_ value: Int, digits: Int = 1) {
        var text = InlineArray<20, UInt8>(repeating: ASCII.zero)
        var rest = UInt(bitPattern: value)
        var start = text.count
        repeat {
            start -= 1
            text[start] = ASCII.zero + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        start = min(start, text.count - digits)
        writeBytes(text.span.extracting(start..<text.count).bytes)
    }

    /// Puts the rest of earlier reads before these bytes, which have come behind it, and empties it.
    ///
    /// Nothing is copied where nothing was left. What has been read of the rest is dropped: else it would stay for as long as
    /// something is always left.
    public mutating func prepend(_ rest: inout ByteBuffer) {
        guard rest.readableBytes > 0 else { return }
        rest.discardReadBytes()
        rest.writeBuffer(&self)
        swap(&rest, &self)
        rest = ByteBuffer()
    }
}
