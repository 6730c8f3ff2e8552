import Foundation
import HTTPKit
import Hummingbird
import Postgres
import ServiceKit

/// `/api/v1/auth/identities`: by way of which providers the caller signs in.
struct IdentityRoutes: Sendable {
    private static let path = "/api/v1/auth/identities"

    let identities: IdentityStore
    let providers: [IdentityProvider]

    func add(to routes: inout RouteTable) {
        routes.get(Self.path, .signedIn) { request, context in
            let page = try request.query().page(of: UUID.self)
            let records = try await identities.identities(of: try context.user.id, page)
            return JSON(try page.page(records, key: \.id) { IdentityAnswer($0, providers) })
        }
        routes.on(.delete, Self.path + "/{id}", .signedIn, RouteOptions(body: .none)) { _, context in
            let isUnlinked = try await describingProblems {
                try await identities.unlink(try context.id(), of: try context.user.id)
            }
            guard isUnlinked else { throw Problem.notFound() }
            return HTTPResponse.Status.noContent
        }
    }
}

/// One of the caller's identities; members that have no value are null.
struct IdentityAnswer: Encodable {
    let id: String
    /// Nil where the provider is not configured any more.
    let provider: String?
    let issuer: String
    let email: String?
    let createdAt: Timestamp
    let lastUsedAt: Timestamp

    init(_ identity: LinkedIdentity, _ providers: [IdentityProvider]) {
        id = identity.id.text
        provider = providers.first { $0.issuer == identity.issuer }?.name
        issuer = identity.issuer
        email = identity.email
        createdAt = identity.createdAt
        lastUsedAt = identity.lastUsedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, provider, issuer, email
        case createdAt = "created_at"
        case lastUsedAt = "last_used_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(provider, forKey: .provider)
        try container.encode(issuer, forKey: .issuer)
        try container.encode(email, forKey: .email)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUsedAt, forKey: .lastUsedAt)
    }
}
