import TestKit
import Testing

@testable import Gateway

/// Credentials that a client makes up must not give it more requests.
@Suite("Made-up credentials", .timeLimit(.minutes(1)))
struct UnprovenCredentialsTests {
    /// The statuses of requests with those heads, of a service that answers whoever asks.
    private func statuses(_ heads: [String]) async throws -> [Int] {
        try await RawServer.with(RawServer.echo) { server in
            var file = TestFile(port: server.port)
            file.limits = (address: 3, credential: 2, signIn: 1)
            file.limitRate = 0.01
            file.routes = """
                  - path: /page
                    upstream: service
                    proves_credentials: false
                  - path: /v1/{token:lms_dev_*}/telemetry
                    upstream: service
                """
            return try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    var statuses: [Int] = []
                    for head in heads {
                        try await connection.send("GET \(head)\r\nHost: lms\r\n\r\n")
                        statuses.append(try await connection.message().status)
                    }
                    return statuses
                }
            }
        }
    }

    @Test("A page that anybody is shown proves no cookie, so that new ones count by their address")
    func publicPage() async throws {
        let heads = (0..<4).map { "/page HTTP/1.1\r\nCookie: session_token=made-up-\($0)" }
        #expect(try await statuses(heads) == [200, 200, 200, 429])
    }

    @Test("What a service answers to a credential proves it, so that it counts by itself")
    func proven() async throws {
        let heads = (0..<4).map { "/items/1 HTTP/1.1\r\nCookie: session_token=\($0)" }
        #expect(try await statuses(heads) == [200, 200, 200, 200])
    }

    @Test(
        "A key in the path is what counts, whatever else comes with it",
        arguments: ["X-API-Key: ", "Authorization: Bearer ", "Cookie: session_token="])
    func keyInPath(field: String) async throws {
        let heads = (0..<3).map { "/v1/lms_dev_key/telemetry HTTP/1.1\r\n\(field)made-up-\($0)" }
        #expect(try await statuses(heads) == [200, 200, 429])
    }
}
