import NIOCore
import TestKit
import Testing

@testable import WebSockets

/// How the connections of requests end that have not become WebSockets.
@Suite(.timeLimit(.minutes(1))) struct DrainTests {
    /// A request whose body's second byte, a 2, is to come.
    private static let cutOff = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1"
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private let drain = "GET /drain HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Tells the server to stop, and returns once it has closed the connections that idled.
    private func stop(_ port: Int, _ shutDown: () async -> Void) async throws {
        try await RawConnection.to(port: port) { idle in
            try await idle.send(get)
            _ = try await idle.message()
            await shutDown()
            #expect(try await idle.message().status == 408)
            #expect(try await idle.readToEnd().isEmpty)
        }
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\nHost: a", Self.cutOff])
    func aConnectionThatStandsStillIsClosed(text: String) async throws {
        try await TestServer(idleTimeout: .milliseconds(200)).run { port, _ in
            try await RawConnection.to(port: port) { connection in
                if !text.isEmpty { try await connection.send(text) }
                #expect(try await connection.readToEnd().isEmpty)
            }
        }
    }

    @Test func whatIsUnderWayWhenTheServerStopsIsAnsweredAsTheLast() async throws {
        try await TestServer().run { port, shutDown in
            try await RawConnection.to(port: port) { connection in
                try await connection.send(get + Self.cutOff)
                #expect(try await connection.message()["connection"] == nil)
                try await stop(port, shutDown)
                try await connection.send("2")
                let last = try await connection.message()
                #expect(last.status == 200 && last["connection"] == "close")
                #expect(String(buffer: last.body) == "12")
                #expect(try await connection.readToEnd().isEmpty)
            }
        }
    }

    @Test func anAnswerThatItsClientReadsSlowlyIsSentWhole() async throws {
        try await TestServer().run { port, shutDown in
            try await RawConnection.to(port: port) { connection in
                try await connection.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.message(toHead: true).status == 200)
                try await stop(port, shutDown)
                #expect(try await connection.read(count: TestServer.largeSize).readableBytes == TestServer.largeSize)
                #expect(try await connection.message().status == 408)
                #expect(try await connection.readToEnd().isEmpty)
            }
        }
    }

    @Test func aRequestBehindTheOneUnderWayIsAnsweredAsTheLast() async throws {
        try await TestServer().run { port, _ in
            try await RawConnection.to(port: port) { connection in
                try await connection.send(drain + get)
                #expect(try await connection.message()["connection"] == nil)
                let last = try await connection.message()
                #expect(last.status == 200 && last["connection"] == "close")
                #expect(try await connection.readToEnd().isEmpty)
            }
        }
    }

    @Test func aClientThatGoesOnSendingIsNotReset() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                try await client.send(drain)
                #expect(try await client.read(through: "ending").lowercased().contains("\r\nconnection: close\r\n"))
                for _ in 0..<100 { try await client.send(get) }
                #expect(try await client.read(1) == nil)
            }
        }
    }

    @Test func aWebSocketThatOpensAsTheServerStopsIsClosedWith1012() async throws {
        try await TestServer().run { port, _ in
            try await RawClient.connect(port: port) { client in
                #expect(try await client.upgrade("/drain/ws").hasPrefix("HTTP/1.1 101"))
                #expect(try await client.readFrame()?.closeCode == 1012)
                try await client.send(frame(0x88, [0x03, 0xF4]))
                #expect(try await client.readFrame() == nil)
            }
        }
    }
}
