@preconcurrency import Dispatch
import Glibc
import NIOCore

/// Calls on the UNIX sockets over which gateways of one machine speak.
enum UnixSocket {
    /// - Parameter blocking: whether calls on it wait.
    static func open(blocking: Bool) throws(SocketError) -> CInt {
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (blocking ? 0 : SOCK_NONBLOCK.rawValue)
        return try SocketError.check(socket(AF_UNIX, CInt(type), 0))
    }

    /// - Throws: ``SocketError``, or what `SocketAddress` says of a path that is too long.
    static func withAddress(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt) throws {
        let result = try SocketAddress(unixDomainSocketPath: path).withSockAddr { call($0, socklen_t($1)) }
        try SocketError.check(result)
    }

    /// Bounds how long reading and writing may block.
    static func limit(_ socket: CInt, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    /// Takes who waits on a socket that listens, if somebody does; calls on the new socket do not wait.
    static func accept(on socket: CInt) -> CInt? {
        let peer = Glibc.accept(socket, nil, nil)
        guard peer >= 0 else { return nil }
        _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
        _ = fcntl(peer, F_SETFL, O_NONBLOCK)
        return peer
    }

    /// As whom the process on the other side has connected or listened (`SO_PEERCRED`); nil where the system does not say.
    static func user(of socket: CInt) -> uid_t? {
        var credentials = (process: pid_t(), user: uid_t(), group: gid_t())
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        return credentials.user
    }

    /// Waits until there is something to read or somebody to accept, or the other side has ended.
    ///
    /// - Returns: false when the task was cancelled before, or no more files can be opened.
    static func waitToRead(_ socket: CInt) async -> Bool {
        // One of the source's own, since what it watches must not be closed before it has let go.
        let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { return false }
        let (events, event) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let source = DispatchSource.makeReadSource(fileDescriptor: own, queue: .global())
        source.setEventHandler { event.yield() }
        source.setCancelHandler { _ = Glibc.close(own) }
        source.activate()
        defer { source.cancel() }
        for await _ in events { return true }
        return false
    }

    /// Says to the other side that it is its turn.
    static func sendTurn(on socket: CInt) {
        var turn: UInt8 = 1
        // One that has ended is noticed by what it does not answer.
        _ = send(socket, &turn, 1, CInt(MSG_NOSIGNAL))
    }

    /// - Returns: whether the other side has said so.
    @discardableResult
    static func receiveTurn(on socket: CInt) -> Bool {
        var turn: UInt8 = 0
        return recv(socket, &turn, 1, 0) == 1
    }

    /// Ends the connection or the listening at once, whoever else holds the socket.
    static func close(_ socket: CInt) {
        _ = shutdown(socket, CInt(SHUT_RDWR))
        _ = Glibc.close(socket)
    }
}
