import FoundationEssentials
import Identity
import Metrics
import ServiceLifecycle
import Synchronization
import WebSockets

/// The sockets of this instance and whose they are: counted, and closed when their user may no longer be here.
final class OpenSockets: ServiceLifecycle.Service {
    private struct Entry {
        let socket: WebSocket
        let user: UserPrincipal
        let organization: UUID
        /// Nil for all.
        let visibleDevices: Set<UUID>?
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// How many sockets each organization has.
        var counts: [UUID: Int] = [:]
    }

    private static let interval = Duration.milliseconds(250)
    private static let intervalOfProjects = Duration.seconds(1)

    private let limit: Int
    private let revocations: Revocations
    private let visibleDevices: VisibleDevices
    private let state = Mutex(State())
    private let gauge = Gauge(label: "lms_realtime_sockets")

    /// - Parameter limit: how many sockets an organization may have open on an instance.
    init(limit: Int = 5000, revocations: Revocations, visibleDevices: VisibleDevices) {
        self.limit = limit
        self.revocations = revocations
        self.visibleDevices = visibleDevices
    }

    /// Admits a socket of a user who acts in `organization` and is shown `devices` (nil: all); false when that has too
    /// many.
    func add(_ socket: WebSocket, of user: UserPrincipal, in organization: UUID, showing devices: Set<UUID>?) -> Bool {
        state.withLock { state in
            guard state.counts[organization, default: 0] < limit else { return false }
            state.counts[organization, default: 0] += 1
            state.entries[ObjectIdentifier(socket)] = Entry(
                socket: socket, user: user, organization: organization, visibleDevices: devices)
            gauge.record(state.entries.count)
            return true
        }
    }

    func remove(_ socket: WebSocket, in organization: UUID) {
        state.withLock { state in
            guard state.entries.removeValue(forKey: ObjectIdentifier(socket)) != nil else { return }
            let others = state.counts[organization, default: 1] - 1
            state.counts[organization] = others > 0 ? others : nil
            gauge.record(state.entries.count)
        }
    }

    /// Looks again and again whose credential has ended, and, apart from it, whose devices are others now: that asks the
    /// database, which may be slow to answer.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.keep(every: Self.interval) { self.closeEnded(at: Date()) } }
                group.addTask { await self.keep(every: Self.intervalOfProjects, self.closeOutdated) }
            }
        }
    }

    private func keep(every interval: Duration, _ look: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            await look()
            try? await Task.sleep(for: interval)
        }
    }

    private func closeEnded(at now: Date) {
        let all = state.withLock { Array($0.entries.values) }
        for entry in all where isEnded(entry.user, at: now) {
            entry.socket.close(.notAuthenticated, reason: "the session has ended")
        }
    }

    /// Closes the sockets of those who may see only some projects, once these have other devices: the client comes back
    /// and is shown what it may see then.
    private func closeOutdated() async {
        let all = state.withLock { Array($0.entries.values) }
        let confined = all.filter { $0.visibleDevices != nil && $0.user.hasProjectGrants }
        for entry in confined {
            // While the database is away nothing is known to have changed.
            guard let devices = try? await visibleDevices.devices(of: entry.user, in: entry.organization),
                devices != entry.visibleDevices
            else { continue }
            entry.socket.close(.tryAgainLater, reason: "you may see other devices now")
        }
    }

    private func isEnded(_ user: UserPrincipal, at now: Date) -> Bool {
        user.expiresAt.map { $0 <= now } ?? false || revocations.isRevoked(user)
    }
}

extension UserPrincipal {
    fileprivate var hasProjectGrants: Bool {
        grants.contains { grant in
            if case .project = grant.resource { true } else { false }
        }
    }
}
