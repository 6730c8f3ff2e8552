import Foundation
import Identity
import TestKit
import Testing

@testable import DevicesService

@Suite struct DevicePageTests {
    @Test func `the list shows the organization's devices, and those that are asked for`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let other = try await DevicesServer.shared().organization()
        let device = try await organization.device(["name": "Freezer <2>", "location": "Room 12"])
        _ = try await organization.device(["name": "Incubator"])
        _ = try await other.device(["name": "Elsewhere"])
        let browser = try await organization.browser(.viewer)

        let all = try await browser.get("/devices")
        #expect(all.status == 200)
        #expect(all.text.contains("<a href=\"/devices/\(device.id)\">Freezer &lt;2&gt;</a>"), "\(all)")
        #expect(all.text.contains("Incubator") && !all.text.contains("Elsewhere"))
        // Who may register none is not asked to.
        #expect(!all.text.contains("/devices/new"))
        #expect(try await organization.browser(.admin).get("/devices").text.contains("/devices/new"))

        let found = try await browser.get("/devices?q=room%2012&status=provisioned").text
        #expect(found.contains("Freezer") && !found.contains("Incubator"))
        #expect(try await browser.get("/devices?status=online").text.contains("No device is like that."))
        #expect(try await browser.get("/devices?status=").text.contains("Incubator"))
        #expect(try await browser.get("/devices?cursor=x").status == 404)
    }

    @Test func `a long list goes on`() async throws {
        let organization = try await DevicesServer.shared().organization()
        for number in 0..<51 { _ = try await organization.device(["name": .string("Device \(number)!")]) }
        let browser = try await organization.browser(.viewer)
        let first = try await browser.get("/devices?q=Device").text
        let next = try #require(first.firstMatch(of: /href="([^"]+)#devices" rel="next"/)?.output.1)
        let second = try await browser.get(String(next).replacing("&amp;", with: "&")).text
        #expect(!first.contains("Device 0!") && second.contains("Device 0!") && !second.contains("Device 1!"))
    }

    @Test func `a device's page shows how it does, and what it is to do`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device(["serial_number": "SN-7"])
        let status = try await device.client.post(
            "\(device.path)/status", ["status": "online", "battery_level": 81.6, "wifi_signal_strength": -61])
        #expect(status.status == 200)
        #expect(try await device.log(["level": "error", "message": "the door <stands> open"]).status == 201)
        _ = try await organization.admin.put("\(device.path)/config", ["config": ["interval": 30]])
        _ = try await device.client.put("\(device.path)/config/reported", ["config": ["interval": 60], "version": 1])
        _ = try await device.queue("blink", ["parameters": ["times": 3]])
        let browser = try await organization.browser(.viewer)
        try await eventually { try await browser.get("/devices/\(device.id)").text.contains("82 %") }

        let page = try await browser.get("/devices/\(device.id)").text
        for part in [
            "SN-7", "-61 dBm", "badge online", "the door &lt;stands&gt; open", "still works with version 1",
            "<code>30</code></td><td><code>60</code>", "<strong>blink</strong>", "badge pending",
        ] { #expect(page.contains(part), "\(part)") }
        // A viewer commands nothing.
        #expect(!page.contains("Queue the command") && !page.contains("Save the configuration"))
        #expect(!page.contains("Take back") && !page.contains("rotate-key"))

        // The parts that the page loads again are those of the page.
        for (part, text) in [("state", "82 %"), ("commands", "<strong>blink</strong>")] {
            let fragment = try await browser.get("/devices/\(device.id)/\(part)")
            #expect(fragment.status == 200 && fragment.text.contains(text) && !fragment.text.contains("<html"))
        }
    }

    @Test func `who holds a grant sees the page of that device alone`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let (granted, other) = (try await organization.device(["name": "Mine"]), try await organization.device())
        let id = try #require(UUID(uuidString: granted.id))
        let browser = try await organization.browser(
            .viewer, grants: [ResourceGrant(resource: .device(id), role: .member)])
        let list = try await browser.get("/devices").text
        #expect(list.contains(granted.id) && !list.contains(other.id))
        #expect(try await browser.get("/devices/\(granted.id)").text.contains("Queue the command"))
        #expect(try await browser.get("/devices/\(other.id)").status == 404)
        let sent = try await browser.submit(
            "/devices/\(other.id)/commands", [("command_type", "blink")], from: "/devices/\(granted.id)")
        #expect(sent.status == 404)
    }

    @Test func `another organization's device has no page`() async throws {
        let (mine, theirs) = (
            try await DevicesServer.shared().organization(), try await DevicesServer.shared().organization()
        )
        let device = try await theirs.device()
        let own = try await mine.device()
        let browser = try await mine.browser(.owner)
        #expect(try await browser.get("/devices/\(device.id)").status == 404)
        for form in ["", "/delete", "/commands", "/config", "/rotate-key"] {
            let response = try await browser.submit(
                "/devices/\(device.id)\(form)", [("confirmed", "yes")], from: "/devices/\(own.id)")
            #expect(response.status == 404, "\(form): \(response)")
        }
        #expect(try await device.shown()["version"] == 1)
    }
}
