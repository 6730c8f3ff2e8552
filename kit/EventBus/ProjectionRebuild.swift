import FoundationEssentials
import Kernel
import Logging
import Metrics
import Postgres
import Redis
import Synchronization

/// Makes projections anew from their owners' snapshots, when events may have been missed: Redis lost them, or they were
/// trimmed before they were read.
///
/// What the snapshot has goes through the handler of events, which keeps the newest version of everything; what was in
/// the projection before and is in the snapshot no longer is forgotten.
public final class ProjectionRebuild: Sendable {
    private static let forgottenAtOnce = 500

    private let sources: [SnapshotSource]
    private let database: PostgresClient
    private let logger: Logger
    private let handler: EventConsumer.Handler
    private let standing = Mutex<Set<String>>([])

    /// - Parameter handler: Applies one event of a snapshot in a transaction over all tenants: what it does besides
    ///   keeping the projection happens again with every rebuild.
    public init(
        _ sources: [SnapshotSource], database: PostgresClient, logger: Logger,
        handler: @escaping EventConsumer.Handler
    ) {
        self.sources = sources
        self.database = database
        self.logger = logger
        self.handler = handler
    }

    /// Whether there is something to show: a service that has never been told anything is of no use yet. One that has,
    /// may be behind.
    ///
    /// - Throws: ``ProjectionsMissing``, `PostgresError`.
    public func check() async throws {
        let known = standing.withLock(\.self)
        let missing = sources.filter { !known.contains($0.stream) }
        guard !missing.isEmpty else { return }
        guard try await hasAny(of: sources) else {
            throw ProjectionsMissing(owners: missing.map(\.owner.rawValue))
        }
    }

    private func hasAny(of sources: [SnapshotSource]) async throws -> Bool {
        let hasRows = sources.flatMap(\.parts).map { part -> SQL in "EXISTS (\(part.subjects))" }
        let rows = try await database.query("SELECT \(hasRows.joined(separator: " OR "))", as: .platform)
        return try rows.first?.decode(Bool.self, at: 0) == true
    }

    func covers(_ stream: String) -> Bool {
        sources.contains { $0.stream == stream }
    }

    /// Notes whether what the stream tells is known up to where its group stands.
    func setStanding(_ stream: String, _ stands: Bool) {
        standing.withLock { standing in
            if stands { standing.insert(stream) } else { standing.remove(stream) }
        }
    }

    /// Reads the snapshots of the stream's owner.
    ///
    /// - Parameter progress: Called before each page.
    /// - Throws: ``SnapshotUnavailable``, what asking the owner throws, `PostgresError`, what `progress` throws.
    func run(_ stream: String, progress: () async throws -> Void) async throws {
        for source in sources where source.stream == stream {
            if try await hasAny(of: [source]) {
                logger.warning(
                    "events may have been missed; the projection is made anew", metadata: ["owner": "\(source.owner)"])
            } else {
                logger.info("a projection is made for the first time", metadata: ["owner": "\(source.owner)"])
            }
            for part in source.parts { try await rebuild(part, of: source, progress) }
            Counter(label: "lms_projections_rebuilt", dimensions: [("owner", source.owner.rawValue)]).increment()
        }
    }

    private func rebuild(
        _ part: ProjectionPart, of source: SnapshotSource, _ progress: () async throws -> Void
    ) async throws {
        // What comes to it from now on is none of the snapshot's business.
        var leftover = Set(
            try await database.query(part.subjects, as: .platform).map { try $0.decode(String.self, at: 0) })
        var count = 0
        var cursor: String?
        repeat {
            try await progress()
            let page = try await page(part.kind, after: cursor, of: source)
            for event in page.items {
                leftover.remove(event.subject)
                try await apply(event)
            }
            count += page.items.count
            cursor = page.items.isEmpty ? nil : page.next
        } while cursor != nil
        if part.isNeverEmpty, count == 0, !leftover.isEmpty {
            throw SnapshotUnavailable(owner: source.owner.rawValue, kind: part.kind, reason: "it is empty")
        }
        try await forget(Array(leftover), part)
    }

    private func page(_ kind: String, after cursor: String?, of source: SnapshotSource) async throws -> SnapshotPage {
        let query = cursor.map { "?after=\($0)" } ?? ""
        guard let page = try await source.fetch("/internal/v1/snapshot/\(kind)\(query)") else {
            throw SnapshotUnavailable(owner: source.owner.rawValue, kind: kind, reason: "there is none")
        }
        return page
    }

    /// One that cannot be applied is passed over, as it would be if it had come by the stream.
    private func apply(_ event: Event) async throws {
        do {
            try await database.withTransaction(as: .platform) { try await handler(event, $0) }
        } catch let error as PostgresError where error.isUnavailability {
            throw error
        } catch let error where error is CancellationError || error is RedisError {
            throw error
        } catch {
            logger.error(
                "a part of a snapshot could not be applied",
                metadata: ["type": "\(event.type)", "subject": "\(event.subject)", "error": "\(error)"])
        }
    }

    private func forget(_ subjects: [String], _ part: ProjectionPart) async throws {
        for start in stride(from: 0, to: subjects.count, by: Self.forgottenAtOnce) {
            let some = Array(subjects[start..<min(start + Self.forgottenAtOnce, subjects.count)])
            try await database.withTransaction(as: .platform) { try await part.forget(some, $0) }
        }
    }
}

/// Nothing has been projected yet, and the owners have not answered.
public struct ProjectionsMissing: Error, CustomStringConvertible {
    public let owners: [String]

    public var description: String { "nothing is known yet of what \(owners.joined(separator: ", ")) has" }
}

/// A snapshot cannot be used.
struct SnapshotUnavailable: Error, CustomStringConvertible {
    let owner: String
    let kind: String
    let reason: String

    var description: String { "the snapshot of \(kind) of \(owner) cannot be used: \(reason)" }
}
