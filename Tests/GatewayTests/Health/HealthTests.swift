import Foundation
import Testing

@testable import Gateway

@Suite("The health of services")
struct HealthTests {
    @Test(
        "Copies add up to a service",
        arguments: [
            (
                [CheckResult.answered(isReady: true, latency: 1), .answered(isReady: true, latency: 3)],
                ServiceStatus.up
            ),
            ([.answered(isReady: true, latency: 3), .silent], .degraded),
            ([.answered(isReady: false, latency: 3)], .down),
            ([.answered(isReady: true, latency: 3), .answered(isReady: false, latency: 3)], .degraded),
            ([.silent, .silent], .down), ([], .down),
        ])
    func sum(checks: [CheckResult], status: ServiceStatus) {
        let health = ServiceHealth(name: "a", checks: checks)
        #expect(health.status == status)
        #expect(health.latency == (checks.contains { $0 != .silent } ? 3 : nil))
    }

    @Test("The answer names every service, and is 503 when one is down")
    func answer() throws {
        let board = HealthBoard()
        #expect(!board.isReady)
        #expect(board.response.status == 503)
        board.update([
            ServiceHealth(name: "a", status: .up, latency: 1.234),
            ServiceHealth(name: "b", status: .degraded, latency: 2),
        ])
        #expect(board.isReady)
        #expect(board.response.status == 200)
        let text = String(buffer: board.response.body)
        #expect(
            text == #"{"status":"degraded","services":{"a":{"status":"up","latency_ms":1.23},"#
                + #""b":{"status":"degraded","latency_ms":2.0}}}"#)
        board.update([ServiceHealth(name: "a", status: .down, latency: nil)])
        #expect(board.response.status == 503)
    }

    @Test("Counts come out as JSON")
    func metrics() throws {
        var counters = Counters()
        counters.grow(to: 1, routes: 2)
        counters.count(group: 0, route: 1, status: 200, bytes: 10, latency: .milliseconds(2))
        counters.count(group: nil, route: 0, status: 404, bytes: 5, latency: .microseconds(1))
        counters.groups[0].ejections = 3
        counters.groups[0].ejected = 1
        counters.groups[0].outstanding = 4
        counters.groups[0].unrepeated = 5
        counters.groups[0].overloads = 6
        let text = MetricsReport.json(counters, names: ["a"])
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let services = object?["services"] as? [String: [String: Any]]
        #expect(object?["bytes_sent"] as? Int == 15)
        #expect(services?["a"]?["2xx"] as? Int == 1)
        #expect(services?["a"]?["mean_ms"] as? Double == 2)
        let upstream = ["ejections", "ejected", "outstanding", "unrepeated", "overloads"].map {
            services?["a"]?[$0] as? Int
        }
        #expect(upstream == [3, 1, 4, 5, 6])
        #expect(services?["gateway"]?["4xx"] as? Int == 1)
    }
}
