import Foundation
import Outbound
import ServiceKit
import TestKit
import Testing

@testable import Identity

@Suite struct PeerClientTests {
    private struct Note: Codable, Equatable {
        let text: String
    }

    private func client(_ server: TestHTTPServer) async throws -> PeerClient {
        PeerClient(
            base: try #require(URL(string: server.url)), http: HTTPClient(),
            tokens: await InternalTokens(service: "readings", keys: try .sample()))
    }

    @Test func aQuestionIsSentWithATokenOfOurs() async throws {
        let server = try await TestHTTPServer.start { (200, $0.text) }
        let answer = try await client(server).post(Note(text: "é"), to: "/internal/v1/notes", as: Note.self)
        #expect(answer == Note(text: "é"))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.path == "/internal/v1/notes")
        #expect(request.header("content-type") == "application/json")
        let token = try #require(request.header("authorization")?.dropFirst("Bearer ".count))
        let tokens = await InternalTokens(service: "auth", keys: try .sample())
        #expect(try await tokens.verify(String(token)) == "readings")
    }

    @Test func whatTheTaskWorksForGoesAlong() async throws {
        let server = try await TestHTTPServer.start { _ in (204, "") }
        let client = try await client(server)
        let trace = TraceContext.root()
        try await RequestTrace.$current.withValue(RequestTrace(requestID: "abc", trace: trace)) {
            _ = try await client.post(Note(text: ""), to: "/", as: Note.self)
        }
        _ = try await client.post(Note(text: ""), to: "/", as: Note.self)
        let (asked, other) = (try #require(server.requests.first), try #require(server.requests.last))
        #expect(asked.header("x-request-id") == "abc" && asked.header("traceparent") == trace.traceparent)
        #expect(other.header("x-request-id") == nil && other.header("traceparent") == nil)
    }

    @Test(arguments: [204, 404])
    func noAnswerIsNil(status: Int) async throws {
        let server = try await TestHTTPServer.start { _ in (status, "") }
        #expect(try await client(server).post(Note(text: ""), to: "/", as: Note.self) == nil)
    }

    @Test func aPeerThatStopsIsAskedOnceMoreAndCountsAsNoFailure() async throws {
        let server = try await TestHTTPServer.start { request in
            request.path == "/late" ? (408, "") : (200, request.text)
        }
        let client = try await client(server)
        // More often than a peer may fail.
        for _ in 0..<20 {
            await #expect(throws: PeerError.self) { try await client.post(Note(text: ""), to: "/late", as: Note.self) }
        }
        #expect(server.requests.count == 40)
        #expect(try await client.post(Note(text: "a"), to: "/", as: Note.self) == Note(text: "a"))
    }

    @Test func aPeerThatFailsIsAskedTwiceAndOneThatRefusesOnce() async throws {
        let failing = try await TestHTTPServer.start { _ in (503, "") }
        await #expect(throws: PeerError.self) {
            try await client(failing).post(Note(text: ""), to: "/", as: Note.self)
        }
        #expect(failing.requests.count == 2)
        let refusing = try await TestHTTPServer.start { _ in (403, "") }
        await #expect(throws: PeerError.self) {
            try await client(refusing).post(Note(text: ""), to: "/", as: Note.self)
        }
        #expect(refusing.requests.count == 1)
    }
}
