/// Follows the frames of a WebSocket (RFC 6455 §5.2) through bytes that come piece by piece, to know where they end; the
/// bytes stay as they are, and of a payload nothing is looked at.
struct FrameFollower {
    private enum State {
        /// Between two frames.
        case start
        /// The byte with the mask bit and the length is next.
        case length
        /// So many bytes of a longer length are next, of which the first have the given value.
        case longLength(count: Int, value: UInt64, key: UInt64)
        /// So many bytes of the masking key and the payload are next.
        case rest(UInt64)
    }

    private static let opcodeOfClose: UInt8 = 0x8
    /// Bytes of a masking key.
    private static let keyLength: UInt64 = 4

    private var state = State.start
    private var opcode: UInt8 = 0
    /// Whether a whole Close frame has passed, behind which a side sends nothing more (§5.5.1).
    private(set) var hasClosed = false

    /// Whether another frame, if need be a control frame within a fragmented message (§5.4), may be put here.
    var isBetweenFrames: Bool {
        if case .start = state { true } else { false }
    }

    /// Passes over all of `bytes`.
    mutating func follow(_ bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count { index = followFrame(in: bytes, from: index) }
    }

    /// Passes over one frame: what is left of the one under way, or the one that begins at `start`.
    ///
    /// - Returns: where it ends, or the end of `bytes`.
    mutating func followFrame(in bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if case .rest(let remaining) = state {
                let count = min(remaining, UInt64(bytes.count - index))
                index += Int(count)
                pass(remaining - count)
            } else {
                readHeader(bytes[index])
                index += 1
            }
            if isBetweenFrames { break }
        }
        return index
    }

    private mutating func readHeader(_ byte: UInt8) {
        switch state {
        case .start:
            opcode = byte & 0x0f
            state = .length
        case .length:
            let key = byte & 0x80 == 0 ? 0 : Self.keyLength
            switch byte & 0x7f {
            case 126: state = .longLength(count: 2, value: 0, key: key)
            case 127: state = .longLength(count: 8, value: 0, key: key)
            case let length: pass(UInt64(length) + key)
            }
        case .longLength(let count, let value, let key):
            let value = value << 8 | UInt64(byte)
            if count > 1 {
                state = .longLength(count: count - 1, value: value, key: key)
            } else {
                // No frame is longer than 2⁶³ − 1; one that says so never ends.
                pass(min(value, .max - key) + key)
            }
        case .rest: break
        }
    }

    /// Goes on to what is left of a frame whose header has been read.
    private mutating func pass(_ remaining: UInt64) {
        guard remaining == 0 else {
            state = .rest(remaining)
            return
        }
        if opcode == Self.opcodeOfClose { hasClosed = true }
        state = .start
    }
}
