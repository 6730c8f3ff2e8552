import HTTPWire

/// Divides what comes on a connection into requests, and says what is to be done with the bytes that came first: the
/// machine within a ``DirectHandler``.
///
/// It never decides where a message ends when its parser is unsure: what that refuses goes to the routes with all that
/// comes behind it, and is answered by their parser.
struct DirectFraming {
    enum Step: Equatable {
        /// Nothing, until more has come.
        case wait
        /// A head is whole, and stands in ``head``; to be answered by ``take(body:)`` or ``handOn()``.
        case decide
        /// A request that was taken is whole: so many bytes of its head, and so many of its body.
        case answer(head: Int, body: Int)
        /// So many bytes are for the routes.
        case handOn(Int)
    }

    private enum State {
        /// A head is to come, or has come in part.
        case head
        case undecided(head: Int)
        case taken(head: Int, body: Int)
        /// A request is handed on; of its head, so many bytes still are to be.
        case handedOn(head: Int, BodyReader)
        /// Everything is handed on.
        case allHandedOn
    }

    /// Those of the routes' parser, or tighter: it counts names and values, this one every byte of a head.
    private static let limits = HeadLimits(target: 80 * 1024, head: 80 * 1024, fields: 1000)

    static var parser: RequestParser { RequestParser(limits: limits, strictness: .framing) }

    /// Of the request that is to be decided on, in the bytes that ``next(in:)`` was given.
    private(set) var head = RequestHead()
    private var parser = Self.parser
    private var state = State.head

    /// What is to be done next.
    ///
    /// - Parameter bytes: What has come and was neither answered nor handed on. They have only grown since the last
    ///   call, but for what a step has said.
    mutating func next(in bytes: Span<UInt8>) -> Step {
        do {
            return try step(bytes)
        } catch {
            return handOnAll(bytes)
        }
    }

    private mutating func step(_ bytes: Span<UInt8>) throws(MessageError) -> Step {
        switch state {
        case .head:
            guard let length = try parser.parse(bytes, into: &head) else { return .wait }
            state = .undecided(head: length)
            return .decide
        case .undecided:
            return .decide
        case .taken(let head, let body):
            guard bytes.count >= head + body else { return .wait }
            state = .head
            return .answer(head: head, body: body)
        case .handedOn(let head, var body):
            let count = head + (try body.take(bytes.extracting(head...)).total)
            state = body.isDone ? .head : .handedOn(head: 0, body)
            return count > 0 ? .handOn(count) : .wait
        case .allHandedOn:
            return handOnAll(bytes)
        }
    }

    private mutating func handOnAll(_ bytes: Span<UInt8>) -> Step {
        state = .allHandedOn
        return bytes.isEmpty ? .wait : .handOn(bytes.count)
    }

    /// Whether the head that was to be decided on is all that has come, and asks for several requests to share the
    /// connection from now on.
    func asksToMultiplex(_ bytes: Span<UInt8>) -> Bool {
        guard case .undecided(bytes.count) = state, head.method == .get, head.framing == .none else { return false }
        return head.fields.contains { $0.field == .upgrade && bytes.matches(MultiplexFrame.protocolName, at: $0.value) }
    }

    /// The request that was to be decided on is answered here, once its body of so many bytes has come.
    mutating func take(body: Int) {
        guard case .undecided(let length) = state else { return }
        state = .taken(head: length, body: body)
    }

    /// The request that was to be decided on is handed on, as it came.
    mutating func handOn() {
        guard case .undecided(let length) = state else { return }
        state =
            head.isFollowedByRequests
            ? .handedOn(head: length, BodyReader(head.framing, trailers: .any)) : .allHandedOn
    }

    /// From here on everything is handed on, even what was taken and has not been answered.
    mutating func giveUp() {
        state = .allHandedOn
    }
}

extension RequestHead {
    /// Whether what comes behind the request are others, as far as its head tells: not behind the last one of a
    /// connection (RFC 9112, section 9.6), nor where it may be another protocol (RFC 9110, section 7.8).
    fileprivate var isFollowedByRequests: Bool {
        method != nil && persists && !fields.contains { $0.field == .upgrade }
    }
}
