import EventBus
import Foundation
import Identity
import Kernel
import Redis
import TestKit
import Testing

@testable import RealtimeService

/// What a socket sees of the live stream.
struct LiveTests {
    private let organization = UUID.v7()

    @Test func whatIsPublishedAfterHelloArrives() async throws {
        let server = try await RealtimeServer.shared()
        for value in 1...20 {
            let organization = UUID.v7()
            let socket = try await server.socket(of: organization)
            let device = UUID()
            try await server.publish([Double(value)], device: device, to: organization)
            let frame = try await socket.next("reading")
            #expect(frame["data"]["value"].double == Double(value))
            #expect(frame["data"]["device_id"].string == device.text)
            #expect(frame["id"].string.flatMap(FrameID.init(_:))?.index == 0)
            #expect(frame["time"].string?.hasSuffix("Z") == true)
            await socket.disconnect()
        }
    }

    @Test func nothingIsAppendedWhereNobodyWatches() async throws {
        let server = try await RealtimeServer.shared()
        try await server.publish([1], to: organization)
        #expect(try await server.service.redis.xlen(StreamName.live(organization)) == 0)
    }

    @Test func everySocketOfTheOrganizationSeesItAndNoOther() async throws {
        let server = try await RealtimeServer.shared()
        let other = UUID.v7()
        let sockets = [
            try await server.socket(of: organization), try await server.socket(of: organization),
        ]
        let stranger = try await server.socket(of: other)
        try await server.publish([1], to: organization)
        try await server.publish([2], to: other)
        for socket in sockets { #expect(try await socket.next("reading")["data"]["value"].double == 1) }
        #expect(try await stranger.next("reading")["data"]["value"].double == 2)
    }

    @Test func aSubscriptionFiltersByDeviceAndSensor() async throws {
        let server = try await RealtimeServer.shared()
        let socket = try await server.socket(of: organization)
        let device = UUID()
        try await socket.send([
            "action": "subscribe", "device_ids": [.string(device.text)], "sensor_types": ["humidity"],
        ])
        _ = try await socket.next("subscribed")
        try await server.publish([1], of: "humidity", to: organization)
        try await server.publish([2], of: "temperature", device: device, to: organization)
        try await server.publish([3], of: "humidity", device: device, to: organization)
        #expect(try await socket.next("reading")["data"]["value"].double == 3)
    }

    @Test func unsubscribingEndsFramesAndPingIsAnswered() async throws {
        let server = try await RealtimeServer.shared()
        let socket = try await server.socket(of: organization)
        let witness = try await server.socket(of: organization)
        try await socket.send(["action": "unsubscribe"])
        _ = try await socket.next("unsubscribed")
        try await server.publish([1], to: organization)
        _ = try await witness.next("reading")
        try await socket.send(["action": "ping"])
        #expect(try await socket.nextJSON()["type"].string == "pong")
    }

    @Test(arguments: ["nonsense", "{}", #"{"action":"dance"}"#, #"{"action":"subscribe","since":"x"}"#])
    func aMessageThatIsNotUnderstoodIsAnsweredAndTheSocketStays(_ text: String) async throws {
        let socket = try await RealtimeServer.shared().socket(of: organization)
        try await socket.send(text)
        #expect(try await socket.nextJSON()["type"].string == "error")
        try await socket.send(["action": "ping"])
        #expect(try await socket.nextJSON()["type"].string == "pong")
    }

    @Test func thePathsShowTheirKindsOnly() async throws {
        let server = try await RealtimeServer.shared()
        let statuses = try await server.socket(of: organization, path: "/ws/device-status")
        let alerts = try await server.socket(of: organization, path: "/ws/alerts")
        try await server.publish([1], to: organization)
        try await server.publish(.deviceStatus, to: organization)
        try await server.publish(.alert, to: organization)
        #expect(try await statuses.nextJSON()["type"].string == "device_status")
        #expect(try await alerts.nextJSON()["type"].string == "alert")
    }

    @Test func aResumedSocketGetsExactlyWhatItMissed() async throws {
        let server = try await RealtimeServer.shared()
        let socket = try await server.socket(of: organization)
        try await server.publish([1, 2, 3], to: organization)
        _ = try await socket.next("reading")
        let last = try await socket.next("reading")
        #expect(last["data"]["value"].double == 2)
        await socket.disconnect()
        for value in 4...60 { try await server.publish([Double(value)], to: organization) }

        let resumed = try await server.socket(of: organization)
        try await resumed.send(["action": "subscribe", "since": last["id"]])
        _ = try await resumed.next("subscribed")
        for value in 61...80 { try await server.publish([Double(value)], to: organization) }
        for value in 3...80 {
            let message = try await resumed.nextJSON()
            #expect(message["type"].string == "reading")
            #expect(message["data"]["value"].double == Double(value))
        }
    }

    @Test func aGapIsTold() async throws {
        let server = try await RealtimeServer.shared()
        let socket = try await server.socket(of: organization)
        try await socket.send(["action": "subscribe", "since": "1000-0-0"])
        _ = try await socket.next("subscribed")
        #expect(try await socket.nextJSON()["type"].string == "lagged")
    }

    @Test func whatHappenedWhileNobodyWatchedIsAGap() async throws {
        let server = try await RealtimeServer.shared()
        let socket = try await server.socket(of: organization)
        try await server.publish([1], to: organization)
        let last = try await socket.next("reading")
        await socket.disconnect()
        // As when ten minutes have passed for the key, and the stream still stands.
        try await server.service.redis.del(StreamName.watch(organization))
        try await eventually {
            let resumed = try await server.socket(of: organization)
            try await resumed.send(["action": "subscribe", "since": last["id"]])
            _ = try await resumed.next("subscribed")
            return try await resumed.nextJSON(within: .seconds(1))["type"].string == "lagged"
        }
    }

    @Test func readingsFasterThanTheIntervalAreHeldAndTheNewestFollows() async throws {
        let server = try await RealtimeServer.shared()
        let socket = try await server.socket(of: organization)
        try await socket.send(["action": "subscribe", "min_interval_ms": 500])
        _ = try await socket.next("subscribed")
        let device = UUID()
        // In one entry, which takes no time between them.
        try await server.publish([1, 2, 3, 4, 5], device: device, to: organization)
        #expect(try await socket.next("reading")["data"]["value"].double == 1)
        #expect(try await socket.next("reading")["data"]["value"].double == 5)
    }

    @Test func aSlowReaderIsConflatedAndSlowsNobody() async throws {
        let server = try await RealtimeServer.shared()
        let slow = try await server.socket(of: organization)
        let fast = try await server.socket(of: organization)
        try await slow.setReading(false)
        let device = UUID()
        let count = 60_000
        for start in stride(from: 1, through: count, by: 1000) {
            try await server.publish((start..<start + 1000).map(Double.init), device: device, to: organization)
        }
        // The fast one may be conflated too when the machine is busy; the last value comes in any case.
        while try await fast.next("reading")["data"]["value"].double != Double(count) {}
        try await slow.setReading(true)
        var received = 0
        var dropped = 0
        var last = 0.0
        while last < Double(count) {
            let message = try await slow.nextJSON()
            if message["type"].string == "lagged" {
                dropped += message["dropped"].int ?? 0
            } else {
                received += 1
                last = message["data"]["value"].double ?? 0
            }
        }
        #expect(dropped > 0)
        #expect(received + dropped == count)
    }
}
