import EventBus
import Foundation
import Postgres
import Redis
import TestKit

extension SystemInstallation {
    /// The columns, in any schema, that hold one of these texts, whatever the case.
    func columns(holding texts: [String]) async throws -> [String] {
        try await query(
            """
            WITH readable AS MATERIALIZED (
                SELECT c.table_schema::text, c.table_name::text, c.column_name::text
                FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name)
                WHERE t.table_type = 'BASE TABLE' AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY')
                    AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
                    AND NOT starts_with(c.table_schema, '_timescaledb')
            )
            SELECT DISTINCT format('%s.%s.%s', table_schema, table_name, column_name) FROM readable
            CROSS JOIN unnest(\(texts)) AS sought
            WHERE (xpath('/row/count/text()', query_to_xml(
                format('SELECT count(*) FROM %I.%I WHERE %I::text ILIKE %L', table_schema, table_name, column_name,
                    '%' || sought || '%'), false, true, '')))[1]::text <> '0'
            ORDER BY 1
            """
        ).map { try $0.decode(String.self) }
    }

    /// What sockets of an organization would be shown again.
    func liveEntries(of organization: String) async throws -> [String] {
        guard let id = UUID(uuidString: organization) else { return [] }
        let redis = RedisClient(try RedisConfiguration(url: stack.installation.redisURL))
        let runner = Task { await redis.run() }
        defer { runner.cancel() }
        try await redis.waitUntilConnected()
        return try await redis.xrange(StreamName.live(id), count: 100_000).flatMap { entry in
            entry.fields.map { String(decoding: $0.value, as: UTF8.self) }
        }
    }

    /// The answers that somebody gets from every service, asking with each of these identifiers.
    func answers(to reader: Owner, about identifiers: [String]) async throws -> [String: String] {
        var answers: [String: String] = [:]
        for operation in try await document().operations where operation.method == .GET {
            for id in operation.placeCount > 0 ? identifiers : [""] {
                let path = operation.path(with: Array(repeating: id, count: operation.placeCount))
                // A stream does not end.
                guard !path.hasPrefix("/ws/") else { continue }
                answers[path] = try await reader.api.get(path).text
            }
        }
        return answers
    }
}
