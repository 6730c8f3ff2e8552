import HTTPWire
import NIOCore

/// A request's path as it may stand in a log line or a problem document: without the query, and without the segments
/// that are credentials.
enum LoggedPath {
    private static let redacted: StaticString = "[redacted]"

    /// Appends the path at `range`.
    ///
    /// - Parameter secrets: the positions of the segments that the route calls `{token}`, one bit each.
    static func write(
        _ bytes: Span<UInt8>, _ range: Range<Int>, secrets: UInt32, into buffer: inout ByteBuffer
    ) {
        var start = range.lowerBound + 1
        var position: UInt32 = 0
        buffer.writeInteger(ASCII.slash)
        while start < range.upperBound {
            let end = bytes.index(of: ASCII.slash, in: start..<range.upperBound) ?? range.upperBound
            let isSecret = position < 32 && secrets >> position & 1 == 1
            if isSecret || bytes.hasPrefix("lms_", at: start..<end) {
                buffer.writeStaticString(redacted)
            } else {
                buffer.write(bytes, start..<end)
            }
            if end < range.upperBound { buffer.writeInteger(ASCII.slash) }
            start = end + 1
            position += 1
        }
    }
}
