import EventBus
import Foundation
import Identity
import Kernel
import Postgres

extension Event {
    static func accessTokenIssued(_ token: AccessTokenRecord, hash: SecretHash, of user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "api_token.issued", subject: token.id.text, subjectVersion: 1,
            organizationID: token.organizationID, actor: user.text,
            data: AccessTokenData(token, hash: hash, of: user))
    }

    static func accessTokenRevoked(_ token: AccessTokenRecord, hash: SecretHash?, of user: UUID) throws -> Event {
        try Event(
            source: .auth, type: "api_token.revoked", subject: token.id.text, subjectVersion: 2,
            organizationID: token.organizationID, actor: user.text,
            data: AccessTokenData(token, hash: hash, of: user))
    }
}

/// The data of `api_token.issued` and `api_token.revoked`, and without the hash of their rows in the audit log.
struct AccessTokenData: Encodable {
    let tokenID: String
    let tokenHash: String?
    let userID: String
    let organizationID: String
    let name: String
    let scopes: [String]
    let expiresAt: Timestamp?

    init(_ token: AccessTokenRecord, hash: SecretHash? = nil, of user: UUID) {
        tokenID = token.id.text
        tokenHash = hash?.hex
        userID = user.text
        organizationID = token.organizationID.text
        name = token.name
        scopes = token.scopes.map(\.rawValue).sorted()
        expiresAt = token.expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case name, scopes
        case tokenID = "token_id"
        case tokenHash = "token_hash"
        case userID = "user_id"
        case organizationID = "organization_id"
        case expiresAt = "expires_at"
    }
}
