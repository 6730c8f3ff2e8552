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

    /// The tables of a service's schema whose rows no policy keeps from the roles that the service runs as. To be
    /// compared with those that have a reason.
    ///
    /// The tables' owner is bound by no policy, unless it is forced, which would bind functions that work for everybody,
    /// too; so neither role may be, or become, the owner. A partition is asked through its table, and has row security
    /// without a policy to show nothing otherwise; those of a table without any are left out.
    public func tablesWithoutRowSecurity(of service: Service) async throws -> Set<String> {
        let rows = try await withClient(administrator) { client in
            try await client.query(
                """
                SELECT c.relname::text FROM pg_class AS c
                JOIN pg_namespace AS n ON n.oid = c.relnamespace
                LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
                LEFT JOIN pg_class AS parent ON parent.oid = i.inhparent
                WHERE n.nspname = \(service.rawValue) AND c.relkind IN ('r', 'p')
                    AND (parent.oid IS NULL OR parent.relrowsecurity)
                    AND NOT (c.relrowsecurity
                        AND (c.relispartition OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid))
                        AND NOT EXISTS (
                            SELECT FROM pg_roles AS r WHERE r.rolname ~ ('lms_' || n.nspname || '(_platform)?$')
                                AND (r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'MEMBER'))))
                """)
        }
        return Set(try rows.map { try $0.decode(String.self) })
    }
}
