import FoundationEssentials

/// Tells devices of the changes of their configurations: at once of those that there are, else of what comes while the
/// poll waits.
struct ConfigDelivery: Sendable {
    let configs: ConfigStore
    let waiters: PollWaiters

    /// What has changed since the device was told last; nil when nothing did within `patience`.
    func poll(by device: UUID, in organization: UUID, patience: Duration) async throws -> ConfigChanges? {
        try await LongPoll.answer(to: device, of: .configuration, among: waiters, patience: patience) { occasion in
            if occasion == .begun { try await configs.beginTelling(device, in: organization) }
            return try await configs.tellChanges(to: device, in: organization)
        }
    }
}
