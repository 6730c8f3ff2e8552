import HTTPWire
import Hummingbird
import NIOCore

/// A gzipped request body, inflated as it is read, within bounds on both sides. It comes in small pieces, however much a
/// piece on the wire stands for, so whoever reads it piece by piece holds no more than that.
///
/// Reading it throws ``Problem``: 413 beyond a bound, 400 for what is not gzip or is cut off.
struct InflatedBody: AsyncSequence, Sendable {
    /// Bytes of an inflated piece, at most.
    static let pieceSize = 16 * 1024

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
        /// Of the piece on the wire that was read last, what has not been inflated yet.
        private var input = ByteBuffer()
        /// Whether there may be more of what has been taken from the wire already.
        private var mayHoldMore = false
        private var received = 0
        private var inflated = 0

        init(body: RequestBody.AsyncIterator, sequence: InflatedBody) {
            self.body = body
            self.sequence = sequence
        }

        mutating func next() async throws -> ByteBuffer? {
            let inflater = try inflater ?? GzipInflater()
            self.inflater = inflater
            while true {
                while mayHoldMore {
                    let output = try inflate(with: inflater)
                    if output.readableBytes > 0 { return output }
                }
                guard let piece = try await body.next() else { break }
                received += piece.readableBytes
                guard received <= sequence.wireLimit else { throw Problem.bodyTooLarge(limit: sequence.wireLimit) }
                input = piece
                mayHoldMore = piece.readableBytes > 0
            }
            guard inflater.isFinished else { throw Problem.badRequest("The gzipped body is cut off.") }
            return nil
        }

        private mutating func inflate(with inflater: GzipInflater) throws(Problem) -> ByteBuffer {
            guard !inflater.isFinished else { throw .badRequest("The gzipped body goes on after its end.") }
            let output: ByteBuffer
            do {
                output = try inflater.inflate(&input, upTo: InflatedBody.pieceSize)
            } catch {
                throw .badRequest("The body is not gzip.")
            }
            let isFull = output.readableBytes == InflatedBody.pieceSize
            mayHoldMore = input.readableBytes > 0 || isFull && !inflater.isFinished
            inflated += output.readableBytes
            guard inflated <= sequence.limit else { throw .bodyTooLarge(limit: sequence.limit) }
            return output
        }
    }
}
