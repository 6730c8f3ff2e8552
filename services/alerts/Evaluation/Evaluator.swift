import EventBus
import Logging
import Redis
import ServiceKit
import ServiceLifecycle

/// Reads this instance's share of the telemetry and evaluates it, in order and from where the last holder stopped.
struct Evaluator: ServiceLifecycle.Service {
    /// The pause between reads in which readings gather.
    private static let pace = Duration.milliseconds(20)

    let redis: RedisClient
    let engine: EvaluationEngine
    let logger: Logger

    func run() async throws {
        await persistently(orSay: "readings wait to be evaluated", to: logger) { backoff in
            do {
                try await redis.withConnection { connection in
                    // At the start the other connection may take a moment longer, which is no outage.
                    try await redis.waitUntilConnected()
                    var pace = ReadPace(Self.pace)
                    while !Task.isCancelled {
                        try await pace.wait()
                        pace.hasRead(try await engine.takeTurn(connection), ofAtMost: EvaluationEngine.entriesPerRead)
                        backoff.reset()
                    }
                }
            } catch let error as RedisError where error.isConnectionFailure {
                await engine.noteOutage()
                throw error
            }
        }
        do {
            try await engine.shutDown()
        } catch {
            logger.warning("leases were left to end by themselves", metadata: ["error": "\(error)"])
        }
    }
}
