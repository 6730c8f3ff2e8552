import Glibc
import NIOPosix

/// What a gateway got from the one that it follows.
struct Inheritance: Sendable {
    let sockets: [ListeningSocket]
    private let channel: CInt

    /// Asks the gateway that waits at `path` for its sockets.
    ///
    /// - Parameters:
    ///   - user: whose gateway it has to be.
    ///   - patience: the seconds that it has for each of its answers.
    /// - Returns: nil where there is none.
    /// - Throws: ``HandoverError``.
    static func claim(
        at path: String, user: uid_t = geteuid(), patience: Int = 5
    ) async throws -> Inheritance? {
        // The other gateway answers at once, or not within seconds.
        try await NIOThreadPool.singleton.runIfActive { try Inheritance(at: path, user, patience) }
    }

    private init?(at path: String, _ user: uid_t, _ patience: Int) throws(HandoverError) {
        do {
            channel = try UnixSocket.open(blocking: true)
        } catch {
            throw HandoverError(path: path, reason: "\(error)")
        }
        UnixSocket.limit(channel, seconds: patience)
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
        do {
            sockets = try DescriptorMessage.receive(on: channel)
        } catch {
            UnixSocket.close(channel)
            throw HandoverError(path: path, reason: "what the gateway that runs gives cannot be taken: \(error)")
        }
        guard !sockets.isEmpty else {
            UnixSocket.close(channel)
            throw HandoverError(
                path: path, reason: "the gateway that runs gives nothing, perhaps as another follows it already")
        }
    }

    /// Tells the other gateway that this one is ready, and waits until that one has stopped to accept, has ended, or has
    /// not done so in time. From then on only duplicates of the sockets are open.
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
