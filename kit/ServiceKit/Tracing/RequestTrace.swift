/// What a task works for: the request, or the event, that its calls of other services and its own events are traced to.
public struct RequestTrace: Sendable, Hashable {
    /// Of the task that runs; nil where nobody has asked for the work.
    @TaskLocal public static var current: RequestTrace?

    /// `X-Request-ID`; nil for an event.
    public let requestID: String?
    public let trace: TraceContext

    public init(requestID: String?, trace: TraceContext) {
        self.requestID = requestID
        self.trace = trace
    }
}
