import HTTPWire
import NIOCore

extension ClientConnection {
    /// Takes as much of `bytes` as can be dealt with now.
    func process(_ bytes: inout ByteBuffer) {
        while true {
            switch phase {
            case .idle:
                // Who does not take answers gets no more of them.
                guard bytes.readableBytes > 0, isWritable, takeTurn(), readHead(&bytes) else { return }
            case .head:
                guard bytes.readableBytes > 0, readHead(&bytes) else { return }
            case .exchange:
                guard !exchange.requestEnded, bytes.readableBytes > 0, !localBody.isUnderWay else { return }
                forwardRequestBody(&bytes)
            case .discarding:
                guard discard(&bytes) else { return }
            case .lingering:
                discardAllowance -= bytes.readableBytes
                bytes.skip()
                if discardAllowance < 0 { abort() }
                return
            case .tunnel:
                sendIntoTunnel(&bytes)
                return
            case .closed:
                bytes.skip()
                return
            }
        }
    }

    // MARK: The head

    /// - Returns: whether a head was whole and has been dealt with.
    private func readHead(_ bytes: inout ByteBuffer) -> Bool {
        if phase == .idle {
            phase = .head
            let clients = worker.generation.configuration.clients
            deadline = worker.now + clients.headerTimeout
            parser = RequestParser(limits: clients.headLimits)
        }
        do {
            guard let length = try parser.parse(bytes.readableBytesUInt8Span, into: &head) else { return false }
            begin(&bytes, headLength: length)
            return true
        } catch {
            bytes.skip()
            refuseHead(Refusal(error))
            return false
        }
    }

    /// Refuses what cannot be read as a head; what follows it cannot be read either.
    func refuseHead(_ refusal: Refusal) {
        head.reset()
        startExchange(ByteBuffer().readableBytesUInt8Span)
        refuse(refusal)
    }

    private func begin(_ bytes: inout ByteBuffer, headLength: Int) {
        startExchange(bytes.readableBytesUInt8Span)
        do {
            if try answerPreflight(&bytes, headLength: headLength) { return }
            let route = try admit(bytes.readableBytesUInt8Span)
            self.route = route
            if let port = site.securePort { try requireTLS(route, port, bytes.readableBytesUInt8Span) }
            switch route.destination {
            case .own(let endpoint):
                acceptsGzip = head.acceptsGzip(bytes.readableBytesUInt8Span)
                bytes.moveReaderIndex(forwardBy: headLength)
                if body.isDone { exchange.endRequest() }
                answer(worker.core.endpoints.answer(endpoint, by: worker.generation))
            case .folder(let folder):
                let response = try folder.answer(head, bytes.readableBytesUInt8Span)
                bytes.moveReaderIndex(forwardBy: headLength)
                if body.isDone { exchange.endRequest() }
                answer(response)
            case .upstream:
                prepare(route, bytes.readableBytesUInt8Span)
                bytes.moveReaderIndex(forwardBy: headLength)
                // What has come of the body goes out with the head.
                if body.isDone {
                    exchange.endRequest()
                } else {
                    pace.begin(route.timeouts, now: worker.now)
                    if withheldRead { holdBody() }
                    forwardRequestBody(&bytes)
                }
                if phase == .exchange { connect(fresh: false) }
            }
        } catch {
            bytes.moveReaderIndex(forwardBy: headLength)
            if body.isDone { exchange.endRequest() }
            refuse(error)
        }
    }

    /// Forgets the last request.
    private func startExchange(_ bytes: Span<UInt8>) {
        phase = .exchange
        findOrigin(bytes)
        site = worker.site(siteKind)
        started = worker.readClock()
        progress = Progress()
        exchange = Exchange(isRepeatable: false, keepsClient: head.persists && !worker.isDraining)
        body = BodyReader(head.framing, trailers: .safe)
        contentSeen = 0
        pace = BodyPace()
        status = 0
        bytesSent = 0
        route = nil
        rate = nil
        ticket = nil
        mustBeAlone = false
        loggedPath.clear()
        apply(site.isPublic ? worker.generation.configuration.strayRules : .none, bytes)
        requestID.clear()
        if let given = head.requestID, (1...128).contains(given.count), bytes.all(in: .requestID, at: given) {
            requestID.write(bytes, given)
        } else {
            worker.requestIDs.write(into: &requestID)
        }
        trace.clear()
        if let given = head.traceparent, TraceParent.isValid(bytes, given) {
            trace.write(bytes, given)
        } else {
            worker.requestIDs.writeTraceparent(into: &trace)
        }
    }

    // MARK: Admission

    /// Finds the route of the request, and counts it.
    private func admit(_ bytes: Span<UInt8>) throws(Refusal) -> Route {
        let form: RequestPath.Form
        do { form = try RequestPath.check(bytes, head.path) } catch { throw Refusal(error) }
        let scope = site.router.scope(of: head, bytes)
        let route: Route
        switch form {
        case .plain:
            route = try find(bytes, head.path, scope, bytes)
        case .decoded(let path):
            route = try find(path.span, 0..<path.count, scope, bytes)
        }
        try limit(route, bytes)
        if case .length(let length) = head.framing, length > route.bodyLimit {
            throw .contentTooLarge(limit: route.bodyLimit)
        }
        return route
    }

    /// Sends a client on that has come without TLS. Whether the gateway is alive is told without it, too.
    private func requireTLS(_ route: Route, _ port: Int, _ bytes: Span<UInt8>) throws(Refusal) {
        guard route.destination != .own(.alive), !isSecureBehindProxy, let host = head.host else { return }
        throw .tlsRequired(location: SecureLocation.of(head, host: host, bytes, port: port))
    }

    /// Finds the route of the path at `range` of `path`, and takes on its rules.
    private func find(
        _ path: Span<UInt8>, _ range: Range<Int>, _ scope: Router.Scope, _ bytes: Span<UInt8>
    ) throws(Refusal) -> Route {
        let match = site.router.match(path, range, method: head.method, scope: scope)
        logPath(path, range, match)
        let route = try route(match)
        apply(route.rules, bytes)
        try requireService(route, path, range, bytes)
        return route
    }

    private func route(_ match: Router.Match) throws(Refusal) -> Route {
        switch match {
        case .route(let route): return route
        case .methodNotAllowed(let allowed):
            try limitStray()
            throw .methodNotAllowed(allowed)
        case .notFound:
            try limitStray()
            throw .notFound
        }
    }

    func logPath(_ bytes: Span<UInt8>, _ path: Range<Int>, _ match: Router.Match) {
        loggedPath.clear()
        var secrets: UInt32 = 0
        if case .route(let route) = match { secrets = route.pattern.secrets }
        LoggedPath.write(bytes, path, secrets: secrets, into: &loggedPath)
    }

    private func limit(_ route: Route, _ bytes: Span<UInt8>) throws(Refusal) {
        guard site.isPublic else { return }
        try apply(worker.core.admission.admit(route, head, bytes, from: origin, now: started.uptimeNanoseconds))
        if !route.provesCredentials { ticket = nil }
    }

    /// Counts a request that no route takes by its address.
    func limitStray() throws(Refusal) {
        guard site.isPublic else { return }
        try apply(worker.core.admission.admitStray(origin, now: started.uptimeNanoseconds))
    }

    private func apply(_ admission: RateLimiter.Admission) throws(Refusal) {
        rate = admission.decision
        ticket = admission.ticket
        if let rate, !rate.isAllowed { throw .tooManyRequests(retryAfter: rate.retryAfter) }
    }

    /// Writes the head as the service gets it.
    private func prepare(_ route: Route, _ bytes: Span<UInt8>) {
        let method = head.method
        let isRepeatable = method?.isIdempotent == true || route.isRepeatable || head.hasIdempotencyKey
        exchange = Exchange(isRepeatable: isRepeatable, keepsClient: exchange.keepsClient, retries: route.retries)
        acceptsGzip = route.compresses && head.acceptsGzip(bytes)
        hasWeakTag = route.compresses && head.hasWeakTag(bytes)
        outgoing.clear()
        head.write(
            into: &outgoing, bytes: bytes, forwarded: origin.forwarded, requestID: requestID, trace: trace,
            upgrade: acceptsUpgrade)
    }

    /// Whether the request may become a WebSocket.
    var acceptsUpgrade: Bool { head.upgradesToWebSocket && route?.allowsUpgrade == true }

    var isHead: Bool { head.method == .head }

    // MARK: The body

    /// Passes on what `bytes` hold of the body, or keeps it while there is no connection yet.
    private func forwardRequestBody(_ bytes: inout ByteBuffer) {
        guard let route else { return }
        let total: Int
        do {
            let taken = try body.take(bytes.readableBytesUInt8Span)
            total = taken.total
            contentSeen += taken.content
            pace.receive(taken.content, route.timeouts, now: worker.now)
        } catch {
            bytes.skip()
            return refuse(Refusal(error))
        }
        guard contentSeen <= route.bodyLimit, let piece = bytes.readSlice(length: total) else {
            return refuse(.contentTooLarge(limit: route.bodyLimit))
        }
        if body.isDone {
            exchange.endRequest()
            pace.end()
        }
        if exchange.isHeld { outgoing.writeImmutableBuffer(piece) }
        guard exchange.isConnected else { return }
        if exchange.isHeld, outgoing.readableBytes > Self.bufferLimit {
            exchange.isHeld = false
            outgoing.clear()
        }
        deadline = requestDeadline(route)
        upstream?.write(piece)
    }

    /// Drops what `bytes` hold of a body that nobody wants any more.
    ///
    /// - Returns: whether the body is over.
    private func discard(_ bytes: inout ByteBuffer) -> Bool {
        guard let (total, _) = try? body.take(bytes.readableBytesUInt8Span) else {
            bytes.skip()
            close(unread: true)
            return false
        }
        bytes.moveReaderIndex(forwardBy: total)
        discardAllowance -= total
        if body.isDone {
            becomeIdle()
            return true
        }
        if discardAllowance < 0 { close(unread: true) }
        return false
    }

    /// Waits for the next request.
    func becomeIdle() {
        phase = .idle
        if outgoing.capacity > Self.keptLength { outgoing = ByteBuffer() }
        let configuration = worker.generation.configuration
        deadline = worker.now + (worker.isDraining ? configuration.drainGrace : configuration.clients.idleTimeout)
    }
}

extension ByteBuffer {
    /// Passes over all that is readable. Unlike `clear`, this never copies a storage that others still use.
    fileprivate mutating func skip() {
        moveReaderIndex(to: writerIndex)
    }
}
