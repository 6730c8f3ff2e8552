import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import NIOCore
import Postgres
import ServiceKit

/// `POST /api/v1/devices/{id}/readings`: what a device measured. See also ``DirectIngest``.
struct IngestRoutes: Sendable {
    static let path = "/api/v1/devices/{id}/readings"
    private static let options = RouteOptions(
        body: BodyRule(accepts: ReadingsFormat.allCases.map(\.mediaType), limit: ReadingLimits.bodyBytes))

    let ingest: Ingest

    func add(to routes: inout RouteTable) {
        routes.post(Self.path, .device, Self.options, use: take)
    }

    @Sendable private func take(_ request: Request, _ context: AppRequestContext) async throws -> IngestAnswer {
        let device = try context.device
        guard try context.id() == device.id else { throw Problem.notFound() }
        try await ingest.admit(device.organizationID)
        let format = ReadingsFormat(contentType: request.headers[.contentType])
        var columns = try await request.parseBody(upTo: context.maxUploadSize, with: format.parse)
        let rows = try await ingest.rows(&columns, of: device.id, in: device.organizationID)
        guard let answer = try await ingest.store([rows], beside: columns.rejections) else {
            throw Problem.invalid(columns.rejections.map(FieldError.init))
        }
        return answer
    }

    /// Has readings stored without waiting, if the organization is known to be allowed to send and every one is valid and
    /// of a known sensor.
    ///
    /// - Returns: Whether they are; if not, nothing is done and `completion` is not called.
    func store(
        _ body: ByteBuffer, of device: DevicePrincipal, trace: RequestTrace,
        completion: @escaping Batcher.Completion
    ) -> Bool {
        guard ingest.allows(device.organizationID), let columns = try? body.parse(with: ReadingsFormat.json.parse)
        else { return false }
        return ingest.storeKnown(columns, of: device, trace: trace, completion: completion)
    }
}

/// Reads the whole of a body straight from its bytes, at the time of its arrival.
typealias BodyParser<Content> = (_ bytes: UnsafeBufferPointer<UInt8>, _ now: Timestamp) throws -> Content

extension Request {
    /// - Throws: ``BodyFailure`` and what else the parser throws; 413 for more than `limit` bytes.
    func parseBody<Content>(upTo limit: Int, with parser: BodyParser<Content>) async throws -> Content {
        try await body.collect(upTo: limit).parse(with: parser)
    }
}

extension ByteBuffer {
    fileprivate func parse<Content>(with parser: BodyParser<Content>) throws -> Content {
        try withUnsafeReadableBytes { try parser($0.bindMemory(to: UInt8.self), .now) }
    }
}
