import EventBus
import Foundation
import Redis
import Testing
import WebSockets

@testable import RealtimeService

/// The pure parts, by table.
struct StateTests {
    private static let devices = (0..<3).map { _ in UUID() }

    private func frame(
        _ id: Int, device: Int = 0, sensor: String = "t", kind: LiveStream.Kind = .reading
    ) -> LiveFrame {
        LiveFrame(
            id: FrameID(entry: StreamID(milliseconds: UInt64(id)), index: 0), kind: kind,
            deviceID: Self.devices[device], sensorType: sensor, frame: OutboundFrame(text: "\(id)"))
    }

    private func ids(_ frames: [LiveFrame]) -> [Int] { frames.map { Int($0.id.entry.milliseconds) } }

    private func drained(_ buffer: inout ConflationBuffer) -> [Int] {
        var frames: [LiveFrame] = []
        while let frame = buffer.popFirst() { frames.append(frame) }
        return ids(frames)
    }

    @Test(arguments: [("12-3-4", true), ("12-3", false), ("12-3-x", false), ("12-3-4-5", false), ("12-3--1", false)])
    func anIDOfAFrameIsReadBack(_ text: String, _ isValid: Bool) {
        #expect(FrameID(text)?.description == (isValid ? text : nil))
    }

    @Test func aNewerFrameReplacesTheOlderOfItsSeries() {
        var buffer = ConflationBuffer()
        for (id, device) in [(1, 0), (2, 1), (3, 0), (4, 0)] { buffer.insert(frame(id, device: device)) }
        #expect(buffer.count == 2)
        #expect(buffer.takeDropped() == 2)
        #expect(drained(&buffer) == [2, 4])
        #expect(buffer.isEmpty && buffer.takeDropped() == 0)
    }

    @Test func alertsDoNotReplaceEachOther() {
        var buffer = ConflationBuffer()
        for id in 1...3 { buffer.insert(frame(id, kind: .alert)) }
        #expect(drained(&buffer) == [1, 2, 3])
    }

    @Test func aFullBufferGivesUpTheOldest() {
        var buffer = ConflationBuffer(capacity: 2)
        for (id, sensor) in [(1, "a"), (2, "b"), (3, "c")] { buffer.insert(frame(id, sensor: sensor)) }
        #expect(buffer.takeDropped() == 1)
        #expect(drained(&buffer) == [2, 3])
    }

    @Test func manyReplacementsAreKeptInOrder() {
        var buffer = ConflationBuffer()
        for id in 1...1000 { buffer.insert(frame(id, device: id % 3)) }
        #expect(buffer.takeDropped() == 997)
        #expect(drained(&buffer) == [998, 999, 1000])
    }

    @Test func theGateLetsOneThroughAndTheNewestFollow() {
        let start = ContinuousClock.now
        var gate = IntervalGate(interval: .seconds(1))
        #expect(gate.admits(frame(1), at: start))
        #expect(!gate.admits(frame(2), at: start + .milliseconds(100)))
        #expect(gate.admits(frame(3, device: 1), at: start + .milliseconds(200)))
        #expect(!gate.admits(frame(4), at: start + .milliseconds(300)))
        #expect(gate.takeDue(at: start + .milliseconds(900)).isEmpty)
        #expect(ids(gate.takeDue(at: start + .seconds(1))) == [4])
        #expect(!gate.admits(frame(5), at: start + .milliseconds(1500)))
        #expect(gate.admits(frame(6, kind: .alert), at: start + .milliseconds(1500)))
    }

    @Test func aFullGateHoldsNothingBack() {
        let start = ContinuousClock.now
        var gate = IntervalGate(interval: .seconds(1), capacity: 1)
        #expect(gate.admits(frame(1, sensor: "a"), at: start))
        #expect(gate.admits(frame(2, sensor: "b"), at: start))
        #expect(gate.admits(frame(3, sensor: "b"), at: start))
        #expect(!gate.admits(frame(4, sensor: "a"), at: start))
    }

    @Test(arguments: [
        (Subscription(kinds: [.reading]), true),
        (Subscription(kinds: [.alert]), false),
        (Subscription(kinds: [.reading], deviceIDs: [devices[0]]), true),
        (Subscription(kinds: [.reading], deviceIDs: [devices[1]]), false),
        (Subscription(kinds: [.reading], deviceIDs: []), false),
        (Subscription(kinds: [.reading], sensorTypes: ["t"]), true),
        (Subscription(kinds: [.reading], sensorTypes: ["h"]), false),
        (Subscription(kinds: [.reading], deviceIDs: [devices[0]], sensorTypes: ["h", "t"]), true),
    ])
    func aSubscriptionWants(_ subscription: Subscription, _ isWanted: Bool) {
        #expect(subscription.wants(frame(1)) == isWanted)
    }

    @Test func positionsOnlyGoForward() {
        let organization = UUID()
        let stream = StreamName.live(organization)
        func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number) }
        var positions = TailPositions()
        #expect(positions.advance(stream, to: id(1)) == nil)
        #expect(positions.add(organization, at: id(5)))
        #expect(!positions.add(organization, at: id(9)))
        #expect(positions.advance(stream, to: id(5)) == nil)
        #expect(positions.advance(stream, to: id(6)) == organization)
        #expect(positions.advance(stream, to: id(6)) == nil)
        #expect(positions.reads.map(\.from) == [.after(id(6))])
        positions.remove(organization)
        #expect(positions.reads.isEmpty)
    }

    @Test func whatAClientSaysIsRead() throws {
        let id = UUID()
        let filter = ClientMessage.Filter(
            deviceIDs: [id], sensorTypes: ["t"], minimumInterval: .milliseconds(250))
        let text = """
            {"action":"subscribe","device_ids":["\(id)"],"sensor_types":["t"],"min_interval_ms":250,"since":"1-0-2"}
            """
        #expect(try ClientMessage(text) == .subscribe(filter, since: FrameID("1-0-2")))
        #expect(try ClientMessage(#"{"action":"subscribe"}"#) == .subscribe(.init(), since: nil))
        #expect(try ClientMessage(#"{"action":"ping","more":1}"#) == .ping)
        for text in [
            #"{"action":"subscribe","device_ids":["x"]}"#, #"{"action":"subscribe","device_ids":"x"}"#,
            #"{"action":"subscribe","min_interval_ms":-1}"#, #"{"action":"subscribe","min_interval_ms":3600001}"#,
            "[]",
        ] {
            #expect(throws: ClientMessage.Invalid.self) { try ClientMessage(text) }
        }
    }

    @Test func readingsAreCountedOverTheLastMinute() {
        let organization = UUID()
        var rate = ReadingRate()
        for (second, readings) in [(100, 5), (100, 1), (130, 10)] {
            rate.add(readings, of: organization, at: second)
        }
        for (second, expected) in [(130, 16), (159, 16), (160, 10), (189, 10), (190, 0), (500, 0)] {
            #expect(rate.perMinute(of: organization, at: second) == expected)
        }
        #expect(rate.perMinute(of: UUID(), at: 500) == 0)
    }
}
