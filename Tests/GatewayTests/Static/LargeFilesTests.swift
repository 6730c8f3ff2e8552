import Foundation
import NIOCore
import TestKit
import Testing

@testable import Gateway

private let mebibyte = 1 << 20

@Suite("Large files that the gateway serves", .timeLimit(.minutes(2)))
struct LargeFilesTests {
    /// More than the kernel's buffers take.
    private static let large = content(3_100)
    private static let request = "GET /files/large.bin HTTP/1.1\r\nHost: lms\r\n\r\n"

    /// Runs of bytes that do not end where pieces do.
    private static func content(_ runs: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        for number in 0..<runs { bytes.writeRepeatingByte(UInt8(truncatingIfNeeded: number), count: 10_007) }
        return bytes
    }

    /// The file of a gateway that serves `content`, with short times for whoever does nothing.
    private static func with(_ content: ByteBuffer, _ body: (TestFile) async throws -> Void) async throws {
        try await TestFolder.with(["small.txt": "small"]) { folder in
            try folder.write("large.bin", Data(content.readableBytesView))
            var file = TestFile(port: 1)
            file.clients = "  idle_timeout: 5s"
            file.defaults = "  idle_timeout: 5s"
            file.routes = "  - path: /files/*\n    static: \(folder.path)"
            try await body(file)
        }
    }

    @Test("A client that reads slowly gets all, however long it takes, and the answer to its next request behind it")
    func slowReader() async throws {
        try await Self.with(Self.large) { file in
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(
                        Self.request + "GET /files/small.txt HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let head = try await connection.message(toHead: true)
                    #expect(head.status == 200 && head["content-length"] == "\(Self.large.readableBytes)")
                    var received = ByteBuffer()
                    for _ in 0..<8 {
                        received.writeImmutableBuffer(try await connection.read(count: 2 * mebibyte))
                        // How slow the client is: in all, slower than one may be that does nothing.
                        try await Task.sleep(for: .seconds(1))
                    }
                    let rest = Self.large.readableBytes - received.readableBytes
                    received.writeImmutableBuffer(try await connection.read(count: rest))
                    #expect(received == Self.large)
                    #expect(try await connection.message().text == "small")
                }
            }
        }
    }

    @Test("So does one that has little room for it on a stream of HTTP/2")
    func slowStream() async throws {
        let content = Self.content(65)
        try await Self.with(content) { file in
            try await TestCertificate.with { files in
                var file = file
                file.tls = files.settings()
                try await TestGateway.with(file.load()) { gateway in
                    try await TestHTTP2Client.with(port: gateway.tlsPort) { client in
                        client.opensWindows = false
                        try await client.request(1, path: "/files/large.bin")
                        var received = ByteBuffer()
                        var room = 65_535
                        var hasEnded = false
                        while !hasEnded {
                            let frame = try await client.next(.data)
                            received.writeImmutableBuffer(frame.payload)
                            hasEnded = frame.endsStream
                            guard received.readableBytes == room, !hasEnded else { continue }
                            // How slow the client is.
                            try await Task.sleep(for: .seconds(1))
                            room += 65_535
                            try await client.openWindow(0, by: 65_535)
                            try await client.openWindow(1, by: 65_535)
                        }
                        #expect(received == content)
                    }
                }
            }
        }
    }

    @Test("One that does not read at all is cut off")
    func noReader() async throws {
        try await Self.with(Self.large) { file in
            try await TestGateway.with(file.load()) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(Self.request)
                    _ = try await connection.read(through: "\r\n\r\n")
                    // Longer than it may do nothing, and the tick that finds it.
                    try await Task.sleep(for: .seconds(6))
                    var count = 0
                    // It may be told so by a reset.
                    while let bytes = (try? await connection.read()) ?? nil { count += bytes.readableBytes }
                    #expect(count < Self.large.readableBytes)
                }
            }
        }
    }

    @Test("A gateway that stops ends what it has begun")
    func stop() async throws {
        try await Self.with(Self.large) { file in
            var file = file
            // Nobody reads until it has stopped.
            file.clients = "  idle_timeout: 1m"
            file.defaults = "  idle_timeout: 1m"
            var configuration = try file.load()
            configuration.drainGrace = .milliseconds(100)
            let prepared = configuration
            try await TestGateway.with(prepared) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(Self.request)
                    let head = try await connection.message(toHead: true)
                    #expect(head["connection"] == nil)
                    await gateway.stop()
                    // The listener is closed before connections are told.
                    try await eventually { (try? await RawConnection.to(port: gateway.port) { _ in }) == nil }
                    // Longer than a connection has between two requests, and the tick that finds it.
                    try await Task.sleep(for: .milliseconds(500))
                    #expect(try await connection.read(count: Self.large.readableBytes) == Self.large)
                    #expect(try await connection.read() == nil)
                }
            }
        }
    }

    @Test("Of what a client asks for and does not read, about a piece stands in memory")
    func memory() async throws {
        try await Self.with(Self.large) { file in
            try await TestWorker.with(file.load()) { worker in
                try await RawConnection.to(port: worker.port) { connection in
                    try await connection.send(String(repeating: Self.request, count: 20))
                    let channel = try await worker.accepted().channel
                    try await eventually { !channel.isWritable }
                    let waiting = try await channel.getOption(.bufferedWritableBytes).get()
                    #expect(waiting > 0 && waiting <= 2 * LocalBody.pieceLength)
                    let scratch = try await worker.look { $0.scratch.capacity }
                    #expect(scratch <= 64 * 1024)
                    // All of it comes once it is read, and the next behind it.
                    for _ in 0..<2 { #expect(try await connection.message().body == Self.large) }
                }
            }
        }
    }
}
