import NIOCore
import NIOWebSocket
import Testing

@testable import WebSockets

@Suite struct WebSocketStateTests {
    private let start = ContinuousClock.now
    private let mask: WebSocketMaskingKey = [1, 2, 3, 4]

    private func state() -> WebSocketState {
        var configuration = WebSocketConfiguration()
        configuration.pingInterval = .seconds(30)
        configuration.idleTimeout = .seconds(75)
        return WebSocketState(configuration, at: start)
    }

    private func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8] = []) -> WebSocketFrame {
        var data = ByteBuffer(bytes: payload)
        data.webSocketMask(mask)
        return WebSocketFrame(fin: true, opcode: opcode, maskKey: mask, data: data)
    }

    private func after(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func silenceIsPingedThenClosed() {
        var state = state()
        #expect(state.tick(at: after(29)) == .none)
        #expect(state.tick(at: after(30)) == .ping)
        #expect(state.tick(at: after(60)) == .ping)
        #expect(state.tick(at: after(75)) == .close(.idle, reason: "idle"))
        #expect(state.tick(at: after(90)) == .none)
        #expect(state.disconnect() == .disconnect)
    }

    @Test(arguments: [WebSocketOpcode.pong, .ping, .text])
    func anythingHeardEndsTheSilence(opcode: WebSocketOpcode) {
        var state = state()
        _ = state.receive(frame(opcode), at: after(74))
        #expect(state.tick(at: after(80)) == .none)
        #expect(state.tick(at: after(104)) == .ping)
    }

    @Test func aCloseIsAnsweredOnce() {
        var state = state()
        #expect(state.receive(frame(.connectionClose, [0x03, 0xE8]), at: start) == .closeAndDisconnect(.normal))
        #expect(state.receive(frame(.connectionClose, [0x03, 0xE8]), at: start) == .none)
        #expect(state.close(.serviceRestart, reason: "") == .none)
        #expect(state.fail(.protocolError) == .none)
        #expect(!state.isOpen)
    }

    @Test func afterOurCloseOnlyTheClientsCounts() {
        var state = state()
        #expect(state.close(.serviceRestart, reason: "r") == .close(.serviceRestart, reason: "r"))
        #expect(state.close(.normal, reason: "") == .none)
        #expect(state.receive(frame(.text, [65]), at: start) == .none)
        #expect(state.receive(frame(.ping), at: start) == .none)
        #expect(state.receive(frame(.connectionClose), at: start) == .disconnect)
        #expect(state.disconnect() == .none)
    }

    @Test func brokenFramesAfterOurCloseEndTheConnection() {
        var state = state()
        _ = state.close(.normal, reason: "")
        #expect(state.fail(.protocolError) == .disconnect)
    }
}
