import Foundation
import NIOCore
import Testing

@testable import Gateway

private let valid = """
    listen:
      host: 127.0.0.1
      port: 0
    admin:
      host: 127.0.0.1
      port: 0
    upstreams:
      auth: http://a:1
      readings:
        url: http://b:2, http://c:3
        max_requests: 500
        slow_start: 30s
        retry_percent: 0
    upstream_defaults:
      slow_start: 5s
      eject_after: 7
      eject_time: 2s
      eject_time_limit: 1m
      eject_percent: 30
      failure_statuses: [503, 599]
      retry_percent: 10
      retries_per_second: 3
    health:
      unhealthy_after: 4
      healthy_after: 3
    limits:
      address:
        rate: 1
        burst: 10
      credential:
        rate: 1
        burst: 10
      sign_in:
        rate: 1
        burst: 10
    defaults:
      body_limit: 2KiB
    routes:
      - path: /a
        upstream: auth
    """

@Suite("What the gateway's file says of services")
struct UpstreamSettingsTests {
    private func load(_ yaml: String) throws -> GatewayConfiguration {
        try GatewayConfiguration(yaml: yaml) { _ in nil }
    }

    @Test("A service has the defaults but for what it says itself")
    func values() throws {
        let configuration = try load(valid)
        var policy = UpstreamPolicy(
            maximumRequests: nil, slowStart: .seconds(5), ejectAfter: 7, ejectionTime: .seconds(2),
            maximumEjectionTime: .minutes(1), maximumEjectedPercent: 30, failureStatuses: [503, 599], retryPercent: 10,
            retriesPerSecond: 3)
        #expect(
            configuration.upstreams[0]
                == .init(name: "auth", addresses: [.init(host: "a", port: 1)], policy: policy))
        policy.maximumRequests = 500
        policy.slowStart = .seconds(30)
        policy.retryPercent = 0
        #expect(
            configuration.upstreams[1]
                == .init(
                    name: "readings", addresses: [.init(host: "b", port: 2), .init(host: "c", port: 3)],
                    policy: policy))
        #expect(configuration.healthChecks.thresholds == .init(unhealthyAfter: 4, healthyAfter: 3))
    }

    @Test(
        "What is wrong is told with its line",
        arguments: [
            ("auth: http://a:1", "auth: [http://a:1]", 8, "single value"),
            ("    url: http://b:2, http://c:3\n", "", 10, "'readings' needs 'url'"),
            ("http://b:2", "b:2", 10, "'b:2'"),
            ("max_requests: 500", "max_requests: 0", 11, "'0'"),
            ("max_requests: 500", "requests: 500", 11, "'requests'"),
            ("slow_start: 5s", "slow_start: 5", 15, "'5'"),
            ("eject_after: 7", "url: http://d:4", 16, "'url'"),
            ("eject_percent: 30", "eject_percent: 101", 19, "'101'"),
            ("[503, 599]", "[503, 404]", 20, "'404'"),
            ("[503, 599]", "503", 20, "a list"),
            ("retry_percent: 10", "retry_percent: some", 21, "'some'"),
            ("unhealthy_after: 4", "unhealthy_after: 0", 24, "'0'"),
        ])
    func errors(text: String, replacement: String, line: Int, mention: String) {
        let yaml = valid.replacingOccurrences(of: text, with: replacement)
        let error = #expect(throws: GatewayFileError.self) { try load(yaml) }
        #expect(error?.line == line)
        #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
    }
}
