import Glibc
import HTTPWire
import NIOCore
import Synchronization

/// Where the line of each request goes.
final class AccessLog: Sendable {
    /// What is known of a request at its end.
    struct Record {
        var method: HTTPMethod?
        var path: ByteBuffer
        var status: Int
        /// Bytes sent to the client.
        var bytes: Int
        /// From the whole head to the end of the response.
        var duration: TimeAmount
        /// A name of the gateway's file, which are plain words.
        var upstream: String?
        /// Connections to it that were asked for, one after the other.
        var attempts = 0
        var progress = Progress()
        /// Characters of `ByteSet.requestID`.
        var requestID: ByteBuffer
        /// A `traceparent`, of which the trace's id is shown.
        var trace: ByteBuffer
        /// An address.
        var client: String
    }

    /// So much a pipe takes in one piece, and has room for when it says that it has any (pipe(7), PIPE_BUF).
    static let pieceLength = 4096

    /// An open file descriptor.
    private let descriptor: Int32
    /// Between asking whether there is room and writing, no other event loop may.
    private let turn = Mutex(())

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes whole lines, of at most ``pieceLength`` bytes. What cannot be written now is given up: a log must not hold
    /// up what it tells of, and its descriptor blocks, as others share it.
    func write(_ lines: UnsafeRawBufferPointer) {
        turn.withLock { _ in
            var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&room, 1, 0) == 1, room.revents & Int16(POLLOUT) != 0 else { return }
            _ = Glibc.write(descriptor, lines.baseAddress, lines.count)
        }
    }
}

/// The access lines of one event loop: JSON as the log handler writes it, but many at once, so that a line costs a copy
/// and not a system call.
struct AccessLines {
    /// With so many bytes they are written before another is added, so that they stay one piece.
    private static let limit = AccessLog.pieceLength - 1800
    /// Bytes of a path that are shown, each of which may take two.
    private static let pathLimit = 512

    private let log: AccessLog
    private var lines = ByteBuffer()
    private var second = 0
    private var secondText = ByteBuffer()

    init(_ log: AccessLog) {
        self.log = log
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
        write(record.duration, as: #","duration_us":"#)
        if let upstream = record.upstream {
            lines.writeStaticString(#","upstream":""#)
            lines.writeString(upstream)
            lines.writeStaticString("\"")
            write(record.progress, attempts: record.attempts)
        }
        lines.writeStaticString(#","client":""#)
        lines.writeString(record.client)
        lines.writeStaticString(#"","request_id":""#)
        lines.writeImmutableBuffer(record.requestID)
        lines.writeStaticString(#"","trace_id":""#)
        lines.write(record.trace.readableBytesUInt8Span, TraceParent.traceID)
        lines.writeStaticString("\"}\n")
    }

    private mutating func write(_ progress: Progress, attempts: Int) {
        if let copy = progress.copy {
            lines.writeStaticString(#","copy":""#)
            lines.writeString(copy)
            lines.writeStaticString("\"")
        }
        lines.writeStaticString(#","attempts":"#)
        lines.writeDecimal(attempts)
        if let time = progress.connect { write(time, as: #","connect_us":"#) }
        if let time = progress.firstByte { write(time, as: #","first_byte_us":"#) }
    }

    private mutating func write(_ time: TimeAmount, as name: StaticString) {
        lines.writeStaticString(name)
        lines.writeDecimal(Int(max(0, time.nanoseconds) / 1000))
    }

    mutating func flush() {
        guard lines.readableBytes > 0 else { return }
        lines.withUnsafeReadableBytes { log.write($0) }
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
