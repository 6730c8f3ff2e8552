import NIOCore

/// How a service's requests are shared by its copies, and what is done about a copy that fails.
struct UpstreamPolicy: Sendable, Equatable {
    /// Requests under way at one copy, of all event loops together, tunnels and event streams included; nil for any
    /// number.
    var maximumRequests: Int?
    /// Over which a copy that is new or came back takes its share.
    var slowStart = TimeAmount.seconds(10)
    /// Failures in a row, as one event loop sees them, that eject a copy.
    var ejectAfter = 5
    /// How long the first ejection lasts; the second lasts twice as long, and so on.
    var ejectionTime = TimeAmount.seconds(5)
    /// The longest ejection, and how long a copy must have been well for the next to be a first one again.
    var maximumEjectionTime = TimeAmount.minutes(5)
    /// How many of a service's copies may be out at once, ejected or not ready, for one more to be ejected.
    var maximumEjectedPercent = 50
    /// Answers that are failures. Not 503: a copy that says it is busy works, and has its requests come later.
    var failureStatuses = [502, 504]
    /// Requests of a hundred that may be sent a second time.
    var retryPercent = 20
    /// Requests a second, of one event loop, that may be sent a second time in any case.
    var retriesPerSecond = 10
}
