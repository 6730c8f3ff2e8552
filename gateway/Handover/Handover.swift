import Glibc

/// Where a gateway gives its listening sockets to the one that follows it: a UNIX socket, for its own user alone.
///
/// The follower asks for the sockets, gets ready and says so; this gateway stops accepting and says so in turn, and then
/// the follower accepts: never both at once, since SwiftNIO does not expect another to take what waits on a socket. A
/// follower that ends before it is ready changes nothing.
struct Handover: Sendable {
    private let path: String
    private let socket: CInt
    private let user: uid_t

    /// Listens beside `path`, unknown to followers.
    ///
    /// - Parameter user: who may follow.
    /// - Throws: ``HandoverError``.
    init(at path: String, user: uid_t = geteuid()) throws(HandoverError) {
        self.path = path
        self.user = user
        do {
            try Self.requireSocket(path)
            let draft = Self.draft(path)
            // Of a follower that has ended before it was ready.
            unlink(draft)
            socket = try UnixSocket.open(blocking: false)
            do {
                try UnixSocket.withAddress(draft) { [socket] in Glibc.bind(socket, $0, $1) }
                // Before it listens, so that nobody else has come by then.
                try SocketError.check(chmod(draft, 0o600))
                try SocketError.check(listen(socket, 8))
            } catch {
                UnixSocket.close(socket)
                throw error
            }
        } catch {
            throw HandoverError(path: path, reason: "\(error)")
        }
    }

    /// Puts this one at the path, in the place of whoever was there, in one step.
    ///
    /// - Throws: ``HandoverError``.
    func takePlace() throws(HandoverError) {
        do { try SocketError.check(rename(Self.draft(path), path)) } catch {
            throw HandoverError(path: path, reason: "\(error)")
        }
    }

    private static func draft(_ path: String) -> String { path + ".next" }

    /// What an operator names by mistake is not to be replaced.
    private static func requireSocket(_ path: String) throws(HandoverError) {
        var status = stat()
        guard lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFSOCK else {
            throw HandoverError(path: path, reason: "there is something else than a socket")
        }
    }

    /// Waits until a follower has the sockets and is ready; nobody is waited for after that.
    ///
    /// - Returns: nil when the task was cancelled before.
    func giveAway(_ sockets: [ListeningSocket]) async -> Follower? {
        defer { UnixSocket.close(socket) }
        while !Task.isCancelled {
            guard let peer = await nextPeer() else { continue }
            if let follower = await converse(with: peer, sockets) { return follower }
        }
        return nil
    }

    private func nextPeer() async -> CInt? {
        if await UnixSocket.waitToRead(socket), let peer = UnixSocket.accept(on: socket) { return peer }
        // Where no more files can be opened, that would fail again at once. A cancellation ends the sleep.
        try? await Task.sleep(for: .seconds(1))
        return nil
    }

    /// - Returns: the follower, if it is ready.
    private func converse(with peer: CInt, _ sockets: [ListeningSocket]) async -> Follower? {
        guard UnixSocket.user(of: peer) == user, (try? DescriptorMessage.send(sockets, on: peer)) != nil else {
            UnixSocket.close(peer)
            return nil
        }
        let isReady = await withTaskGroup(of: Bool.self) { tasks in
            // However long it takes: one that hangs is ended by whoever has started it.
            tasks.addTask { await UnixSocket.waitToRead(peer) && UnixSocket.receiveTurn(on: peer) }
            tasks.addTask {
                await refuseAll()
                return false
            }
            var isReady = false
            for await result in tasks {
                tasks.cancelAll()
                isReady = isReady || result
            }
            return isReady
        }
        guard isReady else {
            UnixSocket.close(peer)
            return nil
        }
        return Follower(channel: peer)
    }

    /// Sends others away while one gets ready, until the task is cancelled.
    private func refuseAll() async {
        while !Task.isCancelled {
            if let peer = await nextPeer() { UnixSocket.close(peer) }
        }
    }

    /// A gateway that is ready to accept in the place of this one.
    struct Follower {
        fileprivate let channel: CInt

        /// Tells it that this one accepts no longer.
        func begin() {
            UnixSocket.sendTurn(on: channel)
            UnixSocket.close(channel)
        }
    }
}

/// Why listeners cannot be handed over.
struct HandoverError: Error, Equatable, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "listeners cannot be handed over at '\(path)': \(reason)" }
}
