import Glibc
import NIOCore

/// Writes a JSON line for each request, many at once: a line costs a copy, not a system call.
///
/// The lines look like those of the log handler, which writes each on its own and would take a quarter of the time of a
/// request.
struct AccessLog: Sendable {
    /// What is known of a request at its end.
    struct Record {
        var method: HTTPMethod?
        var path: ByteBuffer
        var status: Int
        /// Bytes sent to the client.
        var bytes: Int
        /// Nanoseconds from the whole head to the end of the response.
        var duration: Int64
        var upstream: String?
        var requestID: ByteBuffer
        var client: String
    }

    /// What a pipe takes in one piece (pipe(7)): lines of several threads in one write never mix up to this size.
    private static let writeLimit = 4096

    private let descriptor: Int32

    /// - Parameter descriptor: an open file descriptor.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Adds a request's line to an event loop's, and writes those before it when they have become many.
    func append(_ record: Record, to lines: inout ByteBuffer) {
        let start = lines.writerIndex
        Self.write(record, to: &lines)
        guard lines.readableBytes > Self.writeLimit, var full = lines.readSlice(length: start - lines.readerIndex)
        else {
            return
        }
        flush(&full)
        lines.discardReadBytes()
    }

    /// Writes the lines. What cannot be written now is given up: a log must not hold up what it tells of.
    func flush(_ lines: inout ByteBuffer) {
        guard lines.readableBytes > 0 else { return }
        _ = lines.withUnsafeReadableBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        lines.clear()
    }

    static func write(_ record: Record, to lines: inout ByteBuffer) {
        lines.writeStaticString(#"{"ts":""#)
        lines.writeTimestamp()
        lines.writeStaticString(#"","level":"info","service":"gateway","message":"request","method":""#)
        lines.writeString(record.method?.name ?? "-")
        lines.writeStaticString(#"","path":"#)
        lines.writeJSONString(record.path.readableBytesUInt8Span)
        lines.writeStaticString(#","status":"#)
        lines.writeDecimal(record.status)
        lines.writeStaticString(#","bytes":"#)
        lines.writeDecimal(record.bytes)
        lines.writeStaticString(#","duration_us":"#)
        lines.writeDecimal(Int(max(0, record.duration) / 1000))
        if let upstream = record.upstream {
            lines.writeStaticString(#","upstream":"#)
            lines.writeJSONString(upstream)
        }
        lines.writeStaticString(#","client":"#)
        lines.writeJSONString(record.client)
        lines.writeStaticString(#","request_id":"#)
        lines.writeJSONString(record.requestID.readableBytesUInt8Span)
        lines.writeStaticString("}\n")
    }
}

extension ByteBuffer {
    /// Appends the time in RFC 3339 with microseconds.
    fileprivate mutating func writeTimestamp() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        writeDecimal(Int(parts.tm_year) + 1900)
        for (separator, value) in [
            ("-" as StaticString, parts.tm_mon + 1), ("-", parts.tm_mday), ("T", parts.tm_hour), (":", parts.tm_min),
            (":", parts.tm_sec),
        ] {
            writeStaticString(separator)
            writePadded(Int(value), digits: 2)
        }
        writeStaticString(".")
        writePadded(time.tv_nsec / 1000, digits: 6)
        writeStaticString("Z")
    }

    private mutating func writePadded(_ value: Int, digits: Int) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            writeInteger(ASCII.zero + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
