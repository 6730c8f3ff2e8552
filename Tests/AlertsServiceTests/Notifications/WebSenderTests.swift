import Foundation
import Kernel
import Outbound
import Postgres
import TestKit
import Testing

@testable import AlertsService

/// One message before receivers that do not behave.
@Suite struct WebSenderTests {
    private let sender = WebSender(
        client: HTTPClient(), allowsPrivateAddresses: true, timeout: .milliseconds(500))

    private func outcome(_ url: String) async -> DeliveryOutcome {
        await sender.post(Array("{}".utf8), id: .v7(), to: url)
    }

    private func failure(_ url: String) async -> DeliveryOutcome.Failure? {
        guard case .failed(let failure) = await outcome(url) else { return nil }
        return failure
    }

    @Test func `one that never answers is given up, and may have taken the message`() async throws {
        let server = try await RawServer.start([])
        let failure = await failure(server.url)
        #expect(failure?.reason == "no response in the time allowed")
        #expect(failure?.isAmbiguous == true)
    }

    @Test func `one that answers byte by byte is given up before its status is known`() async throws {
        let slow = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".map(String.init)
        let server = try await RawServer.start(slow, pause: .milliseconds(200))
        #expect(await failure(server.url)?.isAmbiguous == true)
    }

    @Test func `one that has said 200 has taken the message, however slow or long the rest is`() async throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let slow = try await RawServer.start(
            [head] + Array(repeating: "1\r\na\r\n", count: 50), pause: .milliseconds(50))
        #expect(await outcome(slow.url).name == .sent)
        let chunk = "4000\r\n" + String(repeating: "a", count: 0x4000) + "\r\n"
        let long = try await RawServer.start([head] + Array(repeating: chunk, count: 20))
        let outcome = await outcome(long.url)
        #expect(outcome.name == .sent)
        #expect(outcome.detail.count == DeliveryAttempt.maximumDetail)
    }

    @Test func `a redirect is not followed`() async throws {
        let inside = try await TestHTTPServer.start()
        let server = try await RawServer.start([
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: \(inside.url)/\r\nContent-Length: 0\r\n\r\n"
        ])
        let failure = await failure(server.url)
        #expect(failure?.reason == "the receiver answered 307; redirects are not followed")
        #expect(failure?.isAmbiguous == false)
        #expect(inside.requests.isEmpty)
    }

    @Test(arguments: [400, 401, 404, 408, 425, 429, 500, 503])
    func `anything but 2xx and 410 may be mended`(_ status: Int) async throws {
        let server = try await TestHTTPServer.start { _ in (status, #"{"why": "so"}"#) }
        let failure = await failure(server.url)
        #expect(failure?.response == DeliveryOutcome.Response(status: status, text: #"{"why": "so"}"#))
        #expect(failure?.isAmbiguous == false)
    }

    @Test func `410 is for good`() async throws {
        let server = try await TestHTTPServer.start { _ in (410, "{}") }
        #expect(await outcome(server.url).name == .refused)
    }

    @Test func `a certificate that nobody known has signed is not trusted`() async throws {
        try await withTLSServer { port in
            let failure = await failure("https://localhost:\(port)/")
            #expect(failure?.reason.hasPrefix("no secure connection") == true)
            #expect(failure?.isAmbiguous == false)
        }
    }

    @Test func `a private address is refused unless the operator allows it`() async throws {
        let inside = try await TestHTTPServer.start()
        let careful = WebSender(client: HTTPClient(), allowsPrivateAddresses: false)
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
            let outcome = await careful.post([], id: .v7(), to: "http://\(host):\(inside.port)/")
            #expect(outcome.name == .refused, "\(host)")
        }
        #expect(inside.requests.isEmpty)
    }

    @Test(
        arguments: [
            (503, "120", .seconds(120)), (429, "7200", .seconds(3_600)), (429, "-1", nil), (500, "120", nil),
            (503, "Thu, 01 Jan 1970 00:16:50 GMT", .seconds(10)), (503, "Thu, 01 Jan 1970 00:00:00 GMT", .zero),
            (503, "soon", nil), (503, nil, nil),
        ] as [(Int, String?, Duration?)])
    func `Retry-After is waited for, up to an hour`(_ status: Int, _ value: String?, _ pause: Duration?) {
        #expect(WebSender.pause(.init(code: status), retryAfter: value, at: .seconds(1_000)) == pause)
    }
}
