import Testing

@testable import lms

struct LogLineTests {
    private func line(_ text: String) -> LogLine? {
        LogLine(Array(text.utf8))
    }

    @Test(arguments: ["warning", "error", "critical"])
    func `what goes wrong is shown`(level: String) {
        let shown = line(#"{"ts":"2026-11-23T19:27:00Z","level":"\#(level)","service":"auth","message":"disk full"}"#)
        #expect(shown?.text == "disk full")
        #expect(shown?.level.rawValue == level)
    }

    @Test func `a line's error is shown with it`() {
        let shown = line(#"{"ts":"t","level":"error","service":"a","message":"publishing failed","error":"no route"}"#)
        #expect(shown?.text == "publishing failed: no route")
    }

    @Test(arguments: [
        "", #"{"ts":"t","level":"info","message":"GET /error"}"#,
        #"{"ts":"t","level":"info","message":"\"error\""}"#, #"{"ts":"t","level":"error","#,
    ])
    func `other lines are not`(text: String) {
        #expect(line(text) == nil)
    }

    @Test func `what a crash prints is shown`() {
        #expect(line("Fatal error: index out of range")?.level == .error)
    }
}

struct LineCutterTests {
    @Test func `lines come out whole however they arrive`() {
        var cutter = LineCutter()
        #expect(cutter.append(Array("ab".utf8)).isEmpty)
        #expect(cutter.append(Array("c\nde\nf".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["abc", "de"])
        #expect(cutter.append(Array("\n".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["f"])
    }

    @Test func `a line without end does not grow memory`() {
        var cutter = LineCutter()
        for _ in 0..<3 { _ = cutter.append([UInt8](repeating: 65, count: LineCutter.longestLine)) }
        #expect(cutter.append(Array("\nok\n".utf8)).last.map { String(decoding: $0, as: UTF8.self) } == "ok")
    }
}
