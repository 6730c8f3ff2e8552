import Foundation
import NIOCore
import Synchronization
import TestKit

/// A service that keeps what it receives and, once a request is whole, answers with what it understood of it. The
/// gateway's own checks are left out.
final class RecordingService: Sendable {
    private let connections = Mutex<[Int: String]>([:])
    private let ended = Mutex<Set<Int>>([])

    /// Every byte of each connection on which a client's request has come.
    var received: [String] { connections.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }

    /// Whether all those connections have ended.
    var hasEnded: Bool {
        let clients = connections.withLock { Set($0.keys) }
        return ended.withLock { $0.isSuperset(of: clients) }
    }

    /// Runs `body` with a gateway in front of the service.
    static func with(
        _ change: @escaping @Sendable (inout TestFile) -> Void = { _ in },
        _ body: @escaping @Sendable (TestGateway, RecordingService) async throws -> Void
    ) async throws {
        let service = RecordingService()
        try await RawServer.with { connection, number in
            try await service.serve(&connection, number)
        } _: { server in
            var file = TestFile(port: server.port)
            change(&file)
            try await TestGateway.with(file.load()) { gateway in try await body(gateway, service) }
        }
    }

    private func serve(_ connection: inout RawConnection, _ number: Int) async throws {
        var text = ""
        defer { _ = ended.withLock { $0.insert(number) } }
        while let bytes = try await connection.read() {
            text += String(buffer: bytes)
            let isCheck = text.hasPrefix("GET /readyz ") || text.hasPrefix("GET /openapi.yaml ")
            if !isCheck { connections.withLock { $0[number, default: ""] += String(buffer: bytes) } }
            while let message = Self.takeMessage(&text) {
                try await connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Length: \(message.utf8.count)\r\n\r\n\(message)")
            }
        }
    }

    /// Takes a whole request from the beginning of `text`.
    private static func takeMessage(_ text: inout String) -> String? {
        guard let head = text.range(of: "\r\n\r\n") else { return nil }
        let message = RawMessage(head: String(text[..<head.lowerBound]))
        var length = text[..<head.upperBound].utf8.count
        if message["transfer-encoding"] != nil {
            guard let body = chunkedLength(Array(text.utf8.dropFirst(length))) else { return nil }
            length += body
        } else {
            length += message["content-length"].flatMap(Int.init) ?? 0
        }
        guard text.utf8.count >= length else { return nil }
        defer { text = String(text.utf8.dropFirst(length)) ?? "" }
        return String(text.utf8.prefix(length))
    }

    /// The length of chunks without trailers (RFC 9112 §7.1); nil until they are whole.
    private static func chunkedLength(_ bytes: [UInt8]) -> Int? {
        var start = 0
        while let lineFeed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: bytes[start..<lineFeed], as: UTF8.self)
            guard let size = Int(line.prefix { $0.isHexDigit }, radix: 16) else { return nil }
            start = lineFeed + 1 + size + 2
            guard start <= bytes.count else { return nil }
            if size == 0 { return start }
        }
        return nil
    }
}
