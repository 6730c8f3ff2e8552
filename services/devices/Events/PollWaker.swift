import FoundationEssentials
import Logging
import Redis
import ServiceKit
import ServiceLifecycle

/// Wakes waiting polls: as other instances say that commands were queued or configurations changed, and as the database
/// says every few seconds, since a message may be lost, a command may be scheduled, and a lease may run out.
struct PollWaker: ServiceLifecycle.Service, CustomStringConvertible {
    private static let rereadInterval = Duration.seconds(3)

    let waiters: PollWaiters
    let queue: CommandQueue
    let configs: ConfigStore
    let redis: RedisClient
    let logger: Logger

    var description: String { "poll-waker" }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await listen() }
                group.addTask { await reread() }
            }
        }
    }

    private func listen() async {
        for await event in redis.subscribe(to: Announcer.wakeChannel, bufferingNewest: 4096) {
            switch event {
            case .message(let message):
                if let device = UUID(uuidString: String(decoding: message.payload, as: UTF8.self)) {
                    waiters.wake(device)
                }
            case .established, .dropped:
                // What the messages said that were missed.
                do {
                    try await wakeThoseWithSomething()
                } catch {
                    logger.debug("what polls wait for cannot be looked for", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func reread() async {
        await periodically(every: Self.rereadInterval, orSay: "what polls wait for cannot be looked for", to: logger) {
            try await wakeThoseWithSomething()
        }
    }

    /// Two statements for all waiting polls of the process.
    private func wakeThoseWithSomething() async throws {
        let polling = waiters.devices(waitingFor: .commands)
        if !polling.isEmpty {
            for device in try await queue.waiting(among: polling) { waiters.wake(device) }
        }
        let following = waiters.devices(waitingFor: .configuration)
        if !following.isEmpty {
            for device in try await configs.untold(among: following) { waiters.wake(device) }
        }
    }
}
