import Foundation
import HTTPKit
import Identity
import Kernel
import TestKit
import Testing

@testable import DevicesService

@Suite struct DeviceExportTests {
    private static let header = """
        serial_number,name,description,device_type,model,mac_address,firmware_version,location,project_id,tags,\
        reading_interval,id,status,last_seen,created_at
        """

    @Test func `the list is exported as CSV, whole, with the filters of the list`() async throws {
        let organization = try await DevicesServer.shared().organization()
        for number in 1...3 {
            _ = try await organization.device(["serial_number": .string("S\(number)"), "tags": ["lab"]])
        }
        _ = try await organization.device(["serial_number": "S4", "tags": ["hall"]])
        for (query, accept) in [("&format=csv", "*/*"), ("", "text/csv")] {
            let response = try await organization.admin.get(
                "/api/v1/devices?tag=lab&limit=1&order=asc" + query, headers: ["accept": accept])
            #expect(response.header("content-type") == "text/csv; charset=utf-8")
            #expect(response.header("content-disposition") == "attachment; filename=\"devices.csv\"")
            let lines = response.text.components(separatedBy: "\r\n")
            #expect(lines.first == Self.header)
            #expect(lines.dropFirst().map { $0.prefix(2) } == ["S1", "S2", "S3", ""])
        }
        #expect(try await organization.admin.get("/api/v1/devices?format=xml").status == 422)
    }

    @Test func `an export can be imported again, and changes nothing`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let project = try await organization.project().text
        _ = try await organization.device([
            "serial_number": "+49-1", "name": "=1+1", "description": "- \"first\"\r\n- second, 'third'",
            "tags": ["a|b", "c\\", "-x"], "location": "'=quoted", "project_id": .string(project), "model": "5\"",
            "mac_address": "a4:cf:12:0b:7e:01", "firmware_version": "1.2", "reading_interval": 7,
        ])
        _ = try await organization.device(["serial_number": "plain", "device_type": "rp2040"])
        let export = try await organization.admin.get("/api/v1/devices?format=csv").text
        #expect(export.contains("'=1+1"))
        func take(_ text: String) async throws -> JSONValue {
            try await organization.admin.send(
                .POST, "/api/v1/devices/import", headers: ["content-type": "text/csv"], body: Array(text.utf8)
            ).json
        }
        #expect(try await take(export)["unchanged"] == 2)
        let changed = export.replacingOccurrences(of: "rp2040", with: "rp2350")
        #expect(try await take(changed)["updated"] == 1)
    }

    @Test func `who holds grants alone exports only what they name`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let granted = try await organization.device(["serial_number": "mine"])
        _ = try await organization.device(["serial_number": "other"])
        let user = try await server.service.user(
            nil, of: organization.id,
            grants: [ResourceGrant(resource: .device(try #require(UUID(uuidString: granted.id))), role: .viewer)])
        let export = try await user.get("/api/v1/devices?format=csv").text
        #expect(export.contains("mine"))
        #expect(!export.contains("other"))
    }
}
