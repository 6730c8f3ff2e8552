import Foundation
import NIOCore

/// Writes a JSON line for each request, many at once: a line costs a copy, not a system call.
final class AccessLog: Sendable {
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

    private let sink: @Sendable (ByteBuffer) -> Void

    /// - Parameter sink: takes whole lines; called on any event loop.
    init(sink: @escaping @Sendable (ByteBuffer) -> Void) {
        self.sink = sink
    }

    func write(_ lines: ByteBuffer) { sink(lines) }

    /// Appends the line of a request.
    static func append(_ record: Record, to lines: inout ByteBuffer) {
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
