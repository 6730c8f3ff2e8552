import Foundation
import NIOCore
import ServiceKit
import Testing

@testable import Gateway

private let valid = """
    listen:
      host: ${HOST:-127.0.0.1}
      port: ${PORT}
    admin:
      host: 127.0.0.1
      port: 0
    upstreams:
      auth: http://a:1, http://b:2/
    limits:
      address:
        rate: 0.5
        burst: 10
      credential:
        rate: 1
        burst: 10
      sign_in:
        rate: 1
        burst: 10
    defaults:
      body_limit: 2KiB
      response_timeout: 250ms
    routes:
      - path: /a/*
        upstream: auth
      - path: /b
        methods: [GET, PUT]
        upstream: auth
        idle_timeout: 5m
    """

@Suite("The gateway's file")
struct GatewayFileTests {
    private func load(_ yaml: String, _ environment: [String: String] = ["PORT": "99"]) throws -> GatewayConfiguration {
        try GatewayConfiguration(yaml: yaml) { environment[$0] }
    }

    @Test("Values come from the file, the environment and the defaults")
    func values() throws {
        let configuration = try load(valid)
        #expect(configuration.listener == .init(host: "127.0.0.1", port: 99))
        #expect(
            configuration.upstreams == [
                .init(name: "auth", addresses: [.init(host: "a", port: 1), .init(host: "b", port: 2)])
            ])
        #expect(configuration.limits.address == RateLimit(rate: 0.5, burst: 10))
        #expect(configuration.routes[0].bodyLimit == 2048)
        #expect(configuration.routes[1].timeouts.response == .milliseconds(250))
        #expect(configuration.routes[1].timeouts.idle == .minutes(5))
        #expect(configuration.routes[1].methods == [HTTPMethods(.get), HTTPMethods(.put)])
        #expect(try load(valid, ["PORT": "1", "HOST": "::1"]).listener.host == "::1")
    }

    @Test("How slowly bodies may come is said for all routes, or for one")
    func pace() throws {
        let configuration = try load(valid + "\n    body_timeout: 20s\n    body_rate: 2KiB")
        #expect(configuration.routes.map(\.timeouts.body) == [.seconds(60), .seconds(20)])
        #expect(configuration.routes.map(\.timeouts.bodyRate) == [500, 2048])
        #expect(throws: GatewayFileError.self) { try load(valid + "\n    body_rate: 0") }
    }

    @Test(
        "What is wrong is told with its line",
        arguments: [
            ("${PORT}", "${MISSING}", 3, "MISSING"),
            ("port: 0", "port: 70000", 6, "70000"),
            ("http://a:1", "https://a:1", 8, "https://a:1"),
            ("http://a:1", "a:1", 8, "a:1"),
            ("http://a:1", "http://a:65536", 8, "http://a:65536"),
            ("http://a:1", "http://a:1#x", 8, "http://a:1#x"),
            ("http://a:1", "http://me@a:1", 8, "http://me@a:1"),
            ("http://a:1,", "http://a:1,,", 8, "'http://a:1,, http://b:2/' is empty"),
            ("http://b:2/", "", 8, "is empty"),
            ("rate: 0.5", "rate: 0", 11, "'0'"),
            ("burst: 10\n  credential", "burst: many\n  credential", 12, "many"),
            ("2KiB", "2KB", 20, "2KB"),
            ("250ms", "250", 21, "250"),
            ("path: /a/*", "path: a", 23, "'a'"),
            ("path: /a/*", "path: /internal/x", 23, "/internal/x"),
            ("path: /a/*", "path: /metrics", 23, "/metrics"),
            ("path: /a/*", "path: /*", 23, "/*"),
            ("path: /a/*", "path: \"/{x}/a\"", 23, "/{x}/a"),
            ("path: /b", "path: /a/*\n    other: 1", 26, "other"),
            ("upstream: auth\n  - path: /b", "upstream: none\n  - path: /b", 24, "none"),
            ("[GET, PUT]", "[GET, FETCH]", 26, "FETCH"),
            ("    idle_timeout: 5m", "    answer: alive", 25, "either"),
            ("    idle_timeout: 5m", "    limit: strict", 28, "strict"),
        ])
    func errors(text: String, replacement: String, line: Int, mention: String) {
        let yaml = valid.replacingOccurrences(of: text, with: replacement)
        let error = #expect(throws: GatewayFileError.self) { try load(yaml) }
        #expect(error?.line == line)
        #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
    }

    private static let copies = [
        GatewayConfiguration.Listener(host: "a", port: 1), GatewayConfiguration.Listener(host: "::1", port: 80),
    ]

    @Test(
        "The environment may have several addresses of a service, with commas and spaces between",
        arguments: ["http://a:1,http://[::1]", " http://a:1 , http://[::1]/ "])
    func copies(addresses: String) async throws {
        let yaml = valid.replacingOccurrences(of: "http://a:1, http://b:2/", with: "${COPIES:-http://c:3}")
        #expect(try load(yaml, ["PORT": "1", "COPIES": addresses]).upstreams[0].addresses == Self.copies)

        // The file that comes with the program, with the settings that services have too.
        let settings = try ServiceConfiguration(["LMS_READINGS_URL": addresses])
        let upstreams = try Gateway.loadFile(settings).upstreams
        #expect(upstreams.first { $0.name == "readings" }?.addresses == Self.copies)
        #expect(upstreams.first { $0.name == "auth" }?.addresses == [.init(host: "127.0.0.1", port: 8101)])
    }

    @Test(
        "What is wrong with an address of the environment is told with the variable",
        arguments: [
            "http://a:1,", ",http://a:1", "http://a:1, ,http://b:2", "http://a:1,b:2", "http://a:1;http://b:2", ",",
        ])
    func wrongCopies(addresses: String) throws {
        let yaml = valid.replacingOccurrences(of: "http://a:1, http://b:2/", with: "${COPIES:-http://c:3}")
        let error = #expect(throws: GatewayFileError.self) { try load(yaml, ["PORT": "1", "COPIES": addresses]) }
        #expect(error?.line == 8)
        #expect(error?.message.contains("${COPIES:-http://c:3}") == true, "\(error?.message ?? "")")

        let refusal = #expect(throws: ConfigurationError.self) {
            try ServiceConfiguration(["LMS_READINGS_URL": addresses])
        }
        #expect(refusal?.description.hasPrefix("LMS_READINGS_URL is '\(addresses)'; set it to ") == true)
    }

    @Test("Two routes for the same requests are told at the second")
    func conflict() {
        let yaml = valid.replacingOccurrences(of: "path: /b\n    methods: [GET, PUT]", with: "path: /a/*")
        let error = #expect(throws: GatewayFileError.self) { try load(yaml) }
        #expect(error?.line == 25)
    }

    @Test(
        "Where a file stops being YAML is told as any other place",
        arguments: [
            ("methods: [GET, PUT]", "methods: [GET, PUT", 27, 13, "flow sequence in line 26"),
            ("host: 127.0.0.1\n", "host: \"127.0.0.1\n", 28, 21, "quoted scalar in line 5"),
            ("  port: 0", "\tport: 0", 6, 1, "tab"),
            ("  port: 0", "   port: 0", 6, 8, "mapping"),
            ("  - path: /b", "  - path: *b", 25, 11, "alias"),
            ("body_limit: 2KiB", "response_timeout: 2s", 20, 3, "'response_timeout' stands there twice"),
            ("  port: 0", "  port: \u{1}", 6, 9, "control characters"),
        ])
    func syntax(text: String, replacement: String, line: Int, column: Int, mention: String) {
        let yaml = valid.replacingOccurrences(of: text, with: replacement)
        let error = #expect(throws: GatewayFileError.self) { try load(yaml) }
        #expect(error?.line == line && error?.column == column, "\(error?.description ?? "")")
        #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("\n") == false)
    }

    @Test("What is no YAML, or nothing, is told", arguments: ["", "a: [", "- a", "listen: 1"])
    func noFile(yaml: String) {
        #expect(throws: GatewayFileError.self) { try load(yaml) }
    }

    @Test("An error reads as a compiler's does")
    func description() {
        #expect(
            GatewayFileError(file: "/etc/gateway.yaml", line: 3, column: 7, message: "no").description
                == "/etc/gateway.yaml:3:7: no")
        #expect(GatewayFileError(line: nil, message: "no").description == "no")
    }
}
