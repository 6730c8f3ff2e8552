import FoundationEssentials
import Identity
import Reactor
import ServiceKit

/// Gives devices their commands: at once what there is, else what comes while the poll waits.
struct CommandDelivery: Sendable {
    let queue: CommandQueue
    let waiters: PollWaiters
    let announcer: Announcer
    let authenticator: Authenticator

    /// Up to `limit` commands, the most urgent first; none when none came within `patience`.
    func poll(
        by device: UUID, with credentials: Credentials, limit: Int, patience: Duration
    ) async throws -> [Command] {
        let promise = Promise<[Command]?>()
        let poll = poll(by: device, with: credentials, limit: limit, trace: .current) { promise.settle($0) }
        poll.start(patience: patience)
        defer { poll.endWait() }
        return try await promise.value() ?? []
    }

    /// The same without a task, to be started.
    ///
    /// - Parameter onBegin: Called once the key has been found good.
    func poll(
        by device: UUID, with credentials: Credentials, limit: Int, trace: RequestTrace?,
        onBegin: @escaping @Sendable () -> Void = {}, completion: @escaping LongPoll<[Command]>.Completion
    ) -> LongPoll<[Command]> {
        let caller = DeviceCaller(device: device, credentials: credentials, authenticator: authenticator)
        return LongPoll(
            by: caller, for: .commands, among: waiters, trace: trace,
            look: { device, occasion in
                if occasion == .begun { onBegin() }
                let commands = try await queue.lease(limit, by: device.id, in: device.organizationID)
                guard !commands.isEmpty else { return nil }
                announcer.committed()
                return commands
            }, completion: completion)
    }
}
