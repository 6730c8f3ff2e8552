import Foundation
import Identity
import TestKit
import Testing

@testable import DevicesService

@Suite struct DeviceFormTests {
    private struct Page {
        let device: TestDevice
        let browser: Browser

        init(_ role: Role = .admin) async throws {
            let organization = try await DevicesServer.shared().organization()
            device = try await organization.device()
            browser = try await organization.browser(role)
        }

        var path: String { "/devices/\(device.id)" }

        func submit(_ form: String, _ fields: [(String, String)] = []) async throws -> TestHTTPResponse {
            try await browser.submit(path + form, fields, from: path)
        }

        func landing(_ form: String, _ fields: [(String, String)] = []) async throws -> String {
            try await browser.landing(try await submit(form, fields)).text
        }
    }

    @Test func `a command is queued for the device and can be taken back`() async throws {
        let page = try await Page(.member)
        let queued = try await page.landing(
            "/commands", [("command_type", " blink "), ("parameters", #"{"times": 3}"#)])
        #expect(queued.contains("The command has been queued.") && queued.contains("Take back"))
        let id = try #require(try await page.device.poll().first)
        let command = try await page.device.organization.admin.get("/api/v1/commands/\(id)").json
        #expect(command["command_type"] == "blink" && command["parameters"] == ["times": 3])

        let taken = try await page.landing("/commands/\(id)/cancel")
        #expect(taken.contains("The command has been taken back.") && taken.contains("cancelled"))
        let again = try await page.submit("/commands/\(id)/cancel")
        #expect(again.status == 303)
    }

    @Test func `a command that the device has finished is not taken back`() async throws {
        let page = try await Page(.member)
        let id = try await page.device.queue()
        _ = try await page.device.poll()
        #expect(try await page.device.report(id, "succeeded").status == 200)
        let response = try await page.submit("/commands/\(id)/cancel")
        #expect(response.status == 409)
        #expect(response.text.contains("The command is succeeded."))
    }

    @Test(arguments: [
        ("", "{}", "The command"), ("two words", "{}", "The command"), ("blink", "[1]", "The parameters"),
        ("blink", "{", "The parameters"),
    ])
    func `what is no command is said at its field, with what was typed`(
        type: String, parameters: String, complaint: String
    ) async throws {
        let page = try await Page()
        let response = try await page.submit("/commands", [("command_type", type), ("parameters", parameters)])
        #expect(response.status == 422)
        #expect(response.text.contains("aria-invalid=\"true\"") && response.text.contains(complaint))
        #expect(response.text.contains("value=\"\(parameters)\""))
        #expect(try await page.device.poll() == [])
    }

    @Test func `the configuration is changed where nobody has changed it meanwhile`() async throws {
        let page = try await Page()
        let config = "\(page.device.path)/config"
        let saved = try await page.landing("/config", [("version", "1"), ("config", #"{"interval": 30}"#)])
        #expect(saved.contains("The configuration has been saved"))
        #expect(try await page.device.client.get(config).json["config"] == ["interval": 30])

        let late = try await page.submit("/config", [("version", "1"), ("config", #"{"interval": 99}"#)])
        #expect(late.status == 412)
        #expect(late.text.contains("Somebody has changed it") && late.text.contains("&quot;interval&quot;: 99"))
        let broken = try await page.submit("/config", [("version", "2"), ("config", "interval=30")])
        #expect(broken.status == 422 && broken.text.contains("The configuration must be a JSON object"))
        #expect(try await page.device.client.get(config).json["config"] == ["interval": 30])
    }

    @Test func `the configuration is checked against the description of the type`() async throws {
        let page = try await Page()
        let described = try await page.device.organization.admin.put(
            "/api/v1/devices/config-descriptions/esp32",
            ["description": ["type": "object", "properties": ["interval": ["type": "integer"]]]])
        #expect([200, 201].contains(described.status), "\(described)")
        let response = try await page.submit("/config", [("version", "1"), ("config", #"{"interval": "often"}"#)])
        #expect(response.status == 422)
        #expect(response.text.contains("The configuration is wrong at interval: it must be"))
    }

    @Test func `what people say of a device is changed, and checked`() async throws {
        let page = try await Page()
        let fields = [("name", "Freezer"), ("description", "a\r\nb"), ("location", ""), ("tags", "cold, , lab a")]
        let saved = try await page.landing("", [("version", "1")] + fields)
        #expect(saved.contains("The device has been saved.") && saved.contains("<h1>Freezer</h1>"))
        let device = try await page.device.shown()
        #expect(device["description"] == "a\nb" && device["tags"] == ["cold", "lab a"] && device["location"] == .null)

        #expect(try await page.submit("", [("version", "1"), ("name", "Late")]).status == 412)
        let unnamed = try await page.submit("", [("version", "2"), ("name", "  ")])
        #expect(unnamed.status == 422 && unnamed.text.contains("The name"))
        #expect(try await page.device.shown()["name"] == "Freezer")
    }

    @Test func `another key is shown once, and works`() async throws {
        let page = try await Page()
        let response = try await page.submit("/rotate-key")
        #expect(response.status == 200 && response.header("cache-control") == "no-store")
        let key = try #require(response.text.firstMatch(of: /lms_dev_[A-Za-z0-9_-]+/)?.output)
        let client = page.device.organization.server.service.client
        for each in [String(key), page.device.key] {
            #expect(try await client.authorized(each).get(page.device.path).status == 200)
        }
        #expect(!(try await page.browser.get(page.path).text.contains(key)))
    }

    @Test func `a device is deleted once that is confirmed`() async throws {
        let page = try await Page()
        let unsure = try await page.submit("/delete")
        #expect(unsure.status == 422 && unsure.text.contains("must be ticked"))
        #expect(try await page.landing("/delete", [("confirmed", "yes")]).contains("The device has been deleted."))
        #expect(try await page.browser.get(page.path).status == 404)
    }

    // MARK: A new device

    @Test func `a new device is shown with its key and what its board is to be told`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let browser = try await organization.browser(.admin)
        let response = try await browser.submit(
            "/devices/new",
            [
                ("name", "Incubator 3"), ("device_type", "esp32"), ("serial_number", ""), ("sensors", "co2, humidity"),
                ("reading_interval", "30"),
            ], from: "/devices/new")
        #expect(response.status == 201 && response.header("cache-control") == "no-store")
        let key = try #require(response.text.firstMatch(of: /lms_dev_[A-Za-z0-9_-]+/)?.output)
        let id = try #require(response.text.firstMatch(of: /\/api\/v1\/devices\/([0-9a-f-]{36})\/readings/)?.output.1)
        // In the curl line and in the sketch.
        #expect(response.text.ranges(of: "Bearer \(key)").count == 2)
        #expect(response.text.contains("delay(30 * 1000UL)"))
        let client = organization.server.service.client.authorized(String(key))
        let device = try await client.get("/api/v1/devices/\(id)")
        #expect(device.status == 200)
        #expect(device.json["sensors"] == ["co2", "humidity"] && device.json["reading_interval"] == 30)
        #expect(device.json["serial_number"] == .null)
    }

    @Test(arguments: [
        ("name", "", "The name"), ("device_type", "Not A Type!", "The type"),
        ("reading_interval", "0", "The interval"), ("reading_interval", "soon", "The interval"),
        ("sensors", String(repeating: "x", count: 101), "A sensor"),
    ])
    func `what is wrong with a new device is said at its field`(
        field: String, value: String, complaint: String
    ) async throws {
        let organization = try await DevicesServer.shared().organization()
        let browser = try await organization.browser(.admin)
        var fields = ["name": "Incubator", "device_type": "esp32", "reading_interval": "60", "sensors": "co2"]
        fields[field] = value
        let response = try await browser.submit("/devices/new", fields.map { ($0, $1) }, from: "/devices/new")
        #expect(response.status == 422)
        #expect(response.text.contains("aria-invalid=\"true\"") && response.text.contains(complaint))
        #expect(try await organization.admin.get("/api/v1/devices").json["items"] == [])
    }

    @Test func `a serial number that is taken is said on the page`() async throws {
        let organization = try await DevicesServer.shared().organization()
        _ = try await organization.device(["serial_number": "SN-1"])
        let browser = try await organization.browser(.admin)
        let response = try await browser.submit(
            "/devices/new", [("name", "Twin"), ("device_type", "esp32"), ("serial_number", "SN-1")],
            from: "/devices/new")
        #expect(response.status == 409)
        #expect(response.text.contains("has this serial number") && response.text.contains("value=\"Twin\""))
    }
}
