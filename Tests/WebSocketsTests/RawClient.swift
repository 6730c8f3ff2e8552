import NIOCore
import NIOPosix

/// A TCP client that sends and expects bytes.
struct RawClient {
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let received: Received
    let channel: any Channel

    /// Connects, runs `body`, and ends the connection. A small receive buffer makes a slow reader of it when it does
    /// not read.
    static func connect(port: Int, _ body: (RawClient) async throws -> Void) async throws {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(
                            backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2),
                            isOutboundHalfClosureEnabled: true))
                }
            }
        try await connection.executeThenClose { inbound, outbound in
            try await body(
                RawClient(
                    outbound: outbound, received: Received(iterator: inbound.makeAsyncIterator()),
                    channel: connection.channel))
        }
    }

    func send(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Closes the sending side.
    func finish() {
        outbound.finish()
    }

    /// Everything up to and including `end`.
    func read(through end: String) async throws -> String {
        try await received.read { bytes in
            let end = Array(end.utf8)
            guard bytes.count >= end.count else { return nil }
            return (0...bytes.count - end.count).first { Array(bytes[$0..<$0 + end.count]) == end }.map {
                $0 + end.count
            }
        }.map { String(decoding: $0, as: UTF8.self) } ?? "the connection ended"
    }

    func read(_ count: Int) async throws -> [UInt8]? {
        try await received.read { $0.count >= count ? count : nil }
    }

    /// The next frame of the server; nil when the connection has ended.
    func readFrame() async throws -> Frame? {
        guard let head = try await read(2) else { return nil }
        var length = Int(head[1])
        if head[1] == 126 { length = try await read(2).map { Int($0[0]) << 8 | Int($0[1]) } ?? 0 }
        if head[1] == 127 { length = try await read(8).map { $0.reduce(0) { $0 << 8 | Int($1) } } ?? 0 }
        return Frame(head: head[0], payload: try await read(length) ?? [])
    }

    /// The handshake of RFC 6455 section 1.3, with `path` and further header lines.
    func upgrade(_ path: String, headers: String = "") async throws -> String {
        try await send(
            """
            GET \(path) HTTP/1.1\r
            Host: server.example.com\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            Sec-WebSocket-Version: 13\r
            \(headers)\r

            """)
        return try await read(through: "\r\n\r\n")
    }
}

/// A frame of the server.
struct Frame: Equatable {
    var head: UInt8
    var payload: [UInt8]

    var text: String { String(decoding: payload, as: UTF8.self) }

    static func text(_ text: String) -> Frame { Frame(head: 0x81, payload: Array(text.utf8)) }

    /// A Close frame's code; nil for other frames.
    var closeCode: Int? {
        head == 0x88 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil
    }
}

/// The bytes of a client's frame, masked.
func frame(_ head: UInt8, _ payload: [UInt8], mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]) -> [UInt8] {
    var bytes = [head]
    switch payload.count {
    case ..<126: bytes.append(0x80 | UInt8(payload.count))
    case ...0xFFFF: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default: bytes += [0x80 | 127] + (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 0xFF) }
    }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
}

private final class Received {
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var bytes: [UInt8] = []

    init(iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) {
        self.iterator = iterator
    }

    /// The first bytes, as many as `length` says once it can; nil when the connection ends before.
    func read(_ length: ([UInt8]) -> Int?) async throws -> [UInt8]? {
        while true {
            if let count = length(bytes) {
                defer { bytes.removeFirst(count) }
                return Array(bytes.prefix(count))
            }
            let next: ByteBuffer?
            do {
                next = try await iterator.next()
            } catch {
                next = nil
            }
            guard let next else { return nil }
            bytes += Array(next.readableBytesView)
        }
    }
}
