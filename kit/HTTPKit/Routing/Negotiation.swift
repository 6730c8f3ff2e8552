import HTTPTypes
import Hummingbird

/// The parts of content negotiation and conditional requests that are alike for every route.
enum Negotiation {
    /// - Throws: 406 when the client accepts none of `types`.
    static func check(_ request: Request, against types: [MediaTypeName]) throws(Problem) {
        guard !types.isEmpty, let accept = request.headers[.accept] else { return }
        guard types.contains(where: { self.accept(accept, admits: $0) }) else {
            let names = types.map(\.description).joined(separator: ", ")
            throw Problem(.notAcceptable, "This is available as \(names).")
        }
    }

    /// Whether `Accept` admits a type.
    static func accept(_ value: String, admits type: MediaTypeName) -> Bool {
        // What most clients send, before anything is looked at closely.
        if value == "*/*" || value == type.description { return true }
        return value.split(separator: ",").map { MediaRange($0) }.contains { range in
            range.isWanted && range.covers(type.description)
        }
    }

    /// 304 in place of what the client has already (RFC 9110, section 13.1.2).
    static func unlessModified(_ response: Response, for request: Request) -> Response {
        guard request.method == .get || request.method == .head, response.status == .ok,
            let tag = response.headers[.eTag], let condition = request.headers[.ifNoneMatch],
            EntityTag.list(condition, contains: tag)
        else { return response }
        var headers = response.headers
        headers[.contentLength] = nil
        headers[.contentType] = nil
        return Response(status: .notModified, headers: headers)
    }
}

/// One range of `Accept` (RFC 9110, section 12.5.1).
struct MediaRange {
    let type: String
    /// False for a weight of 0.
    let isWanted: Bool

    init(_ text: Substring) {
        let parts = text.split(separator: ";").map { $0.trimmed.lowercased() }
        type = parts.first ?? ""
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
        isWanted = weight != 0
    }

    func covers(_ other: String) -> Bool {
        if type == "*/*" || type == other { return true }
        return type.hasSuffix("/*") && other.hasPrefix(type.dropLast())
    }
}
