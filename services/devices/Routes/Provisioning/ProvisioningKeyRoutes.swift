import FoundationEssentials
import HTTPKit
import Hummingbird
import Kernel
import Postgres

/// The fleet keys of an organization, for its admins.
struct ProvisioningKeyRoutes: Sendable {
    let keys: ProvisioningKeyStore
    let descriptions: ConfigDescriptionStore
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get("/api/v1/devices/provisioning-keys", .user(atLeast: .admin), use: list)
        routes.post("/api/v1/devices/provisioning-keys", .user(atLeast: .admin), use: create)
        routes.delete("/api/v1/devices/provisioning-keys/{key_id}", .user(atLeast: .admin), use: delete)
    }

    @Sendable private func list(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> Page<ProvisioningKey> {
        let page = try request.query().page(of: UUID.self)
        return try page.page(try await keys.list(in: try context.organizationID, page), key: \.id)
    }

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user.id, try context.organizationID)
        return try await idempotency.create(
            NewProvisioningKey.self, request, context, as: .organization(organization)
        ) { body, transaction in
            let terms = try body.terms()
            try await check(terms.defaults, in: organization, transaction)
            let issue = try await keys.insert(terms, in: organization, by: user, context.cause, transaction)
            return JSON(
                IssuedProvisioningKey(issue), status: .created, headers: [.cacheControl: "no-store"])
        }
    }

    /// A first configuration must be as that of a device of the same type.
    ///
    /// - Throws: 422 with the settings at fault.
    private func check(
        _ defaults: ProvisioningDefaults, in organization: UUID, _ transaction: Transaction
    ) async throws {
        guard let config = defaults.config else { return }
        let type = defaults.deviceType ?? ProvisioningDefaults.deviceType
        let described = try await descriptions.find(type, in: organization, transaction)
        try validate { described?.check(config, at: "defaults.config", &$0) }
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await keys.delete(try context.id("key_id"), in: try context.organizationID, context.cause)
        return Response(status: .noContent)
    }
}

/// The answer to the making of a fleet key: the key with its secret, this once.
private struct IssuedProvisioningKey: Encodable {
    let issue: ProvisioningKeyStore.Issue

    enum CodingKeys: String, CodingKey {
        case provisioningKey = "provisioning_key"
    }

    init(_ issue: ProvisioningKeyStore.Issue) {
        self.issue = issue
    }

    func encode(to encoder: any Encoder) throws {
        try issue.key.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(issue.secret.secret, forKey: .provisioningKey)
    }
}
