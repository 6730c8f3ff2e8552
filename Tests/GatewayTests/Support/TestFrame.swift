/// A WebSocket frame (RFC 6455 §5.2) whose payload looks like nothing but Close frames.
struct TestFrame: Sendable {
    enum Opcode: UInt8 {
        case continuation = 0x0
        case text = 0x1
        case close = 0x8
        case ping = 0x9
    }

    /// How a length is written.
    enum Form: CaseIterable {
        case short, extended, long
    }

    var opcode: Opcode
    var length: Int
    var isFinal = true
    var isMasked = false
    var form = Form.short

    var bytes: [UInt8] {
        let mask: UInt8 = isMasked ? 0x80 : 0
        let key: [UInt8] = isMasked ? [0x88, 0x00, 0x88, 0x00] : []
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
        let header: [UInt8] =
            switch form {
            case .short: [mask | UInt8(length)]
            case .extended: [mask | 126] + digits.suffix(2)
            case .long: [mask | 127] + digits
            }
        let payload = (0..<length).map { $0.isMultiple(of: 2) ? UInt8(0x88) : 0 }
        return [(isFinal ? 0x80 : 0) | opcode.rawValue] + header + key + payload
    }

    static func text(_ length: Int, masked: Bool = false, final: Bool = true, _ form: Form = .short) -> TestFrame {
        TestFrame(opcode: .text, length: length, isFinal: final, isMasked: masked, form: form)
    }

    static func continuation(_ length: Int, final: Bool, _ form: Form = .short) -> TestFrame {
        TestFrame(opcode: .continuation, length: length, isFinal: final, form: form)
    }

    static func ping(_ length: Int, masked: Bool = false) -> TestFrame {
        TestFrame(opcode: .ping, length: length, isMasked: masked)
    }

    static func close(_ length: Int, masked: Bool = false) -> TestFrame {
        TestFrame(opcode: .close, length: length, isMasked: masked)
    }
}
