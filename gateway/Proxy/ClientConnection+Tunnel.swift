import NIOCore

extension ClientConnection {
    /// The service has switched protocols: from now on bytes pass both ways as they are.
    func beginTunnel(_ response: ResponseHead, _ bytes: Span<UInt8>) {
        exchange.startResponse()
        status = response.status
        if let ticket { worker.core.limiter.settle(ticket, RateLimiter.Outcome(status: status)) }
        worker.scratch.clear()
        response.write(into: &worker.scratch, bytes: bytes, context: responseContext)
        write(worker.scratch)
        flush()
        guard phase == .exchange else { return }
        phase = .tunnel
        worker.counters.openTunnels += 1
        extendDeadline()
        // A tunnel may be idle for hours; it holds no buffer meanwhile.
        outgoing = ByteBuffer()
        processInbound()
    }

    /// Bytes from the service.
    func forwardTunnel(_ bytes: ByteBuffer) {
        extendDeadline()
        write(bytes)
    }

    /// Bytes from the client.
    func sendIntoTunnel(_ bytes: inout ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        extendDeadline()
        upstream?.write(bytes)
        bytes.moveReaderIndex(to: bytes.writerIndex)
    }

    /// The service has closed its side: the client gets what is left, and then the end.
    func tunnelEnded() {
        guard phase == .tunnel else { return }
        flush()
        guard phase == .tunnel else { return }
        worker.counters.openTunnels -= 1
        recordRequest(abandoned: false)
        dropUpstream()
        close(unread: true)
    }
}
