import Foundation
import Identity
import Kernel
import TestKit
import Testing

@testable import AlertsService

@Suite struct AlertPageTests {
    /// An alert about a device with a name that wants to be more.
    private struct Scene {
        let laboratory: Laboratory
        let device: UUID
        let alert: String

        init() async throws {
            laboratory = try await AlertsServer.shared().laboratory()
            device = try await laboratory.register(named: "Freezer <2>")
            alert = try await laboratory.raise(device, ["name": "<b>Too hot</b>"])
        }

        var path: String { "/alerts/\(alert)" }
    }

    @Test func `the list shows what is open, and what is asked for`() async throws {
        let scene = try await Scene()
        let viewer = try await scene.laboratory.browser(.viewer)
        let page = try await viewer.get("/alerts")
        #expect(page.status == 200)
        #expect(page.text.contains("href=\"\(scene.path)\""), "\(page)")
        #expect(page.text.contains("Freezer &lt;2&gt; · &lt;b&gt;Too hot&lt;/b&gt;"))
        #expect(page.text.contains("temperature 31 is above 30"))
        #expect(page.text.contains("href=\"/alerts\" aria-current=\"page\""))
        // A viewer does nothing about it.
        #expect(!page.text.contains(">Acknowledge<"))
        #expect(try await scene.laboratory.browser(.member).get("/alerts").text.contains(">Acknowledge<"))

        for (query, isShown) in [
            ("severity=high", true), ("severity=low", false), ("status=resolved", false), ("status=all", true),
            ("device=\(scene.device.text)", true), ("device=\(UUID.v7().text)", false),
            ("rule=\(UUID.v7().text)", false), ("assigned=me", false), ("severity=&device=&rule=", true),
        ] {
            let text = try await viewer.get("/alerts?\(query)").text
            #expect(text.contains(scene.path) == isShown, "\(query)")
            if !isShown { #expect(text.contains("No alert is like that.")) }
        }
        #expect(try await viewer.get("/alerts?status=lost").status == 422)
        #expect(try await viewer.get("/alerts?cursor=x").status == 404)
        // The list alone is a part of the page.
        let list = try await viewer.get("/alerts/list")
        #expect(list.text.contains(scene.path) && !list.text.contains("<html"))
    }

    @Test func `a member acknowledges from the list, with notes, and comes back to it as it was`() async throws {
        let scene = try await Scene()
        let member = try await scene.laboratory.browser(.member)
        let fields = [("from", "list"), ("query", "severity=high"), ("notes", " on my way ")]
        let answer = try await member.submit("\(scene.path)/acknowledge", fields, from: "/alerts")
        #expect(answer.header("location") == "/alerts?severity=high&done=acknowledged")
        let page = try await member.landing(answer).text
        #expect(page.contains("The alert has been acknowledged.") && page.contains("on my way"))
        #expect(page.contains("badge acknowledged"))

        #expect(try await member.submit("\(scene.path)/resolve", fields, from: "/alerts").status == 303)
        let late = try await member.submit("\(scene.path)/acknowledge", fields, from: "/alerts")
        #expect(late.status == 409 && late.text.contains("The alert is resolved."))
        let long = fields + [("notes", "")]
        let words = long.map { $0.0 == "notes" ? ("notes", String(repeating: "x", count: 2_001)) : $0 }
        let refused = try await member.submit("\(scene.path)/reopen", words, from: "/alerts")
        #expect(refused.status == 422 && refused.text.contains("The notes must have at most 2000 characters."))
    }

    @Test func `notes whose action is refused stay in the form, and on the page where there is none any more`()
        async throws
    {
        let scene = try await Scene()
        let member = try await scene.laboratory.browser(.member)
        func act(_ action: String, _ notes: String) async throws -> TestHTTPResponse {
            try await member.submit(
                "\(scene.path)/\(action)", [("from", "list"), ("query", ""), ("notes", notes)], from: "/alerts")
        }
        // It is open still, so that the form is there.
        let long = String(repeating: "x", count: 2_000)
        let open = try await act("resolve", "<b>\(long)")
        #expect(open.status == 422 && open.text.contains("value=\"&lt;b&gt;\(long)\""), "\(open)")
        #expect(open.text.contains("<details class=\"confirm\" open>") && !open.text.contains("Your notes"))

        #expect(try await act("resolve", "").status == 303)
        let gone = try await act("acknowledge", "for <all>")
        #expect(gone.status == 409 && gone.text.contains("<p class=\"excerpt\">for &lt;all&gt;</p>"), "\(gone)")
        #expect(gone.text.contains("<a href=\"\(scene.path)\">the alert's page</a>"))
        let silent = try await act("acknowledge", " ")
        #expect(silent.status == 409 && !silent.text.contains("Your notes"))
    }

    @Test func `an alert's page tells what happened, and what can be done`() async throws {
        let scene = try await Scene()
        let viewer = try await scene.laboratory.browser(.viewer)
        let page = try await viewer.get(scene.path).text
        for part in [
            "Freezer &lt;2&gt;", "&lt;b&gt;Too hot&lt;/b&gt;", "above 30", "<strong>Triggered</strong>",
            "data-device=\"\(scene.device.text)\"", "value=\"temperature\" data-bounds=\"30\"",
        ] { #expect(page.contains(part), "\(part)") }
        #expect(!page.contains("<b>Too hot") && !page.contains("Add the comment"))
        #expect(try await viewer.get("\(scene.path)/life").text.contains("Triggered"))

        let ada = try await scene.laboratory.addMember("Ada <x>")
        let member = try await scene.laboratory.browser(.member)
        func landing(_ form: String, _ fields: [(String, String)] = []) async throws -> String {
            try await member.landing(try await member.submit(scene.path + form, fields, from: scene.path)).text
        }
        let assigned = try await landing("/assign", [("user_id", ada.text)])
        #expect(assigned.contains("The alert has been assigned.") && assigned.contains("Assigned to Ada &lt;x&gt;"))
        #expect(try await landing("/assign", [("user_id", "")]).contains("Assigned to nobody"))
        let commented = try await landing("/comments", [("text", "<i>Door</i>\r\nopen")])
        #expect(commented.contains("&lt;i&gt;Door&lt;/i&gt;\nopen"))
        #expect(try await landing("/dismiss", [("notes", "thawing")]).contains("thawing"))
        #expect(try await landing("/reopen").contains("The alert is open again."))
        #expect(try await landing("/resolve").contains("badge resolved"))
    }

    @Test(arguments: [
        ("/assign", "user_id", UUID.v7().text, "assignee-error"), ("/assign", "user_id", "x", "assignee-error"),
        ("/comments", "text", "  ", "comment-error"),
        ("/comments", "text", String(repeating: "y", count: 2_001), "comment-error"),
        ("/acknowledge", "notes", String(repeating: "n", count: 2_001), "action-notes-error"),
    ])
    func `what is wrong is said at its field`(form: String, field: String, value: String, id: String) async throws {
        let scene = try await Scene()
        _ = try await scene.laboratory.addMember("Ada")
        let member = try await scene.laboratory.browser(.member)
        let page = try await member.submit(scene.path + form, [(field, value)], from: scene.path)
        #expect(page.status == 422)
        #expect(page.text.contains("id=\"\(id)\""), "\(page)")
    }

    @Test func `another organization's alert has no page`() async throws {
        let scene = try await Scene()
        let other = try await AlertsServer.shared().laboratory()
        let owner = try await other.browser(.owner)
        #expect(!(try await owner.get("/alerts?status=all").text.contains(scene.alert)))
        for part in ["", "/life"] { #expect(try await owner.get(scene.path + part).status == 404) }
        for form in ["acknowledge", "resolve", "dismiss", "reopen", "assign", "comments"] {
            let response = try await owner.submit("\(scene.path)/\(form)", [("text", "x")], from: "/alerts")
            #expect(response.status == 404, "\(form): \(response)")
        }
    }

    @Test func `who holds a grant sees and does what it is for`() async throws {
        let scene = try await Scene()
        let hidden = try await scene.laboratory.raise(try await scene.laboratory.register(named: "Other"))
        let guest = try await scene.laboratory.browser(
            .viewer, grants: [ResourceGrant(resource: .device(scene.device), role: .member)])
        let list = try await guest.get("/alerts").text
        #expect(list.contains(scene.alert) && !list.contains(hidden) && !list.contains("Other"))
        // Rules are the organization's own.
        #expect(!list.contains("/alerts/rules"))
        #expect(try await guest.get("/alerts/rules").status == 403)
        #expect(try await guest.get("/alerts/\(hidden)").status == 404)
        #expect(try await guest.submit("\(scene.path)/acknowledge", from: scene.path).status == 303)
        #expect(try await guest.submit("/alerts/\(hidden)/acknowledge", from: scene.path).status == 404)
    }

    @Test func `a long list goes on`() async throws {
        let laboratory = try await AlertsServer.shared().laboratory()
        let devices = (0..<51).map { _ in UUID.v7() }
        _ = try await laboratory.makeRule()
        for device in devices { try await laboratory.send(device, [(1, 40)]) }
        let viewer = try await laboratory.browser(.viewer)
        let first = try await eventually { () -> String? in
            let text = try await viewer.get("/alerts?severity=high").text
            return text.contains("rel=\"next\"") ? text : nil
        }
        let next = try #require(first.firstMatch(of: /href="([^"]+)#alerts" rel="next"/)?.output.1)
        let second = try await viewer.get(String(next).replacing("&amp;", with: "&")).text
        #expect(second.contains("href=\"/alerts?severity=high#alerts\""))
        #expect(first.ranges(of: "<strong><a href=\"/alerts/").count == 50)
        #expect(second.ranges(of: "<strong><a href=\"/alerts/").count >= 1)
    }
}
