import Dispatch
import Glibc
import HTTPTypes
import Hummingbird
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
    }

    let metrics: RequestMetrics
    private let logger: Logger
    private let date = CurrentDate()
    /// The fields that are the same in every answer.
    private let headers: HTTPFields

    init(metrics: RequestMetrics, logger: Logger) {
        self.metrics = metrics
        self.logger = logger
        var headers: HTTPFields = [.contentType: MediaTypeName.json.description]
        SecurityHeaders.add(to: &headers, isSecure: false)
        ResponseCompression.addVary(to: &headers)
        self.headers = headers
    }

    /// Bytes of a body; what is larger is left to the routes, since reading it holds up the other connections of the loop.
    private static let longestBody = 64 * 1024

    /// How long the body is of a request that asks for nothing unusual: JSON in and out, whole and not large, over a
    /// connection that stays; 0 for a GET; nil for any other.
    static func bodyLength(of head: HTTPRequest) -> Int? {
        guard head.method == .get || head.method == .post else { return nil }
        var length = head.method == .get ? 0 : nil
        var hasType = false
        for field in head.headerFields {
            switch field.name {
            case .contentLength:
                guard length == nil, let bytes = Int(field.value), bytes > 0 else { return nil }
                length = bytes
            case .contentType:
                guard !hasType, MediaTypeName(contentType: field.value) == .json else { return nil }
                hasType = true
            case .accept:
                guard Negotiation.accept(field.value, admits: .json) else { return nil }
            case .connection:
                guard field.value.lowercased() == "keep-alive" else { return nil }
            case .transferEncoding, .contentEncoding, .expect, .upgrade: return nil
            default: break
            }
        }
        guard let length, length <= longestBody else { return nil }
        return length
    }

    func origin(of head: HTTPRequest) -> Origin {
        let requestID = head.headerFields[.requestID].flatMap(RequestID.accepted) ?? RequestID.make()
        let trace = head.headerFields[.traceparent].flatMap(TraceContext.init)?.child() ?? .root()
        return Origin(
            method: head.method, path: head.path.map { String($0.prefix { $0 != "?" }) } ?? "",
            isSecure: head.headerFields[.forwardedProto]?.lowercased() == "https", requestID: requestID,
            trace: RequestTrace(requestID: requestID, trace: trace))
    }

    func response(
        to origin: Origin, _ result: Result<DirectAnswer, any Error>, route: String
    ) -> (HTTPResponse, ByteBuffer) {
        let (status, fields, body) = content(of: result, origin, route: route)
        metrics.record(
            origin.method, route: route, status: status, since: origin.start,
            logger: logger.logLevel <= .debug ? logger(for: origin) : logger)
        var response = HTTPResponse(status: status, headerFields: fields)
        response.headerFields.append(HTTPField(name: .contentLength, value: "\(body.readableBytes)"))
        response.headerFields.append(HTTPField(name: .requestID, value: origin.requestID))
        response.headerFields.append(HTTPField(name: .date, value: date.text))
        if origin.isSecure { response.headerFields.append(SecurityHeaders.strictTransport) }
        return (response, body)
    }

    private func content(
        of result: Result<DirectAnswer, any Error>, _ origin: Origin, route: String
    ) -> (HTTPResponse.Status, HTTPFields, ByteBuffer) {
        switch result {
        case .success(let answer): return (answer.status, headers, answer.json)
        case .failure(let error):
            let problem = Problem(answering: error)
            problem.log(error, route: route, to: logger(for: origin))
            var fields = headers
            for field in problem.headers { fields[field.name] = field.value }
            fields[.contentType] = Problem.contentType
            return (problem.status, fields, problem.document(instance: origin.path, requestID: origin.requestID))
        }
    }

    private func logger(for origin: Origin) -> Logger {
        var logger = logger
        logger[metadataKey: "request_id"] = .string(origin.requestID)
        logger[metadataKey: "trace_id"] = .string(origin.trace.trace.traceIDText)
        return logger
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
