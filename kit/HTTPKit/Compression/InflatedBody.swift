import Hummingbird
import NIOCore

/// A gzipped request body, inflated as it is read, within bounds on both sides.
///
/// Reading it throws ``Problem``: 413 beyond a bound, 400 for what is not gzip or is cut off.
struct InflatedBody: AsyncSequence, Sendable {
    let body: RequestBody
    let wireLimit: Int
    let limit: Int

    init(_ body: RequestBody, wireLimit: Int, limit: Int) {
        self.body = body
        self.wireLimit = wireLimit
        self.limit = limit
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), sequence: self)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        private var body: RequestBody.AsyncIterator
        private let sequence: InflatedBody
        private var inflater: GzipInflater?
        private var received = 0
        private var inflated = 0

        init(body: RequestBody.AsyncIterator, sequence: InflatedBody) {
            self.body = body
            self.sequence = sequence
        }

        mutating func next() async throws -> ByteBuffer? {
            let inflater = try inflater ?? GzipInflater()
            self.inflater = inflater
            while let piece = try await body.next() {
                guard piece.readableBytes > 0 else { continue }
                guard !inflater.isFinished else { throw Problem.badRequest("The gzipped body goes on after its end.") }
                received += piece.readableBytes
                guard received <= sequence.wireLimit else { throw Problem.bodyTooLarge(limit: sequence.wireLimit) }
                let output = try inflate(piece, with: inflater)
                inflated += output.readableBytes
                if output.readableBytes > 0 { return output }
            }
            guard inflater.isFinished else { throw Problem.badRequest("The gzipped body is cut off.") }
            return nil
        }

        private func inflate(_ piece: ByteBuffer, with inflater: GzipInflater) throws(Problem) -> ByteBuffer {
            do {
                guard let output = try inflater.inflate(piece, limit: sequence.limit - inflated) else {
                    throw Problem.bodyTooLarge(limit: sequence.limit)
                }
                return output
            } catch let problem as Problem {
                throw problem
            } catch {
                throw .badRequest("The body is not gzip.")
            }
        }
    }
}
