import Foundation
import TestKit
import Testing

/// What ends a credential before its time.
enum Revoking: String, CaseIterable, Sendable {
    case logout
    case sessionEnd
    case tokenReuse
    case passwordChange
    case passwordReset
    case deactivation
    case accountDeletion
    case roleChange
    case removal
    case leaving
    case secondFactorDemand
    case grantDeletion
    case organizationDeletion
    case tokenDeletion
    case keyRotation
    case deviceDeletion

    /// A route of each service that takes the credentials of people.
    static let paths = [
        "/api/v1/auth/me", "/api/v1/devices", "/api/v1/readings", "/api/v1/alerts", "/api/v1/billing/plans",
        "/api/v1/dashboard",
    ]

    /// Makes a credential that every service takes.
    func prepare(in installation: SystemInstallation) async throws -> RevocableCredential {
        let owner = try await installation.owner()
        return switch self {
        case .logout: RevocableCredential(owner.api) { try await owner.api.post("/api/v1/auth/logout") }
        case .sessionEnd: try await otherSession(of: owner)
        case .tokenReuse: try await refreshableSession(of: owner)
        case .passwordChange: try await sessionBesideAnotherPassword(of: owner)
        case .passwordReset: try await sessionBesideAForgottenPassword(of: owner)
        case .deactivation: try await deactivatedAccount(of: owner)
        case .accountDeletion: try await deletedAccount(of: owner)
        case .roleChange, .removal, .leaving, .secondFactorDemand: try await membership(in: owner)
        case .grantDeletion: try await grant(by: owner)
        case .organizationDeletion: try await deletedOrganization(of: owner)
        case .tokenDeletion: try await accessToken(of: owner)
        case .keyRotation, .deviceDeletion: try await deviceKey(of: owner)
        }
    }
}

/// A credential that services take, and the request that ends it.
struct RevocableCredential: Sendable {
    private let client: TestHTTPClient
    private let paths: [String]
    private let answers: ClosedRange<Int>
    private let revoke: @Sendable () async throws -> TestHTTPResponse

    /// - Parameter answers: The statuses that tell of a request that did end it.
    init(
        _ client: TestHTTPClient, at paths: [String] = Revoking.paths, answered answers: ClosedRange<Int> = 200...204,
        revoke: @escaping @Sendable () async throws -> TestHTTPResponse
    ) {
        self.client = client
        self.paths = paths
        self.answers = answers
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
        #expect(answers.contains(revoked.status), "\(revoked)")
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
