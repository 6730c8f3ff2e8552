import Hummingbird
import NIOCore

extension Problem {
    /// The answer to a request of this path and id.
    func response(instance: String, requestID: String) -> Response {
        var headers = headers
        headers[.contentType] = Self.contentType
        let document = document(instance: instance, requestID: requestID)
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: document))
    }

    /// RFC 9457, section 3.
    static let contentType = "application/problem+json"

    /// The problem as JSON.
    func document(instance: String, requestID: String) -> ByteBuffer {
        let document = Document(
            type: type, title: title, status: status.code, detail: detail, instance: DeviceKeyPath.redacted(instance),
            requestID: requestID, errors: errors.isEmpty ? nil : errors)
        return (try? JSONCoding.encode(document)) ?? ByteBuffer()
    }

    private struct Document: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String?
        let instance: String
        let requestID: String
        let errors: [FieldError]?

        enum CodingKeys: String, CodingKey {
            case type, title, status, detail, instance
            case requestID = "request_id"
            case errors
        }
    }
}
