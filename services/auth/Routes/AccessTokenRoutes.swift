import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// The caller's personal access tokens, and for the other services whom one stands for.
struct AccessTokenRoutes: Sendable {
    let tokens: AccessTokenStore
    let announcer: RevocationAnnouncer
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/auth/tokens", .signedIn, use: list)
        routes.post("/api/v1/auth/tokens", .signedIn, use: create)
        routes.on(.delete, "/api/v1/auth/tokens/{id}", .signedIn, RouteOptions(body: .none), use: delete)
        routes.get("/internal/v1/api-tokens/{hash}", .internalService, RouteOptions(body: .none)) { _, context in
            guard let hash = SecretHash(hex: try context.parameter("hash")),
                let holder = try await tokens.holder(of: hash)
            else { throw Problem.notFound() }
            return JSON(holder)
        }
    }

    @Sendable
    private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<AccessTokenAnswer> {
        let page = try request.query().page(of: UUID.self)
        let records = try await tokens.tokens(of: try context.user.id, page)
        return try page.page(records, key: \.id) { AccessTokenAnswer($0) }
    }

    @Sendable
    private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        let response = try await describingProblems {
            try await idempotency.create(AccessTokenInput.self, request, context, as: .platform) {
                input, transaction in
                let new = NewAccessToken(
                    userID: user.id, organizationID: organization, terms: try AccessTokenTerms(input, at: .now))
                let record = try await tokens.insert(new, transaction)
                return JSON(
                    AccessTokenAnswer(record, token: new.token), status: .created, headers: [.cacheControl: "no-store"])
            }
        }
        tokens.outbox.wake()
        return response
    }

    @Sendable
    private func delete(_ request: Request, _ context: AppRequestContext) async throws -> HTTPResponse.Status {
        guard let revocation = try await tokens.delete(try context.id(), of: try context.user.id) else {
            throw Problem.notFound()
        }
        await announcer.announce(revocation)
        return .noContent
    }
}

/// What a token is made from, as it arrives.
struct AccessTokenInput: Decodable, Sendable {
    let name: String
    let scopes: [String]
    let expiresAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case name, scopes
        case expiresAt = "expires_at"
    }
}

extension AccessTokenTerms {
    /// - Throws: `Problem` 422 with everything that is wrong.
    init(_ input: AccessTokenInput, at now: Timestamp) throws {
        var check = Validation()
        let name = DisplayName(input.name)
        check.require(name != nil, "name", DisplayName.rule)
        check.count(of: input.scopes, 1...TokenScope.allCases.count, "scopes")
        let scopes = input.scopes.map(TokenScope.init(rawValue:))
        for (index, scope) in scopes.enumerated() where scope == nil {
            let names = TokenScope.allCases.map(\.rawValue).joined(separator: ", ")
            check.reject("scopes[\(index)]", "must be one of \(names)")
        }
        check.require(input.expiresAt.map { $0 > now } ?? true, "expires_at", "must be in the future")
        guard check.errors.isEmpty, let name else { throw Problem.invalid(check.errors) }
        self.init(name: name, scopes: Set(scopes.compactMap(\.self)), expiresAt: input.expiresAt)
    }
}

/// A personal access token; `token` is there in the answer to its making alone.
struct AccessTokenAnswer: Encodable {
    let id: String
    let name: String
    let token: String?
    let scopes: [String]
    let organizationID: String
    let createdAt: Timestamp
    let lastUsedAt: Timestamp?
    let expiresAt: Timestamp?

    init(_ record: AccessTokenRecord, token: SecretToken? = nil) {
        id = record.id.text
        name = record.name
        self.token = token?.secret
        scopes = TokenScope.allCases.filter(record.scopes.contains).map(\.rawValue)
        organizationID = record.organizationID.text
        createdAt = record.createdAt
        lastUsedAt = record.lastUsedAt
        expiresAt = record.expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name, token, scopes
        case organizationID = "organization_id"
        case createdAt = "created_at"
        case lastUsedAt = "last_used_at"
        case expiresAt = "expires_at"
    }

    /// The times are there in any case, null where there is none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(token, forKey: .token)
        try container.encode(scopes, forKey: .scopes)
        try container.encode(organizationID, forKey: .organizationID)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(lastUsedAt, forKey: .lastUsedAt)
        try container.encode(expiresAt, forKey: .expiresAt)
    }
}
