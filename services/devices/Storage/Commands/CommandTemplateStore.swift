import FoundationEssentials
import HTTPKit
import Kernel
import Postgres

/// The commands that organizations have prepared.
struct CommandTemplateStore: Sendable {
    let database: PostgresClient
    let ledger: Ledger

    // MARK: Reading

    /// - Throws: ``DeviceError/notFound``.
    func find(_ id: UUID, in organization: UUID) async throws -> CommandTemplate {
        let rows = try await database.query(Self.select(id, organization), as: .organization(organization))
        guard let row = rows.first else { throw DeviceError.notFound }
        return try CommandTemplate(row: row)
    }

    /// As ``find(_:in:)``, in a transaction that makes a command of it.
    func find(_ id: UUID, in organization: UUID, _ transaction: Transaction) async throws -> CommandTemplate {
        guard let row = try await transaction.query(Self.select(id, organization)).first else {
            throw DeviceError.notFound
        }
        return try CommandTemplate(row: row)
    }

    /// A page of the organization's, by id.
    func list(in organization: UUID, _ page: PageRequest<UUID>) async throws -> [CommandTemplate] {
        try await database.query(
            """
            SELECT \(CommandTemplate.columns) FROM devices.command_templates
            WHERE organization_id = \(organization) \(page.keyset())
            """, as: .organization(organization)
        ).map(CommandTemplate.init(row:))
    }

    // MARK: Writing

    /// - Throws: ``DeviceError/templateNameTaken``.
    func insert(
        _ content: CommandTemplate.Content, in organization: UUID, by user: UUID, _ cause: Cause,
        _ transaction: Transaction
    ) async throws -> CommandTemplate {
        let (parameters, defaults) = (try JSONB(content.parameters), try JSONB(content.defaults))
        let rows = try await mappingName {
            try await transaction.query(
                """
                INSERT INTO devices.command_templates (id, organization_id, name, description, command_type,
                    device_types, parameters, defaults, priority, ttl_s, max_retries, created_by)
                VALUES (\(UUID.v7()), \(organization), \(content.name), \(content.description),
                    \(content.commandType), \(content.deviceTypes), \(parameters), \(defaults),
                    \(content.priority?.rank), \(content.timeToLive), \(content.maxRetries), \(user))
                RETURNING \(CommandTemplate.columns)
                """)
        }
        guard let row = rows.first else { throw DeviceError.notFound }
        let template = try CommandTemplate(row: row)
        try await transaction.query(try ledger.created(template, cause))
        return template
    }

    /// Puts `content` in the place of the current one; the same again changes nothing.
    ///
    /// - Parameter versions: Those that the caller allows a change of; nil allows any.
    /// - Throws: ``DeviceError``.
    func replace(
        _ id: UUID, in organization: UUID, with content: CommandTemplate.Content, ifMatch versions: Set<Int>?,
        _ cause: Cause
    ) async throws -> CommandTemplate {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let before: CommandTemplate = try await transaction.lock(Self.select(id, organization), ifMatch: versions)
            guard content != before.content else { return before }
            let rows = try await mappingName {
                try await transaction.query(try Self.update(before, content))
            }
            guard let row = rows.first else { throw DeviceError.notFound }
            let after = try CommandTemplate(row: row)
            try await transaction.query(try ledger.updated(before, after, cause))
            return after
        }
    }

    /// Deletes a template; the commands made of it stay.
    ///
    /// - Throws: ``DeviceError``.
    func delete(_ id: UUID, in organization: UUID, ifMatch versions: Set<Int>?, _ cause: Cause) async throws {
        try await database.withTransaction(as: .organization(organization)) { transaction in
            let template: CommandTemplate = try await transaction.lock(
                Self.select(id, organization), ifMatch: versions)
            try await transaction.query(
                "DELETE FROM devices.command_templates WHERE organization_id = \(organization) AND id = \(id)")
            try await transaction.query(try ledger.deleted(template, cause))
        }
    }

    // MARK: Parts

    private func mappingName<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as PostgresError where error.constraint == "command_templates_name_key" {
            throw DeviceError.templateNameTaken
        }
    }

    private static func select(_ id: UUID, _ organization: UUID) -> SQL {
        """
        SELECT \(CommandTemplate.columns) FROM devices.command_templates
        WHERE organization_id = \(organization) AND id = \(id)
        """
    }

    private static func update(_ template: CommandTemplate, _ content: CommandTemplate.Content) throws -> SQL {
        """
        UPDATE devices.command_templates
        SET name = \(content.name), description = \(content.description), command_type = \(content.commandType),
            device_types = \(content.deviceTypes), parameters = \(try JSONB(content.parameters)),
            defaults = \(try JSONB(content.defaults)), priority = \(content.priority?.rank),
            ttl_s = \(content.timeToLive), max_retries = \(content.maxRetries),
            version = version + 1, last_updated = now()
        WHERE organization_id = \(template.organizationID) AND id = \(template.id)
        RETURNING \(CommandTemplate.columns)
        """
    }
}
