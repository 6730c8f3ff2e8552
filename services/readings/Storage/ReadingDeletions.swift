import FoundationEssentials
import Postgres

/// Deletes readings because somebody asks for it.
struct ReadingDeletions: Sendable {
    /// How much is done for one request.
    struct Bounds: Sendable {
        /// In one transaction.
        var pieceSize = SeriesRows.pieceSize
        /// In all.
        var rows = 200_000
        /// After this no further transaction is begun; well below the 30 s after which the gateway answers instead.
        var time = Duration.seconds(10)
    }

    let database: PostgresClient
    let ledger: Ledger
    var bounds = Bounds()

    /// Deletes series by series, from the oldest reading on. Every transaction has its audit row and its event, so that what
    /// is deleted is told even if this ends half-way. The series stay, with their unit and the kind of their values.
    ///
    /// - Throws: `PostgresError`; what was deleted until then stays deleted.
    func delete(
        _ selection: ReadingSelection, in organization: UUID, by user: UUID
    ) async throws -> DeletionOutcome {
        let deadline = ContinuousClock.now.advanced(by: bounds.time)
        var deleted = 0
        for series in try await series(of: selection, organization) {
            while let count = try await deletePiece(
                of: series, selection, limit: min(bounds.pieceSize, bounds.rows - deleted), organization, user)
            {
                deleted += count
                guard deleted < bounds.rows, ContinuousClock.now < deadline else {
                    return DeletionOutcome(deleted: deleted, isComplete: false)
                }
            }
        }
        return DeletionOutcome(deleted: deleted, isComplete: true)
    }

    private func series(
        of selection: ReadingSelection, _ organization: UUID
    ) async throws -> [(id: Int64, sensorType: String)] {
        let filter = SeriesFilter(devices: [selection.device], sensorTypes: selection.sensorTypes)
        let rows = try await database.query(
            "SELECT s.id, s.sensor_type FROM readings.series AS s WHERE \(filter.conditions(organization)) ORDER BY s.id",
            as: .organization(organization))
        return try rows.map { try $0.decode(Int64.self, String.self) }
    }

    /// - Returns: How many readings; nil when there are none left.
    private func deletePiece(
        of series: (id: Int64, sensorType: String), _ selection: ReadingSelection, limit: Int, _ organization: UUID,
        _ user: UUID
    ) async throws -> Int? {
        let rows = SeriesRows(table: "readings.readings", series: series.id)
        let count: Int? = try await database.withTransaction(as: .organization(organization)) { transaction in
            guard
                let piece = try await rows.oldest(
                    from: selection.start, until: selection.end, limit: limit, transaction)
            else { return nil }
            let count = try await rows.deleteAndMark(piece, transaction)
            // None is left where another request has just deleted the same.
            guard count > 0 else { return 0 }
            let readings = DeletedReadings(
                organizationID: organization, deviceID: selection.device, sensorType: series.sensorType,
                first: piece.lowerBound, last: piece.upperBound, count: count)
            try await transaction.batch(try ledger.deleted(readings, by: user))
            return count
        }
        if count != nil { ledger.outbox.wake() }
        return count
    }
}
