import Logging
import ServiceLifecycle

/// Delivers what waits in a table, many at once. Every instance of a service runs one; each takes what no other has
/// claimed, and what an instance that died had claimed comes due again.
public actor DeliveryLoop<Delivery: Sendable>: ServiceLifecycle.Service {
    private let claim: @Sendable (_ limit: Int) async throws -> [Delivery]
    private let deliver: @Sendable (Delivery) async -> Void
    private let wake: DeliveryWake
    private let logger: Logger
    private var inFlight = 0

    /// - Parameters:
    ///   - wake: What tells of new deliveries before the next turn, a second later.
    ///   - claim: Takes at most so many that are due.
    ///   - deliver: Delivers one and notes how it went.
    public init(
        wake: DeliveryWake, logger: Logger, claim: @escaping @Sendable (_ limit: Int) async throws -> [Delivery],
        deliver: @escaping @Sendable (Delivery) async -> Void
    ) {
        self.claim = claim
        self.deliver = deliver
        self.wake = wake
        self.logger = logger
    }

    /// Runs until shut down; then what is on its way is still delivered.
    public func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.tick() }
                await self.dispatch()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.wake.end()
        }
    }

    /// What came due since, and what other instances wrote, is found at the next tick.
    private func tick() async {
        while !Task.isCancelled {
            wake.wake()
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func dispatch() async {
        await withDiscardingTaskGroup { group in
            for await _ in wake.turns.stream {
                for delivery in await claimDue() {
                    group.addTask { await self.perform(delivery) }
                }
            }
        }
    }

    private func claimDue() async -> [Delivery] {
        let room = 32 - inFlight
        guard room > 0 else { return [] }
        do {
            let claimed = try await claim(room)
            inFlight += claimed.count
            return claimed
        } catch {
            logger.warning("deliveries wait", metadata: ["error": "\(error)"])
            return []
        }
    }

    private func perform(_ delivery: Delivery) async {
        await deliver(delivery)
        inFlight -= 1
        // There may be more than there was room for.
        wake.wake()
    }
}

/// Lets a ``DeliveryLoop`` look now rather than at its next turn.
public struct DeliveryWake: Sendable {
    let turns = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    public init() {}

    /// To be called after the commit of what is to be delivered.
    public func wake() {
        turns.continuation.yield()
    }

    func end() {
        turns.continuation.finish()
    }
}
