import Foundation
import Kernel
import NIOHTTP1
import TestKit
import Testing

@testable import DevicesService

@Suite struct DeviceImportTests {
    private static let path = "/api/v1/devices/import"

    private func send(
        _ text: String, as client: TestHTTPClient, headers: HTTPHeaders = [:]
    ) async throws -> TestHTTPResponse {
        var headers = headers
        headers.add(name: "content-type", value: "text/csv")
        return try await client.send(.POST, Self.path, headers: headers, body: Array(text.utf8))
    }

    private func rows(_ response: TestHTTPResponse) -> [JSONValue] { response.json["rows"].array ?? [] }

    private func results(_ response: TestHTTPResponse) -> String {
        rows(response).map { "\($0["row"].int ?? 0) \($0["result"].string ?? "")" }.joined(separator: ", ")
    }

    @Test func `a broken line in the middle fails alone`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let project = try await organization.project()
        let response = try await send(
            """
            \u{FEFF}serial_number;name;device_type;tags;project_id;mac_address;reading_interval\r
            A;"Oven; big";esp32;lab|cold;\(project.text);A4-CF-12-0B-7E-01;30\r
            B;Freezer;an esp;;;;soon\r
            \r
            C;"two
            lines";;;;;\r
            D;too few\r
            A;again;;;;;\r
            E;;;;;;\r

            """, as: organization.admin)
        #expect(response.status == 201)
        #expect(results(response) == "2 created, 3 failed, 5 created, 7 failed, 8 failed, 9 created")
        #expect(response.json["created"] == 3)
        #expect(response.json["failed"] == 3)
        let faults = rows(response).map { $0["errors"].array?.compactMap(\.["field"].string) ?? [] }
        #expect(faults == [[], ["reading_interval", "device_type"], [], [""], ["serial_number"], []])

        let first = rows(response)[0]
        let id = try #require(first["id"].string)
        let device = try await organization.admin.get("/api/v1/devices/\(id)").json
        #expect(device["name"] == "Oven; big")
        #expect(device["tags"] == ["lab", "cold"])
        #expect(device["project_id"].string == project.text)
        #expect(device["mac_address"] == "a4:cf:12:0b:7e:01")
        #expect(device["reading_interval"] == 30)
        let key = try #require(first["api_key"].string)
        let board = organization.server.service.client.authorized(key)
        #expect(try await board.get("/api/v1/devices/\(id)/config").status == 200)
        #expect(try await organization.admin.get("/api/v1/devices?q=generic%20E").json["items"].array?.count == 1)
    }

    @Test func `the same file again makes no device twice and tells nothing`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let file = "serial_number,name,model\nA,Oven,M1\nB,Freezer,M2\n"
        let first = try await send(file, as: organization.admin)
        let again = try await send(file, as: organization.admin)
        #expect(results(again) == "2 unchanged, 3 unchanged")
        #expect(rows(again).map(\.["id"]) == rows(first).map(\.["id"]))
        #expect(rows(again).allSatisfy { $0["api_key"].isNull })

        let changed = try await send("name,serial_number\nOven,A\nFreezer 2,B\n", as: organization.admin)
        #expect(results(changed) == "2 unchanged, 3 updated")
        let ids = rows(first).compactMap(\.["id"].string)
        let device = try await organization.admin.get("/api/v1/devices/\(ids[1])").json
        #expect(device["name"] == "Freezer 2")
        #expect(device["model"] == "M2")
        #expect(device["version"] == 2)
        try await server.service.events(about: ids[0], are: ["device.registered"])
        try await server.service.events(about: ids[1], are: ["device.registered", "device.updated"])
        let id = try #require(UUID(uuidString: ids[1]))
        let audit = try await server.service.query(
            "SELECT event_type FROM core.events WHERE entity_id = \(id) ORDER BY event_type")
        #expect(try audit.map { try $0.decode(String.self, at: 0) } == ["device.registered", "device.updated"])
        let entity = try await server.service.query("SELECT name FROM core.entities WHERE id = \(id)")
        #expect(try entity.first?.decode(String.self, at: 0) == "Freezer 2")
    }

    @Test func `files that come at once make each device once`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let lines = (1...250).map { "S\($0)" }
        let files = [lines, lines.reversed(), lines].map { "serial_number\n" + $0.joined(separator: "\n") }
        let responses = try await withThrowingTaskGroup(of: TestHTTPResponse.self) { group in
            for file in files { group.addTask { try await send(file, as: organization.admin) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(responses.map { $0.json["created"].int ?? -1 }.sorted() == [0, 0, 250])
        #expect(responses.map { $0.json["unchanged"].int ?? -1 }.sorted() == [0, 250, 250])
    }

    @Test func `an Idempotency-Key gives the keys of the new devices again`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let file = "serial_number\nA\n"
        let first = try await send(file, as: organization.admin, headers: ["idempotency-key": "k"])
        #expect(rows(first).first?["api_key"].string?.hasPrefix("lms_dev_") == true)
        #expect(try await send(file, as: organization.admin, headers: ["idempotency-key": "k"]).json == first.json)
    }

    @Test func `lines beyond the plan's limit fail, and those of known devices do not`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        _ = try await organization.device(["serial_number": "A"])
        try await server.service.query(
            """
            INSERT INTO devices.limits (organization_id, plan, devices, version)
            VALUES (\(organization.id), 'free', 2, 1)
            """)
        let response = try await send("serial_number,name\nB,b\nC,c\nA,a\n", as: organization.admin)
        #expect(results(response) == "2 created, 3 failed, 4 updated")
        let message = rows(response)[1]["errors"].array?.first?["message"].string
        #expect(message == "is beyond the limit of devices: the plan 'free' allows 2")
        #expect(try await send("serial_number\nC\n", as: organization.admin).json["failed"] == 1)
    }

    @Test func `another organization's project is an error of its line, and its devices are not seen`() async throws {
        let server = try await DevicesServer.shared()
        let (organization, stranger) = (try await server.organization(), try await server.organization())
        let project = try await stranger.project()
        let device = try await stranger.device(["serial_number": "A"])
        let response = try await send(
            "serial_number,project_id\nA,\nB,\(project.text)\n", as: organization.admin)
        #expect(results(response) == "2 created, 3 failed")
        #expect(rows(response)[1]["errors"].array?.first?["field"] == "project_id")
        #expect(try await device.shown()["version"] == 1)
    }

    @Test func `what is no such file is refused as a whole`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let admin = organization.admin
        let unknown = try await send("serial_number,colour\nA,red\n", as: admin)
        #expect(unknown.status == 422)
        #expect(unknown.json["errors"].array?.compactMap(\.["field"].string) == ["colour"])
        #expect(try await send("", as: admin).status == 422)
        let latin = try await admin.send(
            .POST, Self.path, headers: ["content-type": "text/csv"], body: Array("serial_number\n".utf8) + [0xE4])
        #expect(latin.status == 400)
        let json = try await admin.send(
            .POST, Self.path, headers: ["content-type": "application/json"], body: Array("{}".utf8))
        #expect(json.status == 415)
        #expect(try await send(String(repeating: "x", count: 1 << 20) + "x", as: admin).status == 413)
        #expect(try await admin.get("/api/v1/devices").json["items"] == [])
    }
}
