import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import DevicesService

@Suite struct DeviceListTests {
    @Test func `a list is walked page by page in either order`() async throws {
        let organization = try await DevicesServer.shared().organization()
        var ids: [String] = []
        for number in 1...5 {
            ids.append(try await organization.device(["name": .string("Dryer \(number)"), "tags": ["lab"]]).id)
        }
        #expect(try await walk(organization, "limit=2") == ids.reversed())
        #expect(try await walk(organization, "limit=2&order=asc") == ids)
        // What is searched for comes in the same order, be the text too short for an index or not.
        for search in ["tag=lab", "q=dryer", "q=DR", "tag=lab&q=yer&status=provisioned"] {
            #expect(try await walk(organization, "limit=2&\(search)") == ids.reversed())
            #expect(try await walk(organization, "limit=2&order=asc&\(search)") == ids)
        }
        #expect(try await organization.admin.get("/api/v1/devices?cursor=x").status == 422)
        #expect(try await organization.admin.get("/api/v1/devices?limit=0").status == 422)
    }

    private func walk(_ organization: TestOrganization, _ query: String) async throws -> [String] {
        var ids: [String] = []
        var cursor: String?
        repeat {
            let path = "/api/v1/devices?\(query)" + (cursor.map { "&cursor=\($0)" } ?? "")
            let page = try await organization.admin.get(path).json
            ids += page["items"].array?.compactMap(\.["id"].string) ?? []
            cursor = page["next_cursor"].string
        } while cursor != nil
        return ids
    }

    @Test func `each filter takes one or several values, and they combine`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let project = try await organization.project().text
        _ = try await organization.device(["name": "a", "tags": ["cold", "lab"], "project_id": .string(project)])
        _ = try await organization.device(["name": "b", "device_type": "rp2040", "tags": ["hot"], "model": "M 50%"])
        let third = try await organization.device(["name": "c", "serial_number": "SN_77", "tags": ["cold"]])
        _ = try await organization.admin.patch(third.path, ["status": "disabled"])

        func names(_ query: String) async throws -> String {
            let page = try await organization.admin.get("/api/v1/devices?order=asc&\(query)")
            return page.json["items"].array?.compactMap(\.["name"].string).joined() ?? page.description
        }
        #expect(try await names("") == "abc")
        #expect(try await names("status=disabled") == "c")
        #expect(try await names("status=disabled,provisioned") == "abc")
        #expect(try await names("device_type=rp2040") == "b")
        #expect(try await names("device_type=rp2040&device_type=esp32") == "abc")
        #expect(try await names("project_id=\(project)") == "a")
        #expect(try await names("tag=cold") == "ac")
        #expect(try await names("tag=cold&tag=hot") == "abc")
        #expect(try await names("id=\(third.id)") == "c")
        #expect(try await names("id=\(third.id),\(UUID().uuidString)") == "c")
        #expect(try await names("q=sn_7") == "c")
        #expect(try await names("q=50%25") == "b")
        #expect(try await names("q=%25%25") == "")
        #expect(try await names("tag=cold&status=disabled&q=SN") == "c")
        #expect(try await organization.admin.get("/api/v1/devices?status=asleep").status == 422)
        #expect(try await organization.admin.get("/api/v1/devices?project_id=x").status == 422)
        #expect(try await organization.admin.get("/api/v1/devices?id=x").status == 422)
    }

    @Test func `another organization's devices do not exist`() async throws {
        let server = try await DevicesServer.shared()
        let device = try await server.organization().device(["tags": ["lab"], "name": "secret"])
        let stranger = try await server.organization()
        let command = try await device.queue()
        for query in ["", "?tag=lab", "?q=secret"] {
            #expect(try await stranger.admin.get("/api/v1/devices\(query)").json["items"] == [])
        }
        #expect(try await stranger.admin.get("/api/v1/commands").json["items"] == [])
        for path in [
            device.path, "\(device.path)/status", "\(device.path)/config", "\(device.path)/commands",
            "\(device.path)/logs", "\(device.path)/health", "/api/v1/commands/\(command)",
        ] {
            #expect(try await stranger.admin.get(path).status == 404, "\(path)")
        }
        #expect(try await stranger.admin.put(device.path, ["name": "x"]).status == 404)
        #expect(try await stranger.admin.patch(device.path, ["name": "x"]).status == 404)
        #expect(try await stranger.admin.delete(device.path).status == 404)
        #expect(try await stranger.admin.post("\(device.path)/rotate-key").status == 404)
        #expect(try await stranger.admin.put("\(device.path)/config", ["config": [:]]).status == 404)
        #expect(try await stranger.admin.post("\(device.path)/commands", ["command_type": "x"]).status == 404)
        #expect(try await stranger.admin.post("\(device.path)/reboot").status == 404)
        #expect(try await stranger.admin.delete("/api/v1/commands/\(command)").status == 404)
        #expect(try await device.shown()["name"] == "secret")
    }

    @Test func `who holds grants alone sees only what they name`() async throws {
        let server = try await DevicesServer.shared()
        let organization = try await server.organization()
        let project = try await organization.project()
        let granted = try await organization.device()
        let ofProject = try await organization.device(["project_id": .string(project.text)])
        let other = try await organization.device()
        let commands = [try await granted.queue(), try await other.queue()]
        let user = try await server.service.user(
            nil, of: organization.id,
            grants: [
                ResourceGrant(resource: .device(try #require(UUID(uuidString: granted.id))), role: .viewer),
                ResourceGrant(resource: .project(project), role: .member),
            ])
        for query in ["", "?q=esp"] {
            let list = try await user.get("/api/v1/devices\(query)").json["items"].array?.compactMap(\.["id"].string)
            #expect(Set(list ?? []) == [granted.id, ofProject.id])
        }
        #expect(try await user.get(granted.path).status == 200)
        #expect(try await user.get(other.path).status == 404)
        for part in ["logs", "health"] {
            #expect(try await user.get("\(granted.path)/\(part)").status == 200)
            #expect(try await user.get("\(other.path)/\(part)").status == 404)
        }
        #expect(try await user.post("\(granted.path)/reboot").status == 403)
        #expect(try await user.post("\(ofProject.path)/reboot").status == 201)
        #expect(try await user.post("\(other.path)/reboot").status == 404)
        #expect(try await user.get("/api/v1/commands/\(commands[0])").status == 200)
        #expect(try await user.get("/api/v1/commands/\(commands[1])").status == 404)
        let seen = try await user.get("/api/v1/commands").json["items"].array?.compactMap(\.["device_id"].string)
        #expect(Set(seen ?? []) == [granted.id, ofProject.id])
    }
}
