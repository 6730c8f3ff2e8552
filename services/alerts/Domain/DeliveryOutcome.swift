/// How an attempt to deliver ended.
enum DeliveryOutcome: Sendable, Equatable {
    case sent(Response?)
    /// It may work another time.
    case failed(Failure)
    /// Another attempt would be refused alike.
    case refused(String, Response? = nil)

    /// What the other side said.
    struct Response: Sendable, Equatable {
        /// The HTTP status, or the code of the mail server's reply.
        let status: Int
        let text: String
    }

    struct Failure: Sendable, Equatable {
        let reason: String
        var response: Response?
        /// How long the other side asks to be left alone.
        var retryAfter: Duration?
        /// Whether the message may have been taken all the same, its answer lost.
        var isAmbiguous = false
    }

    /// As a channel's test answers it, the log keeps it and metrics count it.
    enum Name: String, Sendable, Codable {
        case sent, failed, refused
    }

    var name: Name {
        switch self {
        case .sent: .sent
        case .failed: .failed
        case .refused: .refused
        }
    }

    var response: Response? {
        switch self {
        case .sent(let response), .refused(_, let response): response
        case .failed(let failure): failure.response
        }
    }

    /// Why the message was not taken; nil when it was.
    var reason: String? {
        switch self {
        case .sent: nil
        case .failed(let failure): failure.reason
        case .refused(let reason, _): reason
        }
    }

    /// What the log keeps of it.
    var detail: String {
        let text = [reason, response.map(\.text)].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ": ")
        // PostgreSQL's texts cannot hold U+0000.
        return text.replacing("\0", with: "\u{FFFD}").firstScalars(DeliveryAttempt.maximumDetail)
    }
}

extension String {
    /// The beginning, up to so many Unicode scalars: what PostgreSQL counts as characters. A `Character` may be several,
    /// such as CR LF.
    func firstScalars(_ count: Int) -> String {
        String(UnicodeScalarView(unicodeScalars.prefix(count)))
    }
}
