import Glibc
import HTTPWire
import NIOCore

/// Where the line of each request goes.
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
        /// A name of the gateway's file, which are plain words.
        var upstream: String?
        /// Characters of `ByteSet.requestID`.
        var requestID: ByteBuffer
        /// A `traceparent`, of which the trace's id is shown.
        var trace: ByteBuffer
        /// An address.
        var client: String
    }

    /// An open file descriptor.
    let descriptor: Int32
}

/// The access lines of one event loop: JSON as the log handler writes it, but many at once, so that a line costs a copy
/// and not a system call.
struct AccessLines {
    /// Lines are written before there are more bytes of them than a pipe takes in one piece (pipe(7)), so that those of
    /// several threads do not mix.
    private static let limit = 4096 - 1600
    /// Bytes of a path that are shown.
    private static let pathLimit = 1024

    private let descriptor: Int32
    private var lines = ByteBuffer()
    private var second = 0
    private var secondText = ByteBuffer()

    init(_ log: AccessLog) {
        descriptor = log.descriptor
    }

    /// Adds the line of a request.
    mutating func append(_ record: AccessLog.Record) {
        if lines.readableBytes > Self.limit { flush() }
        lines.writeStaticString(#"{"ts":""#)
        writeTime()
        lines.writeStaticString(#"","level":"info","service":"gateway","message":"request","method":""#)
        lines.writeStaticString(record.method?.staticName ?? "-")
        lines.writeStaticString(#"","path":"#)
        let path = record.path.readableBytesUInt8Span
        lines.writeJSONString(path.extracting(0..<min(path.count, Self.pathLimit)))
        lines.writeStaticString(#","status":"#)
        lines.writeDecimal(record.status)
        lines.writeStaticString(#","bytes":"#)
        lines.writeDecimal(record.bytes)
        lines.writeStaticString(#","duration_us":"#)
        lines.writeDecimal(Int(max(0, record.duration) / 1000))
        if let upstream = record.upstream {
            lines.writeStaticString(#","upstream":""#)
            lines.writeString(upstream)
            lines.writeStaticString("\"")
        }
        lines.writeStaticString(#","client":""#)
        lines.writeString(record.client)
        lines.writeStaticString(#"","request_id":""#)
        lines.writeImmutableBuffer(record.requestID)
        lines.writeStaticString(#"","trace_id":""#)
        lines.write(record.trace.readableBytesUInt8Span, TraceParent.traceID)
        lines.writeStaticString("\"}\n")
    }

    /// Writes the lines. What cannot be written now is given up: a log must not hold up what it tells of.
    mutating func flush() {
        guard lines.readableBytes > 0 else { return }
        _ = lines.withUnsafeReadableBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        lines.clear()
    }

    /// The time in RFC 3339 with microseconds; all but these stays for a second.
    private mutating func writeTime() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        if time.tv_sec != second {
            second = time.tv_sec
            var parts = tm()
            gmtime_r(&time.tv_sec, &parts)
            secondText.clear()
            secondText.writeDecimal(Int(parts.tm_year) + 1900)
            for (separator, value) in [
                ("-" as StaticString, parts.tm_mon + 1), ("-", parts.tm_mday), ("T", parts.tm_hour),
                (":", parts.tm_min), (":", parts.tm_sec),
            ] {
                secondText.writeStaticString(separator)
                secondText.writeDecimal(Int(value), digits: 2)
            }
            secondText.writeStaticString(".")
        }
        lines.writeImmutableBuffer(secondText)
        lines.writeDecimal(time.tv_nsec / 1000, digits: 6)
        lines.writeStaticString("Z")
    }
}
