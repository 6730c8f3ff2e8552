import HTTPWire
import NIOCore
import Postgres
import TestKit
import Testing

@testable import HTTPKit
@testable import ReadingsService

@Suite struct FormatIngestTests {
    private static let bodies: [ReadingsFormat: String] = [
        .json: #"{"readings":[{"sensor_type":"t","value":1},{"sensor_type":"u","value":2},{"sensor_type":"t"}]}"#,
        .ndjson: "{\"sensor_type\":\"t\",\"value\":1}\n{\"sensor_type\":\"u\",\"value\":2}\n{\"sensor_type\":\"t\"}\n",
        .csv: "sensor_type,value\nt,1\nu,2\nt,\n",
        .senml: #"[{"bn":"lab/","n":"t","v":1},{"n":"u","v":2},{"n":"t"}]"#,
    ]

    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        Array(try GzipCompressor().compress(ByteBuffer(bytes: bytes), finish: true).readableBytesView)
    }

    private func send(
        _ device: TestDevice, _ body: [UInt8], _ type: String, encoding: String? = nil
    ) async throws -> TestHTTPResponse {
        var headers = ["content-type": type]
        headers["content-encoding"] = encoding
        return try await device.client.send(.POST, device.path, headers: .init(headers.map { ($0, $1) }), body: body)
    }

    @Test(arguments: ReadingsFormat.allCases, [false, true])
    func `readings are stored in every format, and gzipped`(format: ReadingsFormat, isGzipped: Bool) async throws {
        let device = try await ReadingsServer.shared().device()
        let plain = Array(try #require(Self.bodies[format]).utf8)
        let response = try await send(
            device, isGzipped ? gzip(plain) : plain, format.mediaType.description, encoding: isGzipped ? "gzip" : nil)
        #expect(response.status == 201)
        #expect(response.json["accepted"] == 2 && response.json["duplicates"] == 0)
        #expect(response.json["rejected"][0]["index"] == 2 && response.json["rejected"][0]["field"] == "value")
        let stored = try await device.stored()
        #expect(Set(stored.map(\.sensor)) == ["t", "u"] && Set(stored.map(\.value)) == [1, 2])
    }

    @Test(
        arguments: [
            (.json, "{", 400), (.json, "[]", 422), (.ndjson, "", 422), (.ndjson, "{\n[", 422), (.csv, "\u{0}", 422),
            (.csv, "sensor_type,value\nt,NaN", 422), (.senml, "[{", 400), (.senml, #"[{"n":"t","vd":"aGk"}]"#, 422),
        ] as [(ReadingsFormat, String, Int)])
    func `what cannot be used is refused and nothing stored`(
        format: ReadingsFormat, body: String, status: Int
    ) async throws {
        let device = try await ReadingsServer.shared().device()
        let response = try await send(device, Array(body.utf8), format.mediaType.description)
        #expect(response.status == status)
        #expect(response.header("content-type") == "application/problem+json")
        #expect(try await device.stored().isEmpty)
    }

    @Test func `another type is 415, with those that are taken`() async throws {
        let device = try await ReadingsServer.shared().device()
        for type in ["application/xml", "text/plain", "application/cbor", "application/x-www-form-urlencoded"] {
            let response = try await send(device, Array("x".utf8), type)
            #expect(response.status == 415, "\(type)")
            #expect(
                response.header("accept") == "application/json, application/x-ndjson, text/csv, application/senml+json")
        }
        let encoded = try await send(device, Array("{}".utf8), "application/json", encoding: "br")
        #expect(encoded.status == 415 && encoded.header("accept-encoding") == "gzip")
    }

    @Test(arguments: ReadingsFormat.allCases)
    func `a gzipped body may not inflate beyond what a plain one may have`(format: ReadingsFormat) async throws {
        let device = try await ReadingsServer.shared().device()
        let valid = Array(try #require(Self.bodies[format]).utf8)
        let bomb = try gzip(valid + [UInt8](repeating: UInt8(ascii: "\n"), count: 8 << 20))
        #expect(bomb.count < 1 << 17)
        let type = format.mediaType.description
        #expect(try await send(device, bomb, type, encoding: "gzip").status == 413)
        let whole = try gzip(valid)
        #expect(try await send(device, whole.dropLast(9), type, encoding: "gzip").status == 400)
        #expect(try await send(device, valid, type, encoding: "gzip").status == 400)
        #expect(try await send(device, whole + [0], type, encoding: "gzip").status == 400)
        #expect(try await device.stored().isEmpty)
    }
}

extension FormatIngestTests {
    private func send(
        _ device: TestDevice, _ body: ArraySlice<UInt8>, _ type: String, encoding: String
    ) async throws -> TestHTTPResponse {
        try await send(device, Array(body), type, encoding: encoding)
    }
}
