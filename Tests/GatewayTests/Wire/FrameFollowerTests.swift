import Testing

@testable import Gateway

@Suite("Frames of a WebSocket")
struct FrameFollowerTests {
    private static let streams: [[TestFrame]] = [
        [],
        [.text(5)],
        [.text(5, masked: true), .ping(0)],
        [.ping(0, masked: true), .text(125), .text(1)],
        // Longer lengths, needed or not.
        [.text(126, .extended), .text(1)],
        [.text(300, masked: true, .extended)],
        [.text(66_000, .long), .text(66_000, masked: true, .long)],
        [.text(0, .extended), .text(3, .long), .text(0, masked: true, .long)],
        // A message in fragments, with control frames between them.
        [
            .text(2, final: false), .ping(4), .continuation(130, final: false, .extended), .ping(0),
            .continuation(0, final: true),
        ],
    ]

    /// Where frames end in `bytes`, which come in pieces of `size`.
    private func ends(of bytes: [UInt8], size: Int, _ follower: inout FrameFollower) -> [Int] {
        var ends: [Int] = []
        var start = 0
        while start < bytes.count {
            let piece = bytes.span.extracting(start..<min(start + size, bytes.count))
            var index = 0
            while index < piece.count {
                index = follower.followFrame(in: piece, from: index)
                if follower.isBetweenFrames { ends.append(start + index) }
            }
            start += piece.count
        }
        return ends
    }

    @Test("Ends are found however the bytes come", arguments: streams, [1, 2, 3, 7, 1000, 1 << 20])
    func ends(frames: [TestFrame], size: Int) {
        var bytes: [UInt8] = []
        var expected: [Int] = []
        for frame in frames {
            bytes += frame.bytes
            expected.append(bytes.count)
        }
        var follower = FrameFollower()
        #expect(ends(of: bytes, size: size, &follower) == expected)
        #expect(follower.isBetweenFrames)
        #expect(!follower.hasClosed)
    }

    @Test("Within a frame is not between two", arguments: TestFrame.Form.allCases, [true, false])
    func within(form: TestFrame.Form, masked: Bool) {
        let frame = TestFrame.text(20, masked: masked, form).bytes
        for count in 0...frame.count {
            var follower = FrameFollower()
            follower.follow(frame.span.extracting(0..<count))
            #expect(follower.isBetweenFrames == [0, frame.count].contains(count), "\(count) bytes")
        }
    }

    @Test(
        "A Close frame has passed once it is whole",
        arguments: [
            [0x88, 0x00], [0x88, 0x02, 0x03, 0xf4], Tunnel.closeToService(maskedBy: 0xdead_beef),
            TestFrame.close(125, masked: true).bytes,
        ])
    func close(frame: [UInt8]) {
        var follower = FrameFollower()
        follower.follow(TestFrame.text(9).bytes.span)
        for byte in frame {
            #expect(!follower.hasClosed)
            follower.follow([byte].span)
        }
        #expect(follower.hasClosed)
        #expect(follower.isBetweenFrames)
    }

    @Test("A frame of an impossible length never ends", arguments: [0x7f, 0xff] as [UInt8])
    func endless(length: UInt8) {
        var follower = FrameFollower()
        follower.follow(([0x82, length] + [UInt8](repeating: 0xff, count: 8)).span)
        follower.follow([UInt8](repeating: 0x88, count: 100_000).span)
        #expect(!follower.isBetweenFrames)
        #expect(!follower.hasClosed)
    }
}
