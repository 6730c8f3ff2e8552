/// What a route demands of its caller.
///
/// It decides by the kind of principal and its role alone; for ``member(atLeast:evenSuspended:)`` whoever serves the route
/// looks up the role. That a device reaches only its own resources, a user only those of the active organization, and a
/// grant only its one resource is for the handler, which knows the resource (and answers 404 for another's).
public enum Access: Sendable, Hashable {
    /// Anybody, with credentials or without.
    case `public`
    /// Any signed-in user, in an organization or not: a profile, the list of invitations.
    case signedIn
    /// A user with at least this role in the active organization; with `orGrant`, or on one of its resources.
    case user(atLeast: Role, orGrant: Bool = false)
    /// A member, at least in this role, of the organization that the path names as `{id}`, which need not be the active
    /// one; with `evenSuspended`, also one who lacks the second factor that the organization requires.
    case member(atLeast: Role, evenSuspended: Bool = false)
    /// A device.
    case device
    /// A device, or a user as in `user(atLeast:orGrant:)`.
    case userOrDevice(atLeast: Role, orGrant: Bool = false)
    /// A user who administers the platform, whatever the role.
    case superuser
    /// Another service of this installation.
    case internalService

    /// Whether `principal` (nil: no credentials) may use the route, as far as the principal itself tells.
    public func allows(_ principal: Principal?) -> AccessDecision {
        if self == .public { return .allowed }
        guard let principal else { return .unauthenticated }
        return admits(principal) ? .allowed : .forbidden
    }

    private func admits(_ principal: Principal) -> Bool {
        switch (self, principal) {
        case (.public, _), (.signedIn, .user), (.member, .user): true
        case (.user(let least, let orGrant), .user(let user)),
            (.userOrDevice(let least, let orGrant), .user(let user)):
            user.has(least, orGrant: orGrant)
        case (.device, .device), (.userOrDevice, .device): true
        case (.superuser, .user(let user)): user.isSuperuser
        case (.internalService, .service): true
        default: false
        }
    }
}

extension UserPrincipal {
    fileprivate func has(_ least: Role, orGrant: Bool) -> Bool {
        guard organizationID != nil else { return false }
        if let role, role >= least { return true }
        return orGrant && grants.contains { $0.role >= least }
    }
}

/// The answer to whether a principal may use a route.
public enum AccessDecision: Sendable, Hashable {
    case allowed
    /// 401: there are no credentials.
    case unauthenticated
    /// 403: the principal is known but may not.
    case forbidden
}
