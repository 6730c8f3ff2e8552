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
        /// The number of the last generation that was announced.
        var generation = 1
    }

    private let state: Mutex<State>

    /// Starts with the addresses that need no name server.
    init(_ groups: [GatewayConfiguration.UpstreamGroup]) {
        state = Mutex(State(copies: groups.map(Self.knownCopies)))
    }

    private static func knownCopies(_ group: GatewayConfiguration.UpstreamGroup) -> [UpstreamCopy] {
        group.addresses.compactMap { listener in
            (try? SocketAddress(ipAddress: listener.host, port: listener.port)).map {
                UpstreamCopy(address: $0, name: listener.description)
            }
        }
    }

    /// Makes room for the upstreams that a generation adds. What checks of earlier ones still find out does not count from
    /// now on.
    func announce(_ generation: Generation) {
        state.withLock { state in
            state.generation = generation.number
            state.copies += generation.configuration.upstreams.dropFirst(state.copies.count).map(Self.knownCopies)
            state.version += 1
        }
    }

    /// Puts what is known now of a group in the place of what was known.
    ///
    /// - Parameter generation: the one by which it was found out.
    func update(group: Int, _ copies: [UpstreamCopy], by generation: Generation) {
        state.withLock { state in
            guard state.generation == generation.number, state.copies[group] != copies else { return }
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
