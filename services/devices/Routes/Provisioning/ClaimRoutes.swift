import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// How a person who stands before a board takes it out of the organization's pool.
struct ClaimRoutes: Sendable {
    let claims: ClaimStore
    let access: DeviceAccess
    let idempotency: Idempotency
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        routes.post(
            "/api/v1/devices/{id}/claim-code", .userOrDevice(atLeast: .admin, orGrant: true), use: issueCode)
        routes.post("/api/v1/devices/claim", .user(atLeast: .member, orGrant: true), use: claim)
    }

    @Sendable private func issueCode(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await access.device(context, atLeast: .admin)
        return try await idempotency.create(
            request, context, as: .organization(device.organizationID)
        ) { transaction in
            let code = ClaimCode()
            let end = try await claims.issue(
                code, for: device, asDevice: context.principal?.device != nil, context.cause, transaction)
            return JSON(
                IssuedCode(code: code.text, expiresAt: end), status: .created, headers: [.cacheControl: "no-store"])
        }
    }

    @Sendable private func claim(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Device> {
        let body = try await request.decode(as: ClaimRequest.self, context: context)
        let user = try context.user
        guard let code = ClaimCode(body.code) else {
            throw Problem.invalid("code", "must be eight letters and digits, such as 7GK2-M0XW")
        }
        try Self.check(user, mayClaimInto: body.projectID)
        let device = try await claims.claim(
            code, into: body.projectID, by: user.id, in: try context.organizationID, context.cause)
        announcer.committed()
        return JSON(device, version: device.version)
    }

    /// A member may claim into any project or none; who is one by a grant alone, into the project that it names.
    ///
    /// - Throws: 403, and for a project that the user may not see what one that there is not is answered.
    private static func check(_ user: UserPrincipal, mayClaimInto project: UUID?) throws {
        guard let project else {
            guard let role = user.role, role >= .member else {
                throw Problem.forbidden("Name a project on which you have the role member.")
            }
            return
        }
        guard let role = user.role(onProject: project) else {
            throw DeviceError.unknownProject(field: "project_id")
        }
        guard role >= .member else { throw Problem.forbidden() }
    }
}

private struct IssuedCode: Encodable {
    let code: String
    let expiresAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case code
        case expiresAt = "expires_at"
    }
}
