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

    private typealias Answer = EventLoopFuture<[SocketAddress]>

    private let group: any EventLoopGroup
    private let lookup: Lookup
    /// What is asked for: a name that takes long takes one thread, however often it is wanted.
    private let underWay = Mutex([String: Answer]())

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
        let loop = group.next()
        let found = loop.makePromise(of: [SocketAddress].self)
        let timer = loop.scheduleTask(in: timeout) { found.fail(ResolverTimeout()) }
        look(up: listener, on: loop).hop(to: loop).whenComplete { result in
            timer.cancel()
            // It may be too late, and changes nothing then.
            found.completeWith(result)
        }
        guard let addresses = try? await found.futureResult.get(), !addresses.isEmpty else { return nil }
        return addresses.map { Place(address: $0, name: name) }
    }

    private func look(up listener: GatewayConfiguration.Listener, on loop: any EventLoop) -> Answer {
        let name = listener.description
        return underWay.withLock { underWay in
            if let lookup = underWay[name] { return lookup }
            let answer = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [lookup] in
                defer { self.underWay.withLock { $0[name] = nil } }
                return lookup(listener)
            }
            underWay[name] = answer
            return answer
        }
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
