import FoundationEssentials
import Postgres
import ServiceKit

/// Takes what devices say of themselves, and tells them what there is for them to fetch.
struct StatusIntake: Sendable {
    /// Takes the answer, once; what refuses the device, or a `PostgresError`.
    typealias Completion = @Sendable (Result<StatusAnswer, any Error>) -> Void

    let agendas: AgendaReader
    let configs: ConfigStore
    let liveness: LivenessWriter

    /// - Parameters:
    ///   - applied: The version of the configuration that the device says it works with.
    ///   - trace: Of the request.
    func take(
        _ sign: SignOfLife, applied: Int?, in organization: UUID, trace: RequestTrace?,
        completion: @escaping Completion
    ) {
        agendas.read(of: sign.deviceID, in: organization) { result in
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success(let agenda):
                guard let applied, applied != agenda.appliedConfigVersion else {
                    return finish(sign, agenda, completion)
                }
                Task.detached {
                    do {
                        try await note(applied, by: sign.deviceID, in: organization, trace)
                        finish(sign, agenda, completion)
                    } catch {
                        completion(.failure(error))
                    }
                }
            }
        }
    }

    private func note(_ applied: Int, by device: UUID, in organization: UUID, _ trace: RequestTrace?) async throws {
        let note = { try await configs.noteApplied(applied, by: device, in: organization) }
        if let trace { try await trace.withRequest(note) } else { try await note() }
    }

    private func finish(_ sign: SignOfLife, _ agenda: Agenda, _ completion: @escaping Completion) {
        liveness.take(sign) { result in
            completion(
                result.map {
                    StatusAnswer(
                        serverTime: sign.time, configVersion: agenda.configVersion,
                        pendingCommands: agenda.pendingCommands)
                })
        }
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
