import FoundationEssentials
import Postgres

/// The batches that were committed and not published, as they are read back from the tables.
struct LeftoverBatches: Sendable {
    let database: PostgresClient

    /// Those that were committed more than `age` ago, oldest first, and when that was asked. On a connection of its own, so
    /// that no request waits behind it.
    ///
    /// - Parameters:
    ///   - start: Before this there is none.
    ///   - putOff: Which to leave out.
    /// - Throws: `PostgresError`.
    func list(
        from start: Watermark.Place = .beginning, olderThan age: Duration, except putOff: [Int64], limit: Int
    ) async throws -> (now: Timestamp, batches: [Watermark.Place]) {
        try await database.withTransaction { transaction in
            let rows = try await transaction.batch([
                "SELECT now()", Self.unpublished(from: start, olderThan: age, except: putOff, limit: limit),
            ])
            return (try rows[0][0].decode(Timestamp.self), try rows[1].map(Watermark.Place.init))
        }
    }

    /// Selects the time and the id of each, through `batches_by_commit`.
    static func unpublished(
        from start: Watermark.Place, olderThan age: Duration, except putOff: [Int64], limit: Int
    ) -> SQL {
        """
        SELECT committed_at, id FROM readings.batches
        WHERE NOT is_published AND \(start.isReached(by: "committed_at", "id"))
            AND committed_at < now() - make_interval(secs => \(age / .seconds(1))) AND id <> ALL(\(putOff))
        ORDER BY committed_at, id LIMIT \(limit)
        """
    }

    /// What a batch stored; nil when it has been published meanwhile.
    ///
    /// Range by range through the primary key, which `OFFSET 0` leaves no choice about: nothing says how many ranges
    /// there are, and a guess too high would make it a scan of whole partitions. Its first and last time keep all
    /// other partitions out of the plan.
    ///
    /// - Throws: `PostgresError`.
    func read(_ id: Int64, _ transaction: Transaction) async throws -> StoredBatch? {
        let times = try await transaction.query(
            """
            SELECT (SELECT min(time) FROM unnest(first_times) AS time), (SELECT max(time) FROM unnest(last_times) AS time)
            FROM readings.batches WHERE id = \(id) AND NOT is_published
            """)
        guard let (first, last) = try times.first?.decode(Timestamp?.self, Timestamp?.self) else { return nil }
        guard let first, let last else { return StoredBatch(id: id) }
        let rows = try await transaction.query(
            """
            SELECT s.organization_id, s.device_id, s.sensor_type, s.unit, s.kind, r.time, r.value, r.text_value, r.quality
            FROM readings.batches AS b
            CROSS JOIN unnest(b.series_ids, b.first_times, b.last_times) AS key_range (series_id, first_time, last_time)
            CROSS JOIN LATERAL (
                SELECT time, value, text_value, quality FROM readings.readings
                WHERE series_id = key_range.series_id AND time BETWEEN key_range.first_time AND key_range.last_time
                    AND time BETWEEN \(first) AND \(last) AND batch_id = b.id
                OFFSET 0
            ) AS r
            JOIN readings.series AS s ON s.id = key_range.series_id
            WHERE b.id = \(id)
            """)
        var batch = StoredBatch(id: id)
        for row in rows { batch.append(try StoredReading(row)) }
        return batch
    }

    /// What was left has been published.
    ///
    /// - Throws: `PostgresError`.
    func forget(_ id: Int64, _ transaction: Transaction) async throws {
        try await transaction.query(BatchRows.published([id]))
    }
}

extension Watermark.Place {
    /// A row of a time and an id.
    init(_ row: Row) throws {
        let (time, id) = try row.decode(Timestamp.self, Int64.self)
        self.init(time: time, id: id)
    }
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
