import Testing

@testable import Gateway

@Suite("Limits and tokens in the gateway's file")
struct LimitFileTests {
    private func load(
        limits: String = "", tokens: String = "", clients: String = "{}", defaults: String = "{}"
    ) throws -> GatewayConfiguration {
        let yaml = """
            listen: {host: 127.0.0.1, port: 0}
            admin: {host: 127.0.0.1, port: 0}
            clients: \(clients)
            upstreams: {auth: "http://a:1", other: "http://b:1"}
            limits:
              address: {rate: 1, burst: 10}
              credential: {rate: 2, burst: 20}
              sign_in: {rate: 3, burst: 30}
            \(limits)
            defaults: \(defaults)
            routes:
              - {path: /a, upstream: auth}
              - {path: /b, upstream: auth, check_tokens: false}
              - {path: "/v1/{token:lms_dev_*}/c", upstream: other}
              - {path: /d, answer: alive}
            \(tokens)
            """
        return try GatewayConfiguration(yaml: yaml) { _ in nil }
    }

    @Test("Without them users count as credentials, organizations not at all, and no token is checked")
    func defaults() throws {
        let configuration = try load()
        #expect(configuration.limits.limit(of: .principal) == RateLimit(rate: 2, burst: 20))
        #expect(configuration.limits.organization == nil)
        #expect(configuration.limits.usesPlanRates)
        #expect(configuration.tokens == nil)
        #expect(configuration.limitExchange.interval == .milliseconds(100))
        #expect(configuration.clients.connectionsPerAddress == 10_000)
    }

    @Test("They are read as they stand there")
    func values() throws {
        let configuration = try load(
            limits: """
                  principal: {rate: 4, burst: 40}
                  organization: {rate: 5, burst: 50}
                  exchange_interval: 200ms
                """, tokens: "tokens: {issuer: other, capacity: 100}", clients: "{connections_per_address: 7}")
        #expect(configuration.limits.principal == RateLimit(rate: 4, burst: 40))
        #expect(configuration.limits.organization == RateLimit(rate: 5, burst: 50))
        #expect(configuration.limitExchange.interval == .milliseconds(200))
        #expect(configuration.tokens == TokenGate.Settings(issuer: 1, capacity: 100))
        #expect(configuration.clients.connectionsPerAddress == 7)
    }

    @Test("Organizations have their plans' rates unless the file says otherwise", arguments: [true, false])
    func planRates(isUsed: Bool) throws {
        let limits = try load(limits: "  organization: {rate: 5, burst: 50, plan_rates: \(isUsed)}").limits
        #expect(limits.usesPlanRates == isUsed)
        #expect(limits.organization == RateLimit(rate: 5, burst: 50))
    }

    @Test("Tokens are checked unless the route says otherwise, holds the credential itself, or is the gateway's own")
    func routes() throws {
        #expect(try load().routes.map(\.checksTokens) == [true, false, false, false])
        #expect(try load(defaults: "{check_tokens: false}").routes.map(\.checksTokens) == [false, false, false, false])
    }

    @Test(
        "What is wrong is told with its line",
        arguments: [
            ("  principal: {rate: 4}", "", 9), ("  organization: {rate: 0, burst: 1}", "", 9),
            ("  organization: {rate: 1, burst: 1, plan_rates: 7}", "", 9),
            ("  principal: {rate: 1, burst: 1, plan_rates: true}", "", 9), ("  exchange_interval: 2s", "", 9),
            ("", "tokens: {issuer: nobody}", 16), ("", "tokens: {capacity: 5}", 16),
            ("", "tokens: {issuer: auth, capacity: 0}", 16),
        ])
    func wrong(limits: String, tokens: String, line: Int) throws {
        let error = #expect(throws: GatewayFileError.self) { try load(limits: limits, tokens: tokens) }
        #expect(error?.line == line, "\(error?.description ?? "")")
    }
}
