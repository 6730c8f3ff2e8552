import Foundation
import Hummingbird
import NIOCore
import NIOFoundationCompat

/// The JSON coders of the process. Keys are written out by each type's `CodingKeys`, dates are `Timestamp`s.
public enum JSONCoding {
    static let decoder = JSONDecoder()
    /// Members come in one order everywhere: answers are compared, and hashed for their `ETag`.
    static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return encoder
    }()
    /// How deep arrays and objects may nest in a request.
    static let maximumDepth = 64

    /// As answers are written.
    public static func encode(_ value: some Encodable) throws -> ByteBuffer {
        ByteBuffer(data: try encoder.encode(value))
    }

    /// - Throws: ``Problem``: 400 for what is not JSON, 422 for JSON of another shape.
    public static func decode<Value: Decodable>(_ type: Value.Type, from buffer: ByteBuffer) throws(Problem) -> Value {
        guard buffer.readableBytes > 0 else { throw .badRequest("The body is empty; it must be JSON.") }
        switch JSONScanner.scan(buffer, maximumDepth: maximumDepth) {
        case .valid: break
        case .malformed(let offset): throw .badRequest("The body is not JSON: byte \(offset) is unexpected.")
        case .notUTF8: throw .badRequest("The body is not UTF-8.")
        case .tooDeep: throw .badRequest("The body nests deeper than \(maximumDepth) levels.")
        }
        do {
            return try decoder.decode(Value.self, from: Data(buffer: buffer, byteTransferStrategy: .noCopy))
        } catch let error as DecodingError {
            throw Problem(error)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw .invalid("", "is invalid: \(error)")
        }
    }
}

/// Decodes a request's body: `try await request.decode(as: NewDevice.self, context: context)`.
public struct JSONRequestDecoder: RequestDecoder {
    /// - Throws: ``Problem``: 400 for what is not JSON, 422 for JSON of another shape, 413 for too much of it.
    public func decode<Value: Decodable>(
        _ type: Value.Type, from request: Request, context: some RequestContext
    ) async throws -> Value {
        try JSONCoding.decode(type, from: try await request.body.collect(upTo: context.maxUploadSize))
    }
}

/// Encodes what a handler returns.
public struct JSONResponseEncoder: ResponseEncoder {
    public func encode(_ value: some Encodable, from request: Request, context: some RequestContext) throws -> Response
    {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: try JSONCoding.encode(value)))
    }
}

/// An answer in JSON: `JSON(device, status: .created, version: device.version)`.
public struct JSON<Body: Encodable>: ResponseGenerator {
    public var body: Body
    public var status: HTTPResponse.Status
    public var headers: HTTPFields
    private let version: Int?
    private let isCallersView: Bool

    /// - Parameters:
    ///   - version: the resource's version, sent as `ETag`; with it, `If-None-Match` is answered 304.
    ///   - isCallersView: whether the body says more than the version does, such as the caller's role; then the tag does,
    ///     too.
    ///   - location: where a resource that was just created is found.
    public init(
        _ body: Body, status: HTTPResponse.Status = .ok, version: Int? = nil, isCallersView: Bool = false,
        location: String? = nil, headers: HTTPFields = [:]
    ) {
        self.body = body
        self.status = status
        self.headers = headers
        self.version = version
        self.isCallersView = isCallersView
        if let location { self.headers[.location] = location }
    }

    public func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json" }
        let encoded = try JSONCoding.encode(body)
        if let version {
            let tag = isCallersView ? EntityTag(version: version, of: encoded) : EntityTag(version: version)
            headers[.eTag] = tag.description
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: encoded))
    }
}
