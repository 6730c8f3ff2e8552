import Foundation
import HTTPKit
import Hummingbird
import ServiceKit
import TestKit
import Testing

@Suite struct RequestScopeTests {
    private func serve(_ body: @Sendable (ServedRoutes) async throws -> Void) async throws {
        try await ServedRoutes.with(
            { table in
                table.get("/trace/{id}", .public) { _, context in JSON(["traceparent": context.trace.traceparent]) }
                table.get("/public", .public) { _, _ in JSON([1], headers: [.cacheControl: "public, max-age=60"]) }
                table.get("/broken", .public) { _, _ -> Response in throw Broken() }
            }, body)
    }

    private struct Broken: Error {}

    @Test func aSaneRequestIDIsKept() async throws {
        try await serve { served in
            let response = try await served.client.get("/trace/1", headers: ["x-request-id": "abc-123_X.y"])
            #expect(response.header("x-request-id") == "abc-123_X.y")
        }
    }

    @Test(arguments: ["has space", "quote\"", "<script>", "", String(repeating: "a", count: 129)])
    func anotherRequestIDIsReplaced(id: String) async throws {
        try await serve { served in
            let made = try await served.client.get("/trace/1", headers: ["x-request-id": id]).header("x-request-id")
            #expect(made != id)
            #expect(made?.isEmpty == false)
        }
    }

    @Test func theTraceIsContinued() async throws {
        try await serve { served in
            let parent = TraceContext.root()
            let text = try await served.client.get("/trace/1", headers: ["traceparent": parent.traceparent])
                .json["traceparent"].string
            let child = try #require(text.flatMap { TraceContext(traceparent: $0) })
            #expect(child.traceID == parent.traceID)
            #expect(child.spanID != parent.spanID)
        }
    }

    @Test func requestsAreCountedByPatternAndStatus() async throws {
        try await serve { served in
            _ = try await served.client.get("/trace/1")
            _ = try await served.client.get("/trace/2")
            _ = try await served.client.get("/nothing/3")
            _ = try await served.client.get("/broken")
            let metrics = try await served.client.get("/metrics").text
            #expect(metrics.contains(#"lms_http_requests_total{method="GET",route="/trace/{id}",status="200"} 2"#))
            #expect(metrics.contains(#"lms_http_requests_total{method="GET",route="NotFound",status="404"} 1"#))
            #expect(metrics.contains(#"lms_http_requests_total{method="GET",route="/broken",status="500"} 1"#))
            #expect(metrics.contains(#"lms_http_request_duration_seconds_count{method="GET",route="/trace/{id}"} 2"#))
            #expect(metrics.contains("lms_http_requests_in_flight 1"))
        }
    }

    @Test func anUnknownErrorIs500AndTellsNothing() async throws {
        try await serve { served in
            let response = try await served.client.get("/broken", headers: ["x-request-id": "r-1"])
            #expect(response.status == 500)
            #expect(response.json["request_id"].string == "r-1")
            #expect(!response.text.contains("Broken"))
        }
    }

    @Test func readinessNamesWhatIsMissing() async throws {
        try await serve { served in
            #expect(try await served.client.get("/livez").status == 200)
            #expect(try await served.client.get("/readyz").json["status"].string == "ready")
            served.environment.health.register("database") { throw Broken() }
            let response = try await served.client.get("/readyz")
            #expect(response.status == 503)
            #expect(response.json["not_ready"]["database"].string != nil)
        }
    }

    @Test func answersCarryTheHeadersThatProtectABrowser() async throws {
        try await serve { served in
            let response = try await served.client.get("/trace/1", headers: ["x-forwarded-proto": "https"])
            #expect(response.header("x-content-type-options") == "nosniff")
            #expect(response.header("content-security-policy")?.contains("frame-ancestors 'none'") == true)
            #expect(response.header("strict-transport-security") == "max-age=31536000")
            #expect(response.header("cache-control") == "private, no-cache")
            #expect(response.header("vary")?.hasPrefix("Cookie, Authorization") == true)
            #expect(try await served.client.get("/public").header("vary")?.contains("Cookie") != true)
            #expect(try await served.client.get("/trace/1").header("strict-transport-security") == nil)
        }
    }
}
