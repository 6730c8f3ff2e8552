import EventBus
import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import ReadingsService

/// Past readings, as another service asks for them.
@Suite struct ReplayTests {
    /// A while ago, in whole seconds.
    private let start = Timestamp(microseconds: (Timestamp.now.microseconds / 1_000_000 - 86_400) * 1_000_000)

    private struct Page: Decodable {
        let readings: Data
        let next: String?
    }

    /// A device with `count` readings of each sensor, a minute apart.
    private func device(_ count: Int, _ sensors: [String], of organization: UUID) async throws -> TestDevice {
        let device = try await ReadingsServer.shared().device(of: organization)
        let readings = sensors.flatMap { sensor in
            (0..<count).map { index -> JSONValue in
                [
                    "sensor_type": .string(sensor), "value": .number(Double(index)), "quality": "poor",
                    "timestamp": .string(start.adding(.seconds(60 * index)).rfc3339),
                ]
            }
        }
        guard !readings.isEmpty else { return device }
        #expect(try await device.client.post(device.path, ["readings": .array(readings)]).status == 201)
        return device
    }

    private func query(_ devices: [TestDevice], _ sensors: [String], _ organization: UUID, limit: Int = 10_000)
        -> String
    {
        let end = start.adding(.seconds(3_600)).rfc3339
        return "/internal/v1/readings?organization_id=\(organization.text)"
            + "&device_ids=\(devices.map(\.id.text).joined(separator: ","))"
            + sensors.map { "&sensor_types=\(percentEncode($0))" }.joined()
            + "&from=\(start.rfc3339)&to=\(end)&order=asc&limit=\(limit)"
    }

    @Test(arguments: [1, 2, 5, 7, 10_000])
    func `pages go through the devices without gap or repetition, each by time`(_ limit: Int) async throws {
        let server = try await ReadingsServer.shared()
        let organization = UUID.v7()
        var devices: [TestDevice] = []
        for count in [3, 0, 4] {
            devices.append(try await device(count, count == 0 ? ["other"] : ["a", "b,c"], of: organization))
        }
        let peer = try await server.service.peer("alerts")
        var found: [(UUID, Int64, String, Double)] = []
        var cursor: String?
        repeat {
            let path =
                query(devices, ["a", "b,c"], organization, limit: limit) + (cursor.map { "&cursor=\($0)" } ?? "")
            let answer = try await peer.get(path)
            #expect(answer.status == 200, "\(answer)")
            let page = try JSONDecoder().decode(Page.self, from: Data(answer.text.utf8))
            let entry = try TelemetryEntry(Array(page.readings))
            #expect(entry.count <= limit && entry.quality.allSatisfy { $0 == 4 })
            #expect(entry.organizations.allSatisfy { $0 == organization })
            for index in 0..<entry.count {
                found.append(
                    (
                        entry.devices[Int(entry.device[index])], entry.time[index],
                        entry.sensorTypes[Int(entry.sensorType[index])], entry.value[index]
                    ))
            }
            cursor = page.next
        } while cursor != nil
        let wanted = [(devices[0].id, 3), (devices[2].id, 4)].sorted { $0.0.text < $1.0.text }
            .flatMap { device, count in
                (0..<count).flatMap { index in
                    ["a", "b,c"].map {
                        (device, start.adding(.seconds(60 * index)).microseconds, $0, Double(index))
                    }
                }
            }
        #expect(found.elementsEqual(wanted, by: ==))
    }

    @Test func `texts are there without a value, and another organization's readings are not`() async throws {
        let server = try await ReadingsServer.shared()
        let organization = UUID.v7()
        let device = try await server.device(of: organization)
        let reading: JSONValue = ["sensor_type": "note", "value": "ok", "timestamp": .string(start.rfc3339)]
        #expect(try await device.send(reading).status == 201)
        let peer = try await server.service.peer("alerts")
        for (organization, count) in [(organization, 1), (UUID.v7(), 0)] {
            let answer = try await peer.get(query([device], ["note"], organization))
            let page = try JSONDecoder().decode(Page.self, from: Data(answer.text.utf8))
            let entry = try TelemetryEntry(Array(page.readings))
            #expect(entry.count == count && entry.value.allSatisfy(\.isNaN))
            #expect(page.next == nil)
        }
    }

    @Test func `a question without its parts is refused with the part`() async throws {
        let server = try await ReadingsServer.shared()
        let peer = try await server.service.peer("alerts")
        let id = UUID.v7().text
        for (query, field) in [
            ("device_ids=\(id)&sensor_types=a", "organization_id"),
            ("organization_id=\(id)&sensor_types=a", "device_ids"),
            ("organization_id=\(id)&device_ids=\(id)", "sensor_types"),
            ("organization_id=\(id)&device_ids=\(id)&sensor_types=a&limit=10001", "limit"),
            ("organization_id=\(id)&device_ids=\(id)&sensor_types=a&cursor=x", "cursor"),
        ] {
            let answer = try await peer.get("/internal/v1/readings?\(query)")
            #expect(answer.status == 422 && answer.json["errors"][0]["field"].string == field, "\(answer)")
        }
    }
}
