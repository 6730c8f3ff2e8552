import HTTPTypes
import Hummingbird
import NIOCore

/// An answer in HTML.
public struct HTML: ResponseGenerator {
    public var markup: String
    public var status: HTTPResponse.Status
    public var cookies: [Cookie] = []

    public init(_ markup: String, status: HTTPResponse.Status = .ok) {
        self.markup = markup
        self.status = status
    }

    public func response(from request: Request, context: some RequestContext) -> Response {
        response()
    }

    func response() -> Response {
        var response = Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: markup)))
        for cookie in cookies { response.setCookie(cookie) }
        return response
    }
}
