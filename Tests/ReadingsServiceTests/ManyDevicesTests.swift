import Foundation
import Identity
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

struct ManyDevicesParserTests {
    private func parse(_ json: String) throws -> [DeviceReadings] {
        try Array(json.utf8).withUnsafeBufferPointer {
            try ManyDevicesParser.parse($0, now: ReadingsFormat.arrival)
        }
    }

    @Test func `each device has its id, wherever it stands, and what holds for its readings`() throws {
        let ids = [UUID.v7(), UUID.v7()]
        let devices = try parse(
            """
            {"x": [1], "devices": [
              {"readings": [{"sensor_type": "t", "value": 1}, {"value": 2}], "timestamp": 1795460400,
               "device_id": "\(ids[0].text)"},
              {"device_id": "\(ids[1].text)", "readings": [{"sensor_type": "t", "value": 3}, 7, {"sensor_type": "u"}]},
              {"device_id": "x", "readings": [{"sensor_type": "t", "value": 4}]},
              {"readings": [{"sensor_type": "t", "value": 5}]}]}
            """)
        #expect(devices.map(\.deviceID) == [ids[0], ids[1], nil, nil])
        #expect(devices.map(\.columns.values) == [[1], [3], [4], [5]])
        #expect(devices[0].columns.times == [1_795_460_400_000_000])
        #expect(devices.map(\.count) == [2, 3, 1, 1])
        #expect(devices.map(\.firstReading) == [0, 2, 5, 6])
        #expect(devices[1].rejections.map(\.index) == [3, 4])
        #expect(devices[1].rejections.map(\.field) == ["devices[1].readings[1]", "devices[1].readings[2].value"])
        #expect(
            devices[1].rejections(because: "no")
                == [2, 3, 4].map {
                    Rejection(index: $0, field: "devices[1].device_id", message: "no")
                })
    }

    @Test(arguments: [
        ("[]", ""), ("{}", "devices"), (#"{"devices":[]}"#, "devices"), (#"{"devices":{}}"#, "devices"),
        (#"{"devices":[7]}"#, "devices[0]"), (#"{"devices":[{"device_id":"x"}]}"#, "devices[0].readings"),
        (#"{"devices":[{"readings":[{"sensor_type":"t","value":1}]},{"readings":[]}]}"#, "devices[1].readings"),
        (#"{"devices":[{"readings":[{}],"timestamp":"x"}]}"#, "devices[0].timestamp"),
        (#"{"devices":[{"readings":[{}]}],"devices":[]}"#, "devices"),
    ])
    func `a request of another shape fails with its field`(json: String, field: String) {
        let failure = #expect(throws: BodyFailure.self) { try parse(json) }
        guard case .invalid(field, _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func `the readings of all devices together are limited`() throws {
        func body(_ counts: Int...) -> String {
            let devices = counts.map { count in
                let readings = Array(repeating: #"{"sensor_type":"t","value":1}"#, count: count).joined(separator: ",")
                return "{\"readings\":[\(readings)]}"
            }
            return "{\"devices\":[\(devices.joined(separator: ","))]}"
        }
        #expect(try parse(body(999, 1)).map(\.count) == [999, 1])
        #expect(throws: BodyFailure.tooManyReadings("devices[1].readings")) { try parse(body(999, 2)) }
    }

    @Test func `random, truncated, nested and repeated bytes do no harm`() {
        let seed = UInt64.random(in: .min ... .max)
        var fuzz = Fuzz(seed: seed)
        let body =
            #"{"devices":[{"device_id":"0192f0c1-2345-7000-8000-000000000001","readings":[{"sensor_type":"t","value":1}]},"#
            + #"{"readings":[{"sensor_type":"u","value":true},{"sensor_type":"w","value":"x"}],"battery_level":5}]}"#
        let end = ContinuousClock.now.advanced(by: .seconds(10))
        for number in 0..<4000 where ContinuousClock.now < end {
            let bytes = fuzz.body(from: [body])
            let devices = bytes.withUnsafeBufferPointer {
                try? ManyDevicesParser.parse($0, now: ReadingsFormat.arrival)
            }
            guard let devices else { continue }
            let isSound = devices.allSatisfy { device in
                device.columns.positions.allSatisfy { $0 < device.count }
                    && device.columns.rejections.count <= device.count
            }
            #expect(isSound && !devices.isEmpty, "seed \(seed), body \(number)")
        }
    }
}

@Suite struct ManyDevicesTests {
    private static let path = "/api/v1/readings"

    private func part(_ id: UUID, _ readings: JSONValue...) -> JSONValue {
        .object(["device_id": .string(id.text), "readings": .array(readings)])
    }

    private func reading(_ sensor: String, _ value: JSONValue) -> JSONValue {
        .object(["sensor_type": .string(sensor), "value": value, "timestamp": .number(time)])
    }

    /// A while ago.
    private let time = Double(Timestamp.now.microseconds / 1_000_000 - 3600)

    @Test func `a member sends for several devices at once, in one batch`() async throws {
        let server = try await ReadingsServer.shared()
        let organization = UUID.v7()
        let (first, second) = (try await server.device(of: organization), try await server.device(of: organization))
        let member = try await server.service.user(.member, of: organization)
        let body: JSONValue = [
            "devices": [
                part(first.id, reading("t", 1), reading("t", "warm")), part(second.id, reading("t", 2)),
                part(first.id, reading("u", 3), reading("t", 4)),
            ]
        ]
        let response = try await member.post(Self.path, body)
        #expect(response.status == 201)
        #expect(response.json["accepted"] == 3 && response.json["duplicates"] == 1)
        #expect(response.json["rejected"].array?.count == 1)
        #expect(response.json["rejected"][0]["index"] == 1)
        #expect(response.json["rejected"][0]["field"] == "devices[0].readings[1].value")
        #expect(try await first.stored().map(\.value) == [1, 3])
        #expect(try await second.stored().map(\.value) == [2])
        let batches = try await server.service.query(
            """
            SELECT count(DISTINCT r.batch_id) FROM readings.readings AS r JOIN readings.series AS s ON s.id = r.series_id
            WHERE s.organization_id = \(organization)
            """)
        #expect(try batches[0].decode(Int.self) == 1)
        let again = try await member.post(Self.path, body)
        #expect(again.json["accepted"] == 0 && again.json["duplicates"] == 4)
    }

    @Test func `readings of many days and devices are stored whole`() async throws {
        let server = try await ReadingsServer.shared()
        let organization = UUID.v7()
        let (first, second) = (try await server.device(of: organization), try await server.device(of: organization))
        let member = try await server.service.user(.member, of: organization)
        func part(_ device: TestDevice, _ days: Range<Int>) -> JSONValue {
            let readings = days.map { day -> JSONValue in
                ["sensor_type": "t", "value": .number(Double(day)), "timestamp": .number(time - Double(day) * 86_400)]
            }
            return ["device_id": .string(device.id.text), "readings": .array(readings)]
        }
        let response = try await member.post(Self.path, ["devices": [part(first, 0..<60), part(second, 40..<100)]])
        #expect(response.json == ["accepted": 120, "duplicates": 0, "rejected": []])
        for device in [first, second] { #expect(try await device.stored().count == 60) }
    }

    @Test func `what is not the caller's to write is rejected, and named`() async throws {
        let server = try await ReadingsServer.shared()
        let (organization, project) = (UUID.v7(), UUID.v7())
        let granted = try await server.device(of: organization)
        let ofProject = try await server.device(of: organization, project: project)
        let onlySeen = try await server.device(of: organization)
        let other = try await server.device(of: organization)
        let foreign = try await server.device()
        let devices = [granted, ofProject, onlySeen, other, foreign]
        let body: JSONValue = .object([
            "devices": .array(devices.map { part($0.id, reading("t", 1)) } + [part(.v7(), reading("t", 1))])
        ])
        let guest = try await server.service.user(
            nil, of: organization,
            grants: [
                ResourceGrant(resource: .device(granted.id), role: .member),
                ResourceGrant(resource: .project(project), role: .admin),
                ResourceGrant(resource: .device(onlySeen.id), role: .viewer),
            ])
        let response = try await guest.post(Self.path, body)
        #expect(response.status == 201)
        #expect(response.json["accepted"] == 2)
        #expect(response.json["rejected"].array?.map { $0["index"].int } == [2, 3, 4, 5])
        #expect(
            response.json["rejected"].array?.map { $0["field"].string }
                == (2...5).map { "devices[\($0)].device_id" })
        #expect(Set(response.json["rejected"].array?.map { $0["message"].string } ?? []).count == 1)
        for device in [granted, ofProject] { #expect(try await device.stored().count == 1) }
        for device in [onlySeen, other, foreign] { #expect(try await device.stored().isEmpty) }

        let viewer = try await server.service.user(.viewer, of: organization)
        #expect(try await viewer.post(Self.path, body).status == 403)
        #expect(try await granted.client.post(Self.path, body).status == 403)
        let stranger = try await server.service.user(.owner, of: .v7())
        let refused = try await stranger.post(Self.path, body)
        #expect(refused.status == 422)
        #expect(refused.json["errors"].array?.map { $0["field"].string } == (0...5).map { "devices[\($0)].device_id" })
    }

    @Test func `a personal access token sends with its scope, and only then`() async throws {
        let server = try await ReadingsServer.shared()
        let device = try await server.device()
        let body: JSONValue = ["devices": [part(device.id, reading("t", 1))]]
        for (scope, status) in [(TokenScope(.readings, .read), 403), (TokenScope(.readings, .write), 201)] {
            let token = try await TestIssuer.shared().accessToken(in: device.organization, as: .member, scopes: [scope])
            #expect(try await server.service.client.authorized(token).post(Self.path, body).status == status)
        }
    }

    @Test(arguments: [("{", 400), ("[]", 422), ("{}", 422), (#"{"devices":[{"readings":[]}]}"#, 422)])
    func `a body that cannot be used is refused`(body: String, status: Int) async throws {
        let member = try await ReadingsServer.shared().service.user(.member, of: .v7())
        let response = try await member.send(
            .POST, Self.path, headers: ["content-type": "application/json"], body: Array(body.utf8))
        #expect(response.status == status)
        let csv = try await member.send(
            .POST, Self.path, headers: ["content-type": "text/csv"], body: Array("sensor_type,value".utf8))
        #expect(csv.status == 415)
    }
}
