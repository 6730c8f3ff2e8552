import FoundationEssentials

/// Gives devices their commands: at once what there is, else what comes while the poll waits.
struct CommandDelivery: Sendable {
    let queue: CommandQueue
    let waiters: PollWaiters
    let announcer: Announcer

    /// Up to `limit` commands, the most urgent first; none when none came within `patience`.
    func poll(
        by device: UUID, in organization: UUID, limit: Int, patience: Duration
    ) async throws -> [Command] {
        let deadline = ContinuousClock.now + patience
        return try await waiters.withWaiter(for: device) { waiter in
            while true {
                let commands = try await queue.lease(limit, by: device, in: organization)
                if !commands.isEmpty { announcer.committed() }
                guard commands.isEmpty, await waiter.wait(until: deadline) else { return commands }
            }
        }
    }
}
