import Logging
import Synchronization

/// The first seconds of a stack, in which its processes find that others are not there yet: that is in their logs, and
/// nothing to show a person before it lasts.
final class StartUp: Sendable {
    /// When it is over whatever happens.
    private static let longest = Duration.seconds(15)
    /// What is logged before everything is up is read from the log some time later.
    private static let delay = Duration.milliseconds(500)

    private let end = Mutex(ContinuousClock.now + StartUp.longest)

    /// The least level of log lines that are shown now.
    var leastLevel: Logger.Level {
        ContinuousClock.now < end.withLock(\.self) ? .error : .warning
    }

    /// Notes that everything is up.
    func isOver() {
        end.withLock { $0 = min($0, .now + Self.delay) }
    }
}
