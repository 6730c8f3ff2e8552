import CZlib
import Foundation
import HTTPKit
import Hummingbird
import TestKit
import Testing

@Suite struct BodyTests {
    private struct Reading: Codable, Sendable {
        var sensorType: String
        var value: Double
        var count: Int?
        var isValid: Bool?
        var device: UUID?
        var kind: Kind?

        enum Kind: String, Codable { case raw, derived }

        enum CodingKeys: String, CodingKey {
            case sensorType = "sensor_type"
            case value, count
            case isValid = "is_valid"
            case device, kind
        }
    }

    private struct Batch: Codable, Sendable {
        var readings: [Reading]
    }

    private func serve(_ body: @Sendable (ServedRoutes) async throws -> Void) async throws {
        try await ServedRoutes.with(
            { table in
                table.post("/batches", .public) { request, context in
                    JSON(["count": try await request.decode(as: Batch.self, context: context).readings.count])
                }
                let small = RouteOptions(body: .any(wireLimit: 1000, limit: 10_000), produces: [])
                table.post("/bytes", .public, small) { request, context in
                    let body = try await request.body.collect(upTo: context.maxUploadSize)
                    return JSON(["bytes": body.readableBytes])
                }
                table.post("/validated", .public) { request, context -> Response in
                    let reading = try await request.decode(as: Reading.self, context: context)
                    try validate { check in
                        check.length(of: reading.sensorType, 1...8, "sensor_type")
                        check.range(of: reading.value, 0...100, "value")
                        check.require(reading.count != 13, "count", "must not be 13")
                    }
                    return Response(status: .noContent)
                }
            }, body)
    }

    @Test(arguments: [
        (#"{"readings": [{"sensor_type": "t", "value": "x"}]}"#, "readings[0].value", "must be a number"),
        (#"{"readings": [{"sensor_type": 1, "value": 1}]}"#, "readings[0].sensor_type", "must be text"),
        (#"{"readings": [{"value": 1}]}"#, "readings[0].sensor_type", "is required"),
        (#"{"readings": [{"sensor_type": "t", "value": null}]}"#, "readings[0].value", "must not be null"),
        (
            #"{"readings": [{"sensor_type": "t", "value": 1, "count": 1.5}]}"#, "",
            "holds a number that is not whole or out of range"
        ),
        (
            #"{"readings": [{"sensor_type": "t", "value": 1, "count": true}]}"#, "readings[0].count",
            "must be a whole number"
        ),
        (
            #"{"readings": [{"sensor_type": "t", "value": 1, "is_valid": 1}]}"#, "readings[0].is_valid",
            "must be true or false"
        ),
        (#"{"readings": [{"sensor_type": "t", "value": 1, "device": "x"}]}"#, "readings[0].device", "must be a UUID"),
        (
            #"{"readings": [{"sensor_type": "t", "value": 1, "kind": "x"}]}"#, "readings[0].kind",
            "is not one of the allowed values"
        ),
        (#"{"readings": {}}"#, "readings", "must be a list"),
        (#"{"readings": [7]}"#, "readings[0]", "must be an object"),
        ("[]", "", "must be an object"), ("{}", "readings", "is required"),
    ])
    func jsonOfAnotherShapeIs422WithTheField(body: String, field: String, message: String) async throws {
        try await serve { served in
            let response = try await served.client.send(
                .POST, "/batches", headers: ["content-type": "application/json"], body: Array(body.utf8))
            #expect(response.status == 422)
            #expect(response.json["errors"] == [["field": .string(field), "message": .string(message)]])
        }
    }

    @Test(arguments: ["", "{", "hello", "{\"readings\": [}", "\u{feff}", "[1,]", "nul"])
    func whatIsNotJSONIs400(body: String) async throws {
        try await serve { served in
            let response = try await served.client.send(.POST, "/batches", body: Array(body.utf8))
            #expect(response.status == 400)
        }
    }

    @Test func bytesThatAreNotUTF8Are400() async throws {
        try await serve { served in
            let response = try await served.client.send(
                .POST, "/batches", body: Array("{\"readings\": \"".utf8) + [0xff, 0xfe] + Array("\"}".utf8))
            #expect(response.status == 400)
        }
    }

    @Test(arguments: [(64, 422), (65, 400)])
    func nestingHasABound(depth: Int, status: Int) async throws {
        try await serve { served in
            let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            let response = try await served.client.send(.POST, "/batches", body: Array(text.utf8))
            #expect(response.status == status)
        }
    }

    @Test func bracketsInTextDoNotNest() async throws {
        try await serve { served in
            let text = "{\"readings\": [], \"note\": \"" + String(repeating: "[\\\"", count: 100) + "\"}"
            let response = try await served.client.send(.POST, "/batches", body: Array(text.utf8))
            #expect(response.status == 200)
        }
    }

    @Test(arguments: [
        ("application/json", 200), ("application/json; charset=utf-8", 200), ("application/senml+json", 200),
        ("text/plain", 415), ("application/x-www-form-urlencoded", 415),
    ])
    func anotherContentTypeIs415(type: String, status: Int) async throws {
        try await serve { served in
            let response = try await served.client.send(
                .POST, "/batches", headers: ["content-type": type], body: Array(#"{"readings": []}"#.utf8))
            #expect(response.status == status)
        }
    }

    @Test(arguments: [(1000, 200), (1001, 413)])
    func aBodyHasABound(size: Int, status: Int) async throws {
        try await serve { served in
            let response = try await served.client.send(.POST, "/bytes", body: Array(repeating: 7, count: size))
            #expect(response.status == status)
            // The connection is still good: the answer was read, and so was the rest of the body.
            let next = try await served.client.send(.POST, "/bytes", body: [1])
            #expect(next.json["bytes"].int == 1)
        }
    }

    @Test(arguments: [(10_000, 200), (10_001, 413), (1_000_000, 413)])
    func anInflatedBodyHasABound(size: Int, status: Int) async throws {
        try await serve { served in
            let response = try await served.client.send(
                .POST, "/bytes", headers: ["content-encoding": "gzip"],
                body: gzip(Array(repeating: 7, count: size)))
            #expect(response.status == status)
            #expect(response.json["bytes"].int == (status == 200 ? size : nil))
        }
    }

    @Test func aGzippedBodyThatIsBrokenIs400() async throws {
        try await serve { served in
            let whole = gzip(Array(repeating: 7, count: 100))
            for body in [Array(whole.dropLast(4)), [1, 2, 3], whole + [0]] {
                let response = try await served.client.send(
                    .POST, "/bytes", headers: ["content-encoding": "gzip"], body: body)
                #expect(response.status == 400)
            }
        }
    }

    @Test func anotherContentEncodingIs415() async throws {
        try await serve { served in
            let response = try await served.client.send(
                .POST, "/bytes", headers: ["content-encoding": "br"], body: [1])
            #expect(response.status == 415)
            #expect(response.header("accept-encoding") == "gzip")
        }
    }

    @Test func `a body that is cut off is the client's fault`() async throws {
        try await serve { served in
            let connection = try await TestHTTPConnection.connect(port: served.client.port)
            let exchange = try await connection.begin(.POST, "/bytes", headers: ["content-length": "10"], hasBody: true)
            try await exchange.send([1])
            try await connection.endSending()
            #expect(try await exchange.response().status == 400)
            await connection.close()
        }
    }

    @Test func everythingThatIsInvalidIsToldAtOnce() async throws {
        try await serve { served in
            let response = try await served.client.post(
                "/validated", ["sensor_type": "temperature", "value": 101, "count": 13])
            #expect(response.status == 422)
            #expect(
                response.json["errors"] == [
                    ["field": "sensor_type", "message": "must have at most 8 characters"],
                    ["field": "value", "message": "must be from 0.0 to 100.0"],
                    ["field": "count", "message": "must not be 13"],
                ])
        }
    }

    @Test(
        arguments: [
            ("", ""), (" \t\r\n", ""), ("a", "a"), (" a b\n", "a b"), ("\u{A0}Ünal\u{3000}", "Ünal"),
        ])
    func `text is trimmed of white space at both ends`(text: String, trimmed: String) {
        #expect(text.trimmed == trimmed)
        #expect(text[...].trimmed == trimmed)
    }
}
