import Dispatch
import Glibc
import HTTPTypes
import HTTPWire
import Logging
import NIOCore
import ServiceKit
import Synchronization

/// What all answers of ``DirectRoute``s have in common: what the middleware does for the routes of the table.
struct DirectAnswers: Sendable {
    /// What its answer needs to know of a request, however long that is under way.
    struct Origin {
        let method: HTTPRequest.Method
        let path: String
        let isSecure: Bool
        let requestID: String
        let trace: RequestTrace
        /// When it began to be answered, in nanoseconds of uptime.
        let start = DispatchTime.now().uptimeNanoseconds

        init(_ head: DirectHead) {
            method = head.method
            path = head.path
            isSecure = head.isSecure
            requestID = head.requestID ?? RequestID.make()
            let trace = head.traceparent { TraceContext(traceparent: $0) }?.child() ?? .root()
            self.trace = RequestTrace(requestID: requestID, trace: trace)
        }
    }

    let metrics: RequestMetrics
    private let logger: Logger
    private let date = CurrentDate()
    /// The fields that are the same in every answer.
    private let fields: HTTPFields
    /// The same as they are written.
    private let fieldLines: ByteBuffer
    private let strictTransport = ByteBuffer(lines: [SecurityHeaders.strictTransport])

    init(metrics: RequestMetrics, logger: Logger) {
        self.metrics = metrics
        self.logger = logger
        var fields: HTTPFields = [.contentType: MediaTypeName.json.description]
        SecurityHeaders.add(to: &fields, isSecure: false)
        ResponseCompression.addVary(to: &fields)
        self.fields = fields
        fieldLines = ByteBuffer(lines: fields)
    }

    /// Appends the whole answer to a request, as it goes over the connection.
    ///
    /// - Parameter isLast: Whether the connection is closed behind it.
    func write(
        _ result: Result<DirectAnswer, any Error>, to origin: Origin, route: String, isLast: Bool,
        into message: inout ByteBuffer
    ) {
        let (status, lines, body) = content(of: result, origin, route: route)
        metrics.record(
            origin.method, route: route, status: status, since: origin.start,
            logger: logger.logLevel <= .debug ? logger(for: origin) : logger)
        message.reserveCapacity(minimumWritableBytes: lines.readableBytes + body.readableBytes + 512)
        message.writeStaticString("HTTP/1.1 ")
        message.writeDecimal(status.code)
        message.writeStaticString(" ")
        message.writeString(status.reasonPhrase)
        message.writeStaticString("\r\n")
        message.writeImmutableBuffer(lines)
        message.writeStaticString("Content-Length: ")
        message.writeDecimal(body.readableBytes)
        message.writeStaticString("\r\nX-Request-ID: ")
        message.writeString(origin.requestID)
        message.writeStaticString("\r\nDate: ")
        message.writeString(date.text)
        message.writeStaticString("\r\n")
        if origin.isSecure { message.writeImmutableBuffer(strictTransport) }
        message.writeStaticString(isLast ? "Connection: close\r\n\r\n" : "\r\n")
        message.writeImmutableBuffer(body)
    }

    private func content(
        of result: Result<DirectAnswer, any Error>, _ origin: Origin, route: String
    ) -> (HTTPResponse.Status, lines: ByteBuffer, body: ByteBuffer) {
        switch result {
        case .success(let answer): return (answer.status, fieldLines, answer.json)
        case .failure(let error):
            let problem = Problem(answering: error)
            problem.log(error, route: route, to: logger(for: origin))
            var fields = fields
            for field in problem.headers { fields[field.name] = field.value }
            fields[.contentType] = Problem.contentType
            let document = problem.document(instance: origin.path, requestID: origin.requestID)
            return (problem.status, ByteBuffer(lines: fields), document)
        }
    }

    private func logger(for origin: Origin) -> Logger {
        var logger = logger
        logger[metadataKey: "request_id"] = .string(origin.requestID)
        logger[metadataKey: "trace_id"] = .string(origin.trace.trace.traceIDText)
        return logger
    }
}

extension ByteBuffer {
    /// Field lines (RFC 9112, section 5).
    fileprivate init(lines fields: some Sequence<HTTPField>) {
        self.init()
        for field in fields { writeString("\(field.name.rawName): \(field.value)\r\n") }
    }
}

/// The value of `Date`, written once a second.
private final class CurrentDate: Sendable {
    private let current = Mutex<(second: Int, text: String)>((0, HTTPDate.text(0)))

    var text: String {
        let second = time(nil)
        return current.withLock { current in
            if current.second != second { current = (second, HTTPDate.text(second)) }
            return current.text
        }
    }
}
