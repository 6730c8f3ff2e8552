import Hummingbird

extension Problem {
    /// The answer to a request of this path and id.
    func response(instance: String, requestID: String) -> Response {
        let document = Document(
            type: type, title: title, status: status.code, detail: detail, instance: instance, requestID: requestID,
            errors: errors.isEmpty ? nil : errors)
        var headers = headers
        headers[.contentType] = "application/problem+json"
        guard let body = try? JSONCoding.encode(document) else { return Response(status: status, headers: headers) }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
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
