@preconcurrency import Dispatch
import Glibc
import NIOCore
import NIOPosix

/// Where a gateway gives its listening sockets to the one that follows it: a UNIX socket, open to its own user alone.
///
/// The follower asks for the sockets, gets ready and says so; this gateway stops accepting and says so in turn, and then
/// the follower accepts: never both at once, since SwiftNIO does not expect another to take what waits on a socket. A
/// follower that fails before it is ready changes nothing.
struct Handover: Sendable {
    /// For the follower to get ready.
    static let patience = 60

    private let descriptor: CInt

    /// Waits for followers at `path`, in the place of whoever has done so.
    ///
    /// - Throws: ``HandoverError``.
    init(at path: String) throws(HandoverError) {
        // The place is taken in one step, so that there is always somebody at it.
        let draft = "\(path).\(UInt32.random(in: .min ... .max))"
        do {
            descriptor = try Self.open()
            try Self.withAddress(draft) { try SocketError.check(Glibc.bind(descriptor, $0, $1)) }
            try SocketError.check(chmod(draft, 0o600))
            try SocketError.check(listen(descriptor, 8))
            try SocketError.check(rename(draft, path))
        } catch {
            throw HandoverError(path: path, reason: "\(error)")
        }
    }

    /// Waits until a follower has the sockets and is ready; nobody is waited for after that.
    ///
    /// - Returns: nil when the task was cancelled before.
    func giveAway(_ sockets: [ListeningSocket]) async -> Follower? {
        for await _ in connections {
            // The conversation blocks for as long as the follower needs.
            let follower = try? await NIOThreadPool.singleton.runIfActive { converse(sockets) }
            if let follower = follower ?? nil { return follower }
        }
        return nil
    }

    /// Gets an element when somebody may have connected.
    private var connections: AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            source.setEventHandler { continuation.yield() }
            // Closed by the source, as one that is watched must not be.
            source.setCancelHandler { [descriptor] in _ = Glibc.close(descriptor) }
            continuation.onTermination = { _ in source.cancel() }
            source.activate()
        }
    }

    /// - Returns: the follower, if it is ready.
    private func converse(_ sockets: [ListeningSocket]) -> Follower? {
        let peer = accept(descriptor, nil, nil)
        guard peer >= 0 else { return nil }
        Self.limit(peer, seconds: Self.patience)
        var word: UInt8 = 0
        guard (try? DescriptorMessage.send(sockets, on: peer)) != nil, recv(peer, &word, 1, 0) == 1 else {
            Glibc.close(peer)
            return nil
        }
        return Follower(channel: peer)
    }

    /// A gateway that is ready to accept in the place of this one.
    struct Follower {
        fileprivate let channel: CInt

        /// Tells it that this one accepts no longer.
        func begin() {
            var word: UInt8 = 1
            // It notices as well if it is not told.
            _ = send(channel, &word, 1, CInt(MSG_NOSIGNAL))
            Glibc.close(channel)
        }
    }
}

/// What a gateway got from the one that it follows.
struct Inheritance: Sendable {
    let sockets: [ListeningSocket]
    private let channel: CInt

    /// Asks the gateway that waits at `path` for its sockets.
    ///
    /// - Returns: nil where there is none.
    /// - Throws: ``HandoverError``.
    static func claim(at path: String) async throws -> Inheritance? {
        // The other gateway answers at once, or not within seconds.
        try await NIOThreadPool.singleton.runIfActive { try Inheritance(at: path) }
    }

    private init?(at path: String) throws {
        let channel: CInt
        do {
            channel = try Handover.open(blocking: true)
        } catch {
            throw HandoverError(path: path, reason: "\(error)")
        }
        self.channel = channel
        do {
            try Handover.withAddress(path) { try SocketError.check(connect(channel, $0, $1)) }
        } catch let error as SocketError where [ENOENT, ECONNREFUSED].contains(error.errnoCode) {
            Glibc.close(channel)
            return nil
        }
        Handover.limit(channel, seconds: 5)
        sockets = (try? DescriptorMessage.receive(on: channel)) ?? []
        guard !sockets.isEmpty else {
            Glibc.close(channel)
            throw HandoverError(path: path, reason: "the running gateway gives nothing")
        }
    }

    /// Tells the other gateway that this one is ready, and waits until that one has stopped to accept, has ended, or has
    /// had 5 s for it.
    func confirm() async {
        try? await NIOThreadPool.singleton.runIfActive {
            var word: UInt8 = 1
            _ = send(channel, &word, 1, CInt(MSG_NOSIGNAL))
            _ = recv(channel, &word, 1, 0)
            close(channel)
        }
    }

    /// Leaves the sockets to the other gateway alone.
    func abandon() { close(channel) }
}

extension Handover {
    fileprivate static func open(blocking: Bool = false) throws(SocketError) -> CInt {
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (blocking ? 0 : SOCK_NONBLOCK.rawValue)
        return try SocketError.check(socket(AF_UNIX, CInt(type), 0))
    }

    fileprivate static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws {
        try SocketAddress(unixDomainSocketPath: path).withSockAddr { try body($0, socklen_t($1)) }
    }

    /// Bounds how long reading and writing may block.
    fileprivate static func limit(_ channel: CInt, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(channel, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }
}

/// Why listeners cannot be handed over.
struct HandoverError: Error, Equatable, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "listeners cannot be handed over at '\(path)': \(reason)" }
}
