import Identity
import Metrics

/// What operators see of the checks of tokens, the exchange with other gateways, and the look-ups of plans' rates.
final class LimitMetrics: Sendable {
    /// Tokens whose signature was looked at.
    let checked: Counter
    private let refusedTokens: [AuthenticationFailure: Counter]
    private let refusedOthers: Counter
    private let buckets: Gauge
    private let gateways: Gauge
    private let isExchanging: Gauge
    private let exchange: Timer
    private let failures: Counter
    private let lookUpFailures: Counter

    init(factory: any MetricsFactory) {
        checked = Counter(label: "lms_gateway_tokens_checked", factory: factory)
        func refused(_ reason: String) -> Counter {
            Counter(label: "lms_gateway_tokens_refused", dimensions: [("reason", reason)], factory: factory)
        }
        refusedTokens = [.malformed: refused("malformed"), .expired: refused("expired"), .revoked: refused("revoked")]
        refusedOthers = refused("invalid")
        buckets = Gauge(label: "lms_gateway_limits_shared", factory: factory)
        gateways = Gauge(label: "lms_gateway_limits_gateways", factory: factory)
        isExchanging = Gauge(label: "lms_gateway_limits_exchanging", factory: factory)
        exchange = Timer(label: "lms_gateway_limits_exchange_duration", factory: factory)
        failures = Counter(label: "lms_gateway_limits_exchange_failures", factory: factory)
        lookUpFailures = Counter(label: "lms_gateway_plan_rates_failures", factory: factory)
    }

    func refused(_ failure: AuthenticationFailure) {
        (refusedTokens[failure] ?? refusedOthers).increment()
    }

    /// Notes an exchange of so many buckets with so many gateways, and how long it took, in nanoseconds.
    func exchanged(buckets: Int, gateways: Int, nanoseconds: UInt64) {
        self.buckets.record(buckets)
        self.gateways.record(gateways)
        isExchanging.record(1)
        exchange.recordNanoseconds(Int64(nanoseconds))
    }

    func failedToExchange() {
        isExchanging.record(0)
        failures.increment()
    }

    /// Notes that plans' rates could not be looked up.
    func failedToLookUp() {
        lookUpFailures.increment()
    }
}
