import NIOCore

/// What is under way on a connection, to tell when it is to be closed: when it has idled, or when the process ends.
///
/// The same rules as those of `HTTPConnectionStateHandler`, which knows only of requests that the routes answer.
struct ConnectionActivity {
    private let idleTimeout: TimeAmount?
    /// Those whose heads have come and whose answers have not gone out.
    private(set) var requests = 0
    private var isReading = false
    private var lastActive: NIODeadline
    private var isDraining = false

    init(idleTimeout: TimeAmount?, now: NIODeadline) {
        self.idleTimeout = idleTimeout
        lastActive = now
    }

    /// Whether nothing is left to be answered before the process ends.
    var isOver: Bool { isDraining && requests == 0 }

    /// When the connection has idled for long enough; nil while an answer is awaited, which may take its time.
    ///
    /// Bytes of a head do not put it off, only whole ones do: who sends them one by one is cut off.
    var idleDeadline: NIODeadline? {
        guard let idleTimeout, isReading || requests == 0 else { return nil }
        return lastActive + idleTimeout
    }

    mutating func headCame(at now: NIODeadline) {
        requests += 1
        isReading = true
        lastActive = now
    }

    mutating func bodyCame(at now: NIODeadline) {
        lastActive = now
    }

    mutating func requestEnded(at now: NIODeadline) {
        isReading = false
        lastActive = now
    }

    /// The answer of one has gone out.
    mutating func answered(at now: NIODeadline) {
        forget()
        if requests == 0 { lastActive = now }
    }

    /// One is no longer under way here: whoever gets it now counts it anew.
    mutating func forget() {
        // An answer may be to bytes that were no request.
        requests = max(0, requests - 1)
    }

    /// The process is about to end.
    mutating func drain() {
        isDraining = true
    }
}
