import NIOCore

/// The connections of one event loop to one service.
final class UpstreamPool {
    enum Lease {
        case reuse(UpstreamConnection)
        /// One that other requests use at the same time.
        case share(MultiplexedConnection)
        case connect(UpstreamEndpoint)
        /// Every copy has as many requests under way as it may.
        case full
        /// No copy of the service is known.
        case none
    }

    /// What is counted since the start.
    struct Counts {
        var ejections = 0
        /// Requests not sent again, the budget being spent.
        var unrepeated = 0
        /// Requests refused, every copy having as many as it may.
        var overloads = 0
    }

    private var endpoints: [UpstreamEndpoint] = []
    private var choice = CopyChoice()
    private var budget: RetryBudget
    private var policy: UpstreamPolicy
    private var idleLimit: Int
    private var idleTimeout: TimeAmount
    private(set) var counts = Counts()
    /// Requests under way, at copies too that are no longer known.
    private(set) var outstanding = 0

    init(policy: UpstreamPolicy, idleLimit: Int, idleTimeout: TimeAmount) {
        self.policy = policy
        self.idleLimit = idleLimit
        self.idleTimeout = idleTimeout
        budget = RetryBudget(policy)
    }

    /// Takes other settings into use.
    func change(policy: UpstreamPolicy, idleLimit: Int, idleTimeout: TimeAmount) {
        self.idleLimit = idleLimit
        self.idleTimeout = idleTimeout
        guard policy != self.policy else { return }
        // What is under way is counted where it is limited, and only there.
        switch (self.policy.maximumRequests != nil, policy.maximumRequests != nil) {
        case (false, true): for endpoint in endpoints { endpoint.load.add(endpoint.outstanding) }
        case (true, false): for endpoint in endpoints { endpoint.load.add(-endpoint.outstanding) }
        case (true, true), (false, false): break
        }
        self.policy = policy
        budget = RetryBudget(policy)
    }

    // MARK: Connections

    /// A connection for one request.
    ///
    /// - Parameters:
    ///   - fresh: whether an idle connection will not do, the last one having been stale.
    ///   - failed: the copy that has just failed the request, which another should get now.
    ///   - loop: where a request is that may go over a connection with others.
    func lease(
        now: NIODeadline, fresh: Bool, after failed: UpstreamEndpoint? = nil, sharedOn loop: (any EventLoop)? = nil
    ) -> Lease {
        guard !endpoints.isEmpty else { return .none }
        guard let endpoint = takePlace(now: now, after: failed) else {
            counts.overloads += 1
            return .full
        }
        endpoint.outstanding += 1
        outstanding += 1
        if !fresh, let loop, let connection = endpoint.shared(on: loop, now: now) { return .share(connection) }
        if !fresh, let connection = endpoint.idle.popLast() { return .reuse(connection) }
        return .connect(endpoint)
    }

    /// Takes a connection back that is between two requests.
    func giveBack(_ connection: UpstreamConnection, now: NIODeadline) {
        let endpoint = connection.endpoint
        forget(endpoint)
        guard endpoint.idle.count < idleLimit, keepsIdle(of: endpoint) else { return connection.close() }
        connection.idleUntil = now + idleTimeout
        endpoint.idle.append(connection)
    }

    /// A leased connection will not come back.
    func forget(_ endpoint: UpstreamEndpoint) {
        endpoint.outstanding -= 1
        outstanding -= 1
        if policy.maximumRequests != nil { endpoint.load.leave() }
    }

    /// An idle connection was closed by the service.
    func remove(_ connection: UpstreamConnection) {
        connection.endpoint.idle.removeAll { $0 === connection }
    }

    /// Closes what has been idle for too long. The oldest stand first, as the newest are used first.
    func closeIdle(now: NIODeadline) {
        for endpoint in endpoints {
            let expired = endpoint.idle.prefix { $0.idleUntil <= now }
            endpoint.idle.removeFirst(expired.count)
            for connection in expired { connection.close() }
            if let shared = endpoint.multiplexed, shared.isIdle, shared.lastUsed + idleTimeout <= now { shared.end() }
        }
    }

    func closeAll() {
        for endpoint in endpoints { endpoint.closeIdle() }
    }

    /// Whether connections to a copy are kept between requests: not to one that is gone, nor to one that gets no new
    /// requests while others do.
    private func keepsIdle(of endpoint: UpstreamEndpoint) -> Bool {
        guard endpoints.contains(where: { $0 === endpoint }) else { return false }
        return endpoint.health.isReady || !endpoints.contains { $0.health.isReady }
    }

    // MARK: What becomes of requests

    /// A copy took a connection.
    func connected(_ endpoint: UpstreamEndpoint, now: NIODeadline) {
        endpoint.health.connect(now: now)
    }

    /// A copy has answered a request to the end, or switched protocols.
    func answered(_ endpoint: UpstreamEndpoint, status: Int, now: NIODeadline) {
        if status >= 500, policy.failureStatuses.contains(status) {
            fail(endpoint, isConnected: true, now: now)
        } else {
            endpoint.health.succeed()
            budget.earn()
        }
    }

    /// A copy has failed a request.
    ///
    /// - Returns: where else the request could go that it could not take.
    func failed(_ endpoint: UpstreamEndpoint, _ loss: Exchange.Loss, now: NIODeadline) -> Exchange.Others {
        fail(endpoint, isConnected: loss != .notConnected, now: now)
        guard loss == .notConnected else { return .none }
        func isThereAnother(_ condition: (CopyHealth) -> Bool) -> Bool {
            endpoints.contains { $0 !== endpoint && !$0.health.isPaused(now: now) && condition($0.health) }
        }
        if isThereAnother(\.isReady) { return .available }
        if endpoint.health.isAwaited { return .soon }
        // The checks may be wrong.
        return isThereAnother { _ in true } ? .available : .none
    }

    /// A client has left that waited for a copy's answer. Where the copy has begun to answer nobody for as long as `patience`,
    /// it may hang: clients that leave before the time-out would hide that.
    ///
    /// - Parameter sent: when the copy had the whole request.
    /// - Returns: whether that counts as a failure.
    func abandoned(
        _ endpoint: UpstreamEndpoint, sent: NIODeadline, patience: TimeAmount, now: NIODeadline
    ) -> Bool {
        guard now - max(sent, endpoint.lastAnswer) >= patience else { return false }
        fail(endpoint, isConnected: true, now: now)
        return true
    }

    private func fail(_ endpoint: UpstreamEndpoint, isConnected: Bool, now: NIODeadline) {
        let out = endpoints.count { $0 !== endpoint && (!$0.health.isReady || $0.health.isEjected(now: now)) }
        let isEjected = endpoint.health.fail(
            policy, isConnected: isConnected,
            mayEject: (out + 1) * 100 <= endpoints.count * policy.maximumEjectedPercent, now: now,
            jitter: choice.random.fraction())
        if isEjected { counts.ejections += 1 }
    }

    /// Whether a request that a copy may have seen may be sent again now.
    func mayRepeat(now: NIODeadline) -> Bool { budget.isOpen(now: now) }

    /// Such a request is sent again.
    func repeats() { budget.spend() }

    /// Such a request is not, for the budget is spent.
    func doesNotRepeat() { counts.unrepeated += 1 }

    func ejected(now: NIODeadline) -> Int { endpoints.count { $0.health.isEjected(now: now) } }

    // MARK: Copies

    /// Takes over what is known of the service, keeping the connections to the copies that are still there.
    ///
    /// Requests and tunnels under way at the others go on.
    func update(_ copies: [UpstreamCopy], now: NIODeadline) {
        var old = endpoints
        let firstUsed = old.isEmpty ? nil : now
        endpoints = copies.map { copy in
            guard let index = old.firstIndex(where: { $0.address == copy.address }) else {
                return UpstreamEndpoint(copy, firstUsed: firstUsed)
            }
            let endpoint = old.remove(at: index)
            // Another where its host has another name now.
            endpoint.count(by: copy.load, isCounted: policy.maximumRequests != nil)
            endpoint.health.setReady(copy.isReady, now: now)
            return endpoint
        }
        for endpoint in old { endpoint.closeIdle() }
        for endpoint in endpoints where !keepsIdle(of: endpoint) { endpoint.closeIdle() }
    }

    /// - Returns: the copy for the next request, with a place taken; nil when all have as many as they may.
    private func takePlace(now: NIODeadline, after failed: UpstreamEndpoint?) -> UpstreamEndpoint? {
        guard let limit = policy.maximumRequests else { return choose(now: now, after: failed) }
        // Another event loop may have taken the last place of the copy chosen, which is no candidate then.
        for _ in endpoints.indices {
            guard let endpoint = choose(now: now, after: failed) else { return nil }
            if endpoint.load.take(limit: limit) { return endpoint }
        }
        return nil
    }

    private func choose(now: NIODeadline, after failed: UpstreamEndpoint?) -> UpstreamEndpoint? {
        if endpoints.count == 1 { return endpoints[0] }
        var excluded = failed
        if let failed, !endpoints.contains(where: { $0 !== failed && isOpen($0, now: now) }) { excluded = nil }
        // Those passed over are no way out where the others have as many requests as they may.
        let mustBeWell = policy.maximumRequests != nil && endpoints.contains { $0.health.share(policy, now: now) > 0 }
        let index = choice.choose(endpoints.count) { index in
            let endpoint = endpoints[index]
            let share = endpoint.health.share(policy, now: now)
            guard endpoint !== excluded, hasPlace(at: endpoint), share > 0 || !mustBeWell else { return nil }
            return CopyChoice.Candidate(
                outstanding: endpoint.outstanding, share: share, isPaused: endpoint.health.isPaused(now: now))
        }
        return index.map { endpoints[$0] }
    }

    private func isOpen(_ endpoint: UpstreamEndpoint, now: NIODeadline) -> Bool {
        endpoint.health.share(policy, now: now) > 0 && hasPlace(at: endpoint)
    }

    private func hasPlace(at endpoint: UpstreamEndpoint) -> Bool {
        guard let limit = policy.maximumRequests else { return true }
        return !endpoint.load.isFull(limit: limit)
    }
}
