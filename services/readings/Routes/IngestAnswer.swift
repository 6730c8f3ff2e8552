import HTTPKit
import Hummingbird
import NIOCore

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
