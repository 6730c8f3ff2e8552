import HTTPWire
import Identity

extension Credentials {
    /// The credentials in the head of a request for a ``DirectRoute``, whose path holds none.
    public init(of direct: DirectHead) {
        let (span, head) = (direct.bytes.readableBytesUInt8Span, direct.head)
        self.init(
            authorization: head.authorization.map { span.string(at: $0) },
            apiKey: head.apiKey.map { span.string(at: $0) },
            sessionCookie: head.sessionCookie.map { span.string(at: $0) })
    }
}

extension Authenticator {
    /// The device that presents its key in a head, where that can be told from memory; nil leaves it open who makes the
    /// request.
    public func knownDevice(_ direct: DirectHead) -> DevicePrincipal? {
        let span = direct.bytes.readableBytesUInt8Span
        guard let authorization = direct.head.authorization else {
            return direct.head.apiKey.flatMap { knownDevice(byKey: span.extracting($0)) }
        }
        let value = span.extracting(authorization)
        return Credentials.bearer(in: value).flatMap { knownDevice(byKey: value.extracting($0)) }
    }
}
