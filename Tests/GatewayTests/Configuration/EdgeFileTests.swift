import Testing

@testable import Gateway

@Suite("The gateway's file: the edge")
struct EdgeFileTests {
    /// Loads a file with these lines in it, the first of which is line 1.
    private func load(_ section: String, route: String = "") throws -> GatewayConfiguration {
        try GatewayConfiguration(
            yaml: """
                \(section)
                listen: {host: 127.0.0.1, port: 0}
                admin: {host: 127.0.0.1, port: 0}
                upstreams: {a: "http://a:1"}
                limits:
                  address: {rate: 1, burst: 1}
                  credential: {rate: 1, burst: 1}
                  sign_in: {rate: 1, burst: 1}
                routes:
                  - path: /a
                    upstream: a
                  - path: /b
                    upstream: a
                \(route)
                """
        ) { _ in nil }
    }

    @Test(
        "What is wrong with answers' fields and maintenance is told with its line",
        arguments: [
            ("defaults:\n  headers: {set: {\"X Y\": 1}}", 2, "'X Y'"),
            ("defaults:\n  headers:\n    set:\n      X-A: \"a\\tb\\nc\"", 4, "control"),
            ("defaults:\n  headers:\n    set: {content-length: 1}", 3, "content-length"),
            ("defaults:\n  headers:\n    remove: [RateLimit-Limit]", 3, "RateLimit-Limit"),
            ("defaults:\n  headers:\n    remove: [Retry-After]", 3, "Retry-After"),
            ("defaults:\n  headers:\n    set: {set-cookie: a=b}", 3, "set-cookie"),
            ("defaults:\n  headers:\n    remove: [Access-Control-Allow-Origin]", 3, "'cors'"),
            ("defaults:\n  headers:\n    add: {X-A: 1}", 3, "add"),
            ("defaults:\n  cache_control: \"a\\nb\"", 2, "control"),
            ("defaults:\n  cors:\n    origins: \"*\"\n    credentials: true", 3, "'*'"),
            ("defaults:\n  cors:\n    origins:\n      - https://a.org\n      - https://a.org/", 5, "https://a.org/"),
            ("defaults:\n  cors:\n    origins: [\"https://*\"]", 3, "https://*"),
            ("defaults:\n  cors:\n    origins: [a.org]", 3, "a.org"),
            ("defaults:\n  cors:\n    origins: []\n    methods: [FETCH]", 4, "FETCH"),
            ("defaults:\n  cors:\n    origins: []\n    headers: [\"*\"]", 4, "'*'"),
            ("defaults:\n  cors:\n    methods: [GET]", 3, "origins"),
            ("clients:\n  trusted_proxies:\n    - 10.0.0.0/8\n    - ingress\ndefaults: {}", 4, "'ingress'"),
            ("defaults:\n  retries: 11", 2, "11"), ("defaults:\n  rate: 5", 2, "name: value"),
            ("defaults:\n  rate: {rate: 5}", 2, "burst"), ("defaults:\n  rate: {rate: 0, burst: 1}", 2, "'0'"),
            ("maintenance:\n  enabled: maybe\ndefaults: {}", 2, "maybe"),
            ("maintenance:\n  retry_after: 60\ndefaults: {}", 2, "60"),
            ("maintenance:\n  allow:\n    - /x\n    - 10.0.0.0/33\ndefaults: {}", 4, "10.0.0.0/33"),
            ("maintenance:\n  allow:\n    - /x/{a}\n    - /x/{b}\ndefaults: {}", 4, "/x/{b}"),
            ("maintenance:\n  until: now\ndefaults: {}", 2, "until"),
        ])
    func errors(section: String, line: Int, mention: String) {
        let error = #expect(throws: GatewayFileError.self) { try load(section) }
        #expect(error?.line == line, "\(error?.description ?? "")")
        #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
    }

    @Test(
        "What is wrong with a route's host or principal is told with its line",
        arguments: [
            ("    host: a.org:80", 14, "a.org:80"), ("    principal: robot", 14, "robot"),
            ("    host: a.org\n  - path: /b\n    host: A.org\n    upstream: a", 15, "a.org/b"),
            ("    principal: device\n  - path: /b\n    principal: device\n    upstream: a", 15, "/b"),
            ("  - path: \"/{token}\"\n    upstream: a", 14, "never routed"),
            ("  - path: \"/c/{token}\"\n    upstream: a\n    principal: device", 16, "/c/{token}"),
        ])
    func routeErrors(route: String, line: Int, mention: String) {
        let error = #expect(throws: GatewayFileError.self) { try load("defaults: {}", route: route) }
        #expect(error?.line == line, "\(error?.description ?? "")")
        #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
    }

    @Test("No more hosts are taken than a request can be compared with")
    func hosts() throws {
        func routes(_ count: Int) -> String {
            (0..<count).map { "  - path: /c\n    host: h\($0).org\n    upstream: a" }.joined(separator: "\n")
        }
        #expect(try load("defaults: {}", route: routes(64)).routes.count == 66)
        let error = #expect(throws: GatewayFileError.self) { try load("defaults: {}", route: routes(65)) }
        #expect(error?.line == 14 + 64 * 3)
    }

    @Test("Origins and what passes may come from a variable, with commas between")
    func lists() throws {
        let configuration = try load(
            """
            maintenance:
              allow: "10.0.0.0/8, /x , ::1"
            defaults:
              cors:
                origins: "https://a.org, http://b:1"
            """)
        #expect(configuration.maintenance.addresses.count == 2)
        #expect(configuration.maintenance.paths != nil)
        #expect(configuration.routes[0].rules.cors?.origins.count == 2)
        #expect(try load("defaults:\n  cors:\n    origins: \"\"").routes[0].rules.cors == nil)
    }
}
