import Foundation
import NIOHTTP1
import TestKit

/// What ends by the hand of an organization: places in it, what was granted, and what it gave to programs and devices.
extension Revoking {
    func membership(in owner: Owner) async throws -> RevocableCredential {
        let member = try await owner.admit(owner.installation.owner(), as: "member")
        let organization = "/api/v1/organizations/\(owner.organization)"
        let path = "\(organization)/members/\(try await member.id())"
        if self == .secondFactorDemand { try await owner.haveSecondFactor() }
        return RevocableCredential(member.api) {
            switch self {
            case .removal: try await owner.api.delete(path)
            case .leaving: try await member.api.post("\(organization)/leave")
            case .secondFactorDemand:
                try await owner.api.put(organization, ["name": "Cell Culture", "requires_two_factor": true])
            default: try await owner.api.put(path, ["role": "viewer"])
            }
        }
    }

    /// What a guest has of one device. Services that show an organization as a whole are not for guests.
    func grant(by owner: Owner) async throws -> RevocableCredential {
        let guest = try await owner.installation.owner()
        let device = try await owner.device()
        let grants = "/api/v1/organizations/\(owner.organization)/grants"
        let id = try await owner.make(
            grants,
            [
                "user_id": .string(try await guest.id()), "role": "viewer",
                "resource": ["type": "device", "id": .string(device.id)],
            ])
        let paths = ["/api/v1/auth/me", device.path, "\(device.path)/readings/latest", "/api/v1/alerts"]
        return RevocableCredential(try await guest.acting(in: owner.organization).api, at: paths) {
            try await owner.api.delete("\(grants)/\(id)")
        }
    }

    /// One that ends when the grace is over, which here is at once.
    func deletedOrganization(of owner: Owner) async throws -> RevocableCredential {
        let (installation, id) = (owner.installation, UUID(uuidString: owner.organization))
        return RevocableCredential(owner.api) {
            let asked = try await owner.api.send(
                .DELETE, "/api/v1/organizations/\(owner.organization)", json: ["name": "Cell Culture"])
            _ = try await installation.query("UPDATE auth.organizations SET deletes_at = now() WHERE id = \(id)")
            try await eventually(within: .seconds(30)) {
                try await !installation.query(
                    "SELECT 1 FROM auth.organizations WHERE id = \(id) AND revoked_at IS NOT NULL"
                ).isEmpty
            }
            return asked
        }
    }

    func accessToken(of owner: Owner) async throws -> RevocableCredential {
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

    func deviceKey(of owner: Owner) async throws -> RevocableCredential {
        let device = try await owner.device()
        let paths = ["", "/status", "/config", "/readings", "/readings/latest"].map { device.path + $0 }
        return RevocableCredential(device.api, at: paths) {
            self == .deviceDeletion
                ? try await owner.api.delete(device.path)
                : try await owner.api.post("\(device.path)/rotate-key", ["overlap_s": 0])
        }
    }
}

extension Owner {
    /// As if an authenticator app had been set up.
    fileprivate func haveSecondFactor() async throws {
        let id = UUID(uuidString: try await self.id())
        _ = try await installation.query(
            """
            INSERT INTO auth.second_factors (user_id, sealed_secret, confirmed_at) VALUES (\(id), '\\x00', now())
            """)
    }
}
