import Foundation
import HTTPKit
import Kernel
import Postgres

/// Whose rows of the event log are read.
enum AuditScope: Sendable {
    case organization(UUID)
    /// Everybody's, or those of the organizations named.
    case platform(organizations: [UUID])
}

/// Reads the event log, and notes what was read out of it.
struct AuditStore: Sendable {
    let database: PostgresClient

    /// Keeps what no change goes with, such as that something was read.
    func add(_ entry: AuditEntry, as scope: Scope) async throws {
        _ = try await database.query(entry.insert, as: scope)
    }

    /// A page of the log, sorted by time.
    func page(
        of scope: AuditScope, _ filter: AuditFilter, _ page: PageRequest<AuditPosition>
    ) async throws -> [AuditRecord] {
        let rows = try await database.query(
            """
            SELECT id, timestamp, organization_id, entity_id, event_type, data, actor FROM core.events
            WHERE \(scope.condition) \(filter.conditions) \(page.keyset)
            """, as: scope.databaseScope)
        return try rows.map(AuditRecord.init)
    }
}

extension AuditScope {
    fileprivate var databaseScope: Scope {
        switch self {
        case .organization(let id): .organization(id)
        case .platform: .platform
        }
    }

    fileprivate var condition: SQL {
        switch self {
        case .organization(let id): "organization_id = \(id)"
        case .platform(let organizations):
            organizations.isEmpty ? "true" : "organization_id = ANY(\(organizations))"
        }
    }
}

extension AuditFilter {
    fileprivate var conditions: SQL {
        var conditions: [SQL] = []
        if !types.isEmpty { conditions.append("AND event_type = ANY(\(types))") }
        if let families { conditions.append("AND split_part(event_type, '.', 1) = ANY(\(families))") }
        if !entityIDs.isEmpty { conditions.append("AND entity_id = ANY(\(entityIDs))") }
        if !actorIDs.isEmpty { conditions.append("AND actor ->> 'id' = ANY(\(actorIDs.map(\.text)))") }
        if let start { conditions.append("AND timestamp >= \(start)") }
        if let end { conditions.append("AND timestamp < \(end)") }
        return conditions.joined(separator: " ")
    }
}

extension PageRequest<AuditPosition> {
    fileprivate var keyset: SQL {
        switch (after, order) {
        case (nil, .ascending): "ORDER BY timestamp, id LIMIT \(fetchLimit)"
        case (nil, .descending): "ORDER BY timestamp DESC, id DESC LIMIT \(fetchLimit)"
        case (let last?, .ascending):
            "AND (timestamp, id) > (\(last.timestamp), \(last.id)) ORDER BY timestamp, id LIMIT \(fetchLimit)"
        case (let last?, .descending):
            """
            AND (timestamp, id) < (\(last.timestamp), \(last.id))
            ORDER BY timestamp DESC, id DESC LIMIT \(fetchLimit)
            """
        }
    }
}

extension AuditRecord {
    fileprivate init(_ row: Row) throws {
        (id, timestamp, organizationID, entityID, type, data, actor) = try row.decode(
            UUID.self, Timestamp.self, UUID?.self, UUID.self, String.self, JSONB.self, JSONB.self)
    }
}
