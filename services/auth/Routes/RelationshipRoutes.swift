import Foundation
import HTTPKit
import Hummingbird
import Kernel
import Postgres

/// How the entities of an organization are connected.
struct RelationshipRoutes: Sendable {
    let relationships: RelationshipStore
    let directory: DirectoryStore
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/entities/{id}/relationships", .user(atLeast: .viewer), use: list)
        routes.get("/api/v1/entities/{id}/graph", .user(atLeast: .viewer), use: graph)
        routes.post("/api/v1/relationships", .user(atLeast: .member), use: create)
        routes.delete("/api/v1/relationships/{id}", .user(atLeast: .member), RouteOptions(body: .none), use: delete)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<RelationshipAnswer> {
        let (id, organization) = (try context.id(), try context.organizationID)
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let direction = try query.value("direction", as: RelationshipDirection.self) ?? .both
        guard try await directory.find(id, in: organization) != nil else { throw Problem.notFound() }
        let found = try await relationships.page(
            of: id, direction, types: query.values("relationship_type"), in: organization, page)
        return try page.page(found, key: \.id) { try RelationshipAnswer($0) }
    }

    @Sendable private func graph(_ request: Request, _ context: AppRequestContext) async throws -> JSON<GraphAnswer> {
        let depth = try request.query().value("depth", in: 1...5) ?? 1
        guard
            let graph = try await relationships.graph(
                around: context.id(), depth: depth, in: context.organizationID)
        else { throw Problem.notFound() }
        return JSON(try GraphAnswer(graph))
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        return try await describingProblems {
            try await idempotency.create(
                RelationshipInput.self, request, context, as: .organization(organization)
            ) { input, transaction in
                let relationship = try Relationship(input)
                let answer = try RelationshipAnswer(relationship)
                let audit = AuditEntry(
                    type: "relationship.created", entityID: relationship.source, organizationID: organization,
                    actor: try Actor.user(user.id), data: try JSONB(["after": answer]))
                try await relationships.insert(relationship, in: organization, audit, transaction)
                return JSON(answer, status: .created)
            }
        }
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        try await relationships.database.withTransaction(as: .organization(organization)) { transaction in
            guard
                let relationship = try await relationships.delete(context.id(), in: organization, transaction)
            else { throw Problem.notFound() }
            let audit = AuditEntry(
                type: "relationship.deleted", entityID: relationship.source, organizationID: organization,
                actor: try Actor.user(user.id), data: try JSONB(["before": try RelationshipAnswer(relationship)]))
            try await transaction.query(audit.insert)
        }
        return Response(status: .noContent)
    }
}
