import FoundationEssentials
import HTTPWire
import Identity
import Kernel
import NIOCore
import Postgres
import TestKit
import Testing

@testable import HTTPKit
@testable import ReadingsService

@Suite(.serialized) struct ImportTests {
    private static let path = "/api/v1/readings/import"
    private static let header = "device_id,sensor_type,value,timestamp\n"
    /// A while ago, in seconds since 1970.
    private let start = Int(Timestamp.now.microseconds / 1_000_000) - 200_000

    private func send(
        _ client: TestHTTPClient, _ body: [UInt8], encoding: String? = nil
    ) async throws -> TestHTTPResponse {
        var headers = ["content-type": "text/csv"]
        headers["content-encoding"] = encoding
        return try await client.send(.POST, Self.path, headers: .init(headers.map { ($0, $1) }), body: body)
    }

    private func row(_ device: UUID, _ number: Int, _ value: String? = nil) -> String {
        "\(device.text),t,\(value ?? "\(number)"),\(start + number)\n"
    }

    @Test func `each row that can be stored is stored, and the others are told with their lines`() async throws {
        let service = try await ReadingsServer.shared().service
        let organization = UUID.v7()
        let (first, second) = (
            try await ReadingsServer.shared().device(of: organization),
            try await ReadingsServer.shared().device(of: organization)
        )
        let foreign = try await ReadingsServer.shared().device()
        let member = try await service.user(.member, of: organization)
        let body =
            Self.header + row(first.id, 1) + row(first.id, 2, "\"open") + row(second.id, 3) + row(foreign.id, 4)
            + row(.v7(), 5) + row(first.id, 6, "warm") + row(first.id, 1) + row(first.id, 8)
        let answer = try await send(member, Array(body.utf8))
        #expect(answer.status == 200)
        #expect(answer.json["accepted"] == 3 && answer.json["duplicates"] == 1 && answer.json["rejected"] == 4)
        let rejections = answer.json["rejections"].array ?? []
        #expect(rejections.map { $0["line"].int } == [3, 5, 6, 7])
        #expect(rejections.map { $0["field"].string } == ["", "device_id", "device_id", "value"])
        #expect(rejections.allSatisfy { $0["message"].string?.isEmpty == false })
        #expect(try await first.stored().map(\.value) == [1, 8])
        #expect(try await second.stored().map(\.value) == [3])
        #expect(try await foreign.stored().isEmpty)
        let again = try await send(member, Array(body.utf8))
        #expect(again.json["accepted"] == 0 && again.json["duplicates"] == 4 && again.json["rejected"] == 4)
    }

    @Test(arguments: [false, true])
    func `a file of many groups and days arrives in pieces, and is stored whole`(isGzipped: Bool) async throws {
        let device = try await ReadingsServer.shared().device()
        let member = try await ReadingsServer.shared().service.user(.member, of: device.organization)
        // More than a request of a device may have, of a hundred days.
        let rows = (0..<30_000).map {
            "\(device.id.text),t,\($0),\(start - $0 * 288),\(String(repeating: "x", count: 20))\n"
        }
        let plain = Array((Self.header.dropLast() + ",note\n" + rows.joined()).utf8)
        let body =
            isGzipped
            ? Array(try GzipCompressor().compress(ByteBuffer(bytes: plain), finish: true).readableBytesView) : plain
        #expect(plain.count > ReadingLimits.bodyBytes)
        let answer = try await member.withStream(
            .POST, Self.path,
            headers: isGzipped
                ? ["content-type": "text/csv", "content-encoding": "gzip"] : ["content-type": "text/csv"],
            hasBody: true
        ) { exchange in
            for start in stride(from: 0, to: body.count, by: 10_007) {
                try await exchange.send(Array(body[start..<min(start + 10_007, body.count)]))
            }
            try await exchange.endBody()
            return try await exchange.response(within: .seconds(60))
        }
        #expect(answer.json == ["accepted": 30_000, "duplicates": 0, "rejected": 0, "rejections": []])
        #expect(try await device.stored().map(\.value) == (0..<30_000).reversed().map(Double.init))
    }

    @Test func `of many rejections the first hundred are told, and all are counted`() async throws {
        let device = try await ReadingsServer.shared().device()
        let member = try await ReadingsServer.shared().service.user(.member, of: device.organization)
        let rows = (0..<2500).map { row(device.id, $0, $0 == 2000 ? "1" : "NaN") }
        let answer = try await send(member, Array((Self.header + rows.joined()).utf8))
        #expect(answer.json["accepted"] == 1 && answer.json["rejected"] == 2499)
        #expect(answer.json["rejections"].array?.map { $0["line"].int } == Array(2...101))
    }

    @Test func `who has a grant imports for its device alone`() async throws {
        let server = try await ReadingsServer.shared()
        let organization = UUID.v7()
        let (granted, other) = (
            try await server.device(of: organization), try await server.device(of: organization)
        )
        let guest = try await server.service.user(
            nil, of: organization, grants: [ResourceGrant(resource: .device(granted.id), role: .member)])
        let answer = try await send(guest, Array((Self.header + row(granted.id, 1) + row(other.id, 2)).utf8))
        #expect(answer.json["accepted"] == 1 && answer.json["rejections"][0]["line"] == 3)
        #expect(try await other.stored().isEmpty)
    }

    @Test(
        arguments: [
            ("", 422, ""), ("device_id,sensor_type,value\n", 422, "header"), (header, 422, ""),
            ("\"device_id\n", 422, "header"), ("\u{0}", 422, "header"),
        ] as [(String, Int, String)])
    func `a file that is none is refused`(body: String, status: Int, field: String) async throws {
        let member = try await ReadingsServer.shared().service.user(.member, of: .v7())
        let answer = try await send(member, Array(body.utf8))
        #expect(answer.status == status && answer.json["errors"][0]["field"].string == field)
    }

    @Test func `another type, text that is not UTF-8 and a file that is too large are refused`() async throws {
        let member = try await ReadingsServer.shared().service.user(.member, of: .v7())
        #expect(try await member.post(Self.path, [:]).status == 415)
        #expect(try await send(member, [0xFF, UInt8(ascii: "\n")]).status == 400)
        let large = try await member.withStream(
            .POST, Self.path,
            headers: ["content-type": "text/csv", "content-length": "\(ImportRoutes.bodyBytes + 1)"], hasBody: true
        ) { try await $0.head().status.code }
        #expect(large == 413)
    }

    @Test func `imports beyond an organization's share are 503, until one is over`() async throws {
        let server = try await ReadingsServer.start(on: try await ReadingsServer.makeDatabase())
        let member = try await server.service.user(.member, of: .v7())
        var connections: [TestHTTPConnection] = []
        // One more each time, as the request that looks may have taken the place of one.
        try await eventually {
            let connection = try await TestHTTPConnection.connect(port: member.port)
            _ = try await connection.begin(.POST, Self.path, headers: member.headers, hasBody: true)
            connections.append(connection)
            return try await member.post(Self.path).status == 503
        }
        #expect(connections.count >= ImportRoutes.maximumUnderWay / 2)
        #expect(try await member.post(Self.path).header("retry-after") == "30")
        for connection in connections { await connection.close() }
        try await eventually { try await member.post(Self.path).status == 422 }
    }
}

struct SlotsTests {
    private let slots = Slots(3, share: 2)
    private let one = UUID()
    private let other = UUID()

    @Test func `an organization has its share, and leaves the others theirs`() throws {
        let held = [try #require(slots.take(for: one)), try #require(slots.take(for: one))]
        #expect(slots.take(for: one) == nil)
        let last = try #require(slots.take(for: other))
        #expect(slots.take(for: other) == nil)
        withExtendedLifetime((held, last)) {}
    }

    @Test func `a slot is free again once nobody holds it`() throws {
        var held = [try #require(slots.take(for: one)), try #require(slots.take(for: one))]
        held.removeLast()
        held.append(try #require(slots.take(for: one)))
        #expect(slots.take(for: one) == nil)
        #expect(held.count == 2)
    }
}
