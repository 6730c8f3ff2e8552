/// One request on its way through the gateway: what has come, what has gone, and what to do when a service fails.
struct Exchange: Equatable {
    /// How far the response is.
    enum Response: Equatable {
        case awaited, started, ended
    }

    /// How a connection to a service was lost.
    enum Loss: Equatable {
        /// Never there: refused, unreachable or too slow to connect.
        case notConnected
        /// Closed before or within a response.
        case closed
        /// Ended by the service before it had the request.
        case unused
        /// Sent something that is not an acceptable response.
        case malformed
        /// Sent nothing for too long.
        case timedOut
    }

    /// Where else a request could go that one copy of a service would not take.
    enum Others: Equatable {
        /// Another copy may take connections.
        case available
        /// None, but this one was well until now.
        case soon
        case none
    }

    /// What to do about a loss.
    enum Recovery: Equatable {
        /// Send the request again.
        case retry
        /// Try again in a moment: the only copy of the service is probably being restarted.
        case wait
        /// Answer instead of the service.
        case answer(Refusal)
        /// The client has part of a response: only a closed connection tells it that the rest is missing.
        case abort
    }

    /// Connections tried to a service that is probably being restarted, a moment between them.
    static let maximumPatientAttempts = 6

    /// Whether a service may see the request twice.
    let isRepeatable: Bool
    /// Connections tried beyond the first, one after the other.
    let retries: Int
    /// Whether the client keeps the connection for another request.
    var keepsClient: Bool
    private(set) var requestEnded = false
    private(set) var response = Response.awaited
    private(set) var attempts = 0
    /// Whether the connection in use has already served another request, so that it may have gone stale.
    private(set) var isReused = false
    private(set) var isConnected = false
    /// Whether everything sent so far is still held.
    var isHeld = true
    /// Whether a new connection was closed without an answer to the request.
    private var hasLostNew = false

    init(isRepeatable: Bool, keepsClient: Bool, retries: Int = 0) {
        self.isRepeatable = isRepeatable
        self.retries = retries
        self.keepsClient = keepsClient
    }

    /// A connection is asked for.
    mutating func attempt() {
        attempts += 1
        isConnected = false
        isReused = false
    }

    /// The connection that was asked for was not the right one; nobody has acted on the request.
    mutating func takeBack() { attempts -= 1 }

    /// A connection is there.
    mutating func connected(reused: Bool) {
        isConnected = true
        isReused = reused
    }

    /// The last byte of the request has come.
    mutating func endRequest() { requestEnded = true }

    /// The head of the response has come.
    mutating func startResponse() { response = .started }

    /// The last byte of the response has come.
    ///
    /// - Returns: whether both connections are between messages, so that they can serve another request.
    mutating func endResponse() -> Bool {
        response = .ended
        return requestEnded
    }

    /// The connection to the service is gone.
    ///
    /// A request goes out again only where no service can have acted on it, or where acting twice does no harm (RFC 9110
    /// §9.2.2) and the loss is explained: by a connection that had gone stale, or by a new one that the machine took for a
    /// service that was stopping. A second new one may have been closed because of the request itself.
    ///
    /// - Parameters:
    ///   - others: what is known of the copies of the service, for a connection that could not be made.
    ///   - mayRepeat: whether what a copy may have seen can go out again without loading a service too much that fails.
    mutating func lost(_ loss: Loss, others: Others = .none, mayRepeat: Bool = true) -> Recovery {
        guard response == .awaited else { return .abort }
        let canRetry = attempts <= retries && isHeld
        switch (loss, others) {
        case (.notConnected, .available) where canRetry: return .retry
        case (.notConnected, .soon) where retries > 0 && attempts < Self.maximumPatientAttempts: return .wait
        case (.notConnected, _): return .answer(.unavailable)
        case (.closed, _):
            guard canRetry, isRepeatable, isReused || !hasLostNew else { return .answer(.unavailable) }
            guard mayRepeat else { return .answer(.failing) }
            hasLostNew = hasLostNew || !isReused
            return .retry
        case (.unused, _):
            guard canRetry, isReused || !hasLostNew else { return .answer(.unavailable) }
            hasLostNew = hasLostNew || !isReused
            return .retry
        case (.malformed, _): return .answer(.badGateway)
        case (.timedOut, _): return .answer(.unanswered)
        }
    }
}
