import Glibc

/// A port of 127.0.0.1 behind which no PostgreSQL is: connections are taken, and nothing is ever answered.
struct LoopbackListener: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw NoPort(reason: String(cString: strerror(errno))) }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    struct NoPort: Error {
        let reason: String
    }

    /// Closes a connection that has come, if one has.
    ///
    /// - Returns: The time just before that.
    func turnAway() -> ContinuousClock.Instant? {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return nil }
        defer { Glibc.close(connection) }
        return .now
    }

    func close() {
        Glibc.close(descriptor)
    }
}
