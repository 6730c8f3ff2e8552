/// A WebSocket on its way through the gateway: where the frames of both sides end, and how it ends when the gateway
/// stops.
///
/// Until then all bytes pass. Then the service's side is cut behind the frame under way, and the client gets a Close
/// frame there, within a fragmented message too (RFC 6455 §5.4). What the client sends goes on to the service up to the
/// Close frame with which it answers.
struct Tunnel {
    private enum Stage {
        case open
        /// The rest of the service's frame is awaited.
        case finishing
        /// The client has a Close frame; its own is awaited.
        case closing
    }

    /// What to do after an event.
    struct Step: Equatable {
        /// How many of the bytes that came go to the other side.
        var passing = 0
        /// Whether the client is sent `closeToClient` then.
        var closes = false
        /// Whether both sides have a Close frame then, so that the connections end.
        var ends = false
    }

    /// 1012, Service Restart (IANA's WebSocket Close Code Number Registry): clients come again soon.
    static let closeToClient: [UInt8] = [0x88, 0x02, 0x03, 0xf4]

    /// 1001, going away (§7.4.1), masked as all that goes to a service (§5.3).
    static func closeToService(maskedBy key: UInt32) -> [UInt8] {
        let key = (0..<4).map { UInt8(truncatingIfNeeded: key >> (24 - 8 * $0)) }
        return [0x88, 0x82] + key + [0x03 ^ key[0], 0xe9 ^ key[1]]
    }

    private var stage = Stage.open
    private var fromService = FrameFollower()
    private var fromClient = FrameFollower()

    /// Whether it is used, and not about to end.
    var isOpen: Bool { stage == .open }

    /// Whether the service is still to be told that the client will send nothing more, and can be.
    var owesServiceClose: Bool { stage != .open && fromClient.isBetweenFrames && !fromClient.hasClosed }

    /// The gateway stops.
    mutating func drain() -> Step {
        guard stage == .open else { return Step() }
        stage = .finishing
        return finish(passing: 0)
    }

    /// Bytes from the service.
    mutating func receiveFromService(_ bytes: Span<UInt8>) -> Step {
        switch stage {
        case .open:
            fromService.follow(bytes)
            return Step(passing: bytes.count)
        case .finishing:
            return finish(passing: fromService.followFrame(in: bytes, from: 0))
        case .closing:
            return Step()
        }
    }

    /// Bytes from the client.
    mutating func receiveFromClient(_ bytes: Span<UInt8>) -> Step {
        fromClient.follow(bytes)
        return Step(passing: bytes.count, ends: stage == .closing && fromClient.hasClosed)
    }

    /// Cuts the service's side, if its frame is whole.
    private mutating func finish(passing: Int) -> Step {
        guard fromService.isBetweenFrames else { return Step(passing: passing) }
        stage = .closing
        return Step(passing: passing, closes: !fromService.hasClosed, ends: fromClient.hasClosed)
    }
}
