import Foundation
import Kernel
import TestKit
import Testing

@testable import EventBus

struct EventTests {
    @Test func `an envelope is CloudEvents and comes back as it went`() throws {
        let organization = UUID.v7()
        let event = try Event(
            source: .devices, type: "device.updated", subject: "d-1", subjectVersion: 3, organizationID: organization,
            actor: "device:d-1",
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", data: ["name": "Incubator"])
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(event.json))
        #expect(json["specversion"] == "1.0" && json["source"] == "devices" && json["subjectversion"] == 3)
        #expect(json["organizationid"].string == organization.text && json["id"].string == event.id.text)
        let read = try Event(json: event.json)
        #expect(read.id == event.id && read.type == "device.updated" && read.organizationID == organization)
        #expect(read.time == event.time && read.traceparent == event.traceparent)
        #expect(read.actor == "device:d-1" && read.userID == nil)
        let data = try read.decode([String: String].self)
        #expect(data == ["name": "Incubator"])
    }

    @Test func `a user who caused it is known`() throws {
        let user = UUID.v7()
        let event = try Event(
            source: .alerts, type: "alert.acknowledged", subject: "a-1", subjectVersion: 2, organizationID: nil,
            actor: "user:\(user.text)", data: ["id": "a-1"])
        #expect(event.userID == user)
    }

    @Test(arguments: ["", "{}", #"{"id":"x","source":"devices"}"#])
    func `what is no envelope is refused`(json: String) {
        #expect(throws: (any Error).self) { try Event(json: Array(json.utf8)) }
    }

    @Test func `live frames go over the wire and back`() {
        let device = UUID.v7()
        let frames = [
            LiveStream.Frame(deviceID: device, sensorType: "t", json: Array(#"{"value":1}"#.utf8)),
            LiveStream.Frame(deviceID: nil, json: Array("{}".utf8)),
        ]
        let read = LiveStream.decode(LiveStream.encode(frames))
        #expect(read.map(\.deviceID) == [device, nil])
        #expect(read.map(\.sensorType) == ["t", ""])
        #expect(read.map(\.json) == frames.map(\.json))
        #expect(LiveStream.decode(Array("no frame\n".utf8)).isEmpty)
    }

    @Test func `devices are spread over the partitions`() {
        let partitions = Set((0..<1000).map { _ in StreamName.telemetryPartition(of: UUID.v7()) })
        #expect(partitions == Set(0..<StreamName.telemetryPartitions))
    }
}
