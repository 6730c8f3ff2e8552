import Foundation
import Postgres
import Testing

@testable import DevicesService

@Suite struct LivenessBufferTests {
    private let device = UUID()
    private let start = ContinuousClock.now
    private var buffer = LivenessBuffer()

    private func sign(_ status: DeviceStatus.Report? = nil, at microseconds: Int64 = 0, battery: Double? = nil)
        -> SignOfLife
    {
        SignOfLife(
            deviceID: device, time: Timestamp(microseconds: microseconds), status: status, batteryLevel: battery)
    }

    @Test mutating func `the first sign is due at once, the next ones after the interval, as one`() {
        let first = buffer.note(sign(at: 1), at: start)
        let due = buffer.takeDue(at: start)
        let second = buffer.note(sign(at: 2, battery: 80), at: start + .seconds(1))
        let third = buffer.note(sign(at: 3), at: start + .seconds(2))
        let early = buffer.takeDue(at: start + .seconds(9))
        let later = buffer.takeDue(at: start + .seconds(10))
        #expect(first && !second && !third)
        #expect(due == [sign(at: 1)])
        #expect(early.isEmpty)
        #expect(later == [sign(at: 3, battery: 80)])
    }

    @Test mutating func `another status is due at once, the same one is not`() {
        _ = buffer.note(sign(.online), at: start)
        _ = buffer.takeDue(at: start)
        let same = buffer.note(sign(.online), at: start + .seconds(1))
        let heard = buffer.note(sign(), at: start + .seconds(1))
        let other = buffer.note(sign(.error, at: 5), at: start + .seconds(2))
        let due = buffer.takeDue(at: start + .seconds(2))
        #expect(!same && !heard && other)
        #expect(due == [sign(.error, at: 5)])
    }

    @Test mutating func `the interval begins with the last time it was written`() {
        _ = buffer.note(sign(.online), at: start)
        _ = buffer.takeDue(at: start)
        _ = buffer.note(sign(.error), at: start + .seconds(2))
        _ = buffer.takeDue(at: start + .seconds(2))
        _ = buffer.note(sign(at: 3), at: start + .seconds(3))
        let early = buffer.takeDue(at: start + .seconds(10))
        let due = buffer.takeDue(at: start + .seconds(12))
        #expect(early.isEmpty)
        #expect(due == [sign(at: 3)])
    }

    @Test mutating func `what could not be written is due again, with what came meanwhile`() {
        _ = buffer.note(sign(.online, at: 1, battery: 80), at: start)
        let failed = buffer.takeDue(at: start)
        _ = buffer.note(sign(at: 2), at: start + .seconds(1))
        buffer.putBack(failed, at: start + .seconds(1))
        let due = buffer.takeDue(at: start + .seconds(1))
        #expect(due == [sign(.online, at: 2, battery: 80)])
    }

    @Test mutating func `a status that came while another one could not be written wins, and is written once`() {
        _ = buffer.note(sign(.online, at: 1), at: start)
        let failed = buffer.takeDue(at: start)
        let other = buffer.note(sign(.error, at: 2), at: start + .seconds(1))
        buffer.putBack(failed, at: start + .seconds(1))
        let due = buffer.takeDue(at: start + .seconds(1))
        let same = buffer.note(sign(.error, at: 3), at: start + .seconds(2))
        #expect(other && !same)
        #expect(due == [sign(.error, at: 2)])
    }

    @Test mutating func `the status said last is remembered when a sign without one could not be written`() {
        _ = buffer.note(sign(.error, at: 1), at: start)
        _ = buffer.takeDue(at: start)
        _ = buffer.note(sign(at: 2), at: start + .seconds(1))
        let failed = buffer.takeDue(at: start + .seconds(10))
        buffer.putBack(failed, at: start + .seconds(10))
        let due = buffer.takeDue(at: start + .seconds(11))
        let same = buffer.note(sign(.error, at: 3), at: start + .seconds(12))
        #expect(due == [sign(at: 2)])
        #expect(!same)
    }

    @Test mutating func `a device that says nothing is forgotten, so that its next sign is due at once`() {
        _ = buffer.note(sign(), at: start)
        _ = buffer.takeDue(at: start)
        _ = buffer.takeDue(at: start + .seconds(11))
        let isDue = buffer.note(sign(), at: start + .seconds(12))
        #expect(isDue)
    }
}
