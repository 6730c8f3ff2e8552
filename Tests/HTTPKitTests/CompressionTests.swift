import HTTPKit
import Hummingbird
import NIOCore
import TestKit
import Testing

@Suite struct CompressionTests {
    private static let text = String(repeating: "temperature,21.5,°C\n", count: 500)

    private func serve(_ body: @Sendable (ServedRoutes) async throws -> Void) async throws {
        try await ServedRoutes.with(
            { table in
                let any = RouteOptions(body: .none, produces: [])
                for (path, count) in [("/small", 1000), ("/large", 1100)] {
                    table.get(path, .public, any) { _, _ in
                        JSON(String(repeating: "a", count: count - 2), version: 1)
                    }
                }
                table.get("/stream", .public, any) { _, _ in
                    Response(status: .ok, headers: [.contentType: "text/csv"], body: Self.stream)
                }
                table.get("/events", .public, any) { _, _ in
                    Response(status: .ok, headers: [.contentType: "text/event-stream"], body: Self.stream)
                }
            }, body)
    }

    private static var stream: ResponseBody {
        ResponseBody { writer in
            for piece in text.split(separator: "\n") { try await writer.write(ByteBuffer(string: piece + "\n")) }
            try await writer.finish(nil)
        }
    }

    @Test(arguments: [("/small", false), ("/large", true)])
    func answersAboveOneKibibyteAreCompressed(path: String, isCompressed: Bool) async throws {
        try await serve { served in
            let plain = try await served.client.get(path)
            let response = try await served.client.get(path, headers: ["accept-encoding": "gzip, deflate"])
            #expect(plain.header("content-encoding") == nil)
            #expect(response.header("content-encoding") == (isCompressed ? "gzip" : nil))
            #expect((isCompressed ? gunzip(response.body) : response.body) == plain.body)
            #expect(response.header("vary") == "Cookie, Authorization, Accept-Encoding")
            #expect(response.header("etag") == (isCompressed ? "W/\"1\"" : "\"1\""))
            #expect(response.header("content-length") == "\(response.body.count)")
        }
    }

    @Test(arguments: ["identity", "gzip;q=0", "br"])
    func nobodyIsSentGzipWhoDoesNotTakeIt(encoding: String) async throws {
        try await serve { served in
            let response = try await served.client.get("/large", headers: ["accept-encoding": encoding])
            #expect(response.header("content-encoding") == nil)
        }
    }

    @Test func aStreamIsCompressedAsItGoes() async throws {
        try await serve { served in
            let response = try await served.client.get("/stream", headers: ["accept-encoding": "gzip"])
            #expect(response.header("content-encoding") == "gzip")
            #expect(String(decoding: gunzip(response.body), as: UTF8.self) == Self.text)
        }
    }

    @Test func eventStreamsAreLeftAlone() async throws {
        try await serve { served in
            let response = try await served.client.get("/events", headers: ["accept-encoding": "gzip"])
            #expect(response.header("content-encoding") == nil)
            #expect(response.text == Self.text)
        }
    }
}
