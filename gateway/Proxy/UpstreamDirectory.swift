import NIOCore
import Synchronization

/// One copy of a service, as the event loops need to know it.
struct UpstreamCopy: Sendable, Equatable {
    let address: SocketAddress
    /// As it was configured: `host:port`.
    let name: String
    /// What the checks said.
    var checks = CheckedReadiness()
    /// Stays the same as long as the copy is known.
    var load = CopyLoad()

    var isReady: Bool { checks.isReady }
}

/// Where the services are now: written by the health checks, read by every event loop.
final class UpstreamDirectory: Sendable {
    private struct State: Sendable {
        var version = 0
        var copies: [[UpstreamCopy]]
    }

    private let state: Mutex<State>

    /// Starts with the addresses that need no name server.
    init(_ groups: [GatewayConfiguration.UpstreamGroup]) {
        let copies = groups.map { group in
            group.addresses.compactMap { listener in
                (try? SocketAddress(ipAddress: listener.host, port: listener.port)).map {
                    UpstreamCopy(address: $0, name: listener.description)
                }
            }
        }
        state = Mutex(State(copies: copies))
    }

    /// Puts what is known now of a group in the place of what was known.
    func update(group: Int, _ copies: [UpstreamCopy]) {
        state.withLock { state in
            guard state.copies[group] != copies else { return }
            state.copies[group] = copies
            state.version += 1
        }
    }

    /// What is known now of a group.
    func copies(of group: Int) -> [UpstreamCopy] {
        state.withLock { $0.copies[group] }
    }

    /// What is known now, if that is another version than `version`.
    func changes(since version: Int) -> (version: Int, copies: [[UpstreamCopy]])? {
        state.withLock { $0.version == version ? nil : ($0.version, $0.copies) }
    }
}
