import Dispatch
import Hummingbird
import Logging
import Metrics
import ServiceKit
import Synchronization

/// Counts and times requests, by the route's pattern, never by the path, which would be another series for every id.
///
/// Traffic and errors are `lms_http_requests_total`, latency is `lms_http_request_duration_seconds` (until the head of
/// the answer), saturation is `lms_http_requests_in_flight`.
final class RequestMetrics: RouterMiddleware {
    typealias Context = AppRequestContext

    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private struct Instruments {
        let count: Counter
        let duration: Metrics.Timer
    }

    private let registry: PrometheusRegistry
    private let inFlight: Meter
    private let instruments = Mutex<[Key: Instruments]>([:])

    init(_ registry: PrometheusRegistry) {
        self.registry = registry
        inFlight = Meter(label: "lms_http_requests_in_flight", factory: registry)
        registry.describe("lms_http_requests_total", "Requests answered, by method, route and status.")
        registry.describe("lms_http_request_duration_seconds", "Time from a request to the head of its answer.")
        registry.describe("lms_http_requests_in_flight", "Requests that are being answered.")
    }

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = DispatchTime.now().uptimeNanoseconds
        begin()
        defer { end() }
        let response = try await next(request, context)
        record(
            request.method, route: context.endpointPath ?? "NotFound", status: response.status, since: start,
            logger: context.logger)
        return response
    }

    /// Counts a request that begins to be answered.
    func begin() {
        inFlight.increment()
    }

    /// Counts that a request is no longer being answered.
    func end() {
        inFlight.decrement()
    }

    /// Records what a request was answered that began at `start`, in nanoseconds of uptime.
    func record(
        _ method: HTTPRequest.Method, route: String, status: HTTPResponse.Status, since start: UInt64, logger: Logger
    ) {
        let elapsed = DispatchTime.now().uptimeNanoseconds - start
        let instruments = instruments(
            for: Key(method: Self.label(for: method), route: route, status: status.code))
        instruments.count.increment()
        instruments.duration.recordNanoseconds(elapsed)
        logger.debug(
            "request",
            metadata: [
                "method": "\(method)", "route": "\(route)", "status": "\(status.code)",
                "duration_ms": "\(Double(elapsed) / 1e6)",
            ])
    }

    private func instruments(for key: Key) -> Instruments {
        instruments.withLock { known in
            if let instruments = known[key] { return instruments }
            let dimensions = [("method", key.method), ("route", key.route)]
            let made = Instruments(
                count: Counter(
                    label: "lms_http_requests_total", dimensions: dimensions + [("status", "\(key.status)")],
                    factory: registry),
                duration: Metrics.Timer(
                    label: "lms_http_request_duration_seconds", dimensions: dimensions, factory: registry))
            known[key] = made
            return made
        }
    }

    /// A client may invent methods; a label may not.
    private static func label(for method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .patch, .delete, .options: method.rawValue
        default: "other"
        }
    }
}
