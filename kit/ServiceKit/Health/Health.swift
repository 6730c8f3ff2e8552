import Synchronization

/// What a process needs in order to serve, checked when somebody asks.
///
/// A service starts without its dependencies, reports itself not ready, and becomes ready as soon as they answer.
/// ``run()`` must run for the checks to be made.
public final class Health: Sendable {
    /// Returns when the dependency can be used; throws why not, whose description is shown.
    public typealias Check = @Sendable () async throws -> Void

    private let deadline: Duration
    private let checks = Mutex<[HealthCheck]>([])
    private let wanted = AsyncStream.makeStream(of: HealthCheck.self)

    /// - Parameter deadline: how long one check may take before it counts as failed.
    public init(deadline: Duration = .seconds(1)) {
        self.deadline = deadline
    }

    /// Makes readiness depend on `check`, reported as `name`.
    public func register(_ name: String, check: @escaping Check) {
        checks.withLock { $0.append(HealthCheck(name: name, check: check)) }
    }

    /// Makes the checks that somebody asks for, until the task is cancelled.
    ///
    /// They are made here and not where they are asked for, since one that has no deadline of its own, as a query of a
    /// database that stands still, would hold up the answer as long.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for await check in wanted.stream {
                group.addTask { await check.run() }
            }
            group.cancelAll()
        }
    }

    /// What every check finds, all made at once; one that does not come back in time has failed.
    public func readiness() async -> Readiness {
        let checks = checks.withLock { $0 }
        return await withTaskGroup(of: Readiness.Component.self) { group in
            for check in checks {
                group.addTask { [deadline, wanted] in
                    let failure = await check.finding(within: deadline) { wanted.continuation.yield($0) }
                    return .init(name: check.name, failure: failure)
                }
            }
            var components: [Readiness.Component] = []
            for await component in group {
                components.append(component)
            }
            return Readiness(components: components.sorted { $0.name < $1.name })
        }
    }
}

/// The outcome of all readiness checks, and the body of `/readyz`.
public struct Readiness: Sendable, Hashable, Encodable {
    /// One dependency.
    public struct Component: Sendable, Hashable, Encodable {
        public let name: String
        /// Why it cannot be used; nil when it can.
        public let failure: String?

        public init(name: String, failure: String?) {
            self.name = name
            self.failure = failure
        }
    }

    public let components: [Component]

    public init(components: [Component]) {
        self.components = components
    }

    public var isReady: Bool { components.allSatisfy { $0.failure == nil } }

    enum CodingKeys: String, CodingKey {
        case status
        case ready
        case notReady = "not_ready"
    }

    /// `{"status": "ready", "ready": ["database"], "not_ready": {"redis": "why"}}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isReady ? "ready" : "not_ready", forKey: .status)
        try container.encode(components.filter { $0.failure == nil }.map(\.name), forKey: .ready)
        let failures = components.compactMap { component in component.failure.map { (component.name, $0) } }
        try container.encode(Dictionary(failures) { first, _ in first }, forKey: .notReady)
    }
}
