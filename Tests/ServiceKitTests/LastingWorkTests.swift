import Logging
import ServiceKit
import Synchronization
import TestKit
import Testing

struct LastingWorkTests {
    private struct Broken: Error {}

    /// Notes what is logged.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock(\.self) }

        var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

        struct Handler: LogHandler {
            let lines: Lines
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.trace

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                lines.lines.withLock { $0.append("\(event.message)") }
            }
        }
    }

    @Test func `what fails is said and done again; the end of the service is no failure`() async throws {
        let lines = Lines()
        let turns = Atomic(0)
        let work = Task {
            await periodically(every: .milliseconds(1), orSay: "this did not work", to: lines.logger) {
                let turn = turns.add(1, ordering: .relaxed).newValue
                if turn <= 2 { throw Broken() }
                // Until it is cancelled, as the end of the service does.
                if turn == 4 { try await Task.sleep(for: .seconds(600)) }
            }
        }
        try await eventually { turns.load(ordering: .relaxed) == 4 }
        work.cancel()
        await work.value
        #expect(lines.all == ["this did not work", "this did not work"])
        #expect(turns.load(ordering: .relaxed) == 4)
    }

    @Test func `what lasts is begun anew when it fails, and not when the service ends`() async throws {
        let lines = Lines()
        let turns = Atomic(0)
        let work = Task {
            await persistently(orSay: "this has failed", to: lines.logger) { _ in
                guard turns.add(1, ordering: .relaxed).newValue == 3 else { throw Broken() }
                // Until it is cancelled, as the end of the service does.
                try await Task.sleep(for: .seconds(600))
            }
        }
        try await eventually { turns.load(ordering: .relaxed) == 3 }
        work.cancel()
        await work.value
        #expect(lines.all == ["this has failed", "this has failed"])
        #expect(turns.load(ordering: .relaxed) == 3)
    }
}
