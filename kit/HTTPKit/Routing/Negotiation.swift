import HTTPTypes
import Hummingbird

/// The parts of content negotiation and conditional requests that are alike for every route.
enum Negotiation {
    /// - Throws: 406 when the client accepts none of `types`.
    static func check(_ request: Request, against types: [MediaTypeName]) throws(Problem) {
        guard !types.isEmpty, let accept = request.headers[.accept] else { return }
        let ranges = accept.split(separator: ",").map { MediaRange($0) }
        // What most clients send, before anything is looked at closely.
        if ranges.contains(where: { $0.type == "*/*" && $0.isWanted }) { return }
        guard types.contains(where: { type in ranges.contains { $0.isWanted && $0.covers(type.description) } }) else {
            let names = types.map(\.description).joined(separator: ", ")
            throw Problem(.notAcceptable, "This is available as \(names).")
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
