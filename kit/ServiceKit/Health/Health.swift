import Synchronization

/// What a process needs in order to serve, checked when somebody asks.
///
/// A service starts without its dependencies, reports itself not ready, and becomes ready as soon as they answer.
public final class Health: Sendable {
    /// Returns when the dependency can be used; throws why not, whose description is shown. Must respond to
    /// cancellation.
    public typealias Check = @Sendable () async throws -> Void

    private let deadline: Duration
    private let checks = Mutex<[(name: String, check: Check)]>([])

    /// - Parameter deadline: how long one check may take before it counts as failed.
    public init(deadline: Duration = .seconds(1)) {
        self.deadline = deadline
    }

    /// Makes readiness depend on `check`, reported as `name`.
    public func register(_ name: String, check: @escaping Check) {
        checks.withLock { $0.append((name, check)) }
    }

    /// Runs every check at once.
    public func readiness() async -> Readiness {
        let checks = checks.withLock { $0 }
        return await withTaskGroup(of: Readiness.Component.self) { group in
            for (name, check) in checks {
                group.addTask { [deadline] in
                    .init(name: name, failure: await Self.failure(of: check, within: deadline))
                }
            }
            var components: [Readiness.Component] = []
            for await component in group {
                components.append(component)
            }
            return Readiness(components: components.sorted { $0.name < $1.name })
        }
    }

    private static func failure(of check: @escaping Check, within deadline: Duration) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    try await check()
                    return nil
                } catch {
                    return String(describing: error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: deadline)
                return "no answer within \(deadline)"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
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
