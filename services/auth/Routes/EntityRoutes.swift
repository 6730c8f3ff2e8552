import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// `/api/v1/entities`: the directory of what an organization has; it writes only types of the organization's own.
struct EntityRoutes: Sendable {
    let directory: DirectoryStore
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/entities", .user(atLeast: .viewer), use: list)
        routes.post("/api/v1/entities", .user(atLeast: .member), use: create)
        routes.get("/api/v1/entities/{id}", .user(atLeast: .viewer), use: show)
        routes.put("/api/v1/entities/{id}", .user(atLeast: .member), use: replace)
        routes.delete("/api/v1/entities/{id}", .user(atLeast: .member), RouteOptions(body: .none), use: delete)
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<EntityAnswer> {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let (types, properties) = (query.values("entity_type"), try query.propertyFilter())
        let search = EntitySearch(
            types: types.isEmpty ? nil : types, namePart: query["q"], after: page.after,
            newestFirst: page.order == .descending, limit: page.fetchLimit)
        let found = try await directory.search(
            search, properties.isEmpty ? [] : try properties.alternatives.map { try JSONB($0) },
            in: context.organizationID)
        return try page.page(found, key: \.entity.id) { try EntityAnswer($0) }
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<EntityAnswer> {
        guard let stored = try await directory.find(context.id(), in: context.organizationID) else {
            throw Problem.notFound()
        }
        return JSON(try EntityAnswer(stored), version: stored.version)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        return try await idempotency.create(
            EntityInput.self, request, context, as: .organization(organization)
        ) { input, transaction in
            let entity = try Entity(UUID.v7(), in: organization, try CustomEntity(input))
            let audit = try AuditEntry("entity.created", of: entity, by: user, data: ["after": entity.facts()])
            let stored = try await directory.store(entity.insert, audit, transaction)
            return JSON(
                try EntityAnswer(stored), status: .created, version: stored.version,
                location: "/api/v1/entities/\(entity.id.text)")
        }
    }

    @Sendable private func replace(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<EntityAnswer> {
        let (user, organization) = (try context.user, try context.organizationID)
        let new = try CustomEntity(try await request.decode(as: EntityInput.self, context: context))
        let entity = try Entity(try context.id(), in: organization, new)
        let stored = try await change(request, context) { old, transaction in
            let audit = try AuditEntry(
                "entity.updated", of: entity, by: user,
                data: ["before": old.entity.facts(), "after": entity.facts()])
            return try await directory.store(entity.update, audit, transaction)
        }
        return JSON(try EntityAnswer(stored), version: stored.version)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let user = try context.user
        try await change(request, context) { old, transaction in
            let audit = try AuditEntry(
                "entity.deleted", of: old.entity, by: user, data: ["before": old.entity.facts()])
            try await transaction.batch([
                Entity.delete(old.entity.id, organization: old.entity.organizationID), audit.insert,
            ])
        }
        return Response(status: .noContent)
    }

    /// Runs `body` with the entity of the path, locked, if it is one that is changed here and as `If-Match` has it.
    private func change<Value: Sendable>(
        _ request: Request, _ context: AppRequestContext,
        _ body: @Sendable (StoredEntity, Transaction) async throws -> Value
    ) async throws -> Value {
        let (id, organization) = (try context.id(), try context.organizationID)
        guard let found = try await directory.find(id, in: organization) else { throw Problem.notFound() }
        guard CustomType(found.entity.type) != nil else {
            throw Problem.forbidden("A \(found.entity.type) is changed by its own routes, not in the directory.")
        }
        return try await directory.database.withTransaction(as: .organization(organization)) { transaction in
            guard let old = try await directory.lock(id, in: organization, transaction) else {
                throw Problem.notFound()
            }
            try request.requireMatch(old.version)
            return try await body(old, transaction)
        }
    }
}

extension Entity {
    fileprivate init(_ id: UUID, in organization: UUID, _ custom: CustomEntity) throws {
        self.init(
            id: id, organizationID: organization, type: custom.type.text, name: custom.name.text,
            description: custom.description, properties: try JSONB(custom.properties))
    }

    /// What the event log keeps of it.
    fileprivate func facts() throws -> AnyJSON {
        .object([
            "entity_type": .string(type), "name": .string(name), "description": .string(description),
            "properties": try properties.decode(),
        ])
    }
}

extension AuditEntry {
    fileprivate init(
        _ type: String, of entity: Entity, by user: UserPrincipal, data: [String: AnyJSON]
    ) throws {
        self.init(
            type: type, entityID: entity.id, organizationID: entity.organizationID, actor: try Actor.user(user.id),
            data: try JSONB(data))
    }
}
