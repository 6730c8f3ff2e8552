import NIOCore

extension ClientConnection {
    // MARK: Time

    /// Gives up what is being waited for, if its time is over.
    func checkDeadline(_ now: NIODeadline) {
        guard deadline <= now else { return }
        switch phase {
        case .closed: abort()
        // Who is still reading the last answer has the time for it.
        case .idle, .discarding: close(unread: false)
        case .head: refuseHead(.requestTimeout)
        case .lingering: endLingering()
        case .tunnel: abort()
        case .exchange:
            timeOutExchange()
            processInbound()
        }
    }

    private func timeOutExchange() {
        if localBody.isUnderWay {
            abort()
        } else if !exchange.isConnected {
            if upstream == nil { connect(fresh: false) } else { loseUpstream(.notConnected) }
        } else if exchange.response == .started {
            abort()
        } else if exchange.requestEnded || upstream?.isWritable == false {
            loseUpstream(.timedOut)
        } else {
            refuse(.requestTimeout)
        }
    }

    // MARK: The end of the gateway, and of the client

    /// Makes this the last request.
    ///
    /// Between two requests the next may be on its way already, which nobody could send again if the connection were closed
    /// before it comes: for a while it is waited for.
    func drain() {
        switch phase {
        case .idle: deadline = min(deadline, worker.now + worker.generation.configuration.drainGrace)
        // Its head has told the client to go on; the next answer tells it to end.
        case .exchange where exchange.response == .started && (route?.isStream != true || localBody.isUnderWay): break
        case .tunnel: drainTunnel()
        case .exchange where route?.isStream == true && exchange.response == .started: abort()
        case .head, .exchange, .discarding, .lingering, .closed: exchange.keepsClient = false
        }
    }

    /// Nothing more comes: the connection ends behind the answers of the gateway's own that have been asked for. Who no
    /// longer waits for a service looks just the same as who does, and is taken to have left.
    func endInput() {
        switch phase {
        // The next request waits for its turn, or for the client to read.
        case .idle where inbound.readableBytes > 0: break
        case .exchange where localBody.isUnderWay: break
        case .exchange, .tunnel:
            giveUpRequest()
            close(unread: false)
        case .idle, .head, .discarding: close(unread: false)
        case .lingering, .closed: break
        }
    }

    /// Gives up what is under way for a client that has left.
    func giveUpRequest() {
        let last = phase
        // What is dropped may call back.
        phase = .lingering
        switch last {
        case .exchange:
            worker.counters.abandoned += 1
            noteAbandonment()
            recordRequest(abandoned: true)
        case .tunnel: leaveTunnel()
        case .idle, .head, .discarding, .lingering, .closed: break
        }
        abandonCompression()
        localBody = LocalBody()
        dropUpstream()
    }

    // MARK: Closing

    /// Closes the connection as it is.
    func abort() {
        deadline = .distantFuture
        context?.close(promise: nil)
    }

    /// Closes the connection once the client has what was written.
    ///
    /// A plain close with bytes unread resets the connection, and a reset can overtake the response (RFC 9112 §9.6).
    func close(unread: Bool) {
        phase = .lingering
        if isStream { return closeStream() }
        lingeringBytes = pendingBytes
        guard unread || lingeringBytes > 0 else { return abort() }
        if isInputEnded { return closeWhenWritten() }
        discardAllowance = worker.generation.configuration.discardLimit
        deadline = worker.now + .seconds(5)
        context?.close(mode: .output, promise: nil)
        resumeReading()
    }

    /// Closes a connection whose client has ended its side: to end the other one would close it at once, and drop what is
    /// still to be written.
    private func closeWhenWritten() {
        guard let context else { return }
        deadline = worker.now + .seconds(5)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.abort() }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    }

    /// Ends the response. The stream is closed when its client has read all of it, and has ended its request or been told
    /// not to go on with it.
    private func closeStream() {
        let configuration = worker.generation.configuration
        discardAllowance = configuration.discardLimit
        deadline = worker.now + configuration.clients.idleTimeout
        context?.close(mode: .output, promise: nil)
        resumeReading()
    }

    /// Waits on for a slow reader that makes progress; closes otherwise.
    private func endLingering() {
        if isStream { return abort() }
        let pending = pendingBytes
        guard pending > 0, pending < lingeringBytes else { return abort() }
        lingeringBytes = pending
        deadline = worker.now + .seconds(5)
    }

    private var pendingBytes: Int {
        // Reading an option of an open channel on its own loop does not fail.
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
