import NIOCore

/// What is under way on a connection, to tell when it is to be closed: when it has idled, when a body comes too slowly,
/// or when the process ends.
struct ConnectionActivity {
    /// In bytes per second: a body that comes faster on the whole is waited for however long it is.
    static let slowestBody = 500
    /// How long a connection is kept, when the process ends, for a request that is on its way already. One in steady use
    /// gets one in that time, whose answer tells the client to use another connection; to close it at once would lose the
    /// request. A round trip and a busy client need less, and nobody notices that stopping takes so much longer.
    static let grace = TimeAmount.milliseconds(250)

    let idleTimeout: TimeAmount?
    private let grace: TimeAmount
    /// Those whose heads have come and whose answers have not gone out.
    private(set) var requests = 0
    /// Whether the newest of them is not whole.
    private(set) var isReading = false
    private(set) var isDraining = false
    private var lastActive: NIODeadline

    init(idleTimeout: TimeAmount?, grace: TimeAmount = Self.grace, now: NIODeadline) {
        self.idleTimeout = idleTimeout
        self.grace = grace
        lastActive = now
    }

    /// Whether the process ends and nothing is left to be answered.
    var isOver: Bool { isDraining && requests == 0 }

    /// Whether the next answer is the last one before the process ends.
    var isLastAnswer: Bool { isDraining && requests <= 1 }

    /// When the connection has idled for long enough; nil while an answer is awaited, which may take its time.
    ///
    /// Bytes of a head do not put it off, only whole ones do: who sends them one by one is cut off.
    var idleDeadline: NIODeadline? {
        if isOver { return lastActive + grace }
        guard let idleTimeout, isReading || requests == 0 else { return nil }
        return lastActive + idleTimeout
    }

    mutating func headCame(at now: NIODeadline) {
        requests += 1
        isReading = true
        lastActive = now
    }

    /// A piece of a body came, which puts the deadline off by as long as it may take at ``slowestBody``.
    mutating func bodyCame(_ bytes: Int, at now: NIODeadline) {
        let time = TimeAmount.microseconds(Int64(bytes) * 1_000_000 / Int64(Self.slowestBody))
        lastActive = min(now, lastActive + time)
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
    mutating func drain(at now: NIODeadline) {
        isDraining = true
        if requests == 0 { lastActive = now }
    }
}
