import Foundation
import NIOHTTP1
import TestKit

/// What ends by the hand of its owner, or with the account.
extension Revoking {
    func otherSession(of owner: Owner) async throws -> RevocableCredential {
        let other = try await owner.signedInAgain()
        let listed = try await other.api.get("/api/v1/auth/sessions")
        let current = listed.json["items"].array?.first { $0["is_current"] == true }
        guard let id = current?["id"].string else { throw UnexpectedAnswer(response: listed) }
        return RevocableCredential(other.api) { try await owner.api.delete("/api/v1/auth/sessions/\(id)") }
    }

    /// One whose refresh token somebody uses a second time, which is refused and ends it.
    func refreshableSession(of owner: Owner) async throws -> RevocableCredential {
        let opened = try await owner.logIn()
        guard let access = opened.json["access_token"].string else { throw UnexpectedAnswer(response: opened) }
        let client = owner.installation.client
        let refresh: JSONValue = ["refresh_token": opened.json["refresh_token"]]
        let refreshed = try await client.post("/api/v1/auth/refresh", refresh)
        guard refreshed.status == 200 else { throw UnexpectedAnswer(response: refreshed) }
        return RevocableCredential(client.authorized(access), answered: 401...401) {
            try await client.post("/api/v1/auth/refresh", refresh)
        }
    }

    func sessionBesideAnotherPassword(of owner: Owner) async throws -> RevocableCredential {
        RevocableCredential(try await owner.signedInAgain().api) {
            try await owner.api.post(
                "/api/v1/auth/change-password",
                ["current_password": .string(Owner.password), "new_password": "incorrect horse battery"])
        }
    }

    func sessionBesideAForgottenPassword(of owner: Owner) async throws -> RevocableCredential {
        let client = owner.installation.client
        let asked = try await client.post("/api/v1/auth/forgot-password", ["email": .string(owner.email)])
        guard asked.status == 202 else { throw UnexpectedAnswer(response: asked) }
        let token = try await owner.installation.mailedToken("lms_pwd_", to: owner.email)
        return RevocableCredential(owner.api) {
            try await client.post(
                "/api/v1/auth/reset-password", ["token": .string(token), "new_password": "incorrect horse battery"])
        }
    }

    func deactivatedAccount(of owner: Owner) async throws -> RevocableCredential {
        let superuser = try await owner.installation.superuser()
        let id = try await owner.id()
        return RevocableCredential(owner.api) {
            try await superuser.api.patch("/api/v1/admin/users/\(id)", ["is_active": false])
        }
    }

    /// One that ends when the grace is over, which here is at once.
    func deletedAccount(of owner: Owner) async throws -> RevocableCredential {
        let (installation, id) = (owner.installation, UUID(uuidString: try await owner.id()))
        return RevocableCredential(owner.api) {
            let asked = try await owner.api.send(
                .DELETE, "/api/v1/users/account",
                json: ["email": .string(owner.email), "password": .string(Owner.password)])
            _ = try await installation.query("UPDATE auth.users SET deletes_at = now() WHERE id = \(id)")
            try await eventually(within: .seconds(30)) {
                try await !installation.query("SELECT 1 FROM auth.users WHERE id = \(id) AND ended_at IS NOT NULL")
                    .isEmpty
            }
            return asked
        }
    }
}

extension SystemInstallation {
    /// Somebody who administers the platform.
    func superuser() async throws -> Owner {
        let owner = try await owner()
        _ = try await query("UPDATE auth.users SET is_superuser = true WHERE email = \(owner.email)")
        return try await owner.signedInAgain()
    }

    /// The token that begins so, once a letter to the address has it.
    fileprivate func mailedToken(_ prefix: String, to address: String) async throws -> String {
        guard let folder = stack.installation.mailFolder else { throw CocoaError(.fileNoSuchFile) }
        return try await eventually {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".eml") {
                let letter = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
                guard letter.contains("To: <\(address)>"), let start = letter.range(of: prefix)?.lowerBound else {
                    continue
                }
                return String(letter[start...].prefix { $0.isLetter || $0.isNumber || "-_".contains($0) })
            }
            return nil
        }
    }
}
