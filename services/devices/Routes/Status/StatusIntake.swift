import FoundationEssentials
import Postgres

/// Takes what devices say of themselves, and tells them what there is for them to fetch.
struct StatusIntake: Sendable {
    let agendas: BatchedLookup<UUID, Agenda>
    let configs: ConfigStore
    let liveness: LivenessWriter

    /// - Parameter applied: The version of the configuration that the device says it works with.
    /// - Throws: ``DeviceError/notFound``, `PostgresError`.
    func take(_ sign: SignOfLife, applied: Int?, in organization: UUID) async throws -> StatusAnswer {
        guard let agenda = try await agendas.value(for: sign.deviceID) else { throw DeviceError.notFound }
        if let applied, applied != agenda.appliedConfigVersion {
            try await configs.noteApplied(applied, by: sign.deviceID, in: organization)
        }
        try await liveness.take(sign)
        return StatusAnswer(
            serverTime: sign.time, configVersion: agenda.configVersion, pendingCommands: agenda.pendingCommands)
    }
}

/// What a device is answered that reports.
struct StatusAnswer: Sendable, Encodable {
    let serverTime: Timestamp
    let configVersion: Int
    let pendingCommands: Int

    enum CodingKeys: String, CodingKey {
        case serverTime = "server_time"
        case configVersion = "config_version"
        case pendingCommands = "pending_commands"
    }
}
