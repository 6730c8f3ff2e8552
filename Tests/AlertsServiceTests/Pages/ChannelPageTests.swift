import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import AlertsService

@Suite struct ChannelPageTests {
    private static let list = "/alerts/channels"

    @Test func `a channel is made, shown, changed and deleted`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        let page = "\(Self.list)/new?type=webhook"
        let made = try await admin.submit(
            "\(Self.list)/new",
            [
                ("type", "webhook"), ("name", "<i>Hook</i>"), ("url", "https://example.org/hook"),
                ("secret", "sesame"),
            ], from: page)
        let shown = try await admin.landing(made).text
        #expect(shown.contains("The channel has been made.") && shown.contains("&lt;i&gt;Hook&lt;/i&gt;"))
        #expect(!shown.contains("sesame") && !shown.contains("<i>Hook"))
        let channel = try await laboratory.client(.viewer).get("/api/v1/alerts/channels").json["items"][0]
        let path = "\(Self.list)/\(channel["id"].string ?? "")"
        let fields = [("type", "webhook"), ("name", "Other"), ("url", "https://example.org/x"), ("version", "1")]
        #expect(try await admin.landing(try await admin.submit(path, fields, from: path)).text.contains("Other"))
        #expect(try await admin.submit(path, fields, from: path).status == 412)
        let viewer = try await laboratory.browser(.viewer)
        #expect(try await viewer.get(Self.list).text.contains("https://example.org/x, signed"))
        #expect(!(try await viewer.get(path).text.contains("Send a test")))
        #expect(try await admin.submit("\(path)/delete", from: path).status == 422)
        let deleted = try await admin.submit("\(path)/delete", [("confirmed", "yes")], from: path)
        #expect(try await admin.landing(deleted).text.contains("The channel has been deleted"))
    }

    @Test func `the type of a new channel is chosen first`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        #expect(try await admin.get(Self.list).text.contains("href=\"\(Self.list)/new\""))
        let choice = try await admin.get("\(Self.list)/new")
        #expect(choice.status == 200)
        for kind in Channel.Kind.allCases {
            let path = "\(Self.list)/new?type=\(kind.rawValue)"
            #expect(choice.text.contains("href=\"\(path)\""))
            #expect(try await admin.get(path).text.contains("New channel: \(kind.title)"))
        }
        #expect(try await admin.get("\(Self.list)/new?type=pigeon").status == 422)
        let viewer = try await laboratory.browser(.viewer)
        #expect(try await !viewer.get(Self.list).text.contains("\(Self.list)/new"))
    }

    @Test(arguments: [
        ("webhook", "url", "ftp://example.org", "channel-url-error"), ("webhook", "name", "", "channel-name-error"),
        ("email", "addresses", "nobody", "channel-addresses-error"),
        ("slack", "group_s", "soon", "channel-group_s-error"), ("slack", "template.body", "{{#", "channel-body-error"),
        ("teams", "url", "", "channel-url-error"),
    ])
    func `what is wrong is said at its field`(type: String, field: String, value: String, id: String) async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        var fields = ["type": type, "name": "Hook", "url": "https://example.org", "addresses": "ada@example.org"]
        fields[field] = value
        let page = try await admin.submit(
            "\(Self.list)/new", fields.map { ($0, $1) }, from: "\(Self.list)/new?type=\(type)")
        #expect(page.status == 422)
        #expect(page.text.contains("id=\"\(id)\""), "\(page)")
    }

    @Test func `a template is shown as it reads, before anything is saved`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let admin = try await laboratory.browser(.admin)
        let page = try await admin.submit(
            "\(Self.list)/new",
            [("type", "email"), ("act", "preview"), ("template.body", "{{device}} says {{message}}")],
            from: "\(Self.list)/new?type=email")
        #expect(page.status == 200)
        #expect(page.text.contains("Freezer &lt;2&gt; &amp; door says temperature -12.5 is above -18"), "\(page)")
        #expect(try await laboratory.client(.viewer).get("/api/v1/alerts/channels").json["items"] == [])
    }

    @Test func `a test that fails is told, and what is being delivered is seen, and not sent again`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        // Nobody listens there.
        let channel = try await laboratory.makeChannel("http://127.0.0.1:1/hook")
        let admin = try await laboratory.browser(.admin)
        let path = "\(Self.list)/\(channel)"
        let tested = try await admin.submit("\(path)/test", from: path)
        #expect(tested.status == 200 && tested.text.contains("Test failed"), "\(tested)")

        _ = try await laboratory.raise(.v7(), ["channel_ids": [.string(channel)]])
        let notification = try await eventually {
            try await laboratory.notifications().first { $0["last_error"].string != nil }
        }
        let delivery = "/alerts/deliveries/\(notification["id"].string ?? "")"
        let list = try await laboratory.browser(.viewer).get("/alerts/deliveries?status=pending").text
        #expect(list.contains(delivery) && list.contains("Hook: triggered"))
        let page = try await admin.get(delivery).text
        #expect(page.contains("<td>failed</td>") && !page.contains("Send it again"))
        #expect(!page.contains("Held until"))
        _ = try await laboratory.server.query(
            """
            UPDATE alerts.notifications SET held_until = '2031-02-03T04:00:00Z'
            WHERE organization_id = \(laboratory.organization)
            """)
        #expect(try await admin.get(delivery).text.contains("<dt>Held until</dt><dd><time datetime=\"2031-02-03T04:00"))
        #expect(try await admin.submit("\(delivery)/resend", from: delivery).status == 409)
        #expect(try await admin.get("/alerts/deliveries?status=sent").text.contains("Nothing was sent."))
    }

    @Test func `what was delivered is sent again by an admin`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let receiver = try await TestHTTPServer.start()
        let channel = try await laboratory.makeChannel(receiver.url)
        _ = try await laboratory.raise(.v7(), ["channel_ids": [.string(channel)]])
        let sent = try await laboratory.notification(status: "sent")
        let delivery = "/alerts/deliveries/\(sent["id"].string ?? "")"
        let seen = try await laboratory.browser(.viewer).get(delivery).text
        #expect(seen.contains("<td>sent</td>") && !seen.contains("Send it again"))
        let admin = try await laboratory.browser(.admin)
        #expect(try await admin.get(delivery).text.contains("Send it again"))
        let page = try await admin.landing(try await admin.submit("\(delivery)/resend", from: delivery))
        #expect(page.text.contains("It is sent again, as a message of its own: this one."))
        try await eventually { receiver.requests.count == 2 }
        #expect(Set(receiver.requests.map { $0.header("LMS-Delivery-ID") }).count == 2)
    }

    @Test func `another organization's channels and deliveries have no page`() async throws {
        let server = try await AlertsServer.shared()
        let channel = try await server.laboratory().makeChannel("https://example.org")
        let owner = try await server.laboratory().browser(.owner)
        let path = "\(Self.list)/\(channel)"
        #expect(try await owner.get(path).status == 404)
        for form in ["", "/test", "/delete"] {
            let response = try await owner.submit(
                path + form, [("type", "webhook"), ("confirmed", "yes")], from: "/alerts")
            #expect(response.status == 404, "\(form)")
        }
        #expect(try await owner.get("/alerts/deliveries/\(UUID.v7().text)").status == 404)
    }
}
