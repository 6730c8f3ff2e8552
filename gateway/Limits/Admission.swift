import Foundation
import HTTPWire
import Identity
import NIOCore

/// Decides whether a request may go on: checks its token where that can be done here, and counts it.
final class Admission: Sendable {
    let limiter: RateLimiter
    /// Nil where tokens are not checked.
    let tokens: TokenGate?
    /// Nil where they cannot be looked up.
    let planRates: PlanRates?
    let metrics: LimitMetrics

    init(limiter: RateLimiter, tokens: TokenGate?, planRates: PlanRates?, metrics: LimitMetrics) {
        self.limiter = limiter
        self.tokens = tokens
        self.planRates = planRates
        self.metrics = metrics
    }

    /// Counts a request that no route takes by its address.
    func admitStray(_ origin: ClientOrigin, now: UInt64) -> RateLimiter.Admission {
        let admission = limiter.admit(.address, address: origin.addressHash, credential: nil, now: now)
        if !admission.hot.isEmpty { share(admission.hot, .address, origin, now: now) }
        return admission
    }

    /// Counts a request on `route`, by whom its credential stands for if the gateway can tell.
    ///
    /// - Throws: 401 for a credential that every service refuses. That has been counted by the address.
    func admit(
        _ route: Route, _ head: RequestHead, _ bytes: Span<UInt8>, from origin: ClientOrigin, now: UInt64
    ) throws(Refusal) -> RateLimiter.Admission {
        let (admission, caller) = try count(route, head, bytes, from: origin, now: now)
        guard let rate = route.rate, admission.decision?.isAllowed != false else { return admission }
        return count(route, rate, caller, bytes, origin, behind: admission, now: now)
    }

    /// How many times what one caller may is for all those of an address together whose credentials nobody has accepted yet:
    /// made-up ones gain no more, and the first requests of a laboratory's devices have room beside each other.
    private static let newcomers = 16.0

    /// Whom a request was counted for.
    private enum Caller {
        case address
        /// All of an address whose credentials nobody has accepted yet.
        case newcomers
        /// A hash of the credential, and where it stands.
        case credential(UInt64, Range<Int>)
        case holder(TokenHolder)

        /// What keeps the names of one kind from being those of another: a client may choose its credential.
        var kind: String {
            switch self {
            case .address: "address"
            case .newcomers: "newcomers"
            case .credential: "credential"
            case .holder: "user"
            }
        }
    }

    private func count(
        _ route: Route, _ head: RequestHead, _ bytes: Span<UInt8>, from origin: ClientOrigin, now: UInt64
    ) throws(Refusal) -> (RateLimiter.Admission, Caller) {
        guard route.limit == .general, let place = CredentialHash.range(head, bytes, route: route) else {
            let admission = limiter.admit(route.limit, address: origin.addressHash, credential: nil, now: now)
            if !admission.hot.isEmpty {
                share(admission.hot, route.limit == .signIn ? .signIn : .address, origin, now: now)
            }
            return (admission, .address)
        }
        let credential = CredentialHash.of(bytes, place)
        if let tokens, route.checksTokens, head.authorization ?? head.apiKey != nil {
            guard Self.isToken(place, head, bytes) else {
                return (try refuse(.malformed, origin, now: now), .address)
            }
            let counted = try check(place, credential, bytes, tokens, origin, now: now)
            if let counted { return counted }
        }
        let admission = limiter.admit(.general, address: origin.addressHash, credential: credential, now: now)
        if !admission.hot.isEmpty {
            share(admission.hot, .address, origin, now: now)
            if admission.hot.contains(LimitKinds(.credential)) {
                share(.credential, credential, Self.text(bytes, place), now: now)
            }
        }
        return (admission, .credential(credential, place))
    }

    /// Counts a request that may go on by the rate of its route, too: once more for whoever it was counted for, and where
    /// nobody has accepted its credential yet, among the others of its address of which that is so.
    private func count(
        _ route: Route, _ rate: RateLimit, _ caller: Caller, _ bytes: Span<UInt8>, _ origin: ClientOrigin,
        behind admission: RateLimiter.Admission, now: UInt64
    ) -> RateLimiter.Admission {
        var admission = admission
        var charged = charge(route, rate, caller, bytes, origin, now: now)
        if charged.decision.isAllowed, admission.ticket?.isUnproven == true {
            let own = charged
            charged = charge(route, rate.multiplied(by: Self.newcomers), .newcomers, bytes, origin, now: now)
            if charged.decision.isAllowed {
                admission.ticket?.route = charged.key
                charged = own
            } else {
                limiter.giveBack(.route, own.key)
            }
        }
        let decision = charged.decision
        if !decision.isAllowed { giveBack(route, caller, origin, admission.ticket) }
        // The one that ends first is told.
        let isTighter = !decision.isAllowed || decision.remaining < admission.decision?.remaining ?? .max
        if isTighter { admission.decision = decision }
        return admission
    }

    /// Takes a token of a caller on a route.
    private func charge(
        _ route: Route, _ rate: RateLimit, _ caller: Caller, _ bytes: Span<UInt8>, _ origin: ClientOrigin, now: UInt64
    ) -> (decision: RateDecision, key: UInt64) {
        var hasher = Hasher()
        hasher.combine(route.place)
        switch caller {
        case .address, .newcomers: hasher.combine(origin.addressHash)
        case .credential(let credential, _): hasher.combine(credential)
        case .holder(let holder): hasher.combine(holder.principal)
        }
        hasher.combine(caller.kind)
        let key = UInt64(bitPattern: Int64(hasher.finalize()))
        let charged = limiter.charge(route: key, limit: rate, now: now)
        if charged.isHot {
            let name =
                switch caller {
                case .address, .newcomers: AddressHash.site(of: origin.address)
                case .credential(_, let place): Self.text(bytes, place)
                case .holder(let holder): holder.user.id.uuidString
                }
            share(.route, key, "\(route.label) \(caller.kind) \(name)", now: now)
        }
        return (charged.decision, key)
    }

    /// Gives back what a request took that its route's rate refuses.
    private func giveBack(_ route: Route, _ caller: Caller, _ origin: ClientOrigin, _ ticket: RateLimiter.Ticket?) {
        if ticket?.isUnproven == true { limiter.giveBack(.address, origin.addressHash) }
        switch caller {
        case .address where route.limit != .none:
            limiter.giveBack(route.limit == .signIn ? .signIn : .address, origin.addressHash)
        case .address, .newcomers: break
        case .credential(let credential, _): limiter.giveBack(.credential, credential)
        case .holder(let holder):
            limiter.giveBack(.principal, holder.principal)
            if let organization = holder.organization { limiter.giveBack(.organization, organization) }
        }
    }

    private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        String(decoding: [UInt8](bytes, range), as: UTF8.self)
    }

    // MARK: Tokens

    /// Whether `place` is what a service would look at: the token of `Authorization`, or without that field the key.
    private static func isToken(_ place: Range<Int>, _ head: RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard let authorization = head.authorization else { return true }
        guard let token = Credentials.bearer(in: bytes.extracting(authorization)) else { return false }
        return authorization.lowerBound + token.lowerBound == place.lowerBound && !token.isEmpty
    }

    /// - Returns: nil for a credential of which nothing is said here.
    private func check(
        _ place: Range<Int>, _ key: UInt64, _ bytes: Span<UInt8>, _ tokens: TokenGate, _ origin: ClientOrigin,
        now: UInt64
    ) throws(Refusal) -> (RateLimiter.Admission, Caller)? {
        if let isWritten = OpaqueCredential.isWritten(bytes.extracting(place)) {
            return isWritten ? nil : (try refuse(.malformed, origin, now: now), .address)
        }
        let date = Date()
        switch tokens.known(key, at: date) {
        case .holder(let holder): return (admit(holder, now: now), .holder(holder))
        case .refused(let failure): return (try refuse(failure, origin, now: now), .address)
        case .open: return nil
        case nil: break
        }
        // Without keys there is nothing to be verified.
        guard tokens.keys.areKnown else {
            tokens.wantKeys()
            return nil
        }
        // Signatures cost: an address has only so many.
        let charged = limiter.charge(.address, origin.addressHash, now: now)
        if !charged.hot.isEmpty { share(charged.hot, .address, origin, now: now) }
        guard charged.decision?.isAllowed == true else { return (charged, .address) }
        metrics.checked.increment()
        switch tokens.judge(key, Self.text(bytes, place), at: date) {
        case .holder(let holder):
            limiter.giveBack(.address, origin.addressHash)
            return (admit(holder, now: now), .holder(holder))
        case .refused(let failure):
            metrics.refused(failure)
            throw .unauthorized(failure)
        case .open:
            limiter.giveBack(.address, origin.addressHash)
            return nil
        }
    }

    private func admit(_ holder: TokenHolder, now: UInt64) -> RateLimiter.Admission {
        let admission = limiter.admit(principal: holder.principal, organization: holder.organization, now: now)
        if admission.hot.contains(LimitKinds(.principal)) {
            share(.principal, holder.principal, holder.user.id.uuidString, now: now)
        }
        guard let organization = holder.organization, let id = holder.user.organizationID else { return admission }
        if admission.hot.contains(LimitKinds(.organization)) {
            share(.organization, organization, id.uuidString, now: now)
        }
        if admission.isLookupDue { planRates?.want(organization, id: id) }
        return admission
    }

    /// Counts a bad credential by its address.
    ///
    /// - Returns: when there have been too many.
    private func refuse(
        _ failure: AuthenticationFailure, _ origin: ClientOrigin, now: UInt64
    ) throws(Refusal) -> RateLimiter.Admission {
        let charged = limiter.charge(.address, origin.addressHash, now: now)
        if !charged.hot.isEmpty { share(charged.hot, .address, origin, now: now) }
        guard charged.decision?.isAllowed == true else { return charged }
        metrics.refused(failure)
        throw .unauthorized(failure)
    }

    // MARK: Sharing

    /// Shares the address's bucket if it is among `kinds`.
    private func share(_ kinds: LimitKinds, _ kind: LimitKind, _ origin: ClientOrigin, now: UInt64) {
        guard kinds.contains(LimitKinds(kind)) else { return }
        share(kind, origin.addressHash, AddressHash.site(of: origin.address), now: now)
    }

    private func share(_ kind: LimitKind, _ key: UInt64, _ text: String, now: UInt64) {
        limiter.share(kind, key, as: LimitName(kind, text), now: now)
    }
}

extension LimitName {
    /// The name of what `text` says to be counted by `kind`.
    init(_ kind: LimitKind, _ text: String) {
        self.init(text: "lms:limit:\(kind):\(SecretHash(of: text).hex.prefix(32))")
    }
}

extension [UInt8] {
    fileprivate init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self = bytes.extracting(range).bytes.withUnsafeBytes { Array($0) }
    }
}
