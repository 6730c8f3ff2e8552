import Testing

@testable import lms

struct ReadingBufferTests {
    private func readings(_ numbers: Range<Int>) -> [Reading] {
        numbers.map { Reading(sensorType: "n", value: Double($0), unit: "", timestamp: "\($0)") }
    }

    @Test func `readings stay until they are acknowledged`() {
        var buffer = ReadingBuffer()
        buffer.append(readings(0..<3))
        let batch = buffer.nextBatch
        buffer.append(readings(3..<5))
        #expect(buffer.count == 5)
        buffer.acknowledge(batch)
        #expect(buffer.nextBatch == readings(3..<5))
    }

    @Test func `a batch is no larger than the API takes`() {
        var buffer = ReadingBuffer()
        buffer.append(readings(0..<1500))
        #expect(buffer.nextBatch.count == ReadingBuffer.largestBatch)
    }

    @Test func `when the memory is full the oldest go, and are counted`() {
        var buffer = ReadingBuffer(capacity: 4)
        buffer.append(readings(0..<3))
        let sent = buffer.nextBatch
        buffer.append(readings(3..<6))
        #expect(buffer.nextBatch == readings(2..<6))
        #expect(buffer.dropped == 2)
        buffer.acknowledge(sent)
        #expect(buffer.nextBatch == readings(3..<6))
    }
}
