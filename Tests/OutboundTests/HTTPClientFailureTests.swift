import Foundation
import Outbound
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPClientFailureTests {
    private let client = HTTPClient()

    private func failure(_ request: HTTPClient.Request) async -> TransferError? {
        await #expect(throws: TransferError.self) { try await client.execute(request) }
    }

    @Test(arguments: ["/hang", "/stall"])
    func aServerThatDoesNotFinishIsTimedOut(path: String) async throws {
        try await withServer { server in
            var request = HTTPClient.Request(url: server.url(path))
            request.timeout = .milliseconds(200)
            let start = ContinuousClock.now
            #expect(await failure(request) == .timedOut)
            #expect(start.duration(to: .now) < .seconds(5))
        }
    }

    @Test(arguments: ["/hang", "/stall"])
    func aCancelledTaskEndsAtOnceAndItsConnectionWithIt(path: String) async throws {
        try await withServer { server in
            let task = Task { [client] in try await client.execute(.init(url: server.url(path))) }
            try await eventually { server.connections.open == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await eventually { server.connections.open == 0 }
        }
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        try await withServer { server in
            let task = Task { [client] in
                while !Task.isCancelled { await Task.yield() }
                return try await client.execute(.init(url: server.url("/echo")))
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(server.connections.accepted == 0)
        }
    }

    @Test func aBodyUpToTheLimitIsAccepted() async throws {
        try await withServer { server in
            var request = HTTPClient.Request(url: server.url("/large"))
            request.maximumResponseBytes = 1000
            let body = try await client.execute(request).body
            #expect(body.count == 1000)
            request.maximumResponseBytes = 999
            #expect(await failure(request) == .responseTooLarge)
        }
    }

    @Test(arguments: ["/endless", "/large-header"])
    func aResponseWithoutBoundsIsCutOff(path: String) async throws {
        try await withServer { server in
            #expect(await failure(.init(url: server.url(path))) == .responseTooLarge)
        }
    }

    @Test(arguments: [("/endless", 1000), ("/stall", 5), ("/break", 0)])
    func aBodyThatDoesNotMatterIsCutOff(path: String, length: Int) async throws {
        try await withServer { server in
            var request = HTTPClient.Request(url: server.url(path))
            // A busy machine takes its time for a head, without which there is nothing to be accepted.
            request.timeout = .seconds(3)
            request.maximumResponseBytes = 1000
            request.acceptsPartialBody = true
            let response = try await client.execute(request)
            #expect(response.status == .ok)
            #expect(response.body.count == length)
            request.url = server.url("/hang")
            request.timeout = .milliseconds(200)
            #expect(await failure(request) == .timedOut)
        }
    }

    @Test func aBrokenResponseIsTold() async throws {
        try await withServer { server in
            guard case .transferFailed = await failure(.init(url: server.url("/break"))) else {
                return #expect(Bool(false))
            }
        }
    }

    @Test func nobodyListeningIsTold() async throws {
        guard case .connectionFailed = await failure(.init(url: "http://127.0.0.1:1/")) else {
            return #expect(Bool(false))
        }
    }

    @Test func anUnknownHostIsTold() async throws {
        guard case .hostNotFound = await failure(.init(url: "http://nowhere.invalid/")) else {
            return #expect(Bool(false))
        }
    }

    @Test(arguments: [
        "", "http://", "ftp://127.0.0.1/", "file:///etc/passwd", "smtp://127.0.0.1/", "gopher://127.0.0.1/",
        "http://a b/", "http://127.0.0.1:99999/", "http://127.0.0.1/\r\nX: y",
    ])
    func aURLThatIsNoneOfHTTPIsRefused(url: String) async throws {
        guard case .invalidURL = await failure(.init(url: url)) else { return #expect(Bool(false)) }
    }

    @Test(arguments: ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"])
    func aPrivateAddressIsRefusedHoweverItIsWritten(host: String) async throws {
        try await withServer { server in
            var request = HTTPClient.Request(url: "http://\(host):\(server.port)/echo")
            request.addressPolicy = .publicOnly
            guard case .addressRefused(let address) = await failure(request) else { return #expect(Bool(false)) }
            #expect([.loopback, .unspecified].contains(address.scope))
            #expect(server.connections.accepted == 0)
        }
    }

    @Test func anOpenConnectionToAPrivateAddressIsNotUsedAgain() async throws {
        try await withServer { server in
            var request = HTTPClient.Request(url: server.url("/echo"))
            _ = try await client.execute(request)
            request.addressPolicy = .publicOnly
            guard case .addressRefused = await failure(request) else { return #expect(Bool(false)) }
        }
    }

    @Test func aProxyOfTheEnvironmentIsNotUsed() async {
        await #expect(processExitsWith: .success) {
            setenv("http_proxy", "http://127.0.0.1:1", 1)
            try await withServer { server in _ = try await HTTPClient().execute(.init(url: server.url("/echo"))) }
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func aCertificateOfNoKnownAuthorityIsRefused() async throws {
        try await withTLSServer { port in
            guard case .tlsFailed = await failure(.init(url: "https://localhost:\(port)/")) else {
                return #expect(Bool(false))
            }
        }
    }
}
