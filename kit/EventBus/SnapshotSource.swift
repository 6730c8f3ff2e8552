import FoundationEssentials
import Kernel
import Postgres

/// One kind of things of another service that a projection keeps.
public struct ProjectionPart: Sendable {
    public typealias Forget = @Sendable ([String], Transaction) async throws -> Void

    /// The last part of the snapshot's path, such as `devices`.
    let kind: String
    /// Selects what the projection has: a column of the things' ids, as subjects of events, in text.
    let subjects: SQL
    /// Whether its owner always has some, so that none at all is a mistake and no reason to forget everything.
    let isNeverEmpty: Bool
    /// Takes out of the projection what its owner has no longer.
    let forget: Forget

    public init(_ kind: String, subjects: SQL, forget: @escaping Forget) {
        self.init(kind, subjects: subjects, isNeverEmpty: false, forget: forget)
    }

    private init(_ kind: String, subjects: SQL, isNeverEmpty: Bool, forget: @escaping Forget) {
        self.kind = kind
        self.subjects = subjects
        self.isNeverEmpty = isNeverEmpty
        self.forget = forget
    }

    /// Things that amend what other parts keep, and of which nothing is left to forget with these.
    public static func amendments(_ kind: String) -> ProjectionPart {
        ProjectionPart(kind, subjects: "SELECT NULL::text WHERE false") { _, _ in }
    }

    /// The organizations of `auth`; forgetting one deletes all that is held of it.
    ///
    /// - Parameter subjects: Selects those that something is held of.
    public static func organizations(
        subjects: SQL, forget: @escaping @Sendable (UUID, Transaction) async throws -> Void
    ) -> ProjectionPart {
        ProjectionPart("organizations", subjects: subjects, isNeverEmpty: true) { subjects, transaction in
            for id in subjects.compactMap(UUID.init(uuidString:)) { try await forget(id, transaction) }
        }
    }
}

/// Where a projection can be had anew: the snapshots of the service that owns what it shows.
public struct SnapshotSource: Sendable {
    /// Asks the owner; nil when it has no such snapshot.
    public typealias Fetch = @Sendable (_ path: String) async throws -> SnapshotPage?

    let owner: Kernel.Service
    let parts: [ProjectionPart]
    let fetch: Fetch

    /// - Parameter parts: In the order in which they are read.
    public init(_ owner: Kernel.Service, parts: [ProjectionPart], fetch: @escaping Fetch) {
        self.owner = owner
        self.parts = parts
        self.fetch = fetch
    }

    var stream: String { StreamName.events(owner) }
}
