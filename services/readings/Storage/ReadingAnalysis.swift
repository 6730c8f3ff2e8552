import FoundationEssentials
import HTTPKit
import Postgres

/// Sums up the readings of series. Every query joins the series, whose row security keeps organizations apart.
///
/// Where sums are enough, rollups are taken as far as there are some, and rows for the rest. What depends on when each
/// reading came, or on its quality, is computed from the rows.
struct ReadingAnalysis: Sendable {
    let reads: LongReads

    /// Runs what computes with a time zone.
    ///
    /// - Throws: ``UnknownTimeZone`` where the database does not know it, and what `body` throws.
    func inZone<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as PostgresError where error.sqlState == SQLState(rawValue: "22023") {
            throw UnknownTimeZone()
        }
    }

    /// The parts of a range, and what is to answer for each.
    ///
    /// - Parameter coarsest: The coarsest source that may.
    /// - Throws: `PostgresError`.
    func stretches(
        of range: TimeRange, upTo coarsest: ReadingSource, _ transaction: Transaction
    ) async throws -> [SourcedStretch] {
        let progress = try await transaction.query("SELECT until FROM readings.rollup_progress")
        return range.stretches(upTo: coarsest, rolledUpUntil: try progress[0].decode(at: 0))
    }

    /// The series of a page, each of which is looked at.
    ///
    /// - Parameter further: `AND …`, or nothing.
    static func series(
        _ filter: SeriesFilter, _ page: PageRequest<Int64>, _ further: SQL, _ organization: UUID
    ) -> SQL {
        """
        (SELECT * FROM readings.series AS s
            WHERE \(filter.conditions(organization)) \(further) \(page.keyset(by: "s.id")))
        """
    }

    /// The columns of a ``SeriesLabel``.
    static let label: SQL = "s.device_id, s.sensor_type, s.unit, s.kind"

    /// A column with an array of these percentiles of `readings.readings AS r`; NULL without any.
    static func percentiles(_ percentiles: [Percentile]) -> SQL {
        guard !percentiles.isEmpty else { return "NULL::float8[]" }
        return "percentile_cont(\(percentiles.map(\.fraction))) WITHIN GROUP (ORDER BY r.value)"
    }
}

extension HTTPKit.SortOrder {
    /// As SQL has it.
    var keyword: SQL { self == .ascending ? "ASC" : "DESC" }
}

extension SeriesLabel {
    /// Reads the columns of `ReadingAnalysis.label`, from `column` on.
    ///
    /// - Throws: `DecodingFailure`.
    init(_ row: Row, from column: Int) throws {
        deviceID = try row.decode(at: column)
        sensorType = try row.decode(at: column + 1)
        unit = try row.decode(at: column + 2)
        kind = ValueKind(rawValue: try row.decode(at: column + 3)) ?? .number
    }
}

extension Summary {
    /// Reads the columns of `RollupColumns.summary`, from `column` on.
    ///
    /// - Throws: `DecodingFailure`.
    init(_ row: Row, from column: Int) throws {
        count = try row.decode(at: column)
        mean = try row.decode(at: column + 1)
        sum = try row.decode(at: column + 2)
        min = try row.decode(at: column + 3)
        max = try row.decode(at: column + 4)
        variance = try row.decode(at: column + 5)
    }
}
