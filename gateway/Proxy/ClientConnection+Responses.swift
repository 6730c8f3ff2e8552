import HTTPWire
import NIOCore

extension ClientConnection {
    /// Bodies up to this size are copied behind their head, so that one write sends both.
    static let copyLimit = 16 * 1024

    var responseContext: ResponseContext {
        ResponseContext(
            requestID: requestID, rate: rate, closes: !exchange.keepsClient, isHTTP10: head.minorVersion == 0,
            date: worker.date, isSecure: origin.isSecure, acceptsGzip: acceptsGzip, rules: rules,
            pageOrigin: pageOrigin)
    }

    // MARK: From a service

    /// The head of the response has come; it is written together with what the same read brought of the body.
    func beginResponse(_ response: ResponseHead, _ bytes: Span<UInt8>, _ framing: BodyFraming) {
        exchange.startResponse()
        progress.answered(after: worker.readClock() - started)
        endpoint?.lastAnswer = worker.now
        status = response.status
        if let ticket { worker.core.admission.limiter.settle(ticket, RateLimiter.Outcome(status: status)) }
        unwrapsChunks = framing == .chunked && head.minorVersion == 0
        if framing == .untilClose || unwrapsChunks || worker.isDraining { exchange.keepsClient = false }
        var context = responseContext
        context.compression = beginCompression(response, bytes)
        worker.clearScratch()
        response.write(into: &worker.scratch, bytes: bytes, context: context)
        hasPendingHead = true
        extendDeadline()
    }

    /// Passes on what `bytes` hold of the response's body.
    func forwardBody(_ bytes: inout ByteBuffer, _ reader: inout BodyReader) throws(MessageError) {
        extendDeadline()
        if compressor != nil { return try compressBody(&bytes, &reader) }
        guard unwrapsChunks else {
            let (total, _) = try reader.take(bytes.readableBytesUInt8Span)
            if let piece = bytes.readSlice(length: total) { writeBody(piece) }
            return
        }
        while let piece = try reader.next(in: bytes.readableBytesUInt8Span, from: 0) {
            switch piece {
            case .framing(let count), .trailer(let count): bytes.moveReaderIndex(forwardBy: count)
            case .content(let count):
                if let content = bytes.readSlice(length: count) { writeBody(content) }
            }
        }
    }

    func writeBody(_ piece: ByteBuffer) {
        guard hasPendingHead else { return write(piece) }
        if piece.readableBytes <= Self.copyLimit {
            worker.scratch.writeImmutableBuffer(piece)
            writePendingHead()
        } else {
            writePendingHead()
            write(piece)
        }
    }

    /// Writes the head by itself if no piece of the body has taken it along.
    ///
    /// Every read from the service ends with this: the worker's scratch buffer belongs to the next connection then.
    func writePendingHead() {
        guard hasPendingHead else { return }
        hasPendingHead = false
        write(worker.scratch)
    }

    /// The response is complete.
    func endResponse(isReusable: Bool) {
        endCompression()
        writePendingHead()
        flush()
        // A failed write has closed the connection, and everything with it.
        guard phase == .exchange else { return }
        let isBetween = exchange.endResponse()
        noteAnswer()
        releaseUpstream(isReusable: isReusable && isBetween)
        finish()
        processInbound()
    }

    /// The service closed its connection within the body.
    func responseBroke(isComplete: Bool) {
        guard isComplete else { return upstreamLost(.closed) }
        endResponse(isReusable: false)
    }

    /// Waits on for the next piece.
    func extendDeadline() {
        let idle = route?.timeouts.idle ?? worker.generation.configuration.clients.idleTimeout
        deadline = min(worker.now + idle, pace.due)
    }

    // MARK: From the gateway

    /// Answers with a problem document.
    func refuse(_ refusal: Refusal) {
        if case .tooManyRequests = refusal { worker.counters.limited += 1 }
        guard exchange.response == .awaited else { return abort() }
        if refusal.losesFraming { exchange.keepsClient = false }
        if case .maintenance(let notice, asPage: true) = refusal { return answer(notice.page) }
        answer(LocalResponse(refusal, instance: loggedPath, requestID: requestID))
    }

    /// Answers instead of a service.
    func answer(_ response: LocalResponse) {
        dropUpstream()
        exchange.startResponse()
        if !canDiscardRest { exchange.keepsClient = false }
        status = response.status
        worker.clearScratch()
        let rest = response.write(
            into: &worker.scratch, context: responseContext, toHead: isHead, copying: Self.copyLimit)
        write(worker.scratch)
        if rest.readableBytes > 0 { return beginLocalBody(rest) }
        flush()
        endLocalResponse()
    }

    /// An answer of the gateway's own is written.
    func endLocalResponse() {
        // A failed write has closed the connection.
        guard phase == .exchange else { return }
        _ = exchange.endResponse()
        finish()
    }

    /// Whether the connection survives an answer that comes before the end of the request: its rest must be short
    /// enough to be read and dropped, and the client must not be waiting to be told whether to send it.
    private var canDiscardRest: Bool {
        if exchange.requestEnded { return true }
        if head.expectsContinue { return false }
        return (body.remaining ?? 0) <= worker.generation.configuration.discardLimit
    }

    // MARK: The end of a request

    /// Ends the request whose response is written, and makes ready for the next.
    private func finish() {
        recordRequest(abandoned: false)
        if !exchange.keepsClient {
            close(unread: !exchange.requestEnded)
        } else if !exchange.requestEnded {
            phase = .discarding
            discardAllowance = worker.generation.configuration.discardLimit
            deadline = worker.now + .seconds(30)
        } else {
            becomeIdle()
        }
    }

    /// Counts and logs the request.
    func recordRequest(abandoned: Bool) {
        guard site.isPublic else { return }
        let duration = worker.readClock() - started
        // 499 is nginx's: the client did not wait for the answer.
        let status = abandoned && self.status == 0 ? 499 : self.status
        var group: Int?
        if case .upstream(let index) = route?.destination { group = index }
        let record = AccessLog.Record(
            method: head.method, path: loggedPath, status: status, bytes: bytesSent, duration: duration,
            upstream: group.map { worker.generation.configuration.upstreams[$0].name }, attempts: exchange.attempts,
            progress: progress, requestID: requestID, trace: trace, client: origin.address)
        // How long somebody stays is not how long it took: of sockets and event streams the answer's head counts.
        let latency = status == 101 || route?.isStream == true ? progress.firstByte ?? duration : duration
        worker.record(record, latency: latency, group: group, route: route)
    }
}
