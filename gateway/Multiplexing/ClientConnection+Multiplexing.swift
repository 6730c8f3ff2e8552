import HTTPWire
import NIOCore

extension ClientConnection {
    /// A request that goes over a connection with others.
    struct SharedPlace {
        let connection: MultiplexedConnection
        let id: UInt32
    }

    /// Whether the request may go over a connection with others: it is whole, and small.
    var sharesConnection: Bool {
        guard let route, route.isMultiplexed, !mustBeAlone, exchange.requestEnded, exchange.isHeld else { return false }
        switch head.framing {
        case .none, .length: break
        case .chunked, .untilClose: return false
        }
        return outgoing.readableBytes <= MultiplexFrame.longestRequest && !acceptsUpgrade && !head.expectsContinue
    }

    func send(on connection: MultiplexedConnection) {
        guard let route else { return }
        exchange.connected(reused: true)
        sharedPlace = SharedPlace(
            connection: connection, id: connection.send(outgoing, for: self, now: worker.now))
        deadline = worker.now + route.timeouts.response
        resumeReading()
    }

    /// The service does not answer this request on a connection with others.
    func sendAlone() {
        guard phase == .exchange, let place = sharedPlace else { return }
        sharedPlace = nil
        pool?.forget(place.connection.endpoint)
        mustBeAlone = true
        exchange.takeBack()
        connect(fresh: false)
        if phase != .exchange { processInbound() }
    }

    /// The whole answer has come over a connection with others.
    ///
    /// - Throws: `MessageError` where it is not one whole answer; nothing has gone to the client then.
    func receive(_ response: ResponseHead, _ message: ByteBuffer, headLength: Int) throws(MessageError) {
        guard phase == .exchange, sharedPlace != nil else { return }
        guard response.status >= 200 else { throw .malformed("an answer before the answer") }
        let framing = try response.framing(toHead: isHead)
        var body = message
        body.moveReaderIndex(forwardBy: headLength)
        var reader = BodyReader(framing, trailers: .none)
        guard body.readableBytes == reader.remaining else { throw .malformed("the length of the answer") }
        beginResponse(response, message.readableBytesUInt8Span, framing)
        if !reader.isDone { try forwardBody(&body, &reader) }
        endResponse(isReusable: true)
    }
}
