import Foundation
import Metrics

/// What operators see of the readings of the gateway's file.
final class ReloadMetrics: Sendable {
    private let appliedReloads: Counter
    private let refusedReloads: Counter
    private let number: Gauge
    private let loaded: Gauge

    /// - Parameter generation: the one that the gateway begins with.
    init(factory: any MetricsFactory, _ generation: Generation) {
        func reloads(_ outcome: String) -> Counter {
            Counter(label: "lms_gateway_reloads", dimensions: [("outcome", outcome)], factory: factory)
        }
        appliedReloads = reloads("applied")
        refusedReloads = reloads("refused")
        number = Gauge(label: "lms_gateway_configuration", factory: factory)
        loaded = Gauge(label: "lms_gateway_configuration_loaded_timestamp_seconds", factory: factory)
        note(generation)
    }

    func applied(_ generation: Generation) {
        appliedReloads.increment()
        note(generation)
    }

    func refused() { refusedReloads.increment() }

    private func note(_ generation: Generation) {
        number.record(generation.number)
        loaded.record(generation.loaded.timeIntervalSince1970)
    }
}
