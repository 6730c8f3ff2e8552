import Glibc
import NIOCore

/// A socket on which clients connect, apart from what accepts them.
///
/// As long as any process holds it, those who wait in its queue are not lost.
struct ListeningSocket: Sendable {
    /// Connections that may wait to be accepted.
    static let backlog: CInt = 4096

    let descriptor: CInt
    let kind: Site.Kind

    /// One that another process has opened.
    init(descriptor: CInt, kind: Site.Kind) {
        self.descriptor = descriptor
        self.kind = kind
    }

    /// Listens on an address, beside other sockets that do with `SO_REUSEPORT`.
    ///
    /// - Throws: ``SocketError``.
    init(listeningOn address: SocketAddress, kind: Site.Kind) throws(SocketError) {
        self.kind = kind
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        descriptor = try SocketError.check(socket(address.protocol.rawValue, CInt(type), 0))
        do {
            var one: CInt = 1
            let size = socklen_t(MemoryLayout<CInt>.size)
            for option in [SO_REUSEADDR, SO_REUSEPORT] {
                try SocketError.check(setsockopt(descriptor, SOL_SOCKET, option, &one, size))
            }
            try SocketError.check(address.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) })
            try listen()
        } catch {
            close()
            throw error
        }
    }

    /// Also sets how many may wait.
    func listen() throws(SocketError) { try SocketError.check(Glibc.listen(descriptor, Self.backlog)) }

    func close() { _ = Glibc.close(descriptor) }

    /// The same socket with a descriptor of its own, which is closed for itself.
    func duplicate(as kind: Site.Kind) throws(SocketError) -> ListeningSocket {
        ListeningSocket(descriptor: try SocketError.check(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)), kind: kind)
    }

    /// Where it listens.
    var address: SocketAddress? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0 else { return nil }
        let family = CInt(storage.ss_family)
        return withUnsafeBytes(of: &storage) { bytes in
            switch family {
            case AF_INET: SocketAddress(bytes.loadUnaligned(as: sockaddr_in.self))
            case AF_INET6: SocketAddress(bytes.loadUnaligned(as: sockaddr_in6.self))
            default: nil
            }
        }
    }
}

/// What the system said of a call.
struct SocketError: Error, Equatable, CustomStringConvertible {
    let errnoCode: CInt

    var description: String { String(cString: strerror(errnoCode)) }

    /// - Returns: the result of a call that has not failed.
    @discardableResult
    static func check(_ result: CInt) throws(SocketError) -> CInt {
        guard result >= 0 else { throw SocketError(errnoCode: errno) }
        return result
    }
}
