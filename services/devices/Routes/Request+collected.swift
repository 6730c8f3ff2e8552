import HTTPKit
import Hummingbird

extension Request {
    /// The body, which stays with the request to be read again.
    ///
    /// - Throws: as `decode(as:context:)`.
    mutating func decodeCollected<Body: Decodable>(
        as type: Body.Type, context: AppRequestContext
    ) async throws -> Body {
        _ = try await collectBody(upTo: context.maxUploadSize)
        return try await decode(as: type, context: context)
    }

    /// As ``decodeCollected(as:context:)``, for a request that may come without a body.
    mutating func decodeIfPresent<Body: Decodable>(
        as type: Body.Type, context: AppRequestContext
    ) async throws -> Body? {
        guard try await collectBody(upTo: context.maxUploadSize).readableBytes > 0 else { return nil }
        return try await decode(as: type, context: context)
    }
}
