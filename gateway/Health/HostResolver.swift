import Foundation
import NIOCore
import NIOPosix

/// Turns host names into addresses.
enum HostResolver {
    /// Where one copy of a service is.
    struct Place: Sendable {
        let address: SocketAddress
        /// As it was configured.
        let name: String
    }

    /// The addresses behind a name; nil when it cannot be resolved.
    static func resolve(_ listener: GatewayConfiguration.Listener) async -> [Place]? {
        if let address = try? SocketAddress(ipAddress: listener.host, port: listener.port) {
            return [Place(address: address, name: listener.description)]
        }
        // The resolver blocks its thread for as long as the name server takes.
        let addresses = try? await NIOThreadPool.singleton.runIfActive { Self.addresses(of: listener) }
        guard let addresses, !addresses.isEmpty else { return nil }
        return addresses.map { Place(address: $0, name: listener.description) }
    }

    private static func addresses(of listener: GatewayConfiguration.Listener) -> [SocketAddress] {
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
