import HTTPKit
import Hummingbird

extension Request {
    /// The body, of a request that may come without one.
    ///
    /// - Throws: as `decode(as:context:)`.
    mutating func decodeIfPresent<Body: Decodable>(
        as type: Body.Type, context: AppRequestContext
    ) async throws -> Body? {
        guard try await collectBody(upTo: context.maxUploadSize).readableBytes > 0 else { return nil }
        return try await decode(as: type, context: context)
    }
}
