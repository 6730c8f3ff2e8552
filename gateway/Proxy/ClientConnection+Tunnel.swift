import NIOCore

extension ClientConnection {
    /// For the rest of the service's frame, once the gateway stops.
    private static let frameTimeout = TimeAmount.seconds(1)
    /// For the client's answer to a Close frame.
    private static let closeTimeout = TimeAmount.seconds(2)

    /// The service has switched protocols: from now on bytes pass both ways as they are.
    func beginTunnel(_ response: ResponseHead, _ bytes: Span<UInt8>) {
        exchange.startResponse()
        progress.answered(after: worker.readClock() - started)
        status = response.status
        if let ticket { worker.core.admission.limiter.settle(ticket, RateLimiter.Outcome(status: status)) }
        worker.clearScratch()
        response.write(into: &worker.scratch, bytes: bytes, context: responseContext)
        write(worker.scratch)
        flush()
        guard phase == .exchange else { return }
        phase = .tunnel
        noteAnswer()
        worker.counters.openTunnels += 1
        extendDeadline()
        // A tunnel may be idle for hours; it holds no buffer meanwhile.
        outgoing = ByteBuffer()
        processInbound()
        if worker.isDraining { drainTunnel() }
    }

    /// Bytes from the service.
    func forwardTunnel(_ bytes: ByteBuffer) {
        if tunnel.isOpen { extendDeadline() }
        var bytes = bytes
        let step = tunnel.receiveFromService(bytes.readableBytesUInt8Span)
        if step.passing > 0, let piece = bytes.readSlice(length: step.passing) { write(piece) }
        perform(step)
    }

    /// Bytes from the client.
    func sendIntoTunnel(_ bytes: inout ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        if tunnel.isOpen { extendDeadline() }
        let step = tunnel.receiveFromClient(bytes.readableBytesUInt8Span)
        upstream?.write(bytes)
        bytes.moveReaderIndex(to: bytes.writerIndex)
        perform(step)
    }

    /// The gateway stops, and ends the tunnel as WebSockets end.
    func drainTunnel() {
        guard phase == .tunnel, tunnel.isOpen else { return }
        deadline = worker.now + Self.frameTimeout
        perform(tunnel.drain())
    }

    private func perform(_ step: Tunnel.Step) {
        guard step.closes || step.ends else { return }
        if step.closes {
            deadline = worker.now + Self.closeTimeout
            write(ByteBuffer(bytes: Tunnel.closeToClient))
        }
        // A failure to write calls back, and may have ended the tunnel.
        flush()
        guard step.ends, phase == .tunnel else { return }
        upstream?.flush()
        guard phase == .tunnel else { return }
        leaveTunnel()
        close(unread: false)
    }

    /// The service has closed its side: the client gets what is left, and then the end.
    func tunnelEnded() {
        guard phase == .tunnel else { return }
        flush()
        guard phase == .tunnel else { return }
        leaveTunnel()
        close(unread: true)
    }

    /// Nothing more passes. A service is told so unless the client has, or is within a frame.
    func leaveTunnel() {
        worker.counters.openTunnels -= 1
        recordRequest(abandoned: false)
        if tunnel.owesServiceClose, let upstream {
            upstream.write(ByteBuffer(bytes: Tunnel.closeToService(maskedBy: .random(in: .min ... .max))))
            upstream.flush()
        }
        dropUpstream()
    }
}
