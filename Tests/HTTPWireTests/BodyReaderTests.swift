import Testing

@testable import HTTPWire

@Suite("Bodies")
struct BodyReaderTests {
    /// Reads `text` in pieces of `size` bytes: how many bytes belong to the body, and how many are content.
    private func read(
        _ text: String, _ framing: BodyFraming, size: Int, trailers: BodyReader.Trailers = .none
    ) throws -> (total: Int, content: Int, isDone: Bool) {
        let bytes = Array(text.utf8)
        var reader = BodyReader(framing, trailers: trailers)
        var total = 0
        var content = 0
        var start = 0
        while start < bytes.count, !reader.isDone {
            let end = min(start + size, bytes.count)
            let taken = try reader.take(bytes.span.extracting(start..<end))
            total += taken.total
            content += taken.content
            start = end
        }
        return (total, content, reader.isDone)
    }

    @Test(
        "The end is found however the bytes come",
        arguments: [
            ("hello", BodyFraming.length(5), 5, 5), ("hello, next", .length(5), 5, 5),
            ("0\r\n\r\n", .chunked, 5, 0), ("5\r\nhello\r\n0\r\n\r\nGET", .chunked, 15, 5),
            ("A\r\n0123456789\r\n00\r\n\r\n", .chunked, 21, 10),
            ("3;name=value;other=\"x\"\r\nabc\r\n0;last\r\n\r\n", .chunked, 39, 3),
            ("", .none, 0, 0),
        ], [1, 2, 3, 7, 1000])
    func framing(body: (String, BodyFraming, Int, Int), size: Int) throws {
        let read = try read(body.0, body.1, size: size)
        #expect(read.total == body.2)
        #expect(read.content == body.3)
        #expect(read.isDone || body.1 == .none)
    }

    @Test(
        "A body that is not over is not done",
        arguments: [
            ("hell", BodyFraming.length(5)), ("5\r\nhello\r\n", .chunked), ("5\r\nhello\r\n0\r\n", .chunked),
            ("x", .untilClose),
        ])
    func unfinished(text: String, framing: BodyFraming) throws {
        #expect(try !read(text, framing, size: 100).isDone)
    }

    @Test(
        "Wrong chunks are refused",
        arguments: [
            "\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n", "0x5\r\nhello\r\n", "-5\r\nhello\r\n", "5\nhello\r\n",
            "5\r\nhelloX",
            "5\r\nhello\n", "5\r\nhello\r0", "g\r\n", "5;a\u{0}\r\n", "5;a\rb\n", "0\r\n\n", "0\r\nA: b\r\n\r\n",
            "1000000000000000\r\n", "5;" + String(repeating: "x", count: 5000),
        ], [1, 1000])
    func malformed(text: String, size: Int) {
        #expect(throws: MessageError.self) { try read(text, .chunked, size: size) }
    }

    @Test("A response may have trailers, of bounded length")
    func trailers() throws {
        let read = try read("1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n", .chunked, size: 4, trailers: .any)
        #expect(read.isDone)
        #expect(read.content == 1)
        #expect(throws: MessageError.self) {
            try self.read("0\r\nA: " + String(repeating: "x", count: 5000), .chunked, size: 100, trailers: .any)
        }
    }

    @Test("Trailers are told apart from what frames the content, line by line", arguments: [1, 3, 1000])
    func trailerPieces(size: Int) throws {
        let bytes = Array("2\r\nab\r\n0\r\nA: b\r\nX-Long-Name-Of-A-Field:\r\n\r\n".utf8)
        var reader = BodyReader(.chunked, trailers: .safe)
        var trailers = ""
        for start in stride(from: 0, to: bytes.count, by: size) {
            let part = bytes.span.extracting(start..<min(start + size, bytes.count))
            var read = 0
            while let piece = try reader.next(in: part, from: read) {
                switch piece {
                case .content(let count), .framing(let count): read += count
                case .trailer(let count):
                    trailers += String(decoding: bytes[start + read..<start + read + count], as: UTF8.self)
                    read += count
                }
            }
        }
        #expect(reader.isDone)
        #expect(trailers == "A: b\r\nX-Long-Name-Of-A-Field:\r\n")
    }

    @Test(
        "A trailer is a field, and where that matters none that a message is framed, routed or authorized by",
        arguments: [
            ("A b: c", false), ("A", false), (": b", false), (" folded", false), ("A : b", false), ("A: b\u{0}", false),
            ("Content-Length: 5", true), ("transfer-encoding: chunked", true), ("Host: evil", true),
            ("Authorization: Bearer x", true), ("X-API-Key: x", true), ("Cookie: a=b", true),
            ("X-Forwarded-For: 192.0.2.1", true), ("X-Forwarded-Something-Long: 1", true), ("Forwarded: for=_x", true),
            ("Connection: close", true), ("Upgrade: websocket", true), ("Idempotency-Key: 1", true),
        ])
    func unsafeTrailers(line: String, isField: Bool) throws {
        let text = "0\r\n\(line)\r\n\r\n"
        for size in [1, 1000] {
            #expect(throws: MessageError.self) { try read(text, .chunked, size: size, trailers: .safe) }
            if isField {
                #expect(try read(text, .chunked, size: size, trailers: .any).isDone)
            } else {
                #expect(throws: MessageError.self) { try read(text, .chunked, size: size, trailers: .any) }
            }
        }
    }
}
