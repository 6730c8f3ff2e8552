import Glibc
import Synchronization

/// Which loopback port each server of a state folder listens on, so that a second run uses the same ones.
public struct PortTable: Sendable, Hashable {
    public private(set) var ports: [String: Int] = [:]

    public init() {}

    /// Reads lines of the form `name port`; others are passed over.
    init(text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let port = Int(words[1]), (1...65535).contains(port) else { continue }
            ports[String(words[0])] = port
        }
    }

    var text: String {
        ports.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
    }

    /// The port of `name`: the remembered one, else `preferred`, else any of `range`; the first that is free and that
    /// no other name has. It is remembered.
    ///
    /// - Throws: ``LocalStackError/noFreePort(_:)``.
    mutating func assign(
        _ name: String, preferred: Int? = nil, range: ClosedRange<Int> = loopbackPorts, isFree: (Int) -> Bool
    ) throws -> Int {
        let others = Set(ports.filter { $0.key != name }.values)
        let start = Int.random(in: range)
        let wish = [ports[name], preferred].compactMap { $0 }
        let scan = (start...range.upperBound).lazy.map { $0 } + Array(range.lowerBound..<start)
        guard let port = (wish + scan).first(where: { !others.contains($0) && isFree($0) }) else {
            throw LocalStackError.noFreePort(range)
        }
        ports[name] = port
        return port
    }
}

/// Below the range from which Linux takes ports for outgoing connections (32768 on), so that no client can sit on a
/// remembered port.
let loopbackPorts = 20_000...31_999

/// The ports that one of the state folders of this process has handed out: between that and the moment that its server
/// listens, the port looks free to the others.
final class PortClaims: Sendable {
    private static let all = Mutex<Set<Int>>([])
    private let own = Mutex<Set<Int>>([])

    /// Claims `port` if it is free and no other folder has it.
    func take(_ port: Int) -> Bool {
        guard isLoopbackPortFree(port) else { return false }
        return own.withLock { own in
            guard !own.contains(port) else { return true }
            guard Self.all.withLock({ $0.insert(port).inserted }) else { return false }
            own.insert(port)
            return true
        }
    }

    deinit {
        let own = own.withLock(\.self)
        Self.all.withLock { $0.subtract(own) }
    }
}

/// Whether nothing listens on `port` of 127.0.0.1.
public func isLoopbackPortFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // As servers do, so that connections of an earlier run that are still in TIME_WAIT do not count.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = loopbackAddress(port: port)
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(descriptor, 1) == 0
        }
    }
}

/// 127.0.0.1 with `port`, as the socket calls take it.
func loopbackAddress(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}
