import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel
import NIOCore
import Postgres
import ServiceKit

/// `/api/v1/users/export`: everything that is held about the caller, as one JSON document.
///
/// The other services hold ids of people beside what people did, which is in the log that all of them write, and names and
/// addresses as this service tells them; so nothing has to be asked of them.
struct ExportRoutes: Sendable {
    let users: UserStore
    let twoFactor: TwoFactorStore
    let sessions: SessionStore
    let identities: IdentityStore
    let providers: [IdentityProvider]
    let tokens: AccessTokenStore
    let grants: GrantStore
    let invitations: InvitationStore
    let audit: AuditStore

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/users/export", .signedIn, use: export)
    }

    @Sendable
    private func export(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let caller = try context.user
        let account = try JSONB(try await account(of: caller)).bytes
        // Who finds a browser open may take all of it along.
        try await audit.add(
            AuditEntry(
                type: "user.exported", entityID: caller.id, organizationID: nil, actor: try Actor.user(caller.id),
                data: try JSONB(["address": request.client(in: context).address])),
            as: .platform)
        let body = ResponseBody { writer in
            // The log may be long, so it is written page by page before the closing brace of what is known already.
            try await writer.write(ByteBuffer(bytes: account.dropLast()))
            try await writer.write(ByteBuffer(string: #", "history": "#))
            try await write(AuditFilter(entityIDs: [caller.id]), to: &writer) { try JSONB(AuditAnswer($0)) }
            try await writer.write(ByteBuffer(string: #", "acts": "#))
            try await write(AuditFilter(actorIDs: [caller.id]), to: &writer) { try JSONB(ActAnswer($0)) }
            try await writer.write(ByteBuffer(string: "}"))
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/json", .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"account.json\"",
            ], body: body)
    }

    private func account(of caller: UserPrincipal) async throws -> AccountExport {
        guard let user = try await users.user(caller.id) else { throw Problem.unauthorized() }
        let organizations = try await users.organizations(of: caller.id)
        let active = organizations.first { $0.membership.organizationID == caller.organizationID }?.membership
        return AccountExport(
            exportedAt: .now,
            account: ProfileAnswer(
                user, active: active,
                organizations: organizations.map { OrganizationAnswer($0.membership, name: $0.name) }),
            twoFactor: TwoFactorAnswer(try await twoFactor.factor(of: caller.id)),
            sessions: try await sessions.sessions(of: caller.id, .whole).map {
                SessionAnswer($0, isCurrent: $0.id == caller.sessionID)
            },
            identities: try await identities.identities(of: caller.id, .whole).map { IdentityAnswer($0, providers) },
            tokens: try await tokens.tokens(of: caller.id, .whole).map { AccessTokenAnswer($0) },
            grants: try await grants.list(of: caller.id).map(GrantDocument.init),
            invitations: try await invitations.list(for: caller.id, .whole).map { InvitationDocument($0) })
    }

    private func write(
        _ filter: AuditFilter, to writer: inout any ResponseBodyWriter, _ encode: (AuditRecord) throws -> JSONB
    ) async throws {
        var (separator, last): (String, AuditPosition?) = ("[", nil)
        repeat {
            let page = PageRequest(limit: 1000, order: .ascending, after: last)
            let records = try await audit.page(of: .platform(organizations: []), filter, page)
            var text = ByteBuffer()
            for record in records {
                text.writeString(separator)
                text.writeBytes(try encode(record).bytes)
                separator = ",\n"
            }
            try await writer.write(text)
            last = records.last?.position
        } while last != nil
        try await writer.write(ByteBuffer(string: separator == "[" ? "[]" : "]"))
    }
}

extension PageRequest<UUID> {
    /// All that a person can have of something.
    fileprivate static var whole: PageRequest { PageRequest(limit: 100_000, order: .ascending, after: nil) }
}

/// What is held about somebody, but for the log.
private struct AccountExport: Encodable {
    let exportedAt: Timestamp
    let account: ProfileAnswer
    let twoFactor: TwoFactorAnswer
    let sessions: [SessionAnswer]
    let identities: [IdentityAnswer]
    let tokens: [AccessTokenAnswer]
    let grants: [GrantDocument]
    let invitations: [InvitationDocument]

    enum CodingKeys: String, CodingKey {
        case exportedAt = "exported_at"
        case account
        case twoFactor = "two_factor"
        case sessions, identities, tokens, grants, invitations
    }
}

/// What somebody did, without the organization's data that it concerned.
private struct ActAnswer: Encodable {
    let timestamp: Timestamp
    let eventType: String
    let entityID: String
    let organizationID: String?

    init(_ record: AuditRecord) {
        timestamp = record.timestamp
        eventType = record.type
        entityID = record.entityID.text
        organizationID = record.organizationID?.text
    }

    enum CodingKeys: String, CodingKey {
        case timestamp
        case eventType = "event_type"
        case entityID = "entity_id"
        case organizationID = "organization_id"
    }
}
