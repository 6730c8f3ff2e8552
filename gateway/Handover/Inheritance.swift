import Glibc
import NIOPosix

/// What a gateway got from the one that it follows.
struct Inheritance: Sendable {
    /// For the other gateway to answer.
    static let patience = 5

    let sockets: [ListeningSocket]
    private let channel: CInt

    /// Asks the gateway that waits at `path` for its sockets.
    ///
    /// - Parameter user: whose gateway it has to be.
    /// - Returns: nil where there is none.
    /// - Throws: ``HandoverError``.
    static func claim(at path: String, user: uid_t = geteuid()) async throws -> Inheritance? {
        // The other gateway answers at once, or not within seconds.
        try await NIOThreadPool.singleton.runIfActive { try Inheritance(at: path, user: user) }
    }

    private init?(at path: String, user: uid_t) throws(HandoverError) {
        do {
            channel = try UnixSocket.open(blocking: true)
        } catch {
            throw HandoverError(path: path, reason: "\(error)")
        }
        UnixSocket.limit(channel, seconds: Self.patience)
        do {
            try UnixSocket.withAddress(path) { [channel] in connect(channel, $0, $1) }
        } catch {
            UnixSocket.close(channel)
            // Nobody has been there, or nobody is any more.
            if let error = error as? SocketError, [ENOENT, ECONNREFUSED].contains(error.errnoCode) { return nil }
            throw HandoverError(path: path, reason: "\(error)")
        }
        guard UnixSocket.user(of: channel) == user else {
            UnixSocket.close(channel)
            throw HandoverError(path: path, reason: "the gateway that runs is another user's")
        }
        sockets = (try? DescriptorMessage.receive(on: channel)) ?? []
        guard !sockets.isEmpty else {
            UnixSocket.close(channel)
            throw HandoverError(
                path: path, reason: "the gateway that runs gives nothing, perhaps as another follows it already")
        }
    }

    /// Tells the other gateway that this one is ready, and waits until that one has stopped to accept, has ended, or has
    /// had 5 s for it. From then on only duplicates of the sockets are open.
    func confirm() async {
        closeSockets()
        try? await NIOThreadPool.singleton.runIfActive {
            UnixSocket.sendTurn(on: channel)
            UnixSocket.receiveTurn(on: channel)
        }
        UnixSocket.close(channel)
    }

    /// Leaves the listeners to the other gateway alone.
    func abandon() {
        closeSockets()
        UnixSocket.close(channel)
    }

    private func closeSockets() { for socket in sockets { socket.close() } }
}
