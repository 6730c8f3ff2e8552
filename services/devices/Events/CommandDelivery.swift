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
        try await LongPoll.answer(to: device, of: .commands, among: waiters, patience: patience) { _ in
            try await take(limit, by: device, in: organization)
        } ?? []
    }

    /// Up to `limit` commands, the most urgent first, which are the device's for the length of their lease; nil when
    /// there is none.
    func take(_ limit: Int, by device: UUID, in organization: UUID) async throws -> [Command]? {
        let commands = try await queue.lease(limit, by: device, in: organization)
        guard !commands.isEmpty else { return nil }
        announcer.committed()
        return commands
    }
}
