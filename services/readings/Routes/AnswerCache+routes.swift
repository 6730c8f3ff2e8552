import HTTPKit
import Hummingbird
import NIOCore

extension AnswerCache {
    /// What is kept of an answer, or else computed; whoever asks has been let through before.
    ///
    /// - Throws: What `compute` throws.
    func answer(
        _ request: Request, _ context: AppRequestContext,
        computedBy compute: @escaping @Sendable () async throws -> some Encodable & Sendable
    ) async throws -> KeptAnswer {
        KeptAnswer(
            body: try await answer(Question(request, context)) { try JSONCoding.encode(try await compute()) })
    }
}

/// JSON that is encoded already.
struct KeptAnswer: ResponseGenerator, Sendable {
    let body: ByteBuffer

    func response(from request: Request, context: some RequestContext) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
    }
}
