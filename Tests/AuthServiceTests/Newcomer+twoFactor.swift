import Foundation
import NIOHTTP1
import Postgres
import TestKit
import Testing

@testable import AuthService

/// An authenticator app.
struct Authenticator: Sendable {
    private let code: TimeBasedCode
    /// The code that was shown when it was set up.
    let first: String

    init(_ code: TimeBasedCode) {
        self.code = code
        first = code.code(at: TimeBasedCode.step(at: .now))
    }

    /// An app that somebody has typed the secret into.
    init(base32 text: String) throws {
        self.init(TimeBasedCode(secret: try Self.base32(text)))
    }

    /// The code that is shown next, which is taken already.
    func next() -> String { code.code(at: TimeBasedCode.step(at: .now) + 1) }

    private static func base32(_ text: String) throws -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var bits = ""
        for letter in text {
            let digits = String(try #require(alphabet.firstIndex(of: letter)), radix: 2)
            bits += String(repeating: "0", count: 5 - digits.count) + digits
        }
        return stride(from: 0, to: bits.count - 7, by: 8).compactMap { UInt8(bits.dropFirst($0).prefix(8), radix: 2) }
    }
}

extension Newcomer {
    /// Sets up an authenticator app, with the code that it shows now; answers the recovery codes too.
    func enableTwoFactor() async throws -> (app: Authenticator, recoveryCodes: [String]) {
        let path = "/api/v1/auth/two-factor"
        let enrolment = try await api.post(path, ["password": .string(Self.password)])
        let app = try Authenticator(base32: try #require(enrolment.json["secret"].string))
        let confirmed = try await api.post(path + "/confirm", ["code": .string(app.first)])
        let codes = confirmed.json["recovery_codes"].array?.compactMap(\.string)
        guard confirmed.status == 200, let codes else { throw UnexpectedAnswer(response: confirmed) }
        return (app, codes)
    }

    /// Shows the password, and answers what stands for it.
    func challenge() async throws -> String {
        let response = try await logIn()
        guard let challenge = response.json["challenge"].string else { throw UnexpectedAnswer(response: response) }
        return challenge
    }

    func answer(_ challenge: String, _ code: String) async throws -> TestHTTPResponse {
        try await client.post(
            "/api/v1/auth/two-factor/challenge", ["challenge": .string(challenge), "code": .string(code)])
    }

    func delete(_ path: String, _ json: JSONValue) async throws -> TestHTTPResponse {
        try await api.send(.DELETE, path, json: json)
    }
}

extension AuthServer {
    /// The types of what somebody's own history tells of, the oldest first.
    func events(of newcomer: Newcomer) async throws -> [String] {
        let rows = try await query(
            "SELECT event_type FROM core.events WHERE entity_id = \(UUID(uuidString: newcomer.id)) ORDER BY timestamp, id"
        )
        return try rows.map { try $0.decode(String.self, at: 0) }
    }
}
