import NIOCore

extension ClientConnection {
    /// A quarter of the time for an answer is what clients must have waited for one that has left to tell of its copy: at a
    /// copy that works some request is answered meanwhile.
    private static let patienceDivisor: Int64 = 4

    var pool: UpstreamPool? {
        guard case .upstream(let group) = route?.destination else { return nil }
        return worker.pools[group]
    }

    /// Asks for a connection to the service, and sends what there is of the request on it.
    ///
    /// - Parameters:
    ///   - fresh: whether only a new connection will do.
    ///   - failed: the copy that has just failed the request.
    func connect(fresh: Bool, after failed: UpstreamEndpoint? = nil) {
        guard let pool, let route else { return }
        exchange.attempt()
        let loop = sharesConnection ? worker.loop : nil
        switch pool.lease(now: worker.now, fresh: fresh, after: failed, sharedOn: loop) {
        case .share(let connection):
            progress.copy = connection.endpoint.text
            send(on: connection)
        case .reuse(let connection):
            upstream = connection
            progress.copy = connection.endpoint.text
            exchange.connected(reused: true)
            send(on: connection)
        case .connect(let endpoint):
            let connection = UpstreamConnection(endpoint: endpoint, pool: pool)
            upstream = connection
            progress.copy = endpoint.text
            progress.connects(now: worker.readClock())
            deadline = worker.now + route.timeouts.connect
            connection.connect(on: worker.loop, for: self)
        case .full:
            refuse(.overloaded)
        case .none:
            refuse(.unavailable)
        }
    }

    /// A new connection is there.
    func upstreamConnected(_ connection: UpstreamConnection) {
        exchange.connected(reused: false)
        progress.connected(now: worker.readClock())
        pool?.connected(connection.endpoint, now: worker.now)
        send(on: connection)
    }

    private func send(on connection: UpstreamConnection) {
        guard let route else { return }
        connection.begin(for: self)
        connection.write(outgoing)
        let isAwaited = head.expectsContinue && head.minorVersion == 1 && !exchange.requestEnded && contentSeen == 0
        if isAwaited {
            write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
            flush()
        }
        head.expectsContinue = false
        deadline = requestDeadline(route)
        resumeReading()
        // Last, as a failure to write calls back.
        connection.flush()
    }

    /// The copy that has the request.
    var endpoint: UpstreamEndpoint? { upstream?.endpoint ?? sharedPlace?.connection.endpoint }

    /// The service's connection failed by itself.
    ///
    /// - Parameter isCounted: whether that is a failure of the copy; not where others have told of it.
    func upstreamLost(_ loss: Exchange.Loss, isCounted: Bool = true) {
        guard phase == .exchange, let endpoint, let pool else { return }
        upstream = nil
        sharedPlace = nil
        pool.forget(endpoint)
        // As a tunnel does, an event stream ends by being cut, whoever stops; its copy has answered long ago.
        if route?.isStream == true, exchange.response == .started, loss == .closed { return abort() }
        // A service that stops is none that fails.
        let others = isCounted && loss != .unused ? pool.failed(endpoint, loss, now: worker.now) : .none
        if loss != .unused { countFailure() }
        switch exchange.lost(loss, others: others, mayRepeat: pool.mayRepeat(now: worker.now)) {
        case .retry:
            countRetry()
            if loss == .closed { pool.repeats() }
            connect(fresh: loss != .notConnected, after: endpoint)
            if phase != .exchange { processInbound() }
        case .wait:
            // The next tick that finds the deadline over tries again.
            deadline = worker.now
        case .answer(let refusal):
            // Those who come next need not wait, until a check or a request finds it well again.
            if loss == .notConnected { endpoint.health.leave() }
            if refusal == .failing { pool.doesNotRepeat() }
            // One that says so of every request does not stop.
            if loss == .unused { countFailure() }
            refuse(refusal)
            processInbound()
        case .abort: abort()
        }
    }

    /// Gives the service's connection up for being too slow.
    func loseUpstream(_ loss: Exchange.Loss) {
        upstream?.close()
        if let place = sharedPlace {
            place.connection.leave(place.id)
            // Others need not wait for it as long.
            place.connection.end()
        }
        upstreamLost(loss)
    }

    /// Gives up what is under way at the service: its connection is within a message, and is closed unless it is shared.
    func dropUpstream() {
        guard let endpoint, let pool else { return }
        upstream?.close()
        upstream = nil
        if let place = sharedPlace { place.connection.leave(place.id) }
        sharedPlace = nil
        pool.forget(endpoint)
    }

    /// Ends the use of the service's connection.
    func releaseUpstream(isReusable: Bool) {
        guard isReusable else { return dropUpstream() }
        guard let pool else { return }
        if let connection = upstream {
            upstream = nil
            pool.giveBack(connection, now: worker.now)
        } else if let place = sharedPlace {
            sharedPlace = nil
            pool.forget(place.connection.endpoint)
        }
    }

    /// The service has answered to the end, or switched protocols.
    func noteAnswer() {
        guard let endpoint else { return }
        pool?.answered(endpoint, status: status, now: worker.now)
    }

    /// The client has left.
    func noteAbandonment() {
        guard exchange.isConnected, exchange.requestEnded, exchange.response == .awaited, let endpoint, let pool,
            let route
        else { return }
        // The deadline is that of the answer.
        let sent = deadline - route.timeouts.response
        let patience = TimeAmount.nanoseconds(route.timeouts.response.nanoseconds / Self.patienceDivisor)
        if pool.abandoned(endpoint, sent: sent, patience: patience, now: worker.now) { countFailure() }
    }

    private func countFailure() {
        guard case .upstream(let group) = route?.destination else { return }
        worker.counters.groups[group].failures += 1
    }

    private func countRetry() {
        guard case .upstream(let group) = route?.destination else { return }
        worker.counters.groups[group].retries += 1
    }
}
