import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Metrics
import NIOCore
import Postgres
import ServiceKit

/// `POST /api/v1/devices/{id}/readings`: what a device measured. See also ``DirectIngest``.
struct IngestRoutes: Sendable {
    static let path = "/api/v1/devices/{id}/readings"
    private static let options = RouteOptions(
        body: BodyRule(accepts: ReadingsFormat.allCases.map(\.mediaType), limit: 1 << 20))

    private let series: SeriesDirectory
    private let batcher: Batcher
    private let accepted = Counter(label: "lms_readings_accepted")
    private let duplicates = Counter(label: "lms_readings_duplicate")
    private let rejected = Counter(label: "lms_readings_rejected")

    init(series: SeriesDirectory, batcher: Batcher) {
        self.series = series
        self.batcher = batcher
    }

    func add(to routes: inout RouteTable) {
        routes.post(Self.path, .device, Self.options, use: ingest)
    }

    @Sendable private func ingest(_ request: Request, _ context: AppRequestContext) async throws -> IngestAnswer {
        let device = try context.device
        guard try context.id() == device.id else { throw Problem.notFound() }
        var columns = try await columns(of: request, context)
        let rows = try await series.resolve(&columns, device: device.id, organization: device.organizationID)
        rejected.increment(by: columns.rejections.count)
        guard rows.listed > 0 else { throw Problem.invalid(columns.rejections.map(FieldError.init)) }
        let outcome = try await batcher.store(rows)
        count(outcome)
        return IngestAnswer(outcome: outcome, rejected: columns.rejections.sorted { $0.index < $1.index })
    }

    /// Has readings stored without waiting, if every one is valid and of a known sensor.
    ///
    /// - Returns: Whether they are; if not, nothing is done and `completion` is not called.
    func store(
        _ body: ByteBuffer, of device: DevicePrincipal, trace: RequestTrace,
        completion: @escaping Batcher.Completion
    ) -> Bool {
        guard var columns = try? Self.parse(body, as: .json), columns.rejections.isEmpty,
            let rows = series.resolveKnown(&columns, device: device.id, organization: device.organizationID),
            columns.rejections.isEmpty, rows.listed > 0
        else { return false }
        return batcher.store(rows, trace: trace) { result in
            if case .success(let outcome) = result { count(outcome) }
            completion(result)
        }
    }

    private func count(_ outcome: IngestOutcome) {
        accepted.increment(by: outcome.accepted)
        duplicates.increment(by: outcome.duplicates)
    }

    private func columns(of request: Request, _ context: AppRequestContext) async throws -> ReadingColumns {
        let format = ReadingsFormat(contentType: request.headers[.contentType])
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        return try Self.parse(body, as: format)
    }

    /// - Throws: ``BodyFailure``, `CSVError`.
    private static func parse(_ body: ByteBuffer, as format: ReadingsFormat) throws -> ReadingColumns {
        try body.withUnsafeReadableBytes { bytes in
            try format.parse(bytes.bindMemory(to: UInt8.self), now: .now)
        }
    }
}

extension Batcher.Busy: ProblemConvertible {
    var problem: Problem { .unavailable(retryAfter: 1) }
}

/// 201, once the rows are committed.
struct IngestAnswer: ResponseGenerator {
    let outcome: IngestOutcome
    let rejected: [Rejection]

    func response(from request: Request, context: some RequestContext) throws -> Response {
        guard !rejected.isEmpty else {
            return Response(
                status: .created, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: Self.json(outcome)))
        }
        let answer = Document(accepted: outcome.accepted, duplicates: outcome.duplicates, rejected: rejected)
        return try JSON(answer, status: .created).response(from: request, context: context)
    }

    /// What nearly every request is answered, written without an encoder.
    static func json(_ outcome: IngestOutcome) -> ByteBuffer {
        ByteBuffer(
            string: "{\"accepted\":\(outcome.accepted),\"duplicates\":\(outcome.duplicates),\"rejected\":[]}")
    }

    private struct Document: Encodable {
        let accepted: Int
        let duplicates: Int
        let rejected: [Rejection]
    }
}

extension FieldError {
    init(_ rejection: Rejection) {
        let field = rejection.field.isEmpty ? "" : ".\(rejection.field)"
        self.init("readings[\(rejection.index)]\(field)", rejection.message)
    }
}
