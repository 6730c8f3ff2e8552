import EventBus
import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// What devices logged.
struct LogStore: Sendable {
    let database: PostgresClient
    let partitions: LogPartitions

    /// Where a page ended.
    struct Position: Codable, Sendable {
        let time: Timestamp
        let id: Int64

        enum CodingKeys: String, CodingKey {
            case time = "t"
            case id = "i"
        }
    }

    /// How many entries one page looks through, so that a search for what is rare, or not there, has an end.
    static let scanLimit = 50_000

    /// Adds what is not there yet: the same level, message and context at the same time is the same entry.
    ///
    /// - Returns: How many were added.
    /// - Throws: ``DeviceError/notFound``, `PostgresError`.
    func append(
        _ entries: [LogEntry], by device: UUID, in organization: UUID, _ transaction: Transaction
    ) async throws -> Int {
        let contexts = try entries.map { try $0.context.map(JSONB.init) }
        let rows = try await transaction.batch([
            "SELECT id FROM devices.devices WHERE organization_id = \(organization) AND id = \(device)",
            """
            INSERT INTO devices.logs (organization_id, device_id, time, digest, level, message, context)
            SELECT device.organization_id, device.id, entry.time,
                hashtextextended(entry.message, hashtextextended(coalesce(entry.context::text, ''), entry.level)),
                entry.level, entry.message, entry.context
            FROM devices.devices AS device, unnest(\(entries.map(\.time)), \(entries.map(\.level.rank)),
                \(entries.map(\.message)), \(contexts)) WITH ORDINALITY AS entry (time, level, message, context, place)
            WHERE device.organization_id = \(organization) AND device.id = \(device)
            ORDER BY entry.place
            ON CONFLICT DO NOTHING
            """,
        ])
        guard !rows[0].isEmpty else { throw DeviceError.notFound }
        return rows[1].affectedRows
    }

    /// A page of a device's entries by time, looked for among ``scanLimit`` of them at most: the page may be short, or
    /// empty, and go on all the same.
    func page(
        _ page: PageRequest<Position>, _ filter: LogFilter, of device: UUID, in organization: UUID
    ) async throws -> Page<LogEntry> {
        let found = try await database.query(
            Self.search(filter, page, device, organization), as: .organization(organization)
        ).map(FoundLogEntry.init(row:))
        var result = try page.page(found.filter(\.matches), key: \.position, item: \.entry)
        if result.nextCursor == nil, let last = found.last, last.number == Self.scanLimit {
            result.nextCursor = try page.cursor(behind: last.position)
        }
        return result
    }

    /// Numbers the entries in the page's order, and gives those that match and, so that the search can go on behind it,
    /// the last one it may look at.
    private static func search(
        _ filter: LogFilter, _ page: PageRequest<Position>, _ device: UUID, _ organization: UUID
    ) -> SQL {
        let (order, behind) = keyset(page)
        return """
            SELECT time, id, level, message, context, number, matches
            FROM (
                SELECT scanned.*, row_number() OVER (ORDER BY \(order)) AS number, \(filter.match) AS matches
                FROM (
                    SELECT time, id, level, message, context FROM devices.logs
                    WHERE organization_id = \(organization) AND device_id = \(device)
                        AND time >= \(filter.range.start) AND time < \(filter.range.end)
                        \(filter.indexCondition) \(behind)
                    ORDER BY \(order) LIMIT \(scanLimit)
                ) AS scanned
            ) AS numbered
            WHERE matches OR number = \(scanLimit)
            ORDER BY \(order) LIMIT \(page.fetchLimit)
            """
    }

    /// The index is by time; of equal times there are few.
    private static func keyset(_ page: PageRequest<Position>) -> (order: SQL, behind: SQL) {
        switch (page.order, page.after) {
        case (.ascending, nil): ("time, id", "")
        case (.ascending, let end?):
            ("time, id", "AND time >= \(end.time) AND (time, id) > (\(end.time), \(end.id))")
        case (.descending, nil): ("time DESC, id DESC", "")
        case (.descending, let end?):
            ("time DESC, id DESC", "AND time <= \(end.time) AND (time, id) < (\(end.time), \(end.id))")
        }
    }
}

/// Which entries are asked for.
struct LogFilter: Sendable {
    var range: TimeRange
    /// So much they must matter.
    var level: LogLevel?
    /// A part of the message, in any case.
    var text: String?

    /// Whether an entry is one of them.
    fileprivate var match: SQL {
        var match: SQL = level.map { "level >= \($0.rank)" } ?? "true"
        if let text { match = match + " AND message ILIKE \(DeviceFilter.pattern(containing: text))" }
        return match
    }

    /// In the words of the index of what is wrong, where that has them all.
    fileprivate var indexCondition: SQL {
        switch level {
        case nil, .debug?, .info?: ""
        case .warning?, .error?, .critical?: "AND level >= 2"
        }
    }
}

/// An entry that a search has come by.
private struct FoundLogEntry {
    let position: LogStore.Position
    let entry: LogEntry
    /// The how manieth it was.
    let number: Int
    let matches: Bool

    init(row: Row) throws {
        var columns = ColumnReader(row)
        let time = try columns.next(Timestamp.self)
        position = LogStore.Position(time: time, id: try columns.next())
        entry = LogEntry(
            time: time, level: try LogLevel(stored: columns.next()), message: try columns.next(),
            context: try columns.next(JSONB?.self)?.decode())
        number = try columns.next()
        matches = try columns.next()
    }
}

extension LogLevel {
    /// - Throws: ``StoredValueError``.
    fileprivate init(stored rank: Int16) throws {
        guard let level = Self.allCases.first(where: { $0.rank == rank }) else {
            throw StoredValueError(text: "\(rank)")
        }
        self = level
    }
}
