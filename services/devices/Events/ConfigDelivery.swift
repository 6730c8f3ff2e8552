import FoundationEssentials
import Identity
import Reactor

/// Tells devices of the changes of their configurations: at once of those that there are, else of what comes while the
/// poll waits.
struct ConfigDelivery: Sendable {
    let configs: ConfigStore
    let waiters: PollWaiters
    let authenticator: Authenticator

    /// What has changed since the device was told last; nil when nothing did within `patience`.
    func poll(by device: UUID, with credentials: Credentials, patience: Duration) async throws -> ConfigChanges? {
        let promise = Promise<ConfigChanges?>()
        let caller = DeviceCaller(device: device, credentials: credentials, authenticator: authenticator)
        let poll = LongPoll(by: caller, for: .configuration, among: waiters) { device, occasion in
            if occasion == .begun { try await configs.beginTelling(device.id, in: device.organizationID) }
            return try await configs.tellChanges(to: device.id, in: device.organizationID)
        } completion: {
            promise.settle($0)
        }
        poll.start(patience: patience)
        defer { poll.endWait() }
        return try await promise.value()
    }
}
