import Postgres

/// The statement that describes schemas from the catalogs: kind, name, relation and definition of each object.
enum SchemaCatalog {
    static func query(schemas: [String]) -> SQL {
        let parts = [relations, columns, constraints, indexes, policies, functions, grants]
        return """
            WITH relations AS (
                SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name
                FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = ANY (\(schemas)) AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
            ), functions AS (
                SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name
                FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
                WHERE n.nspname = ANY (\(schemas)) AND p.prokind IN ('f', 'p')
            )
            \(parts.joined(separator: "\nUNION ALL\n"))
            """
    }

    /// Views of TimescaleDB's rollups name tables that are numbered in each database anew.
    private static let relations: SQL = """
        SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
            name, name AS relation,
            concat_ws(', ', 'of ' || relowner::regrole, CASE WHEN relrowsecurity THEN 'with row security' END,
                pg_get_partkeydef(oid),
                regexp_replace(
                    pg_get_viewdef(CASE WHEN relkind IN ('v', 'm') THEN oid END),
                    '(_materialized_hypertable_|cagg_watermark\\()[0-9]+', '\\1', 'g')) AS definition
        FROM relations
        """

    private static let columns: SQL = """
        SELECT 'column', format('%s.%I', name, attname), name,
            concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NOT NULL' END,
                CASE attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN 'GENERATED AS IDENTITY' END,
                CASE WHEN attgenerated = 's' THEN 'GENERATED AS' ELSE 'DEFAULT' END || ' '
                    || pg_get_expr(adbin, adrelid))
        FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'S'
        """

    private static let constraints: SQL = """
        SELECT 'constraint', format('%I of %s', conname, name), name, pg_get_constraintdef(c.oid)
        FROM relations AS r JOIN pg_constraint AS c ON c.conrelid = r.oid
        """

    private static let indexes: SQL = """
        SELECT 'index', indexrelid::regclass::text, name,
            concat_ws(' ', pg_get_indexdef(indexrelid), CASE WHEN NOT indisvalid THEN 'INVALID' END)
        FROM relations AS r JOIN pg_index AS i ON i.indrelid = r.oid
        """

    private static let policies: SQL = """
        SELECT 'policy', format('%I of %s', polname, name), name,
            concat_ws(' ', 'FOR', polcmd, 'TO', (
                    SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role)
                    FROM unnest(polroles) AS role),
                'USING ' || pg_get_expr(polqual, polrelid), 'WITH CHECK ' || pg_get_expr(polwithcheck, polrelid))
        FROM relations AS r JOIN pg_policy AS p ON p.polrelid = r.oid
        """

    private static let functions: SQL = """
        SELECT 'function', name, name, pg_get_functiondef(oid) FROM functions
        """

    private static let grants: SQL = """
        SELECT 'grants', 'on ' || name, name, coalesce((
            SELECT string_agg(
                format('%s to %s', privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END),
                ', ' ORDER BY grantee, privilege_type)
            FROM aclexplode(acl)), '')
        FROM (SELECT name, relacl AS acl FROM relations UNION ALL SELECT name, proacl FROM functions) AS grantable
        """
}
