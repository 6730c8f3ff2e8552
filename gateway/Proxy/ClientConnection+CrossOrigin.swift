import HTTPWire
import NIOCore

extension ClientConnection {
    /// Takes on what becomes of the fields of the answer.
    ///
    /// Who asks is looked up now: when the answer comes, the request's bytes are gone.
    func apply(_ rules: ResponseRules, _ bytes: Span<UInt8>) {
        self.rules = rules
        // An empty buffer has its storage from all others, and clearing it would give it one of its own.
        if pageOrigin.readableBytes > 0 { pageOrigin.clear() }
        if let cors = rules.cors, let origin = head.value(of: Self.origin, in: bytes), cors.allows(bytes, origin) {
            pageOrigin.write(bytes, origin)
        }
    }

    /// Answers a preflight: whether a page of another origin may send the request that it describes.
    ///
    /// - Returns: false where the request is none, or its route leaves that to the service.
    func answerPreflight(_ bytes: inout ByteBuffer, headLength: Int) throws(Refusal) -> Bool {
        guard let policy = try preflightPolicy(bytes.readableBytesUInt8Span) else { return false }
        try limitStray()
        guard pageOrigin.readableBytes > 0 else { throw .originNotAllowed }
        bytes.moveReaderIndex(forwardBy: headLength)
        if body.isDone { exchange.endRequest() }
        answer(LocalResponse(status: 204, contentType: "", fields: policy.preflight, body: ByteBuffer()))
        return true
    }

    /// The policy of the route that the request behind a preflight would take.
    private func preflightPolicy(_ bytes: Span<UInt8>) throws(Refusal) -> CORSPolicy? {
        guard head.method == .options, head.value(of: Self.origin, in: bytes) != nil,
            let method = head.value(of: Self.requestMethod, in: bytes)
        else { return nil }
        let scope = site.router.scope(of: head, bytes, isPreflight: true)
        let wanted = HTTPMethod(bytes, method)
        let form: RequestPath.Form
        do { form = try RequestPath.check(bytes, head.path) } catch { throw Refusal(error) }
        let match: Router.Match
        switch form {
        case .plain:
            match = site.router.match(bytes, head.path, method: wanted, scope: scope)
            logPath(bytes, head.path, match)
        case .decoded(let path):
            match = site.router.match(path.span, 0..<path.count, method: wanted, scope: scope)
            logPath(path.span, 0..<path.count, match)
        }
        guard case .route(let route) = match, let policy = route.rules.cors else { return nil }
        apply(route.rules, bytes)
        return policy
    }

    private static let origin = LowercasedText("Origin")
    private static let requestMethod = LowercasedText("Access-Control-Request-Method")
}

extension RequestHead {
    /// Where the value of the first field with a name stands.
    func value(of name: LowercasedText, in bytes: Span<UInt8>) -> Range<Int>? {
        for field in fields where name.equals(bytes, field.name) { return field.value }
        return nil
    }
}
