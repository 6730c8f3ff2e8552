import Foundation
import HTTPWire
import NIOCore
import TestKit
import Testing

@testable import Gateway

@Suite("Files that the gateway serves", .timeLimit(.minutes(1)))
struct StaticFilesTests {
    private static let script = String(repeating: "console.log('lms');\n", count: 200)
    private static let page = """
        <link rel="stylesheet" href="/files/app.css"><script src="/files/app.js"></script>
        <a href="/files/earlier.html">other</a><img src="/elsewhere/app.js" alt="/files/none.png">
        """

    private static func file(_ folder: TestFolder, route: String = "") -> TestFile {
        var file = TestFile(port: 1)
        file.routes = "  - path: /files/*\n    static: \(folder.path)\n\(route)"
        return file
    }

    private static func gateway(
        route: String = "", _ body: @escaping @Sendable (TestGateway, TestFolder) async throws -> Void
    ) async throws {
        let files = ["app.js": script, "app.css": "p {}", "index.html": page, "earlier.html": "other", "é.txt": "é"]
        try await TestFolder.with(files) { folder in
            try await TestGateway.with(file(folder, route: route).load()) { try await body($0, folder) }
        }
    }

    private static func get(
        _ path: String, _ fields: String..., method: String = "GET", from gateway: TestGateway
    ) async throws -> RawMessage {
        try await gateway.connect { connection in
            let lines = fields.map { "\($0)\r\n" }.joined()
            try await connection.send("\(method) \(path) HTTP/1.1\r\nHost: lms\r\n\(lines)Connection: close\r\n\r\n")
            return try await connection.message(toHead: method == "HEAD")
        }
    }

    /// The name of the script with the hash of its content.
    private static func hashedScript(_ gateway: TestGateway) async throws -> String {
        let page = try await get("/files/index.html", from: gateway).text
        return try #require(page.firstMatch(of: /src="(\/files\/app\.[0-9a-f]{12}\.js)"/).map { String($0.1) })
    }

    @Test("By its name a file is asked for again every time; by the hashed one, which pages name, it is kept for ever")
    func caching() async throws {
        try await Self.gateway { gateway, _ in
            let plain = try await Self.get("/files/app.js", from: gateway)
            #expect(plain.status == 200 && plain.text == Self.script)
            #expect(plain["cache-control"] == "no-cache" && plain["content-type"] == "text/javascript; charset=utf-8")
            let hashed = try await Self.get(try await Self.hashedScript(gateway), from: gateway)
            #expect(hashed.status == 200 && hashed.text == Self.script)
            #expect(hashed["cache-control"] == "public, max-age=31536000, immutable")
            #expect(hashed["etag"] == plain["etag"])
            // The hash of another version, as while gateways are replaced one by one.
            let other = try await Self.get("/files/app.0123456789ab.js", from: gateway)
            #expect(other.text == Self.script && other["cache-control"] == "no-cache")
        }
    }

    @Test("Pages name the hashed files and may load them; what is no such file stays as it is")
    func pages() async throws {
        try await Self.gateway { gateway, _ in
            let page = try await Self.get("/files/index.html", from: gateway)
            #expect(page.text.contains(/href="\/files\/app\.[0-9a-f]{12}\.css"/))
            #expect(
                page.text.contains(#"href="/files/earlier.html""#) && page.text.contains(#"src="/elsewhere/app.js""#))
            #expect(page.text.contains(#"alt="/files/none.png""#))
            #expect(page["content-security-policy"]?.hasPrefix("default-src 'self'") == true)
            #expect(page["x-content-type-options"] == "nosniff")
            #expect(page["content-type"] == "text/html; charset=utf-8")
        }
    }

    @Test("A client that has a file, in either form, is told so and no more")
    func validation() async throws {
        try await Self.gateway { gateway, _ in
            let plain = try await Self.get("/files/app.js", from: gateway)
            let packed = try await Self.get("/files/app.js", "Accept-Encoding: gzip", from: gateway)
            let tags = try [#require(plain["etag"]), #require(packed["etag"])]
            #expect(tags[0] != tags[1])
            for (tag, encoding) in zip(tags, ["identity", "gzip"]) {
                for given in [tag, "W/\(tag)", "\"x\", \(tag)"] {
                    let fields = "If-None-Match: \(given)\r\nAccept-Encoding: \(encoding)"
                    let answer = try await Self.get("/files/app.js", fields, from: gateway)
                    #expect(answer.status == 304 && answer["etag"] == tag && answer["content-length"] == nil)
                    #expect(answer["cache-control"] == "no-cache" && answer["vary"] == "Accept-Encoding")
                }
            }
            // A cache that has it compressed must not give that to one who does not take it.
            #expect(try await Self.get("/files/app.js", "If-None-Match: \(tags[1])", from: gateway).status == 200)
            #expect(try await Self.get("/files/app.js", "If-None-Match: *", from: gateway).status == 304)
            for given in ["\"x\"", String(tags[0].dropLast(2)) + "\"", "W/"] {
                #expect(try await Self.get("/files/app.js", "If-None-Match: \(given)", from: gateway).status == 200)
            }
        }
    }

    @Test("Texts are gzip for whoever takes it, and HEAD tells what GET gives")
    func gzip() async throws {
        try await Self.gateway { gateway, _ in
            let packed = try await Self.get("/files/app.js", "Accept-Encoding: gzip", from: gateway)
            #expect(packed["content-encoding"] == "gzip" && packed["vary"] == "Accept-Encoding")
            #expect(packed.body.readableBytes < Self.script.utf8.count / 2)
            var input = packed.body
            let inflater = try GzipInflater()
            #expect(String(buffer: try inflater.inflate(&input, upTo: 1 << 16)) == Self.script)
            #expect(inflater.isFinished)
            for fields in ["Accept-Encoding: gzip", "Accept-Encoding: identity"] {
                let whole = try await Self.get("/files/app.js", fields, from: gateway)
                let head = try await Self.get("/files/app.js", fields, method: "HEAD", from: gateway)
                for name in ["content-length", "content-encoding", "etag", "vary", "content-type"] {
                    #expect(head.status == 200 && head[name] == whole[name], "\(name)")
                }
            }
            // What is small stays as it is, for everybody.
            let small = try await Self.get("/files/app.css", "Accept-Encoding: gzip", from: gateway)
            #expect(small["content-encoding"] == nil && small["vary"] == nil && small.text == "p {}")
        }
    }

    @Test("A part is given of the file as it is, as long as it is that file")
    func ranges() async throws {
        try await Self.gateway { gateway, _ in
            let tag = try #require(try await Self.get("/files/app.js", from: gateway)["etag"])
            let size = Self.script.utf8.count
            let part = try await Self.get(
                "/files/app.js", "Range: bytes=8-10", "Accept-Encoding: gzip", "If-Range: \(tag)", from: gateway)
            #expect(part.status == 206 && part.text == "log" && part["content-encoding"] == nil)
            #expect(part["content-range"] == "bytes 8-10/\(size)" && part["etag"] == tag)
            let outside = try await Self.get("/files/app.js", "Range: bytes=\(size)-", from: gateway)
            #expect(outside.status == 416 && outside["content-range"] == "bytes */\(size)")
            let other = try await Self.get(
                "/files/app.js", "Range: bytes=8-10", "If-Range: \"other\"", from: gateway)
            #expect(other.status == 200 && other.text == Self.script)
            let head = try await Self.get("/files/app.js", "Range: bytes=8-10", method: "HEAD", from: gateway)
            #expect(head.status == 200 && head["content-length"] == "\(size)")
        }
    }

    @Test("Escaped names are found; other methods and what is no file are turned away")
    func refusals() async throws {
        try await Self.gateway { gateway, _ in
            #expect(try await Self.get("/files/%C3%A9.txt?v=1", from: gateway).text == "é")
            for path in ["/files", "/files/none.js", "/files/%2e%2e%5capp.js"] {
                #expect([400, 404].contains(try await Self.get(path, from: gateway).status), "\(path)")
            }
            #expect(try await Self.get("/files/../app.js", from: gateway).status == 400)
            let post = try await Self.get("/files/app.js", "Content-Length: 0", method: "POST", from: gateway)
            #expect(post.status == 405 && post["allow"] == "GET, HEAD")
        }
    }

    @Test("Fields of the route's own are in place of the gateway's")
    func fields() async throws {
        let route = "    headers: {set: {Content-Security-Policy: \"default-src https:\"}}\n"
        try await Self.gateway(route: route) { gateway, _ in
            let page = try await Self.get("/files/index.html", from: gateway)
            #expect(page.all("content-security-policy") == ["default-src https:"])
        }
    }

    @Test("Files are as they were when the gateway's file was read, until it is read again")
    func reload() async throws {
        try await TestFolder.with(["a.txt": "old"]) { folder in
            let file = ChangingFile(Self.file(folder))
            try await TestGateway.with(Self.file(folder).load(), reloads: file.reloads) { gateway in
                try folder.write("a.txt", Data("new".utf8))
                #expect(try await Self.get("/files/a.txt", from: gateway).text == "old")
                file.replace(by: Self.file(folder))
                try await eventually { try await Self.get("/files/a.txt", from: gateway).text == "new" }
            }
        }
    }

    @Test("What is wrong with a folder is told with the line of its route")
    func errors() async throws {
        try await TestFolder.with(["a.txt": "a"]) { folder in
            try folder.link("out", to: "/etc/passwd")
            let wrong = [
                ("  - path: /files/*\n    static: /nowhere/at/all", 1, "cannot be found"),
                ("  - path: /files/*\n    static: \(folder.path)", 1, "leads out"),
                ("  - path: /files/*\n    static: files", 1, "from the root"),
                ("  - path: /files\n    static: \(folder.path)", 1, "/files/*"),
                ("  - path: \"/files/{x}/*\"\n    static: \(folder.path)", 1, "/files/*"),
                ("  - path: /files/*\n    methods: [POST]\n    static: \(folder.path)", 1, "GET and HEAD"),
                ("  - path: /files/*\n    upstream: service\n    static: \(folder.path)", 0, "either"),
            ]
            var file = TestFile(port: 1)
            file.routes = "  - other"
            let other = #expect(throws: GatewayFileError.self) { try file.load() }
            let first = try #require(other?.line)
            for (routes, line, mention) in wrong {
                file.routes = routes
                let error = #expect(throws: GatewayFileError.self) { try file.load() }
                #expect(error?.line == first + line, "\(error?.description ?? "")")
                #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
            }
        }
    }
}
