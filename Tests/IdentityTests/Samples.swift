import Foundation
import Synchronization

@testable import Identity

extension UserPrincipal {
    static func sample(
        organizationID: UUID? = UUID(), role: Role? = .member, grants: [ResourceGrant] = [], isSuperuser: Bool = false,
        issuedAt: Date = Date(timeIntervalSince1970: 1_764_000_000.25), expiresAt: Date? = nil
    ) -> UserPrincipal {
        UserPrincipal(
            id: UUID(), organizationID: organizationID, role: role, grants: grants, sessionID: UUID(), tokenID: UUID(),
            isSuperuser: isSuperuser, issuedAt: issuedAt, expiresAt: expiresAt)
    }
}

extension TokenClaims {
    static func sample(_ kind: Kind = .access, user: UserPrincipal = .sample(), lifetime: TimeInterval = 900) -> Self {
        TokenClaims(kind, user: user, sessionID: user.sessionID ?? UUID(), lifetime: lifetime)
    }
}

extension KeyRing {
    static let first = Data(repeating: 1, count: 32).base64EncodedString()
    static let second = Data(repeating: 2, count: 32).base64EncodedString()

    static func sample(_ configured: String = first) throws -> KeyRing { try KeyRing(configured) }
}

/// A clock that stands still until it is set.
final class StoppedClock: Sendable {
    private let current = Mutex(Date(timeIntervalSince1970: 1_764_000_001))

    func advance(by seconds: TimeInterval) { current.withLock { $0 += seconds } }

    var now: @Sendable () -> Date { { self.current.withLock(\.self) } }
}

/// Counts how often something is asked.
final class Counter: Sendable {
    private let count = Mutex(0)

    func increment() { count.withLock { $0 += 1 } }

    var value: Int { count.withLock(\.self) }
}
