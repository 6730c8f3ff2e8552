import HTTPWire
import Hummingbird
import Logging
import Postgres
import ServiceKit

/// Gives the request its id and its place in a trace, both in its log lines, and the id in its answer; and what it asks
/// of the database the patience of one who waits. A body that is written while it is read, as an export, has more: it
/// goes out when this is over.
struct RequestScope: RouterMiddleware {
    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = request.headers[.requestID].flatMap(RequestID.accepted) ?? RequestID.make()
        context.trace = request.headers[.traceparent].flatMap(TraceContext.init)?.child() ?? .root()
        // The framework's own number is of no use beside ours.
        context.logger[metadataKey: "hb.request.id"] = nil
        context.logger[metadataKey: "request_id"] = .string(context.requestID)
        context.logger[metadataKey: "trace_id"] = .stringConvertible(TraceID(context.trace))
        let scoped = context
        let trace = RequestTrace(requestID: context.requestID, trace: context.trace)
        var response = try await trace.withRequest { try await next(request, scoped) }
        response.headers[.requestID] = context.requestID
        return response
    }
}

extension RequestTrace {
    /// Runs `body` as work of the request: traced to it, and with the patience of one who waits.
    public func withRequest<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        try await RequestTrace.$current.withValue(self) {
            try await PostgresClient.$patience.withValue(PostgresClient.requestPatience) { try await body() }
        }
    }
}

/// A trace's id, written out only when a line is logged.
private struct TraceID: CustomStringConvertible {
    let trace: TraceContext

    init(_ trace: TraceContext) {
        self.trace = trace
    }

    var description: String { trace.traceIDText }
}

/// The value of `X-Request-ID`.
enum RequestID {
    /// `text` when it is fit to be written to logs and headers: up to 128 letters, digits, `.`, `_`, `-`.
    static func accepted(_ text: String) -> String? {
        isSane(text.utf8.span) ? text : nil
    }

    /// The same from the bytes of a field's value.
    static func accepted(_ bytes: Span<UInt8>) -> String? {
        isSane(bytes) ? bytes.string(at: bytes.indices) : nil
    }

    private static func isSane(_ bytes: Span<UInt8>) -> Bool {
        guard (1...128).contains(bytes.count) else { return false }
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                continue
            default: return false
            }
        }
        return true
    }

    static func make() -> String {
        String(UInt128.random(in: .min ... .max), radix: 36)
    }
}
