import Synchronization
import TestKit

/// The requests that reached a test's service.
final class Reached: Sendable {
    private let noted = Mutex<[String]>([])

    func note(_ line: String) { noted.withLock { $0.append(line) } }

    var lines: [String] { noted.withLock { $0 } }
}

/// Holds a test's service up until the test opens it.
final class Gate: Sendable {
    private let state = Atomic<Bool>(false)

    var isOpen: Bool { state.load(ordering: .relaxed) }

    func open() { state.store(true, ordering: .relaxed) }

    /// Returns once it is open.
    func pass() async throws {
        try await eventually(within: .seconds(60)) { isOpen }
    }
}
