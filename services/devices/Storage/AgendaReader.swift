import FoundationEssentials
import Postgres
import ServiceKit
import Synchronization

/// What a device is told when it reports: what there is for it to fetch.
struct Agenda: Sendable, Equatable {
    let configVersion: Int
    let appliedConfigVersion: Int?
    let pendingCommands: Int
}

/// Reads the agendas of many devices in one statement.
///
/// Batches form by themselves: while one is read, the next devices gather.
final class AgendaReader: Sendable {
    /// Takes the agenda, once; ``DeviceError/notFound``, or a `PostgresError`.
    typealias Completion = @Sendable (Result<Agenda, any Error>) -> Void

    private struct Asked {
        let device: UUID
        let organization: UUID
        let completion: Completion
    }

    private let database: PostgresClient
    private let state = Mutex((asked: [Asked](), isReading: false))

    init(database: PostgresClient) {
        self.database = database
    }

    func read(of device: UUID, in organization: UUID, completion: @escaping Completion) {
        let mustRead = state.withLock { state in
            state.asked.append(Asked(device: device, organization: organization, completion: completion))
            defer { state.isReading = true }
            return !state.isReading
        }
        // Belongs to none of those who ask.
        if mustRead { Task.detached { await self.readAll() } }
    }

    private func readAll() async {
        while let asked = next() {
            do {
                let agendas = try await PostgresClient.$patience.withValue(PostgresClient.requestPatience) {
                    try await self.agendas(of: asked)
                }
                for one in asked {
                    if let agenda = agendas[one.device] {
                        one.completion(.success(agenda))
                    } else {
                        one.completion(.failure(DeviceError.notFound))
                    }
                }
            } catch {
                // Who has gathered meanwhile would wait as long again for the same answer.
                for one in asked + takeGathered() { one.completion(.failure(error)) }
            }
        }
    }

    private func next() -> [Asked]? {
        state.withLock { state in
            guard !state.asked.isEmpty else {
                state.isReading = false
                return nil
            }
            defer { state.asked = [] }
            return state.asked
        }
    }

    private func takeGathered() -> [Asked] {
        state.withLock { state in
            defer { state.asked = [] }
            return state.asked
        }
    }

    private func agendas(of asked: [Asked]) async throws -> [UUID: Agenda] {
        let rows = try await database.query(
            """
            SELECT config.device_id, config.version, config.applied_version,
                \(CommandQueue.pendingCount(of: "config.device_id", in: "config.organization_id"))
            FROM unnest(\(asked.map(\.device)), \(asked.map(\.organization))) AS asked (device_id, organization_id)
            JOIN devices.configs AS config USING (device_id, organization_id)
            """, as: .platform)
        var agendas: [UUID: Agenda] = [:]
        for row in rows {
            let (device, version, applied, pending) = try row.decode(UUID.self, Int.self, Int?.self, Int.self)
            agendas[device] = Agenda(configVersion: version, appliedConfigVersion: applied, pendingCommands: pending)
        }
        return agendas
    }
}
