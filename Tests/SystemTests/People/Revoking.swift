import Foundation
import NIOHTTP1
import TestKit
import Testing

/// What ends a credential before its time.
enum Revoking: String, CaseIterable, Sendable {
    case logout
    case passwordChange
    case roleChange
    case removal
    case deactivation
    case tokenDeletion
    case keyRotation

    /// A route of each service that takes the credentials of people.
    static let paths = [
        "/api/v1/auth/me", "/api/v1/devices", "/api/v1/readings", "/api/v1/alerts", "/api/v1/billing/plans",
        "/api/v1/dashboard",
    ]

    /// Makes a credential that every service takes.
    func prepare(in installation: SystemInstallation) async throws -> RevocableCredential {
        let owner = try await installation.owner()
        switch self {
        case .logout:
            return RevocableCredential(owner.api) { try await owner.api.post("/api/v1/auth/logout") }
        case .passwordChange:
            let other = try await owner.signedInAgain()
            return RevocableCredential(other.api) {
                try await owner.api.post(
                    "/api/v1/auth/change-password",
                    ["current_password": .string(Owner.password), "new_password": "incorrect horse battery"])
            }
        case .roleChange, .removal: return try await membership(in: owner)
        case .deactivation:
            let superuser = try await installation.superuser()
            let id = try await owner.id()
            return RevocableCredential(owner.api) {
                try await superuser.api.patch("/api/v1/admin/users/\(id)", ["is_active": false])
            }
        case .tokenDeletion: return try await accessToken(of: owner)
        case .keyRotation: return try await deviceKey(of: owner)
        }
    }

    private func membership(in owner: Owner) async throws -> RevocableCredential {
        let member = try await owner.admit(owner.installation.owner(), as: "member")
        let path = "/api/v1/organizations/\(owner.organization)/members/\(try await member.id())"
        return RevocableCredential(member.api) {
            switch self {
            case .removal: try await owner.api.delete(path)
            default: try await owner.api.put(path, ["role": "viewer"])
            }
        }
    }

    private func accessToken(of owner: Owner) async throws -> RevocableCredential {
        let scopes = ["profile:read", "devices:read", "readings:read", "alerts:read", "billing:read"]
        let made = try await owner.api.post(
            "/api/v1/auth/tokens", ["name": "script", "scopes": .array(scopes.map { .string($0) })])
        guard let id = made.json["id"].string, let secret = made.json["token"].string else {
            throw UnexpectedAnswer(response: made)
        }
        return RevocableCredential(owner.installation.client.authorized(secret)) {
            try await owner.api.delete("/api/v1/auth/tokens/\(id)")
        }
    }

    private func deviceKey(of owner: Owner) async throws -> RevocableCredential {
        let device = try await owner.device()
        let paths = ["", "/status", "/config", "/readings", "/readings/latest"].map { device.path + $0 }
        return RevocableCredential(device.api, at: paths) {
            try await owner.api.post("\(device.path)/rotate-key", ["overlap_s": 0])
        }
    }
}

/// A credential that services take, and the request that ends it.
struct RevocableCredential: Sendable {
    private let client: TestHTTPClient
    private let paths: [String]
    private let revoke: @Sendable () async throws -> TestHTTPResponse

    init(
        _ client: TestHTTPClient, at paths: [String] = Revoking.paths,
        revoke: @escaping @Sendable () async throws -> TestHTTPResponse
    ) {
        self.client = client
        self.paths = paths
        self.revoke = revoke
    }

    /// Waits until all services take it, which each has to have heard of.
    func waitUntilTaken() async throws {
        for path in paths {
            try await eventually { try await client.get(path).status == 200 }
        }
    }

    /// Ends it, and waits until all services refuse it.
    ///
    /// - Parameter limit: From the answer on; what the questions take is in it.
    func revokeAndExpectRefusal(within limit: Duration) async throws {
        let revoked = try await revoke()
        #expect((200...204).contains(revoked.status), "\(revoked)")
        var open = paths
        try await eventually(within: limit) {
            for path in open {
                guard try await client.get(path).status == 401 else { return false }
                open.removeAll { $0 == path }
            }
            return true
        }
        #expect(open.isEmpty, "not refused at \(open)")
    }
}

extension SystemInstallation {
    /// Somebody who administers the platform.
    func superuser() async throws -> Owner {
        let owner = try await owner()
        _ = try await query("UPDATE auth.users SET is_superuser = true WHERE email = \(owner.email)")
        return try await owner.signedInAgain()
    }
}
