import Foundation
import HTTPKit
import Hummingbird
import TestKit
import Testing

@Suite struct RoutingTests {
    private func serve(_ body: @Sendable (ServedRoutes) async throws -> Void) async throws {
        try await ServedRoutes.with(
            { table in
                table.get("/things/{id}", .public) { _, context in JSON(["id": try context.id().uuidString]) }
                table.delete("/things/{id}", .public) { _, _ in Response(status: .noContent) }
                table.get("/things/new", .public) { _, _ in JSON(["id": "new"]) }
                table.get("/names/{name}", .public) { _, context in JSON(["name": try context.parameter("name")]) }
                table.get("/versioned", .public) { _, _ in JSON(["version": 7], version: 7) }
                table.get("/mine/{name}", .public) { _, context in
                    JSON(["name": try context.parameter("name")], version: 7, isCallersView: true)
                }
                table.put("/versioned", .public) { request, _ in
                    try request.requireMatch(7)
                    return Response(status: .noContent)
                }
                table.get("/text", .public, RouteOptions(produces: [.csv, .json])) { _, _ in
                    Response(status: .ok, headers: [.contentType: "text/csv"])
                }
            }, body)
    }

    @Test func theMostSpecificRouteAnswers() async throws {
        try await serve { served in
            let id = UUID().uuidString
            let byID = try await served.client.get("/things/\(id)")
            #expect(byID.json["id"].string == id)
            let constant = try await served.client.get("/things/new")
            #expect(constant.json["id"].string == "new")
            let decoded = try await served.client.get("/names/a%20b%2Fc")
            #expect(decoded.json["name"].string == "a b/c")
        }
    }

    @Test(arguments: ["/nothing", "/things", "/things/not-an-id", "/things/new/more"])
    func whatDoesNotExistIs404(path: String) async throws {
        try await serve { served in
            let response = try await served.client.get(path)
            #expect(response.status == 404)
            #expect(response.header("content-type") == "application/problem+json")
            #expect(response.json["instance"].string == path)
        }
    }

    @Test func anotherMethodIs405WithThoseThatAre() async throws {
        try await serve { served in
            let response = try await served.client.post("/things/\(UUID())")
            #expect(response.status == 405)
            #expect(response.header("allow") == "DELETE, GET, HEAD, OPTIONS")
            #expect(try await served.client.send(.OPTIONS, "/versioned").header("allow") == "GET, HEAD, OPTIONS, PUT")
        }
    }

    @Test func headIsGetWithoutABody() async throws {
        try await serve { served in
            let head = try await served.client.send(.HEAD, "/versioned")
            let get = try await served.client.get("/versioned")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.header("content-length") == get.header("content-length"))
            #expect(head.header("etag") == "\"7\"")
        }
    }

    @Test(arguments: [("\"7\"", 304), ("W/\"7\"", 304), ("\"6\", \"7\"", 304), ("*", 304), ("\"6\"", 200), ("7", 200)])
    func whatTheClientHasIsNotSentAgain(condition: String, status: Int) async throws {
        try await serve { served in
            let response = try await served.client.get("/versioned", headers: ["if-none-match": condition])
            #expect(response.status == status)
            #expect(response.header("etag") == "\"7\"")
            #expect(response.body.isEmpty == (status == 304))
        }
    }

    @Test func whatDependsOnTheCallerHasATagOfItsOwn() async throws {
        try await serve { served in
            let first = try await served.client.get("/mine/ada")
            let tag = try #require(first.header("etag"))
            #expect(tag.hasPrefix("\"7-"))
            #expect(try await served.client.get("/mine/ada", headers: ["if-none-match": tag]).status == 304)
            #expect(try await served.client.get("/mine/ada", headers: ["if-none-match": "\"7\""]).status == 200)
            #expect(try await served.client.get("/mine/eve", headers: ["if-none-match": tag]).status == 200)
            #expect(try await served.client.put("/versioned", [:], headers: ["if-match": tag]).status == 204)
        }
    }

    @Test(arguments: [
        ("\"7\"", 204), ("\"7-x\"", 204), ("\"-7\"", 412), ("*", 204), ("\"1\", \"7\"", 204), ("\"6\"", 412),
        ("rubbish", 412),
    ])
    func aStaleVersionIs412(condition: String, status: Int) async throws {
        try await serve { served in
            let conditional = try await served.client.put("/versioned", [:], headers: ["if-match": condition])
            #expect(conditional.status == status)
            let unconditional = try await served.client.put("/versioned", [:])
            #expect(unconditional.status == 204)
        }
    }

    @Test(arguments: [
        ("*/*", 200), ("text/*", 200), ("application/json", 200), ("image/png", 406), ("text/csv;q=0", 406),
        ("image/png, text/csv;q=0.1", 200), ("text/html,*/*;q=0.8", 200),
    ])
    func whatTheClientDoesNotAcceptIs406(accept: String, status: Int) async throws {
        try await serve { served in
            let response = try await served.client.get("/text", headers: ["accept": accept])
            #expect(response.status == status)
        }
    }
}
