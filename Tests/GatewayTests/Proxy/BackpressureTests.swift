import Foundation
import NIOCore
import Synchronization
import TestKit
import Testing

@testable import Gateway

private let mebibyte = 1 << 20

/// How much a test's service or client has sent.
private final class Progress: Sendable {
    private let count = Atomic<Int>(0)
    func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }

    /// Waits until nothing has been sent for a while.
    func settle() async throws -> Int {
        var last = -1
        var quiet = 0
        try await eventually(within: .seconds(30)) {
            quiet = value == last ? quiet + 1 : 0
            last = value
            return quiet >= 50 && last > 0
        }
        return last
    }
}

@Suite("Back-pressure")
struct BackpressureTests {
    private static let size = 50 * mebibyte
    private static let piece = ByteBuffer(repeating: 0x61, count: mebibyte / 4)

    private static func file(_ port: Int) throws -> GatewayConfiguration {
        var file = TestFile(port: port)
        file.routes = "  - path: /large\n    upstream: service\n    body_limit: 64MiB"
        return try file.load()
    }

    private static func sendAll(_ writer: RawWriter, _ progress: Progress) async throws {
        for _ in 0..<(size / piece.readableBytes) {
            try await writer.send(piece)
            progress.add(piece.readableBytes)
        }
    }

    @Test(
        "A client that sends requests and takes no answers is read no further, and cut off", .timeLimit(.minutes(1)))
    func takesNothing() async throws {
        var file = TestFile(port: 1)
        file.clients = "  idle_timeout: 500ms"
        try await TestGateway.with(file.load()) { gateway in
            try await gateway.connect { connection in
                let requests = ByteBuffer(
                    string: String(repeating: "GET /healthz HTTP/1.1\r\nHost: lms\r\n\r\n", count: 1000))
                await #expect(throws: (any Error).self) {
                    // More than the kernel's buffers take.
                    for _ in 0..<5_000 { try await connection.send(requests) }
                }
            }
        }
    }

    @Test("What was told to go on when the gateway stopped goes on, for one more request")
    func lastOfMany() async throws {
        let (held, gate) = (Gate(), Gate())
        try await RawServer.with { connection, _ in
            while true {
                let request = try await connection.message()
                guard request.startLine.contains("/items/1") else {
                    try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    continue
                }
                try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbe")
                held.open()
                try await gate.pass()
                try await connection.send("gi")
            }
        } _: { server in
            var configuration = try TestFile(port: server.port).load()
            configuration.drainGrace = .minutes(1)
            configuration.drainTimeout = .minutes(1)
            try await TestGateway.with(configuration) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n")
                    try await held.pass()
                    let head = try await connection.message(toHead: true)
                    #expect(head["connection"] == nil)
                    await gateway.stop()
                    // The listener is closed before connections are told.
                    try await eventually { (try? await RawConnection.to(port: gateway.port) { _ in }) == nil }
                    gate.open()
                    #expect(String(buffer: try await connection.read(count: 4)) == "begi")
                    try await connection.send("POST /items/2 HTTP/1.1\r\nHost: lms\r\nContent-Length: 0\r\n\r\n")
                    let last = try await connection.message()
                    #expect(last.status == 200 && last["connection"] == "close")
                    #expect(try await connection.read() == nil)
                }
            }
        }
    }

    @Test("A slow client holds the service up, and gets every byte in the end")
    func download() async throws {
        let sent = Progress()
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request.startLine.contains("/large") else { return }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\n\r\n")
            try await Self.sendAll(connection.writer, sent)
            _ = try await connection.read()
        } _: { server in
            try await TestGateway.with(Self.file(server.port)) { gateway in
                try await gateway.connect { connection in
                    try await connection.send("GET /large HTTP/1.1\r\nHost: lms\r\n\r\n")
                    _ = try await connection.read(through: "\r\n\r\n")
                    // What is under way now stands in the kernel's buffers, which hold some megabytes for each hop.
                    let held = try await sent.settle()
                    #expect(held < 40 * mebibyte)
                    var received = 0
                    while received < Self.size, let bytes = try await connection.read() {
                        received += bytes.readableBytes
                    }
                    #expect(received == Self.size)
                }
            }
        }
    }

    @Test("A slow service holds the client up, and gets every byte in the end")
    func upload() async throws {
        let sent = Progress()
        let (resumed, resume) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let head = try await connection.read(through: "\r\n\r\n")
            guard head.contains("/large") else { return }
            for await _ in resumed { break }
            var received = 0
            while received < Self.size, let bytes = try await connection.read() { received += bytes.readableBytes }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\(received)")
        } _: { server in
            try await TestGateway.with(Self.file(server.port)) { gateway in
                try await gateway.connect { connection in
                    try await connection.send(
                        "PUT /large HTTP/1.1\r\nHost: lms\r\nContent-Length: \(Self.size)\r\n\r\n")
                    let writer = connection.writer
                    async let upload: Void = Self.sendAll(writer, sent)
                    let held = try await sent.settle()
                    #expect(held < 40 * mebibyte)
                    resume.finish()
                    try await upload
                    #expect(try await connection.message().text == "\(Self.size)")
                }
            }
        }
    }

    @Test("A flood of pipelined requests waits outside")
    func pipelineFlood() async throws {
        let sent = Progress()
        let (resumed, resume) = AsyncStream.makeStream(of: Void.self)
        try await RawServer.with { connection, _ in
            let request = try await connection.message()
            guard request.startLine.contains("/items") else { return }
            for await _ in resumed { break }
            try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        } _: { server in
            try await TestGateway.with(TestFile(port: server.port).load()) { gateway in
                try await gateway.connect { connection in
                    let requests = ByteBuffer(
                        string: String(repeating: "GET /items/1 HTTP/1.1\r\nHost: lms\r\n\r\n", count: 10_000))
                    let writer = connection.writer
                    async let flood: Void = {
                        // Ends with an error when the test closes the connection.
                        while (try? await writer.send(requests)) != nil { sent.add(requests.readableBytes) }
                    }()
                    let held = try await sent.settle()
                    #expect(held < 40 * mebibyte)
                    resume.finish()
                    #expect(try await connection.message().text == "ok")
                    try await connection.abort()
                    await flood
                }
            }
        }
    }

    @Test(
        "Of requests that come behind one whose answer is not read, few bytes are held, and all are answered in turn",
        .timeLimit(.minutes(1)))
    func pipelineMemory() async throws {
        // More than the kernel's buffers take.
        let large = ByteBuffer(repeating: 0x61, count: 30 * mebibyte)
        let count = 8_000
        let request = "GET /files/small.txt HTTP/1.1\r\nHost: lms\r\n"
        try await TestFolder.with(["small.txt": "ok"]) { folder in
            try folder.write("large.bin", Data(large.readableBytesView))
            var file = TestFile(port: 1)
            file.routes = "  - path: /files/*\n    static: \(folder.path)"
            try await TestWorker.with(file.load()) { worker in
                try await RawConnection.to(port: worker.port) { connection in
                    try await connection.send("GET /files/large.bin HTTP/1.1\r\nHost: lms\r\n\r\n")
                    let flood = String(repeating: request + "\r\n", count: count - 1) + request
                    async let sending: Void = connection.writer.send(
                        ByteBuffer(string: flood + "Connection: close\r\n\r\n"))
                    let client = try await worker.accepted()
                    try await eventually { try await client.look(\.withheldRead) }
                    let (held, storage) = try await client.look {
                        ($0.inbound.readableBytes, $0.inbound.storageCapacity)
                    }
                    let limit = ClientConnection.bufferLimit
                    // What the socket has is read at most four times before it is asked whether to go on, 64 KiB each.
                    #expect(held >= limit && held < 5 * limit)
                    #expect(storage <= 8 * limit)
                    #expect(try await connection.message().body == large)
                    let answers = try await connection.readToEnd()
                    #expect(answers.components(separatedBy: "HTTP/1.1 200 OK\r\n").count - 1 == count)
                    try await sending
                }
            }
        }
    }

    @Test("What a client is still reading is not cut off when the time between two requests is over")
    func readingOn() async throws {
        let body = String(repeating: "x", count: 10_007)
        try await TestFolder.with(["x.txt": body]) { folder in
            var file = TestFile(port: 1)
            file.routes = "  - path: /files/*\n    static: \(folder.path)"
            try await TestWorker.with(file.load()) { worker in
                try await RawConnection.to(port: worker.port) { connection in
                    let requests = String(repeating: "GET /files/x.txt HTTP/1.1\r\nHost: lms\r\n\r\n", count: 2_000)
                    async let sending: Void = connection.writer.send(ByteBuffer(string: requests))
                    let client = try await worker.accepted()
                    try await eventually { try await client.look { $0.phase == .idle && !$0.isWritable } }
                    try await client.look {
                        $0.deadline = .uptimeNanoseconds(0)
                        $0.checkDeadline(.now())
                    }
                    let answers = try await connection.readToEnd()
                    #expect(answers.components(separatedBy: "HTTP/1.1 200 OK\r\n").count > 1)
                    #expect(answers.hasSuffix("\r\n\r\n" + body))
                    _ = try? await sending
                }
            }
        }
    }

    @Test("A connection on which nothing is sent keeps no buffer of its last request")
    func idleMemory() async throws {
        try await TestWorker.with(TestFile(port: 1).load()) { worker in
            try await RawConnection.to(port: worker.port) { _ in
                let capacity = try await worker.accepted().look { client in
                    client.outgoing = ByteBuffer(repeating: 0, count: ClientConnection.bufferLimit)
                    client.becomeIdle()
                    return client.outgoing.storageCapacity
                }
                #expect(capacity <= ClientConnection.keptLength)
            }
        }
    }
}
