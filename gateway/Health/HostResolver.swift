import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Turns host names into addresses.
final class HostResolver: Sendable {
    /// Where one copy of a service is.
    struct Place: Sendable, Equatable {
        let address: SocketAddress
        /// As it was configured.
        let name: String
    }

    /// Asks for the addresses behind a name, and blocks its thread for as long as the name server takes; none where there
    /// is no answer.
    typealias Lookup = @Sendable (GatewayConfiguration.Listener) -> [SocketAddress]

    private let group: any EventLoopGroup
    private let lookup: Lookup
    /// The names that are asked for: one that takes long takes one thread, however often it is wanted.
    private let underWay = Mutex(Set<String>())

    init(group: any EventLoopGroup, lookup: @escaping Lookup = HostResolver.addresses) {
        self.group = group
        self.lookup = lookup
    }

    /// The addresses behind a name; nil when it cannot be resolved within the time.
    func resolve(_ listener: GatewayConfiguration.Listener, within timeout: TimeAmount) async -> [Place]? {
        let name = listener.description
        if let address = try? SocketAddress(ipAddress: listener.host, port: listener.port) {
            return [Place(address: address, name: name)]
        }
        guard underWay.withLock({ $0.insert(name).inserted }) else { return nil }
        let loop = group.next()
        let found = loop.makePromise(of: [SocketAddress].self)
        let timer = loop.scheduleTask(in: timeout) { found.fail(ResolverTimeout()) }
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [lookup] in lookup(listener) }
            .whenComplete { result in
                _ = self.underWay.withLock { $0.remove(name) }
                timer.cancel()
                found.completeWith(result)
            }
        guard let addresses = try? await found.futureResult.get(), !addresses.isEmpty else { return nil }
        return addresses.map { Place(address: $0, name: name) }
    }

    /// Asks the system.
    static func addresses(of listener: GatewayConfiguration.Listener) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(listener.host, String(listener.port), &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let bytes = UnsafeRawPointer(entry.ai_addr) else { continue }
            if entry.ai_family == AF_INET {
                addresses.append(SocketAddress(bytes.loadUnaligned(as: sockaddr_in.self)))
            } else if entry.ai_family == AF_INET6 {
                addresses.append(SocketAddress(bytes.loadUnaligned(as: sockaddr_in6.self)))
            }
        }
        // A name with both kinds, `localhost` above all, stands for the same copies twice; services listen on IPv4
        // unless told otherwise.
        let version4 = addresses.filter { $0.protocol == .inet }
        return version4.isEmpty ? addresses : version4
    }
}

/// A name server that does not answer in time.
private struct ResolverTimeout: Error {}
