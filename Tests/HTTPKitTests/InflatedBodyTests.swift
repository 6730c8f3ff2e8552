import Hummingbird
import NIOCore
import Testing

@testable import HTTPKit

struct InflatedBodyTests {
    private func body(_ bytes: [UInt8], limit: Int = 64 << 20) -> InflatedBody {
        InflatedBody(RequestBody(buffer: ByteBuffer(bytes: bytes)), wireLimit: 1 << 20, limit: limit)
    }

    @Test func `what a few bytes stand for comes in small pieces, and whole`() async throws {
        let plain = [UInt8](repeating: 7, count: 8 << 20)
        let zipped = gzip(plain)
        #expect(zipped.count < 64 * 1024)
        var (inflated, largest) = ([UInt8](), 0)
        for try await piece in body(zipped) {
            largest = max(largest, piece.readableBytes)
            inflated += piece.readableBytesView
        }
        #expect(largest <= InflatedBody.pieceSize)
        #expect(inflated == plain)
    }

    @Test(arguments: [-1, 0, 1])
    func `a body whose last piece is full, or nearly so, ends`(difference: Int) async throws {
        let plain = [UInt8](repeating: 7, count: 2 * InflatedBody.pieceSize + difference)
        let inflated = try await body(gzip(plain)).reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
        #expect(inflated == plain)
    }

    @Test func `no more is inflated than the limit, and a piece`() async throws {
        var inflated = 0
        await #expect(throws: Problem.self) {
            for try await piece in body(gzip([UInt8](repeating: 7, count: 1 << 20)), limit: 100_000) {
                inflated += piece.readableBytes
            }
        }
        #expect(inflated <= 100_000)
    }
}
