import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// Deletes readings that are older than they are kept: whole partitions where no organization keeps any of theirs, else
/// series by series. Every instance runs one; one of them at a time works.
///
/// What goes is not told to other services, nor to the audit trail, and no hour is made anew in the rollups: their rows of
/// that time go as well.
struct RetentionKeeper: Service {
    /// What is kept changes at midnight; readings that come late, and are too old already, go with the next round.
    private static let interval = Duration.seconds(3600)

    let expired: ExpiredRows
    let logger: Logger

    func run() async throws {
        await periodically(every: Self.interval, orSay: "expired readings could not be deleted", to: logger) {
            try await round()
        }
    }

    /// Goes on until nothing is left that is too old, or another instance is at it: a round that ended sooner would fall
    /// behind where more comes in than it takes.
    ///
    /// - Throws: `PostgresError`.
    func round(at now: Timestamp = .now) async throws {
        while try await expired.dropPartition() {}
        for table in ExpiredRows.tables {
            var page = try await expired.series(after: 0, in: table, at: now)
            while let last = page.last {
                for series in page where series.isExpired {
                    guard try await delete(series, from: table) else { return }
                }
                page = try await expired.series(after: last.id, in: table, at: now)
            }
        }
    }

    /// - Returns: False when it is another instance's turn.
    private func delete(_ series: KeptSeries, from table: SQL) async throws -> Bool {
        while let mayBeMore = try await expired.deletePiece(of: series, in: table) {
            if !mayBeMore { return true }
        }
        return false
    }
}
