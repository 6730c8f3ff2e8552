import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import ReadingsService

@Suite struct SensorTypeTests {
    private let path = "/api/v1/sensor-types"

    @Test func `each known type has a name of its own, that is short enough, and a unit that converts into itself`() {
        let all = SensorCatalogue.all
        #expect(Set(all.map(\.name)).count == all.count)
        for type in all {
            #expect((1...ReadingLimits.sensorTypeBytes).contains(type.name.utf8.count), "\(type.name)")
            #expect(type.unit.related.contains(type.unit), "\(type.name)")
        }
    }

    @Test func `the catalogue is answered to users and devices, once`() async throws {
        let device = try await ReadingsServer.shared().device()
        let user = try await device.server.service.user(.viewer, of: device.organization)
        let answer = try await user.get(path)
        #expect(answer.status == 200 && answer.json["next_cursor"].isNull)
        let items = answer.json["items"].array ?? []
        #expect(items.count == SensorCatalogue.all.count)
        let temperature = try #require(items.first { $0["sensor_type"] == "temperature" })
        #expect(temperature["unit"] == "°C" && temperature["units"] == ["K", "°C", "°F"])
        #expect(temperature["plausible_range"]["low"] == -90 && temperature["label"] == "Temperature")
        let tag = try #require(answer.header("etag"))
        #expect(try await device.client.get(path).header("etag") == tag)
        #expect(try await user.get(path, headers: ["If-None-Match": tag]).status == 304)
    }

    @Test func `those in use are known or not, with their units, page by page`() async throws {
        let server = try await ReadingsServer.shared()
        let devices = [try await server.device(), try await server.device()]
        let organization = devices[0].organization
        let sibling = try await server.device(of: organization)
        _ = try await devices[0].send(
            ["sensor_type": "temperature", "value": 1], ["sensor_type": "rig_7", "value": 1, "unit": "quux"],
            ["sensor_type": "door", "value": true])
        _ = try await sibling.send(["sensor_type": "temperature", "value": 1, "unit": "K"])
        _ = try await devices[1].send(["sensor_type": "secret", "value": 1])
        let user = try await server.service.user(.viewer, of: organization)
        var items: [JSONValue] = []
        var cursor: String?
        repeat {
            let page = try await user.get(
                "\(path)?scope=used&limit=1" + (cursor.map { "&cursor=\($0)" } ?? "")
            ).json
            items += page["items"].array ?? []
            cursor = page["next_cursor"].string
        } while cursor != nil
        #expect(items.map { $0["sensor_type"] } == ["door", "rig_7", "temperature"])
        try #require(items.count == 3)
        #expect(items[0]["known"].isNull && items[2]["known"]["unit"] == "°C")
        #expect(items[0]["series"] == [["unit": "", "values": "booleans", "count": 1]])
        #expect(items[1]["series"] == [["unit": "quux", "values": "numbers", "count": 1]])
        #expect(
            Set(items[2]["series"].array ?? []) == [
                ["unit": "K", "values": "numbers", "count": 1], ["unit": "°C", "values": "numbers", "count": 1],
            ])
        // A device sees its own, and a grant shows its device's.
        let own = try await sibling.client.get("\(path)?scope=used").json["items"].array ?? []
        #expect(own.map { $0["sensor_type"] } == ["temperature"])
        let guest = try await server.service.user(
            nil, of: organization, grants: [ResourceGrant(resource: .device(sibling.id), role: .viewer)])
        #expect(try await guest.get("\(path)?scope=used").json["items"].array?.count == 1)
    }

    @Test func `a parameter that cannot be used is 422 and named`() async throws {
        let device = try await ReadingsServer.shared().device()
        for (name, query) in [
            ("scope", "scope=all"), ("cursor", "scope=used&cursor=x"), ("limit", "scope=used&limit=0"),
        ] {
            let answer = try await device.client.get("\(path)?\(query)")
            #expect(answer.status == 422 && answer.json["errors"][0]["field"].string == name, "\(answer)")
        }
    }

    @Test func `a known sensor without a unit is recorded in the canonical one, and converted from then on`()
        async throws
    {
        let device = try await ReadingsServer.shared().device()
        _ = try await device.send(["sensor_type": "temperature", "value": 20, "timestamp": 1_795_460_400])
        let second = try await device.send(
            ["sensor_type": "temperature", "value": 212, "unit": "°F", "timestamp": 1_795_460_401],
            ["sensor_type": "temperature", "value": 30, "unit": "", "timestamp": 1_795_460_402])
        #expect(second.status == 201 && second.json["rejected"] == [])
        let stored = try await device.stored().map { $0.value ?? .nan }
        #expect(stored.count == 3)
        for (value, right) in zip(stored, [20.0, 100, 30]) { #expect(right.isNearly(value)) }
        #expect(try await device.client.get("\(device.path)/latest").json["items"][0]["unit"] == "°C")
    }

    @Test func `an unknown sensor, an empty unit and what is no number begin without one`() async throws {
        let device = try await ReadingsServer.shared().device()
        _ = try await device.send(
            ["sensor_type": "rig_7", "value": 1], ["sensor_type": "humidity", "value": 1, "unit": ""],
            ["sensor_type": "pressure", "value": "low"])
        let items = try await device.client.get("\(device.path)/latest").json["items"].array ?? []
        #expect(items.count == 3 && items.allSatisfy { $0["unit"] == "" })
    }
}
