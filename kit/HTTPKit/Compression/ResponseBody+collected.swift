import HTTPTypes
import Hummingbird
import NIOCore

extension ResponseBody {
    /// Everything that the body writes.
    func collected() async throws -> ByteBuffer {
        let collector = Collector()
        try await write(CollectingWriter(collector: collector))
        return collector.buffer
    }
}

private final class Collector {
    var buffer = ByteBuffer()
}

private struct CollectingWriter: ResponseBodyWriter {
    let collector: Collector

    func write(_ buffer: ByteBuffer) async throws {
        collector.buffer.writeImmutableBuffer(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
