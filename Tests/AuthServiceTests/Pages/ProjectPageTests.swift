import Foundation
import Identity
import Postgres
import TestKit
import Testing

@testable import AuthService

@Suite struct ProjectPageTests {
    private static let list = "/projects"

    /// Makes a project by the API; answers its page's path.
    private func make(_ name: String, _ more: [String: JSONValue] = [:], by newcomer: Newcomer) async throws -> String {
        let response = try await newcomer.api.post(
            "/api/v1/projects", .object(more.merging(["name": .string(name)]) { $1 }))
        return "/projects/" + (try #require(response.json["id"].string, "\(response)"))
    }

    // MARK: All

    @Test func `a member makes a project`() async throws {
        let server = try await AuthServer.shared()
        let ada = try await server.newcomer()
        let grace = try await server.member(of: ada.organizationID, as: .member)
        let browser = try await grace.browser()
        let made = try await browser.submit(
            Self.list,
            [
                ("name", "<b>Cold</b>"), ("description", "a\r\n\"b\""), ("status", "on_hold"),
                ("project_lead_id", ada.id),
            ],
            from: Self.list)
        let page = try await browser.landing(made)
        #expect(page.text.contains("The project has been made."))
        #expect(page.text.contains("<h1>&lt;b&gt;Cold&lt;/b&gt;</h1>") && !page.text.contains("<b>Cold"))
        #expect(page.text.contains("On hold"))
        let project = try await ada.api.get("/api/v1/projects").json["items"][0]
        #expect(project["name"] == "<b>Cold</b>" && project["status"] == "on_hold")
        #expect(project["description"] == "a\n\"b\"" && project["project_lead_id"].string == ada.id)
        let list = try await browser.get(Self.list)
        #expect(list.text.contains("&lt;b&gt;Cold&lt;/b&gt;") && list.text.contains("led by Ada"))
        #expect(list.text.contains("href=\"/projects\" aria-current=\"page\""))
        #expect(list.text.contains("Active organization: </span>Ada’s laboratory"))
    }

    @Test func `what is wrong with a project is told beside the fields`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let browser = try await ada.browser()
        let cases: [(fields: [(String, String)], id: String)] = [
            ([("name", ""), ("status", "active"), ("description", "<p>")], "project-name-error"),
            ([("name", "x"), ("status", "lost")], "project-status-error"), ([("name", "x")], "project-status-error"),
            ([("name", "x"), ("status", "active"), ("project_lead_id", eve.id)], "project-lead-error"),
            ([("name", "x"), ("status", "active"), ("project_lead_id", "x")], "project-lead-error"),
        ]
        for (fields, id) in cases {
            let page = try await browser.submit(Self.list, fields, from: Self.list)
            #expect(page.status == 422)
            #expect(page.text.contains("id=\"\(id)\""), "\(id)")
            #expect(!page.text.contains("<p></textarea>"))
        }
        #expect(try await browser.get(Self.list).text.contains("There are no projects yet."))
    }

    @Test func `the list is narrowed, and shown part by part`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        for index in 0..<26 { _ = try await make("Warm \(index)", by: ada) }
        _ = try await make("Frozen <100%>", ["status": "archived"], by: ada)
        let browser = try await ada.browser()
        let archived = try await browser.get(Self.list + "?status=archived&q=%3C100%25")
        #expect(archived.text.contains("Frozen &lt;100%&gt;") && !archived.text.contains("Warm"))
        #expect(archived.text.contains("value=\"archived\" selected") && archived.text.contains("value=\"&lt;100%\""))
        #expect(try await browser.get(Self.list + "?q=boiling").text.contains("No project is like that."))
        let first = try await browser.get(Self.list + "?status=active&q=")
        let next = String(try #require(first.text.firstMatch(of: /href="(\/projects\?[^"#]+)#projects" rel="next"/)).1)
        #expect(next.contains("status=active&amp;cursor="))
        let second = try await browser.get(next.replacing("&amp;", with: "&"))
        #expect(second.text.contains(">Warm 0</a>") && !second.text.contains("Warm 1"))
        #expect(second.text.contains("href=\"/projects?status=active#projects\""))
        #expect(try await browser.get(Self.list + "?status=lost").status == 422)
        #expect(try await browser.get(Self.list + "?cursor=x").status == 404)
    }

    // MARK: One

    @Test func `a project is changed, and what the form does not ask for stays`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = try await make("Cold", ["properties": ["room": "B12"], "project_lead_id": .string(ada.id)], by: ada)
        let browser = try await ada.browser()
        let page = try await browser.get(path)
        #expect(page.text.contains("name=\"version\" value=\"1\""))
        #expect(page.text.contains("value=\"\(ada.id)\" selected"))
        let fields = [("version", "1"), ("name", "Colder"), ("status", "completed"), ("project_lead_id", "")]
        let response = try await browser.submit(path, fields, from: path)
        let saved = try await browser.landing(response)
        #expect(saved.text.contains("The project has been saved.") && saved.text.contains("<h1>Colder</h1>"))
        let project = try await ada.api.get("/api/v1\(path)").json
        #expect(project["properties"]["room"] == "B12" && project["status"] == "completed")
        #expect(project.object?["project_lead_id"] == .null)

        let bad = try await browser.submit(
            path, [("version", "2"), ("name", " "), ("status", "active")], from: path)
        #expect(bad.status == 422)
        #expect(bad.text.contains("id=\"project-name-error\"") && bad.text.contains("<h1>Colder</h1>"))
    }

    @Test func `what another has written meanwhile is not lost unseen`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = try await make("Cold", by: ada)
        let browser = try await ada.browser()
        #expect(try await ada.api.put("/api/v1\(path)", ["name": "Warm"]).status == 200)
        let fields = [("version", "1"), ("name", "Colder"), ("status", "active")]
        let stale = try await browser.submit(path, fields, from: path)
        #expect(stale.status == 412)
        #expect(stale.text.contains("Somebody has changed the project") && stale.text.contains("value=\"Colder\""))
        #expect(stale.text.contains("<h1>Warm</h1>") && stale.text.contains("name=\"version\" value=\"2\""))
    }

    @Test func `a project is deleted once the box is ticked`() async throws {
        let ada = try await AuthServer.shared().newcomer()
        let path = try await make("Cold", by: ada)
        let browser = try await ada.browser()
        let unsure = try await browser.submit(path + "/delete", from: path)
        #expect(unsure.status == 422)
        #expect(unsure.text.contains("id=\"deletion-error\">The box must be ticked"))
        let response = try await browser.submit(path + "/delete", [("confirmed", "yes")], from: path)
        #expect(try await browser.landing(response).text.contains("The project has been deleted."))
        #expect(try await browser.get(path).status == 404)
        #expect(try await browser.submit(path + "/delete", [("confirmed", "yes")], from: Self.list).status == 404)
    }

    // MARK: Who

    @Test func `viewers only read, and strangers find nothing`() async throws {
        let server = try await AuthServer.shared()
        let (ada, eve) = (try await server.newcomer(), try await server.newcomer())
        let path = try await make("Cold", by: ada)
        let viewing = try await server.member(of: ada.organizationID, as: .viewer).browser()
        let page = try await viewing.get(path)
        #expect(page.status == 200)
        #expect(!page.text.contains("action=\"\(path)") && page.text.contains("<h1>Cold</h1>"))
        #expect(try await !viewing.get(Self.list).text.contains("method=\"post\" action=\"/projects\""))
        let fields = [("version", "1"), ("name", "Mine"), ("status", "active"), ("confirmed", "yes")]
        for target in [Self.list, path, path + "/delete"] {
            let refused = try await viewing.submit(target, fields, from: path)
            #expect(refused.status == 403, "\(target)")
            #expect(refused.text.contains("Forbidden"))
        }
        let strange = try await eve.browser()
        #expect(try await strange.get(path).status == 404)
        for target in [path, path + "/delete"] {
            #expect(try await strange.submit(target, fields, from: Self.list).status == 404, "\(target)")
        }
        let form = try await ada.browser().form(path)
        for target in [Self.list, path, path + "/delete"] {
            let without = try await form.submit(to: target, pairs: fields, headers: ["sec-fetch-site": "same-origin"])
            #expect(without.status == 403, "\(target)")
        }
        #expect(try await ada.api.get("/api/v1\(path)").json["name"] == "Cold")
    }

    @Test func `who has a role on one project sees and changes that, and keeps its lead`() async throws {
        let server = try await AuthServer.shared()
        let (ada, guest) = (try await server.newcomer(), try await server.newcomer())
        let path = try await make("Granted", ["project_lead_id": .string(ada.id)], by: ada)
        let other = try await make("Other", by: ada)
        let id = try #require(path.split(separator: "/").last.map(String.init))
        let granted = try await ada.api.post(
            "/api/v1/organizations/\(ada.organizationID)/grants",
            ["user_id": .string(guest.id), "role": "member", "resource": ["type": "project", "id": .string(id)]])
        #expect(granted.status == 201)
        let browser = try await guest.browser().switching(to: ada.organizationID)
        let list = try await browser.get(Self.list)
        #expect(list.text.contains("Granted") && !list.text.contains("Other"))
        #expect(try await browser.get(other).status == 404)
        let page = try await browser.get(path)
        #expect(!page.text.contains("name=\"project_lead_id\"") && !page.text.contains("\(path)/delete"))
        let fields = [("version", "1"), ("name", "Ours"), ("status", "active")]
        let response = try await browser.submit(path, fields, from: path)
        #expect(response.header("location") == path + "?done=saved")
        let project = try await ada.api.get("/api/v1\(path)").json
        #expect(project["name"] == "Ours" && project["project_lead_id"].string == ada.id)
        #expect(try await browser.submit(path + "/delete", [("confirmed", "yes")], from: path).status == 403)
    }
}
