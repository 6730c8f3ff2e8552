import Foundation
import Identity
import Logging
import Metrics
import NIOCore
import Redis
import ServiceKit
import ServiceLifecycle

extension Gateway {
    /// The Redis of `LMS_REDIS_URL`, which the gateway can do without.
    ///
    /// - Throws: `RedisURLError`.
    static func redis(_ settings: ServiceConfiguration) throws -> RedisConfiguration? {
        do {
            var redis = try RedisConfiguration(url: settings.redisURL)
            // What is late is of no use: the next exchange tells the same.
            redis.commandTimeout = .milliseconds(500)
            return redis
        } catch ConfigurationError.missing {
            return nil
        }
    }

    /// Makes what admits requests, and what keeps it up to date.
    static func makeLimits(
        _ current: CurrentGeneration, redis: RedisConfiguration?, directory: UpstreamDirectory, probe: Probe,
        metrics factory: any MetricsFactory, logger: Logger
    ) -> (admission: Admission, services: [any Service]) {
        let configuration = current.value.configuration
        let limiter = RateLimiter(configuration.limits)
        let metrics = LimitMetrics(factory: factory)
        let revocations = Revocations()
        let tokens = configuration.tokens.map { settings in
            TokenGate(
                keys: IssuerKeys.published(current, directory: directory, probe: probe),
                revocations: revocations, capacity: settings.capacity)
        }
        var services: [any Service] = []
        var planRates: PlanRates?
        if let redis {
            let client = RedisClient(redis)
            services += [
                ClientService("redis") { await client.run() },
                LimitExchange(
                    limiter: limiter, redis: client, settings: configuration.limitExchange,
                    id: UUID().uuidString.lowercased(), metrics: metrics, logger: logger),
            ]
            if tokens != nil {
                // Nobody is asked for those that it misses: services know them all.
                services.append(
                    RevocationFeed(revocations: revocations, redis: client, logger: logger, sources: []))
                let rates = PlanRates(limiter: limiter, redis: client, metrics: metrics, logger: logger)
                services.append(rates)
                planRates = rates
            }
        }
        if let tokens { services.append(IssuerKeys(tokens: tokens)) }
        return (Admission(limiter: limiter, tokens: tokens, planRates: planRates, metrics: metrics), services)
    }
}
