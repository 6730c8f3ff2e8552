/// Who causes a change, and in which trace.
struct Cause: Sendable {
    let actor: Actor
    /// The W3C trace context of the request.
    var traceparent: String?

    /// This service by itself.
    static let system = Cause(actor: .system)
}
