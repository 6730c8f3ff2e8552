import Reactor

/// The life of a connection that is kept up: connect, hold, and after a failure or a loss pause and connect again.
/// A value without I/O; `ConnectionKeeper` performs its actions.
struct ConnectionLife {
    enum Event: Equatable {
        case connected
        case failed(reason: String)
        case lost(reason: String, livedFor: Duration)
        case pauseElapsed
        case cancelled
    }

    enum Action: Equatable {
        case connect
        case hold
        case pause(Duration)
        case finish
    }

    private(set) var status = RedisStatus.disconnected(reason: "not started")
    private var backoff: Backoff
    /// A connection that lived at least so long was a good one: the pauses begin anew.
    private let goodLife: Duration

    init(backoff: Backoff = Backoff(), goodLife: Duration = .seconds(5)) {
        self.backoff = backoff
        self.goodLife = goodLife
    }

    mutating func handle(_ event: Event) -> Action {
        switch event {
        case .connected:
            status = .connected
            return .hold
        case .failed(let reason):
            status = .disconnected(reason: reason)
            return .pause(backoff.next())
        case .lost(let reason, let livedFor):
            status = .disconnected(reason: reason)
            if livedFor >= goodLife { backoff.reset() }
            return .pause(backoff.next())
        case .pauseElapsed:
            return .connect
        case .cancelled:
            status = .disconnected(reason: "stopped")
            return .finish
        }
    }
}

/// Whether the client's shared connection stands.
public enum RedisStatus: Sendable, Hashable {
    case connected
    case disconnected(reason: String)
}
