import Foundation
import Glibc
import NIOCore
import NIOPosix

/// A TCP connection whose bytes a test writes and reads itself. Nothing is taken from the socket before the test asks.
public struct RawConnection: Sendable {
    private let channel: any Channel
    private let inbox: NIOLoopBound<RawInbox>
    private var pending = ByteBuffer()

    private init(_ channel: any Channel) throws {
        self.channel = channel
        inbox = NIOLoopBound(RawInbox(), eventLoop: channel.eventLoop)
        try channel.syncOptions?.setOption(.autoRead, value: false)
        try channel.pipeline.syncOperations.addHandler(inbox.value)
    }

    /// Takes a new channel, on its event loop.
    @Sendable public static func make(_ channel: any Channel) -> EventLoopFuture<RawConnection> {
        channel.eventLoop.makeCompletedFuture { try RawConnection(channel) }
    }

    /// Connects to a port of this machine.
    public static func to<Result>(
        port: Int, _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port, channelInitializer: make).whileOpen(body)
    }

    /// Runs `body`, and closes the connection. Cancelling the task closes it too.
    public func whileOpen<Result>(_ body: (inout RawConnection) async throws -> Result) async throws -> Result {
        defer { channel.close(promise: nil) }
        return try await withTaskCancellationHandler {
            var connection = self
            return try await body(&connection)
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    // MARK: Writing

    public func send(_ text: String) async throws { try await writer.send(ByteBuffer(string: text)) }

    public func send(_ bytes: ByteBuffer) async throws { try await writer.send(bytes) }

    /// Writes beside the reading.
    public var writer: RawWriter { RawWriter(channel: channel) }

    /// Ends the sending direction.
    public func endSending() async throws { try await channel.close(mode: .output) }

    /// Ends the connection without waiting for anything.
    public func abort() async throws { try await channel.close() }

    /// Ends the connection with a reset, as that of a process that is killed with bytes unread.
    public func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close()
    }

    // MARK: Reading

    /// The next bytes; nil at the end.
    public mutating func read() async throws -> ByteBuffer? {
        if pending.readableBytes > 0 {
            let bytes = pending
            pending = ByteBuffer()
            return bytes
        }
        return try await channel.eventLoop.flatSubmit { [inbox, channel] in
            inbox.value.next(on: channel.eventLoop)
        }.get()
    }

    /// Everything until the end.
    public mutating func readToEnd() async throws -> String {
        var text = ""
        while let bytes = try await read() { text += String(buffer: bytes) }
        return text
    }

    /// Everything up to and with `delimiter`.
    public mutating func read(through delimiter: String) async throws -> String {
        var gathered = ByteBuffer()
        while let bytes = try await read() {
            gathered.writeImmutableBuffer(bytes)
            // By bytes, as what comes behind it need not be text.
            if let end = gathered.readableBytesView.firstRange(of: delimiter.utf8)?.upperBound {
                let text = gathered.readSlice(length: end - gathered.readerIndex)
                pending = gathered
                return String(buffer: text ?? ByteBuffer())
            }
        }
        throw ConnectionEnded(behind: gathered)
    }

    /// Exactly `count` bytes.
    public mutating func read(count: Int) async throws -> ByteBuffer {
        guard count > 0 else { return ByteBuffer() }
        var gathered = ByteBuffer()
        while gathered.readableBytes < count {
            guard let bytes = try await read() else { throw ConnectionEnded(behind: gathered) }
            gathered.writeImmutableBuffer(bytes)
        }
        let wanted = gathered.readSlice(length: count)
        pending = gathered
        return wanted ?? ByteBuffer()
    }

    /// A request or response head and its body, whose length must be told.
    public mutating func message(toHead: Bool = false) async throws -> RawMessage {
        let head = try await read(through: "\r\n\r\n")
        var message = RawMessage(head: head)
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
public struct RawWriter: Sendable {
    fileprivate let channel: any Channel

    /// Returns when the kernel has taken the bytes: the channel's asynchronous writer would take any number at once.
    public func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }
}

public struct ConnectionEnded: Error {
    /// How many bytes came before.
    public let count: Int
    /// What they begin with.
    public let beginning: String

    init(behind bytes: ByteBuffer) {
        count = bytes.readableBytes
        beginning = String(decoding: bytes.readableBytesView.prefix(1000), as: UTF8.self)
    }
}
