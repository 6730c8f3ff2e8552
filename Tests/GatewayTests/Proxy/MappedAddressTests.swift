import Foundation
import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import Gateway

@Suite("Clients with IPv4 on a listener for both")
struct MappedAddressTests {
    private func address(_ text: String) throws -> SocketAddress { try SocketAddress(ipAddress: text, port: 7) }

    @Test(
        "An IPv4-mapped address is the one that it stands for, and no other changes",
        arguments: [
            ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::ffff:c000:201", "2001:db8::ffff:c000:201"), ("::1", "::1"), ("::fffe:0:1", "::fffe:0:1"),
        ])
    func unmapped(text: String, expected: String) throws {
        #expect(try address(text).unmapped == address(expected))
        #expect(try ClientOrigin(address(text), scheme: "http").address == address(expected).ipAddress)
    }

    @Test("Mapped addresses count each by itself, and as the same address without IPv6")
    func hashes() throws {
        func hash(_ text: String) throws -> UInt64 { ClientOrigin(try address(text), scheme: "http").addressHash }
        #expect(try hash("::ffff:192.0.2.1") == hash("192.0.2.1"))
        #expect(try hash("::ffff:192.0.2.1") != hash("::ffff:192.0.2.2"))
        #expect(try hash("2001:db8::1") == hash("2001:db8::2"))
        let range = try #require(AddressRange("192.0.2.0/24"))
        #expect(range.contains(try address("::ffff:192.0.2.1")))
        #expect(!range.contains(try address("::ffff:198.51.100.1")))
    }

    /// Sends a GET from an address of this machine.
    private static func get(_ path: String, from source: String, _ gateway: TestGateway) async throws -> RawMessage {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(to: SocketAddress(ipAddress: source, port: 0))
            .connect(host: "127.0.0.1", port: gateway.port, channelInitializer: RawConnection.make)
            .whileOpen { connection in
                try await connection.send("GET \(path) HTTP/1.1\r\nHost: lms\r\nConnection: close\r\n\r\n")
                return try await connection.message()
            }
    }

    @Test(
        "They are limited, forwarded and logged as IPv4",
        .enabled(if: FileManager.default.fileExists(atPath: "/proc/net/if_inet6"), "this machine has no IPv6"))
    func onASocket() async throws {
        let pipe = Pipe()
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            let text = request["x-forwarded-for"] ?? ""
            try await connection.send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n\(text)")
        } _: { server in
            var file = TestFile(port: server.port)
            file.listenHost = "\"::\""
            var configuration = try file.load()
            configuration.limits.address = RateLimit(rate: 0.001, burst: 2)
            let limited = configuration
            let log = AccessLog(descriptor: pipe.fileHandleForWriting.fileDescriptor)
            try await TestGateway.with(limited, accessLog: log) { gateway in
                for source in ["127.0.0.1", "127.0.0.2"] {
                    for _ in 0..<2 {
                        let answer = try await Self.get("/items/1", from: source, gateway)
                        #expect(answer.status == 200)
                        #expect(answer.text == source)
                    }
                    #expect(try await Self.get("/items/1", from: source, gateway).status == 429)
                }
            }
        }
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let clients = try text.split(separator: "\n").map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])["client"] as? String
        }
        // Each event loop writes its own lines.
        let expected = Array(repeating: "127.0.0.1", count: 3) + Array(repeating: "127.0.0.2", count: 3)
        #expect(clients.compactMap(\.self).sorted() == expected)
    }
}
