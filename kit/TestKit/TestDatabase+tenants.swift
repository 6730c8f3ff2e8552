import FoundationEssentials
import Kernel
import Postgres

extension PostgresClient {
    /// How many rows of an organization each table of a schema holds, by the tables' names; those without any are left
    /// out. To be asked as the administrator, whom row security does not bind.
    public nonisolated func rows(of organization: UUID, in schema: String) async throws -> [String: Int] {
        let rows = try await query(
            """
            SELECT table_name::text, (xpath('/row/count/text()', query_to_xml(
                format('SELECT count(*) FROM %I.%I WHERE organization_id = %L', table_schema, table_name,
                    \(organization.text)), false, true, '')))[1]::text::bigint
            FROM information_schema.columns WHERE table_schema = \(schema) AND column_name = 'organization_id'
            """)
        return try Dictionary(uniqueKeysWithValues: rows.map { try $0.decode(String.self, Int.self) })
            .filter { $0.value > 0 }
    }
}

extension TestDatabase {
    /// As ``Postgres/PostgresClient/rows(of:in:)``.
    public func rows(of organization: UUID, in schema: String) async throws -> [String: Int] {
        try await withClient(administrator) { try await $0.rows(of: organization, in: schema) }
    }
}
