import Foundation
import Synchronization

/// The revocations that still matter, in memory: asked for every request, told by a `RevocationFeed`.
public final class Revocations: Sendable {
    private let set = Mutex(RevocationSet())
    private let now: @Sendable () -> Date

    public init(now: @escaping @Sendable () -> Date = { Date() }) {
        self.now = now
    }

    /// Takes a revocation into account from now on.
    public func insert(_ revocation: Revocation) {
        let now = now().microseconds
        set.withLock { $0.insert(revocation, now: now) }
    }

    /// Whether the user's credential has been revoked since it was issued.
    public func isRevoked(_ user: UserPrincipal) -> Bool {
        set.withLock { $0.revokes(user) }
    }

    /// Whether the device's key has been revoked.
    public func isRevoked(_ device: DevicePrincipal) -> Bool {
        set.withLock { $0.revokes(device) }
    }

    /// Whether the principal's credential has been revoked; a service's never is.
    public func isRevoked(_ principal: Principal) -> Bool {
        switch principal {
        case .user(let user): isRevoked(user)
        case .device(let device): isRevoked(device)
        case .service: false
        }
    }
}

/// Revocations by subject, each with the latest time it was revoked at; what is past its end is swept out now and then.
struct RevocationSet {
    private struct Entry {
        var at: Int64
        var until: Int64
    }

    private var entries: [Revocation.Subject: Entry] = [:]
    private var sweepAtCount = 1024

    var count: Int { entries.count }

    mutating func insert(_ revocation: Revocation, now: Int64) {
        guard revocation.until > now else { return }
        let known = entries[revocation.subject]
        entries[revocation.subject] = Entry(
            at: max(revocation.at, known?.at ?? .min), until: max(revocation.until, known?.until ?? .min))
        if entries.count > sweepAtCount {
            entries = entries.filter { $0.value.until > now }
            sweepAtCount = max(1024, entries.count * 2)
        }
    }

    func revokes(_ user: UserPrincipal) -> Bool {
        if entries.isEmpty { return false }
        let issuedAt = user.issuedAt.microseconds
        func isAfter(_ subject: Revocation.Subject) -> Bool { entries[subject].map { $0.at > issuedAt } ?? false }
        if let session = user.sessionID {
            if entries[.session(session)] != nil || entries[.token(user.tokenID)] != nil { return true }
        } else if isAfter(.token(user.tokenID)) {
            // A personal access token that is still there holds again once it has been looked up anew.
            return true
        }
        if isAfter(.user(user.id)) { return true }
        guard let organization = user.organizationID else { return false }
        return entries[.organization(organization)] != nil
            || isAfter(.membership(user: user.id, organization: organization))
    }

    func revokes(_ device: DevicePrincipal) -> Bool {
        entries[.deviceKey(device.keyHash)] != nil || entries[.organization(device.organizationID)] != nil
    }
}
