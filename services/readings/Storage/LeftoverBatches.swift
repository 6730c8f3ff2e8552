import FoundationEssentials
import Postgres

/// The batches that were committed and not published, as they are read back from the tables.
struct LeftoverBatches: Sendable {
    let database: PostgresClient

    /// Those that were committed more than `age` ago, oldest first.
    ///
    /// - Parameter putOff: Which to leave out.
    /// - Throws: `PostgresError`.
    func list(olderThan age: Duration, except putOff: [Int64], limit: Int) async throws -> [Int64] {
        let rows = try await database.query(
            """
            SELECT id FROM readings.batches
            WHERE NOT is_published AND committed_at < \(Timestamp.now.adding(.zero - age)) AND id <> ALL(\(putOff))
            ORDER BY committed_at LIMIT \(limit)
            """)
        return try rows.map { try $0.decode(Int64.self) }
    }

    /// What a batch stored; nil when it has been published meanwhile.
    ///
    /// - Throws: `PostgresError`.
    func read(_ id: Int64, _ transaction: Transaction) async throws -> StoredBatch? {
        let found = try await transaction.query(
            "SELECT series_ids IS NULL FROM readings.batches WHERE id = \(id) AND NOT is_published")
        guard let hasNoRanges = try found.first?.decode(Bool.self) else { return nil }
        var batch = StoredBatch(id: id)
        for row in try await transaction.query(hasNoRanges ? scan(id) : lookUp(id)) {
            batch.append(try StoredReading(row))
        }
        return batch
    }

    /// What was left has been published.
    ///
    /// - Throws: `PostgresError`.
    func forget(_ id: Int64, _ transaction: Transaction) async throws {
        try await transaction.batch(BatchRows.published([id]))
    }

    /// Range by range through the primary key, which `OFFSET 0` leaves no choice about: nothing says how many ranges
    /// there are, and a guess too high would make it a scan of whole partitions.
    private func lookUp(_ id: Int64) -> SQL {
        """
        SELECT \(Self.columns)
        FROM readings.batches AS b
        CROSS JOIN unnest(b.series_ids, b.first_times, b.last_times) AS key_range (series_id, first_time, last_time)
        CROSS JOIN LATERAL (
            SELECT time, value, text_value, quality FROM readings.readings
            WHERE series_id = key_range.series_id AND time BETWEEN key_range.first_time AND key_range.last_time
                AND batch_id = b.id
            OFFSET 0
        ) AS r
        JOIN readings.series AS s ON s.id = key_range.series_id
        WHERE b.id = \(id)
        """
    }

    /// All that was measured between the batch's first and last reading, for one that does not say where its rows are.
    private func scan(_ id: Int64) -> SQL {
        """
        SELECT \(Self.columns)
        FROM readings.batches AS b
        JOIN readings.readings AS r ON r.batch_id = b.id AND r.time BETWEEN b.min_time AND b.max_time
        JOIN readings.series AS s ON s.id = r.series_id
        WHERE b.id = \(id)
        """
    }

    private static let columns: SQL =
        "s.organization_id, s.device_id, s.sensor_type, s.unit, s.kind, r.time, r.value, r.text_value, r.quality"
}

extension StoredReading {
    fileprivate init(_ row: Row) throws {
        let (organization, device, sensor, unit, kind, time, value, text, quality) = try row.decode(
            UUID.self, UUID.self, String.self, String.self, Int16.self, Timestamp.self, Double?.self, String?.self,
            Int16.self)
        self.init(
            organizationID: organization, deviceID: device, sensorType: sensor, unit: unit,
            kind: ValueKind(rawValue: kind) ?? .number, time: time, value: value ?? .nan, text: text,
            quality: quality)
    }
}
