import TestKit
import Testing

@testable import WebSockets

@Suite(.timeLimit(.minutes(1))) struct FramingTests {
    private func connected(
        _ configuration: WebSocketConfiguration = WebSocketConfiguration(),
        _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) async throws {
        try await TestServer(configuration).run { port, _ in
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                try await body(client)
            }
        }
    }

    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536])
    func everyLengthIsCarried(length: Int) async throws {
        try await connected { client in
            let payload = [UInt8](repeating: 7, count: length)
            try await client.send(frame(0x82, payload))
            #expect(try await client.readFrame() == Frame(head: 0x82, payload: payload))
        }
    }

    @Test func bytesMayComeOneByOne() async throws {
        try await connected { client in
            for byte in frame(0x81, Array("dribble é".utf8)) { try await client.send([byte]) }
            #expect(try await client.readFrame() == .text("dribble é"))
        }
    }

    @Test func fragmentsAreJoinedAroundControlFrames() async throws {
        try await connected { client in
            // The fragments part within a character, which is the message's business and not theirs.
            try await client.send(frame(0x01, Array("caf".utf8) + [0xC3]))
            try await client.send(frame(0x89, Array("ping".utf8)))
            try await client.send(frame(0x8A, []))
            try await client.send(frame(0x00, [0xA9]))
            try await client.send(frame(0x80, Array("!".utf8)))
            #expect(try await client.readFrame() == Frame(head: 0x8A, payload: Array("ping".utf8)))
            #expect(try await client.readFrame() == .text("café!"))
        }
    }

    /// What a client must not send, and the code it is closed with.
    static let violations: [(String, [UInt8], Int)] = [
        ("unmasked", [0x81, 0x01, 0x41], 1002),
        ("reserved bit", frame(0xC1, [0x41]), 1002),
        ("reserved data opcode", frame(0x83, []), 1002),
        ("reserved control opcode", frame(0x8B, []), 1002),
        ("continuation of nothing", frame(0x80, [0x41]), 1002),
        ("message within a message", frame(0x01, [0x41]) + frame(0x81, [0x41]), 1002),
        ("fragmented ping", frame(0x09, []), 1002),
        ("long ping", frame(0x89, [UInt8](repeating: 0, count: 126)), 1002),
        ("text that is not UTF-8", frame(0x81, [0xC3, 0x28]), 1007),
        ("text cut within a character", frame(0x81, [0xC3]), 1007),
        ("a surrogate", frame(0x81, [0xED, 0xA0, 0x80]), 1007),
        ("frame too large", [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1], 1009),
        ("absurdly large", [0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1009),
        (
            "message too large",
            frame(0x02, [UInt8](repeating: 0, count: 65_000)) + frame(0x80, [UInt8](repeating: 0, count: 537)), 1009
        ),
        ("close with half a code", frame(0x88, [0x03]), 1002),
        ("close with a code that is not for the wire", frame(0x88, [0x03, 0xED]), 1002),
        ("close with a bad reason", frame(0x88, [0x03, 0xE8, 0xFF]), 1007),
    ]

    @Test(arguments: violations)
    func aViolationCloses(name: String, bytes: [UInt8], code: Int) async throws {
        try await connected { client in
            try await client.send(bytes)
            #expect(try await client.readFrame()?.closeCode == code)
            #expect(try await client.readFrame() == nil)
        }
    }

    @Test func theLargestMessageIsTaken() async throws {
        try await connected { client in
            try await client.send(frame(0x02, [UInt8](repeating: 0, count: 65_000)))
            try await client.send(frame(0x80, [UInt8](repeating: 0, count: 536)))
            #expect(try await client.readFrame()?.payload.count == 65_536)
        }
    }

    @Test func anyBytesAreSurvived() async throws {
        try await TestServer().run { port, _ in
            for seed in 0..<100 {
                try await RawClient.connect(port: port) { client in
                    _ = try await client.upgrade("/ws")
                    var generator = SplitMix64(seed: UInt64(seed))
                    try await client.send((0..<500).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
                }
            }
            try await RawClient.connect(port: port) { client in
                _ = try await client.upgrade("/ws")
                try await client.send(frame(0x81, Array("still here".utf8)))
                #expect(try await client.readFrame() == .text("still here"))
            }
        }
    }
}
