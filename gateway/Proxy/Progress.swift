import NIOCore

/// How a request got on, for its access line.
struct Progress {
    /// The copy that was asked last; nil for an answer of the gateway's own.
    var copy: String?
    /// From asking for a new connection to having it; nil where none was made.
    private(set) var connect: TimeAmount?
    /// From the whole head of the request to that of the answer.
    private(set) var firstByte: TimeAmount?
    private var asked = NIODeadline.uptimeNanoseconds(0)

    /// A new connection is asked for.
    mutating func connects(now: NIODeadline) {
        connect = nil
        asked = now
    }

    /// It is there.
    mutating func connected(now: NIODeadline) { connect = now - asked }

    /// The head of the service's answer has come.
    mutating func answered(after time: TimeAmount) { firstByte = time }
}
