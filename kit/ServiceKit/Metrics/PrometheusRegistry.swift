import Metrics
import Synchronization

/// The metrics of a process, and what `/metrics` answers.
///
/// It is a backend of swift-metrics: a `Counter` becomes a Prometheus counter (`_total`), a `Timer` a histogram in
/// seconds (`_seconds`), a `Gauge` or `Meter` a gauge, a `Recorder` a histogram. Updating an instrument takes no lock;
/// making one does, so keep those that are used often.
public final class PrometheusRegistry: MetricsFactory {
    enum Instrument: Sendable {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)
    }

    struct Family: Sendable {
        let type: MetricType
        /// Instruments by their labels in the text format, such as `{method="GET"}` without the braces.
        var instruments: [String: Instrument] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var help: [String: String] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// Says what the metric named `name` (as it is exposed) means, for the HELP line; its words otherwise stand there.
    public func describe(_ name: String, _ help: String) {
        state.withLock { $0.help[name] = help }
    }

    /// All metrics in Prometheus' text exposition format 0.0.4.
    public func exposition() -> String {
        let (families, help) = state.withLock { ($0.families, $0.help) }
        var text = ExpositionText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text.family(name, family, help: help[name] ?? MetricName.words(of: name))
        }
        text.append(ProcessMetrics.current())
        return text.text
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? histogram(MetricName.sanitized(label), dimensions, bounds: PrometheusHistogram.sizes)
            : gauge(label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = MetricName.sanitized(label).ending(in: "_seconds")
        return histogram(name, dimensions, bounds: PrometheusHistogram.durations)
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }

    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }

    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }

    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }

    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    // MARK: Instruments

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> PrometheusCounter {
        let name = MetricName.sanitized(label).ending(in: "_total")
        let made = instrument(name, .counter, dimensions) { .counter(PrometheusCounter()) }
        guard case .counter(let counter) = made else { return PrometheusCounter() }
        return counter
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> PrometheusGauge {
        let made = instrument(MetricName.sanitized(label), .gauge, dimensions) { .gauge(PrometheusGauge()) }
        guard case .gauge(let gauge) = made else { return PrometheusGauge() }
        return gauge
    }

    private func histogram(
        _ name: String, _ dimensions: [(String, String)], bounds: [Double]
    ) -> PrometheusHistogram {
        let made = instrument(name, .histogram, dimensions) { .histogram(PrometheusHistogram(bounds: bounds)) }
        guard case .histogram(let histogram) = made else { return PrometheusHistogram(bounds: bounds) }
        return histogram
    }

    /// The instrument of that name and labels, made on first use; nil when the name is already used with another type
    /// (the caller then counts into nothing: a mistake in a metric must not stop the service).
    private func instrument(
        _ name: String, _ type: MetricType, _ dimensions: [(String, String)], make: () -> Instrument
    ) -> Instrument? {
        let labels = ExpositionText.labels(dimensions)
        return state.withLock { state in
            var family = state.families[name] ?? Family(type: type)
            guard family.type == type else {
                assertionFailure("metric \(name) is a \(family.type.rawValue), not a \(type.rawValue)")
                return nil
            }
            if let existing = family.instruments[labels] { return existing }
            let instrument = make()
            family.instruments[labels] = instrument
            state.families[name] = family
            return instrument
        }
    }

    private func remove(_ handler: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                var family = family
                family.instruments = family.instruments.filter { $0.value.object !== handler }
                state.families[name] = family.instruments.isEmpty ? nil : family
            }
        }
    }
}

extension PrometheusRegistry.Instrument {
    fileprivate var object: AnyObject {
        switch self {
        case .counter(let counter): counter
        case .gauge(let gauge): gauge
        case .histogram(let histogram): histogram
        }
    }
}
