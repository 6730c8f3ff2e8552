import NIOCore
import Testing

@testable import HTTPKit

/// The machine that divides a connection's bytes into requests, without a connection.
struct DirectFramingTests {
    private static let host = "Host: lms\r\n"
    private static let direct = "POST /d HTTP/1.1\r\n\(host)Content-Length: 3\r\n\r\nabc"
    private static let routed = "POST /r HTTP/1.1\r\n\(host)Content-Length: 3\r\n\r\ndef"
    private static let get = "GET /r HTTP/1.1\r\n\(host)\r\n"
    private static let chunked =
        "POST /r HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n"

    /// What becomes of the bytes: the requests that are answered, and everything that is handed on in between.
    private enum Part: Equatable {
        case answered(String)
        case handedOn(String)
    }

    /// Feeds `text` in pieces of `size` bytes; requests for `/d` are taken.
    private func parts(_ text: String, size: Int) -> [Part] {
        var framing = DirectFraming()
        var rest = Array(text.utf8)[...]
        var received = ByteBuffer()
        var parts: [Part] = []
        func take(_ count: Int) -> String { received.readString(length: count) ?? "" }
        while !rest.isEmpty {
            received.writeBytes(rest.prefix(size))
            rest = rest.dropFirst(size)
            steps: while true {
                switch framing.next(in: received.readableBytesUInt8Span) {
                case .wait: break steps
                case .decide:
                    let path = received.readableBytesUInt8Span.extracting(framing.head.path)
                    if path.count == 2, path[1] == UInt8(ascii: "d"), case .length(let length) = framing.head.framing {
                        framing.take(body: length)
                    } else {
                        framing.handOn()
                    }
                case .answer(let head, let body): parts.append(.answered(take(head + body)))
                case .handOn(let count):
                    let bytes = take(count)
                    if case .handedOn(let before)? = parts.last {
                        parts[parts.count - 1] = .handedOn(before + bytes)
                    } else {
                        parts.append(.handedOn(bytes))
                    }
                }
            }
        }
        return parts
    }

    @Test func `requests end where they do, however their bytes come`() {
        let text = [Self.direct, Self.routed, Self.direct, Self.chunked, Self.get, Self.direct, Self.direct].joined()
        for size in 1...text.utf8.count {
            #expect(
                parts(text, size: size) == [
                    .answered(Self.direct), .handedOn(Self.routed), .answered(Self.direct),
                    .handedOn(Self.chunked + Self.get), .answered(Self.direct), .answered(Self.direct),
                ], "\(size)")
        }
    }

    @Test(arguments: [
        "POST /d HTTP/1.1\r\n\(host)Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST /d HTTP/1.1\r\n\(host)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "POST /d HTTP/1.1\r\n\(host)Content-Length: +3\r\n\r\nabc",
        "POST /d HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\nabc",
        "POST /d HTTP/1.1\n\(host)\n\n",
        "POST /r HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
        "no HTTP\r\n", "GET /r HTTP/2.0\r\n\(host)\r\n",
        // What is no request behind these, by what they say.
        "GET /r HTTP/1.1\r\n\(host)Connection: close\r\n\r\n", "GET /r HTTP/1.0\r\n\(host)\r\n",
        "GET /r HTTP/1.1\r\n\(host)Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "BREW /r HTTP/1.1\r\n\(host)\r\n",
    ])
    func `behind what is refused or is the last, everything is handed on`(text: String) {
        let all = Self.direct + text + Self.direct
        for size in [1, 7, all.utf8.count] {
            #expect(parts(all, size: size) == [.answered(Self.direct), .handedOn(text + Self.direct)], "\(size)")
        }
    }

    @Test func `a head beyond the limits is handed on before it is whole`() {
        let head = "POST /d HTTP/1.1\r\n\(Self.host)A: " + String(repeating: "a", count: 90_000)
        #expect(parts(head, size: 10_000) == [.handedOn(head)])
    }

    @Test func `what was taken is handed on when it is given up`() {
        var framing = DirectFraming()
        let bytes = Array(Self.direct.utf8.dropLast())
        #expect(framing.next(in: bytes.span) == .decide)
        framing.take(body: 3)
        #expect(framing.next(in: bytes.span) == .wait)
        framing.giveUp()
        #expect(framing.next(in: bytes.span) == .handOn(bytes.count))
    }
}
