import CCurl
import HTTPTypes

extension Transfer {
    convenience init(http request: HTTPClient.Request) throws(TransferError) {
        try self.init(
            url: request.url, timeout: request.timeout, connectTimeout: request.connectTimeout,
            maximumBytes: request.maximumResponseBytes, addressPolicy: request.addressPolicy)
        curl_allow_http_only(handle)
        // Every exchange has a connection of its own, so HTTP/2 would add its machinery and nothing else.
        curl_set_long(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        setBody(of: request)
        setLines(headerLines(of: request), for: CURLOPT_HTTPHEADER)
    }

    private func setBody(of request: HTTPClient.Request) {
        let expectsBody = [.post, .put, .patch].contains(request.method)
        if let body = request.body ?? (expectsBody ? [] : nil) {
            curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            // An empty array may have no address, and then curl would read the body from the standard input.
            var copied = body + [0]
            copied.withUnsafeMutableBytes { _ = curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
        } else if request.method == .head {
            curl_set_long(handle, CURLOPT_NOBODY, 1)
        }
        curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }

    /// A line without a value takes away the header that curl would send by itself.
    private func headerLines(of request: HTTPClient.Request) -> [String] {
        let lines = request.headers.map { field in
            field.value.isEmpty ? "\(field.name.rawName);" : "\(field.name.rawName): \(field.value)"
        }
        return (request.headers[.contentType] == nil ? ["Content-Type:"] : []) + ["Expect:"] + lines
    }

    /// Whether the header of a response that is not an interim one (RFC 9110 §15.2) was received to its end.
    var hasFinalHeader: Bool { responseCode >= 200 && headerLines.last.map { $0.allSatisfy(\.isNewline) } ?? false }

    /// What has been received, once the transfer has succeeded.
    var response: HTTPClient.Response {
        HTTPClient.Response(
            status: HTTPResponse.Status(code: responseCode), headers: HTTPFields(responseLines: headerLines), body: body
        )
    }
}

extension HTTPFields {
    /// The fields of the last response: lines begin anew after an interim response such as 100. Lines that are no
    /// field (RFC 9110 section 5) are left out.
    init(responseLines lines: [String]) {
        self.init()
        for line in lines {
            if line.hasPrefix("HTTP/") {
                self = HTTPFields()
            } else if let colon = line.firstIndex(of: ":"), let name = HTTPField.Name(String(line[..<colon])) {
                let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                append(HTTPField(name: name, value: String(value.prefix { !$0.isNewline })))
            }
        }
    }
}
