import NIOCore
import Synchronization

/// How a service is.
enum ServiceStatus: String, Sendable {
    /// Every copy is ready.
    case up
    /// Some copy is ready, and another is not or does not answer.
    case degraded
    /// No copy is ready.
    case down
}

/// What the last checks said of a service.
struct ServiceHealth: Sendable, Equatable {
    var name: String
    var status: ServiceStatus
    /// How long the slowest copy took to answer, in milliseconds; nil when none did.
    var latency: Double?
}

/// The outcome of checking one copy of a service.
enum CheckResult: Sendable, Equatable {
    /// It answered whether it is ready; the latency is in milliseconds.
    case answered(isReady: Bool, latency: Double)
    case silent
}

extension ServiceHealth {
    /// Sums the checks of a service's copies up.
    init(name: String, checks: [CheckResult]) {
        var ready = 0
        var slowest: Double?
        for case .answered(let isReady, let latency) in checks {
            if isReady { ready += 1 }
            slowest = max(slowest ?? 0, latency)
        }
        self.name = name
        latency = slowest
        status = ready == 0 ? .down : ready == checks.count ? .up : .degraded
    }
}

/// How all services are, as the checks left it.
final class HealthBoard: Sendable {
    private struct State {
        var services: [ServiceHealth]?
        var generation = 0
    }

    private let state = Mutex(State())

    /// Puts the outcome of a round of checks in the place of the last.
    ///
    /// - Parameter generation: the number of the one whose services were checked; later ones have been known since.
    func update(_ services: [ServiceHealth], by generation: Int = 1) {
        state.withLock { state in
            guard generation >= state.generation else { return }
            state = State(services: services, generation: generation)
        }
    }

    var current: [ServiceHealth] { state.withLock { $0.services ?? [] } }

    /// Whether a first round of checks is over, so that the gateway knows where to send requests.
    var isReady: Bool { state.withLock { $0.services != nil } }

    /// The services as JSON: 503 when one is down, or before the first checks.
    var response: LocalResponse {
        let services = current
        let worst: ServiceStatus =
            services.isEmpty || services.contains { $0.status == .down }
            ? .down : services.contains { $0.status == .degraded } ? .degraded : .up
        let members = services.map { service in
            let latency = service.latency.map { String(($0 * 100).rounded() / 100) } ?? "null"
            return #""\#(service.name)":{"status":"\#(service.status.rawValue)","latency_ms":\#(latency)}"#
        }
        return .json(
            #"{"status":"\#(worst.rawValue)","services":{\#(members.joined(separator: ","))}}"#,
            status: worst == .down ? 503 : 200)
    }
}
