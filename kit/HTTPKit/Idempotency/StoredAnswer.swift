import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What an answer is stored as.
struct StoredAnswer: Codable {
    let headers: [String: String]
    let body: Data

    /// Of the header fields only what a handler sets itself; the rest comes with every answer anew.
    init(headers: HTTPFields, body: ByteBuffer) {
        let kept: [HTTPField.Name] = [.contentType, .eTag, .location, .cacheControl]
        self.headers = Dictionary(
            uniqueKeysWithValues: kept.compactMap { name in
                headers[name].map { (name.canonicalName, $0) }
            })
        self.body = Data(buffer: body)
    }

    func response(status: Int) -> Response {
        var fields = HTTPFields()
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields[name] = value
        }
        return Response(
            status: .init(code: status), headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
