import Foundation
import NIOCore
import NIOPosix

/// A TCP connection whose bytes a test writes and reads itself.
struct RawConnection {
    private let channel: any Channel
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var pending = ByteBuffer()

    private init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        iterator = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Runs `body` with `channel`, and closes it.
    static func with<Result>(
        _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        try await channel.executeThenClose { inbound, outbound in
            var connection = RawConnection(channel.channel, inbound, outbound)
            return try await body(&connection)
        }
    }

    /// Connects to a port of this machine.
    static func to<Result>(
        port: Int, _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer> = try await ClientBootstrap(
            group: MultiThreadedEventLoopGroup.singleton
        ).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
        }
        return try await with(channel, body)
    }

    // MARK: Writing

    func send(_ text: String) async throws { try await writer.send(ByteBuffer(string: text)) }

    func send(_ bytes: ByteBuffer) async throws { try await writer.send(bytes) }

    /// Writes beside the reading.
    var writer: RawWriter { RawWriter(channel: channel) }

    /// Says that nothing more follows.
    func finish() { outbound.finish() }

    /// Ends the connection without waiting for anything.
    func abort() async throws { try await channel.close() }

    // MARK: Reading

    /// The next bytes; nil at the end.
    mutating func read() async throws -> ByteBuffer? {
        if pending.readableBytes > 0 {
            let bytes = pending
            pending = ByteBuffer()
            return bytes
        }
        // Closed by a reset is closed too.
        return try? await iterator.next()
    }

    /// Everything until the end.
    mutating func readToEnd() async throws -> String {
        var text = ""
        while let bytes = try await read() { text += String(buffer: bytes) }
        return text
    }

    /// Everything up to and with `delimiter`.
    mutating func read(through delimiter: String) async throws -> String {
        var gathered = ByteBuffer()
        while let bytes = try await read() {
            gathered.writeImmutableBuffer(bytes)
            if let range = String(buffer: gathered).range(of: delimiter) {
                let text = String(buffer: gathered)[..<range.upperBound]
                gathered.moveReaderIndex(forwardBy: text.utf8.count)
                pending = gathered
                return String(text)
            }
        }
        throw ConnectionEnded(read: String(buffer: gathered))
    }

    /// Exactly `count` bytes.
    mutating func read(count: Int) async throws -> ByteBuffer {
        guard count > 0 else { return ByteBuffer() }
        var gathered = ByteBuffer()
        while gathered.readableBytes < count {
            guard let bytes = try await read() else { throw ConnectionEnded(read: String(buffer: gathered)) }
            gathered.writeImmutableBuffer(bytes)
        }
        let wanted = gathered.readSlice(length: count)
        pending = gathered
        return wanted ?? ByteBuffer()
    }

    /// A request or response head and its body, whose length must be told.
    mutating func message(toHead: Bool = false) async throws -> Message {
        let head = try await read(through: "\r\n\r\n")
        var message = Message(head: head)
        if toHead || message.isBodiless { return message }
        if let length = message["content-length"].flatMap(Int.init) {
            message.body = try await read(count: length)
        } else if message["transfer-encoding"] == "chunked" {
            try await readChunks(into: &message.body)
        } else if message.startLine.hasPrefix("HTTP/") {
            while let bytes = try await read() { message.body.writeImmutableBuffer(bytes) }
        }
        return message
    }

    private mutating func readChunks(into body: inout ByteBuffer) async throws {
        while true {
            let line = try await read(through: "\r\n").trimmingCharacters(in: .newlines)
            let size = Int(line.prefix { $0 != ";" }, radix: 16) ?? 0
            body.writeImmutableBuffer(try await read(count: size))
            _ = try await read(through: "\r\n")
            if size == 0 { return }
        }
    }
}

/// The writing half of a connection.
struct RawWriter: Sendable {
    fileprivate let channel: any Channel

    /// Returns when the kernel has taken the bytes: the channel's asynchronous writer would take any number at once.
    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }
}

struct ConnectionEnded: Error {
    let read: String
}

/// An HTTP message as a test sees it.
struct Message {
    let startLine: String
    let fields: [(name: String, value: String)]
    var body = ByteBuffer()

    init(head: String) {
        var lines = head.components(separatedBy: "\r\n")
        startLine = lines.removeFirst()
        fields = lines.filter { !$0.isEmpty }.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
    }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    var status: Int { startLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }

    var isBodiless: Bool { startLine.hasPrefix("HTTP/") && [100, 101, 204, 304].contains(status) }

    var text: String { String(buffer: body) }

    /// A member of a JSON body.
    func json(_ member: String) throws -> Any? {
        let object = try JSONSerialization.jsonObject(with: Data(body.readableBytesView))
        return (object as? [String: Any])?[member]
    }
}
