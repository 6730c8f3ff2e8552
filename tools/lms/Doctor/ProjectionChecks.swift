import Kernel
import Postgres

/// Whether other services know of devices and keys what the devices service has.
struct ProjectionChecks: Sendable {
    /// Events are on their way for a moment: what differs counts once it has differed for so long.
    private static let patience = Duration.seconds(3)

    let client: PostgresClient

    /// One for all that are alike, or one for each that differs.
    func findings() async -> [Finding] {
        do {
            var found = try await differences()
            if found.contains(where: { !$0.isEmpty }) {
                // Nothing tells when the last event of now has been applied.
                try await Task.sleep(for: Self.patience)
                found = zip(found, try await differences()).map { $0.standing(with: $1) }
            }
            let differing = found.filter { !$0.isEmpty }
            guard differing.isEmpty else { return differing.map(\.finding) }
            let keepers = Set(found.map(\.projection.keeper.rawValue)).sorted().joined(separator: ", ")
            return [.ok("projections", "\(keepers) know every device and key as the devices service has them")]
        } catch {
            return [
                .note(
                    "projections", "they cannot be compared: \(error)",
                    advice: "Use the URL of an administrator who may read the tables of every service.")
            ]
        }
    }

    /// Of each projection, what differs now.
    private func differences() async throws -> [ProjectionDifferences] {
        try await client.withTransaction { transaction in
            try await transaction.batch([
                "SET TRANSACTION READ ONLY",
                // Rows that row security hides would count as missing; so it is an error instead.
                "SET LOCAL row_security = off",
            ])
            var found: [ProjectionDifferences] = []
            for projection in Projection.all {
                let rows = try await transaction.query(projection.differences)
                found.append(
                    try ProjectionDifferences(projection, rows.map { try $0.decode(String.self, String.self) }))
            }
            return found
        }
    }
}
